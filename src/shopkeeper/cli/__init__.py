"""The `shopkeeper` command line: one module per command."""
