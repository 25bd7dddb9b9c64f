"""What every service stands on: contracts, runtime, text, testing. Imports no service."""
