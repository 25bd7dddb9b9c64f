"""What other tools call a shop's events: one module per vocabulary, with its table of names."""
