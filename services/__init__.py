"""The workers. They meet on topics only: no service imports another."""
