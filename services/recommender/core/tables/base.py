"""What every table of a whole topic has in common."""

from __future__ import annotations

PRICE_MAX = 1e30  # well within 32 bits
BASES = ("viewed", "added", "bought")  # SimilarItem.basis by event class
REMOVED, UNAVAILABLE, AVAILABLE = 1, 2, 3  # 0: never heard of
