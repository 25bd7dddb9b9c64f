"""What was shown, to whom, and whether they wanted it: the metrics of live lists.

The same figures as `quality.py` has offline. What is of items (coverage, Gini, novelty) counts
since the worker started; what is of lists fades, so that it shows how things are now.
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from ..numeric.arrays import grown
from ..numeric.types import CLICK
from .group_metrics import GroupMetrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..numeric.items import ItemIndex
    from ..tables.item_counts import ItemCountsTable
    from .group_metrics import Group

MEMORY = 0.999  # of fading means: about the last 1,000
WAITING_MAX = 4_096  # users whose last list waits for a click
FOLD_LISTS = 256  # lists that are folded together
HISTORIES = ("1", "2-3", "4+")  # groups by how many entries a list was made from
_HISTORY_FROM = np.array([2, 4])  # entries, from the second group on


class ExponentialMean:
    """Exponentially weighted mean, corrected for having begun with nothing."""

    def __init__(self, memory: float = MEMORY) -> None:
        self._memory = memory
        self._sum = self._weight = 0.0

    def add(self, values: NDArray[np.float64]) -> None:
        """Take values in, oldest first; how they are cut into calls makes no difference."""
        weights = self._memory ** np.arange(len(values) - 1, -1, -1)
        kept = self._memory ** len(values)
        self._sum = self._sum * kept + float(weights @ values)
        self._weight = self._weight * kept + float(weights.sum())

    @property
    def mean(self) -> float:
        """0 where there was nothing yet."""
        return self._sum / self._weight if self._weight else 0.0


class OnlineMetrics:
    """Folds published lists, some hundred at a time.

    counts: visits of each item. Without them popularity is not looked at.
    """

    def __init__(self, items: ItemIndex, counts: ItemCountsTable) -> None:
        self._items, self._counts = items, counts
        self._shown: NDArray[np.int64] = np.zeros(1024, np.int64)
        self._lists: list[Sequence[int]] = []  # not folded yet
        self._recents: list[Sequence[int]] = []
        self._answers: list[tuple[int, bool]] = []  # entries it was made from, whether it was a hit
        self._waiting: OrderedDict[str, tuple[int, Sequence[int]]] = OrderedDict()
        self.by_group = GroupMetrics(items)
        self._given, self._own = ExponentialMean(), ExponentialMean()  # mean popularity by list
        self._hits = [ExponentialMean() for _ in HISTORIES]

    def add(
        self,
        user: str,
        recent: Sequence[int],
        shown: Sequence[int],
        clicked: bool = True,
        groups: Sequence[Group] = (),
    ) -> None:
        """One list, of these items, made from these recent entries of a user, newest last.

        clicked: whether the newest is a click, and so the answer to the user's list before. groups:
        that the user counts in, as of `GroupMetrics.group_of`.
        """
        before, hit = self._waiting.pop(user, None), None
        if before is not None and clicked:
            hit = recent[-1] in before[1]
            self._answers.append((before[0], hit))
        if groups:
            self.by_group.add(groups, shown, hit)
        self._waiting[user] = (len(recent), shown)
        if len(self._waiting) > WAITING_MAX:
            self._waiting.popitem(last=False)
        self._lists.append(shown)
        self._recents.append(recent)
        if len(self._lists) >= FOLD_LISTS:
            self.fold()

    def forget(self, user: str) -> None:
        """Drop what is remembered of a user."""
        self._waiting.pop(user, None)

    def fold(self) -> None:
        """Take what was added into the figures."""
        if self._items.capacity > len(self._shown):
            self._shown = grown(self._shown, self._items.capacity)
        given, own = self._popularity(self._lists), self._popularity(self._recents)
        both = np.isfinite(given) & np.isfinite(own)
        self._given.add(given[both])
        self._own.add(own[both])
        flat = np.fromiter(chain.from_iterable(self._lists), np.int64)
        self._shown += np.bincount(flat, minlength=len(self._shown))
        if self._answers:
            entries, hits = np.array(self._answers).T
            groups = history_group(entries)
            for group, mean in enumerate(self._hits):
                mean.add(hits[groups == group].astype(np.float64))
        self._lists, self._recents, self._answers = [], [], []

    def coverage_and_gini(self, item_count: int) -> tuple[float, float]:
        """(share of `item_count` items shown at all, Gini coefficient of exposure over them)."""
        self.fold()
        shown = self._shown[self._shown > 0]
        n = max(item_count, len(shown))
        return len(shown) / max(1, n), gini(shown, n)

    def shown(self) -> NDArray[np.int64]:
        """(items,) how often each was shown since the worker started. Read only."""
        self.fold()
        return self._shown

    def novelty(self) -> float:
        """Mean self-information of what was shown, in bits."""
        self.fold()
        items = np.flatnonzero(self._shown)
        if not len(items):
            return 0.0
        visits = self._visits()
        information = self_information(visits[items], int(visits.sum()))
        return float(np.average(information, weights=self._shown[items]))

    def popularity_lift(self) -> float:
        """Lately, popularity of what was shown against that of what its users had looked at."""
        self.fold()
        return self._given.mean / self._own.mean - 1 if self._own.mean else 0.0

    def hit_shares(self) -> dict[str, float]:
        """By history group: how many of the last lists held what was clicked next."""
        self.fold()
        return {name: mean.mean for name, mean in zip(HISTORIES, self._hits, strict=True)}

    def _visits(self) -> NDArray[np.int32]:
        self._counts.reserve()
        visits: NDArray[np.int32] = self._counts.n[CLICK]
        return visits

    def _popularity(self, lists: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """(lists,) mean visits of each one's items; NaN where it has none."""
        sizes = np.array([len(items) for items in lists], np.int64)
        flat = np.fromiter(chain.from_iterable(lists), np.int64, int(sizes.sum()))
        owner = np.repeat(np.arange(len(lists)), sizes)
        with np.errstate(invalid="ignore"):
            means: NDArray[np.float64] = (
                np.bincount(owner, self._visits()[flat], len(lists)) / sizes
            )
        return means


def history_group(entries: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which of `HISTORIES` lists made from so many entries belong to."""
    return np.searchsorted(_HISTORY_FROM, entries, side="right")


def self_information(visits: NDArray[np.signedinteger], total: int) -> NDArray[np.float64]:
    """-log2 of the share of all visits that each item has, in bits (Vargas and Castells, "Rank and
    relevance in novelty and diversity metrics", RecSys 2011). Unvisited counts as visited once."""
    information: NDArray[np.float64] = -np.log2(np.maximum(visits, 1) / max(1, total))
    return information


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
