"""Large models behind an HTTP endpoint: their settings, their client, and what the worker asks."""
