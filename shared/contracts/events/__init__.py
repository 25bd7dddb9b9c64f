"""Event types, one module per producer: the shop, and each service."""
