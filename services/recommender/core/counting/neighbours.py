"""Nearest neighbours from counts: weighted cosines, the best K of each row.

cosine(i, j) = c(i, j) / sqrt((n(i) + s) (n(j) + s)), s = `shrinkage` (0: the plain cosine, as in
item-based collaborative filtering, Deshpande and Karypis, "Item-based top-N recommendation
algorithms", ACM TOIS 2004). A neighbour's score is the weighted sum over the event classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..numeric.types import CLASS_COUNT
from .count_map import ranges, starts_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from ...config import CountsConfig
    from ..numeric.items import ItemIndex
    from .count_map import CountMap


@dataclass(slots=True)
class Neighbours:
    """The best neighbours of some rows: entries sorted by row, then best first."""

    owners: NDArray[np.int64]  # (entries,) place in the rows asked for
    items: NDArray[np.int64]
    scores: NDArray[np.float64]
    counts: NDArray[np.int64]  # c(i, j) of the class that adds most to the score
    classes: NDArray[np.int64]  # that class

    def bounds(self, row_count: int) -> NDArray[np.intp]:
        """Where each row's entries begin, and the end of the last: shape (row_count + 1,)."""
        return np.searchsorted(self.owners, np.arange(row_count + 1))


def best_neighbours(
    rows: NDArray[np.int64],
    pairs: Sequence[CountMap],
    n: NDArray[np.int32] | NDArray[np.float64],
    items: ItemIndex,
    config: CountsConfig,
    weights: NDArray[np.float64] | None = None,
) -> Neighbours:
    """The best `neighbours_max` neighbours of each row.

    rows: (rows,) item numbers. pairs: by period and class, merged. weights: (periods,) of counts,
    newest first, 1 if not given; `Neighbours.counts` are without. n: (class, item), as known here;
    an n(j) that lags behind c(i, j) counts as c(i, j), which it cannot be below. Ties go to the
    item that comes first by `ItemIndex.order`.
    """
    parts: list[tuple[NDArray[np.int64], ...]] = []
    scores: list[NDArray[np.float64]] = []
    for kind in range(CLASS_COUNT):
        weight = config.class_weights[kind]
        if not weight or not any(len(counts) for counts in pairs[kind::CLASS_COUNT]):
            continue
        owners, columns, counts, weighted = _entries(rows, pairs[kind::CLASS_COUNT], weights)
        left = np.maximum(n[kind, rows[owners]], weighted) + config.shrinkage
        right = np.maximum(n[kind, columns], weighted) + config.shrinkage
        scores.append(weight * weighted / np.sqrt(left * right))
        parts.append((owners, columns, counts, np.full(len(owners), kind)))
    if not parts:
        nothing = np.zeros(0, np.int64)
        return Neighbours(nothing, nothing, np.zeros(0), nothing, nothing)
    owners, columns, counts, classes = (np.concatenate(p) for p in zip(*parts, strict=True))
    score = np.concatenate(scores)
    if len(parts) > 1:
        owners, columns, counts, classes, score = _summed(owners, columns, counts, classes, score)
    best = np.lexsort((items.order(columns), -score, owners))
    owners = owners[best]
    rank = np.arange(len(owners)) - np.searchsorted(owners, owners)
    best = best[rank < config.neighbours_max]
    return Neighbours(
        owners[rank < config.neighbours_max],
        columns[best],
        score[best],
        counts[best],
        classes[best],
    )


def _entries(
    rows: NDArray[np.int64], periods: Sequence[CountMap], weights: NDArray[np.float64] | None
) -> tuple[
    NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64] | NDArray[np.float64]
]:
    """Owners, columns and counts of all entries of these rows, and counts by weight of period."""
    found = []
    for pairs in periods:
        indices, owners = ranges(*pairs.row_bounds(rows))
        columns = pairs.keys[indices] & 0xFFFFFFFF
        found.append((owners, columns, pairs.counts[indices].astype(np.int64)))
    if len(found) == 1:
        return *found[0], found[0][2]
    assert weights is not None
    owners, columns, counts = (np.concatenate(part) for part in zip(*found, strict=True))
    weighted = counts * np.repeat(weights, [len(part[0]) for part in found])
    keys = owners << 32 | columns
    order = np.argsort(keys, kind="stable")  # within a key by age: sums in one order everywhere
    keys = keys[order]
    first = starts_of(keys)
    if not len(keys):
        return owners, columns, counts, weighted
    return (
        keys[first] >> 32,
        keys[first] & 0xFFFFFFFF,
        np.add.reduceat(counts[order], first),
        np.add.reduceat(weighted[order], first),
    )


def _summed(
    owners: NDArray[np.int64],
    columns: NDArray[np.int64],
    counts: NDArray[np.int64],
    classes: NDArray[np.int64],
    scores: NDArray[np.float64],
) -> tuple[
    NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]
]:
    """One entry per (row, neighbour): scores summed, the class with the largest part named."""
    keys = owners << 32 | columns
    # Within a key the largest part first, then the lower class: so the first names the class.
    order = np.lexsort((classes, -scores, keys))
    keys = keys[order]
    first = starts_of(keys)
    total = np.add.reduceat(scores[order], first) if len(keys) else scores
    lead = order[first]
    return owners[lead], columns[lead], counts[lead], classes[lead], total


def chunks(
    rows: NDArray[np.int64], pairs: Sequence[CountMap], rows_max: int, entries_max: int
) -> Iterator[NDArray[np.int64]]:
    """The rows cut into runs of at most `rows_max` rows and about `entries_max` entries."""
    sizes = np.zeros(len(rows), np.int64)
    for counts in pairs:
        starts, ends = counts.row_bounds(rows)
        sizes += ends - starts
    total = np.cumsum(sizes)
    start = 0
    while start < len(rows):
        before = total[start - 1] if start else 0
        end = int(np.searchsorted(total, before + entries_max, "right"))
        end = max(start + 1, min(end, start + rows_max))
        yield rows[start:end]
        start = end
