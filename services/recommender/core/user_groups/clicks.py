"""Clicks by group of users and item, in one partition: halved every few hours of event time.

A click counts for the groups that its user was in before it, not for the one that it makes the
user's: a group is to be told what its users will want, not what they are like.

Weights grow instead of scores shrinking ("forward decay", Cormode, Shkapenyuk, Srivastava and Xu,
ICDE 2009), so a click costs an addition. Published only: in no checkpoint.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np

from .profiles import CELL_BIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_NONE = np.zeros(0, np.int64)
WAITING_MAX = 2_000  # clicks not summed yet: few, so that no list waits long for their sum
GROUPS_OF_USER_MAX = 8


class GroupClicks:
    """Bounded: `items_max` items of a group, the highest; twice as many are held. The last groups
    of `users_max` users. Of cells of profiles, the `cells_max` with the most clicks."""

    def __init__(
        self, half_life_hours: float, items_max: int, users_max: int, cells_max: int = 256
    ) -> None:
        self._half_life, self._items_max, self._users_max = half_life_hours, items_max, users_max
        self._cells_max = cells_max
        # By user, newest last; longest silent users first.
        self._been: OrderedDict[str, tuple[int, ...]] = OrderedDict()
        self.hour = 0  # scores are as of its end
        self.keys: NDArray[np.int64] = _NONE  # group id << 32 | item, ascending
        self.scores: NDArray[np.float64] = np.zeros(0)
        self._waiting: list[tuple[int, int]] = []  # hour, key

    def __len__(self) -> int:
        """Clicks that are not summed yet."""
        return len(self._waiting)

    def see(
        self,
        users: Sequence[str],
        groups: Sequence[int],
        items: Sequence[int],
        hours: Sequence[int],
    ) -> None:
        """Clicks in their order: who, in which group with it (-1: none), what, when."""
        been = self._been
        of: list[int] = []
        what: list[int] = []
        when: list[int] = []
        for user, group, item, hour in zip(users, groups, items, hours, strict=True):
            before = been.pop(user, ())
            of += before
            what += [item] * len(before)
            when += [hour] * len(before)
            if group >= 0:
                others = tuple(other for other in before if other != group)
                before = (*others, group)[-GROUPS_OF_USER_MAX:]
            if before:
                been[user] = before
        while len(been) > self._users_max:
            been.popitem(last=False)
        self.add(of, what, when)

    def last(self, user: str) -> int:
        """Id of the group that a user was in when last told; -1: none is remembered."""
        been = self._been.get(user)
        return been[-1] if been else -1

    def forget(self, user: str) -> None:
        """Drop what is remembered of a user."""
        self._been.pop(user, None)

    def add(self, groups: Sequence[int], items: Sequence[int], hours: Sequence[int]) -> None:
        """Clicks by users of these groups, one each; a group below 0 is none."""
        self._waiting += [
            (hour, group << 32 | item)
            for group, item, hour in zip(groups, items, hours, strict=True)
            if group >= 0
        ]
        if len(self._waiting) >= WAITING_MAX:
            self.merge()

    def replace(self, hour: int, keys: NDArray[np.int64], scores: NDArray[np.float64]) -> None:
        """Go on from what was published."""
        order = np.argsort(keys)
        self.hour, self.keys, self.scores = hour, keys[order], scores[order]

    def merge(self) -> None:
        """Sum what was added; keep the highest of each group."""
        if not self._waiting:
            return
        hours, keys = np.array(self._waiting, np.int64).T
        self._waiting = []
        newest = max(self.hour, int(hours.max()))
        scores = np.exp2((hours - newest) / self._half_life)
        scores = np.concatenate(
            [self.scores * 0.5 ** ((newest - self.hour) / self._half_life), scores]
        )
        self.hour = newest
        keys, place = np.unique(np.concatenate([self.keys, keys]), return_inverse=True)
        scores = np.bincount(place, scores, len(keys)).astype(np.float64)
        kept = _highest(keys, scores, 2 * self._items_max)
        kept = kept[_of_largest_cells(keys[kept], scores[kept], self._cells_max)]
        self.keys, self.scores = keys[kept], scores[kept]

    def top(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """(keys, scores) of the `items_max` highest items of each group."""
        self.merge()
        kept = _highest(self.keys, self.scores, self._items_max)
        return self.keys[kept], self.scores[kept]


def _of_largest_cells(
    keys: NDArray[np.int64], scores: NDArray[np.float64], cells_max: int
) -> NDArray[np.bool_]:
    """Which keys are of a group by behaviour, or of one of the `cells_max` cells that click most;
    keys ascend."""
    groups, place = np.unique(keys >> 32, return_inverse=True)
    cells = np.flatnonzero(groups & CELL_BIT)
    kept = np.ones(len(groups), np.bool_)
    if len(cells) > cells_max:
        totals = np.bincount(place, scores, len(groups))[cells]
        kept[cells[np.argsort(-totals, kind="stable")[cells_max:]]] = False
    return kept[place]


def _highest(keys: NDArray[np.int64], scores: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Ascending places of the `count` highest of each group; keys ascend."""
    groups = keys >> 32
    order = np.lexsort((-scores, groups))
    rank = np.arange(len(groups)) - np.searchsorted(groups, groups)
    return np.sort(order[rank < count])
