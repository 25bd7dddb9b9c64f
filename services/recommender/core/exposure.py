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
        """(share of `item_count` items shown at all, Gini coefficient of exposure over them).

        Gini = sum over the ascending counts x(k), k = 1..n, of (2k - n - 1) x(k) / (n sum x):
        0 when all are shown alike, towards 1 when one item is all that is shown.
        """
        shown = np.sort(self._shown[self._shown > 0])
        n = max(item_count, len(shown))
        total = int(shown.sum())
        if not total:
            return 0.0, 0.0
        ranks = np.arange(n - len(shown) + 1, n + 1)  # those never shown come first, with 0
        gini = float(((2 * ranks - n - 1) * shown).sum() / (n * total))
        return len(shown) / n, gini
