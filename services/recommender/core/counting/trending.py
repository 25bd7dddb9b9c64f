"""Trending: visits by hour of event time, halved every few hours, summed when read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def decayed_scores(
    items: NDArray[np.int64],
    hours: NDArray[np.int64],
    counts: NDArray[np.int64],
    half_life_hours: float,
    size: int,
) -> NDArray[np.float64]:
    """Each item's visits, weighted 0.5 ** (age / half-life), age in hours before the newest hour.

    items, hours, counts: (entries,) each. Returns (size,), 0 where there is nothing. The counts
    themselves are integers and never decay: only this reading of them does.
    """
    if not len(items):
        return np.zeros(size)
    ages = (hours.max() - hours).astype(np.float64)
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
