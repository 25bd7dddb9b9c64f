"""The best candidates of each list, by score."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..numeric.jit import jit


@jit
def best(bounds: Any, scores: Any, order: Any, count: int) -> tuple[Any, Any]:
    """The best of each list that have a score: (places, best first, list after list; (lists,) where
    each list's end).

    bounds: (lists + 1,). scores, order: (candidates,); of equal scores the lower order comes first.
    """
    lists = len(bounds) - 1
    places = np.empty(lists * count, np.int64)
    ends = np.empty(lists, np.int64)
    total = 0
    for number in range(lists):
        first = total
        for at in range(bounds[number], bounds[number + 1]):
            score = scores[at]
            if score <= 0.0:
                continue
            if total - first == count:
                worst = places[total - 1]
                if score < scores[worst] or (score == scores[worst] and order[at] > order[worst]):
                    continue
                total -= 1
            # Insertion: lists are short, and most candidates were passed over above.
            to = total
            while to > first:
                before = places[to - 1]
                if scores[before] > score or (
                    scores[before] == score and order[before] < order[at]
                ):
                    break
                places[to] = before
                to -= 1
            places[to] = at
            total += 1
        ends[number] = total
    return places[:total], ends
