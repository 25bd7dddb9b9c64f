"""Tables of whole topics, one module each, which every worker reads."""
