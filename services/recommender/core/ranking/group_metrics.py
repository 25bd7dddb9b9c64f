"""Live lists by group of users: how many, how often right, how much of the catalogue.

Groups are of a profile's field, or of behaviour (core/user_groups). They get names of a bounded
set: the values of closed sets, and of others the first `VALUES_MAX` that enough users share; the
rest is `other`. Nothing is told of a value that few users share. A group by behaviour is named by
its place among all of them, for ids are new without end: whoever comes to a place that was given up
is counted there.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from ..numeric.arrays import grown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..numeric.items import ItemIndex

Group = tuple[str, str]  # field, value
BEHAVIOUR = "behaviour"  # no field of a profile
VALUES_MAX = 20  # of a field that have a name of their own, by worker
USERS_MIN = 5  # of a partition, that share a value, before it has
OTHER = "other"
FOLD_LISTS = 64  # of a group, that are folded together


class GroupMetrics:
    """Counts since the worker started."""

    def __init__(self, items: ItemIndex) -> None:
        self._items = items
        self._named: dict[str, set[str]] = {}  # by field
        self.lists: Counter[Group] = Counter()
        self.answers: Counter[Group] = Counter()  # lists that a click followed
        self.hits: Counter[Group] = Counter()  # that held what was clicked
        self._shown: dict[Group, NDArray[np.bool_]] = {}
        self._waiting: dict[Group, list[Sequence[int]]] = {}  # lists that are not in `_shown` yet

    def group_of(self, value: Group, users: int) -> Group:
        """The group that a profile's (field, value) of so many users counts in."""
        field, name = value
        named = self._named.setdefault(field, set())
        if name not in named:
            if users < USERS_MIN or len(named) >= VALUES_MAX:
                return field, OTHER
            named.add(name)
        return value

    def add(self, groups: Sequence[Group], shown: Sequence[int], hit: bool | None) -> None:
        """One list of a user of these groups. hit: whether the list before held what the user
        clicked next; None: no click answered it."""
        for group in groups:
            self.lists[group] += 1
            if hit is not None:
                self.answers[group] += 1
                self.hits[group] += hit
            waiting = self._waiting.setdefault(group, [])
            waiting.append(shown)
            if len(waiting) >= FOLD_LISTS:
                self._fold(group)

    def _fold(self, group: Group) -> None:
        """Take a group's waiting lists into what it was shown."""
        seen = self._shown.get(group, np.zeros(0, np.bool_))
        if len(seen) < self._items.capacity:
            seen = self._shown[group] = grown(seen, self._items.capacity)
        seen[np.fromiter(chain.from_iterable(self._waiting.pop(group)), np.int64)] = True

    def coverage(self, item_count: int) -> dict[Group, float]:
        """By group, the share of `item_count` items that it was shown at all."""
        for group in tuple(self._waiting):
            self._fold(group)
        return {group: int(seen.sum()) / max(1, item_count) for group, seen in self._shown.items()}
