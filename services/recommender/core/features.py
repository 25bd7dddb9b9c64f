"""What the blend is told of a candidate: numbers from counts, recency and popularity, scaled so
that a small network can use them. All are computed for a whole batch of lists at once, by blocks of
columns: live batches are small, and then every numpy call counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROOTS = (  # square roots
    "base_root",  # score without the blend
    "last_root",  # neighbour's score of the current item
    "second_root",  # of the item before it
    "max_root",  # the largest of any recent item
    "confidence_root",  # c(i, j) / n(i) of the current item
)
LOGS = (  # log(1 + x)
    "count_log",  # c(i, j) of the current item
    "votes_log",  # recent items that have it as a neighbour
    "popularity_log",  # n(j)
    "length_log",  # recent items
    "distinct_log",  # different ones among them
    "rank_log",  # place by base score
)
OTHERS = (
    "base_log",
    "last_log",
    "base_share",  # of the list's largest base score
    "rank_root",  # 1 / sqrt(1 + place)
    "rank_within_20",
    "recency",  # 1 / (1 + entries since it was last there), 0 if it was not
    "seen",
    "times",  # it is among the recent items
    "sentiment",  # Bayesian mean of its reviews
    "same_category",  # as the current item
)
FEATURES = ROOTS + LOGS + OTHERS
BASE = FEATURES.index("base_root")
TINY = 1e-3
TIMES_MAX = 5


@dataclass(slots=True)
class Evidence:
    """What is known of the candidates of a batch of lists, by list, then item."""

    owner: NDArray[np.int64]  # (candidates,) which list
    roots: NDArray[np.float64]  # (candidates, 5): as `ROOTS`, before the root
    logs: NDArray[np.float64]  # (candidates, 5): as `LOGS`, before the logarithm, without the rank
    age: NDArray[np.int64]  # entries since it was last among the recent items, -1: it was not
    times: NDArray[np.int64]  # among the recent items
    sentiment: NDArray[np.float32]
    same_category: NDArray[np.bool_]

    def only(self, kept: NDArray[np.bool_]) -> Evidence:
        """Some of the candidates."""
        return Evidence(
            self.owner[kept], self.roots[kept], self.logs[kept], self.age[kept], self.times[kept],
            self.sentiment[kept], self.same_category[kept],
        )  # fmt: skip


def describe(known: Evidence, starts: NDArray[np.intp]) -> NDArray[np.float32]:
    """(candidates, features), in the order of `FEATURES`. starts: `starts_of` the owners."""
    count = len(known.owner)
    features = np.empty((count, len(FEATURES)), np.float32)
    if not count:
        return features
    base = known.roots[:, 0]
    sizes = np.empty(len(starts), np.int64)
    sizes[:-1] = starts[1:] - starts[:-1]
    sizes[-1] = count - starts[-1]
    largest = np.repeat(np.maximum.reduceat(base, starts), sizes)
    np.maximum(largest, TINY, out=largest)
    order = np.lexsort((-base, known.owner))
    rank = np.empty(count)
    rank[order] = np.arange(count) - np.repeat(starts, sizes)
    roots, logs = len(ROOTS), len(ROOTS) + len(LOGS)
    np.sqrt(known.roots, out=features[:, :roots], casting="same_kind")
    features[:, roots : logs - 1] = known.logs
    features[:, logs - 1] = rank
    np.log1p(features[:, roots:logs], out=features[:, roots:logs])
    features[:, logs : logs + 2] = np.log(known.roots[:, :2] + TINY)
    features[:, logs + 2] = base / largest
    features[:, logs + 3] = 1 / np.sqrt(rank + 1)
    features[:, logs + 4] = rank < 20
    seen = known.age >= 0
    features[:, logs + 5] = seen / (1 + np.maximum(known.age, 0))
    features[:, logs + 6] = seen
    features[:, logs + 7] = np.minimum(known.times, TIMES_MAX)
    features[:, logs + 8] = known.sentiment
    features[:, logs + 9] = known.same_category
    return features
