"""Programs that people start: the command line, the demo, the report."""
