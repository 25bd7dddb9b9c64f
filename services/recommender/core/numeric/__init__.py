"""Ground floor: item numbers, compiled loops, sparse products."""
