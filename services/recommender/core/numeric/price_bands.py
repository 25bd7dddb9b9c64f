"""Price bands: factors of two."""

from __future__ import annotations

import math

PRICE_BANDS = 16  # of factors of two; 0: no price
_LOWEST_BAND = -2.0  # a quarter, of whatever currency


def price_band(price: float | None) -> int:
    """1 to PRICE_BANDS - 1, a factor of two each; 0 where there is no price."""
    if price is None or not 0 < price < float("inf"):
        return 0
    return int(min(max(math.log2(price) - _LOWEST_BAND, 0), PRICE_BANDS - 2)) + 1
