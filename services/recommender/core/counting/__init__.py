"""Sessions and co-occurrence counts, incrementally and exactly."""
