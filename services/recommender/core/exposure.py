"""What was shown: the share of the catalogue, and how evenly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shopkeeper.services.recommender.core.items import grown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from shopkeeper.services.recommender.core.items import Items


class Exposure:
    """Counts how often each item was in a list since the worker started."""

    def __init__(self, items: Items) -> None:
        self._items = items
        self._shown: NDArray[np.int64] = np.zeros(1024, np.int64)

    def add(self, shown: Sequence[int]) -> None:
        """Count one list's items."""
        if self._items.capacity > len(self._shown):
            self._shown = grown(self._shown, self._items.capacity)
        self._shown[shown] += 1

    def coverage_and_gini(self, item_count: int) -> tuple[float, float]:
        """(share of `item_count` items shown at all, Gini coefficient of exposure over them)."""
        shown = self._shown[self._shown > 0]
        n = max(item_count, len(shown))
        return len(shown) / max(1, n), gini(shown, n)


def gini(shown: NDArray[np.int64], item_count: int) -> float:
    """Gini coefficient of how often items were shown; those not in `shown` never were.

    Sum over the ascending counts x(k), k = 1..n, of (2k - n - 1) x(k) / (n sum x): 0 when all are
    shown alike (or none at all), towards 1 when one item is all that is shown.
    """
    total = int(shown.sum())
    if not total:
        return 0.0
    ranks = np.arange(item_count - len(shown) + 1, item_count + 1)  # never shown: first, with 0
    return float(((2 * ranks - item_count - 1) * np.sort(shown)).sum() / (item_count * total))
