"""Shopkeeper: a shop's event streams, understood as they happen."""

__version__ = "0.1.0"
