"""Trending: visits by hour of event time, halved every few hours, summed when read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


# An hour that so many of the visits are of, or later than, is no matter of a few clocks. By night
# it may lag; so many hours after it are believed, too. What is later still counts as of the last
# of them.
PRESENT_SHARE = 0.05
PRESENT_LAG_HOURS = 3


def present_hour(hours: NDArray[np.int64], counts: NDArray[np.int64]) -> int:
    """The newest hour, unless only a few visits speak for it: a few clocks move nobody's trending.

    hours, counts: (entries,), not none.
    """
    every, place = np.unique(hours, return_inverse=True)
    visits = np.bincount(place, counts)
    later = np.cumsum(visits[::-1])[::-1]  # in the hour or after it
    vouched = int(every[np.flatnonzero(later >= PRESENT_SHARE * later[0])[-1]])
    return min(int(every[-1]), vouched + PRESENT_LAG_HOURS)


def decayed_scores(
    items: NDArray[np.int64],
    hours: NDArray[np.int64],
    counts: NDArray[np.int64],
    half_life_hours: float,
    size: int,
    present: int | None = None,
) -> NDArray[np.float64]:
    """Each item's visits, weighted 0.5 ** (age / half-life), age in hours before the present.

    present: an hour (None: the newest); what is later has no age.
    items, hours, counts: (entries,) each. Returns (size,), 0 where there is nothing. The counts
    themselves are integers and never decay: only this reading of them does.
    """
    if not len(items):
        return np.zeros(size)
    present = int(hours.max()) if present is None else present
    ages = np.maximum(present - hours, 0).astype(np.float64)
    weights = counts * np.exp2(-ages / half_life_hours)
    scores = np.zeros(size)
    np.add.at(scores, items, weights)
    return scores


def best(
    scores: NDArray[np.float64],
    order: NDArray[np.int64],
    groups: NDArray[np.int64] | None,
    count: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The best `count` items with a positive score, of all or of each group.

    scores: (items,). order: (items,) keys that break ties, lower first. groups: (items,) group
    numbers, negative for none. Returns (groups, items), by group, best first.
    """
    candidates = np.flatnonzero(scores > 0)
    group = np.zeros(len(candidates), np.int64) if groups is None else groups[candidates]
    candidates, group = candidates[group >= 0], group[group >= 0]
    by = np.lexsort((order[candidates], -scores[candidates], group))
    candidates, group = candidates[by], group[by]
    rank = np.arange(len(group)) - np.searchsorted(group, group)
    return group[rank < count], candidates[rank < count]
