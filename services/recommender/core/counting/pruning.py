"""Which pairs will hardly become neighbours any more: they can be dropped to save memory.

After TencentRec (Huang et al., "TencentRec: Real-time stream recommendation in practice", SIGMOD
2015): a pair goes when its similarity is below the row's K-th best by more than chance explains.
They bound chance by Hoeffding's inequality with n = the times the pair was seen, which for counts
as small as a shop's never says anything (see docs/decisions); so there are three bounds. Each
gives evidence, and a pair goes where that exceeds ln(1 / delta):

- `pairs`, the paper's: 2 n ((t - s) / R)^2, n times seen, R the sum of the class weights;
- `sessions`: the same inequality, but over the m = sqrt((n(i) + s) (n(j) + s)) sessions in which
  the pair could have been seen, for c(i, j) / m is a mean over these;
- `chernoff`: (t' - c)^2 / (2 t'), c times seen and t' = t m the times that a pair at the threshold
  would have been: the lower tail of a sum of rare events (Chernoff's bound, multiplicative form,
  Mitzenmacher and Upfal, "Probability and computing", theorem 4.5).

Only +, -, *, / and square roots, which every processor rounds alike: what is dropped must be the
same wherever a log is replayed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..numeric.jit import jit
from ..numeric.types import CHERNOFF, PAIRS
from .count_map import starts_of
from .neighbours import chunks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ...config import CountsConfig
    from .count_map import CountMap

ENTRIES_AT_ONCE = 262_144  # keeps what is computed of them to some 20 MB


def prune(pairs: Sequence[CountMap], n: NDArray[np.int32], config: CountsConfig) -> int:
    """Drop every pair whose evidence against it exceeds ln(1 / pruning_delta).

    pairs: by class, merged; of one item partition. n: (class, item), 0 for items of others.
    Returns how many entries were dropped. A row of up to `neighbours_max` entries loses none, and
    none that is among its best so many.
    """
    active = [k for k, weight in enumerate(config.class_weights) if weight and len(pairs[k])]
    if not active:
        return 0
    totals = {kind: _totals(pairs[kind], n[kind]) for kind in active}
    rows = np.unique(np.concatenate([_distinct_rows(pairs[kind]) for kind in active]))
    kept = {kind: np.ones(len(pairs[kind]), bool) for kind in active}
    maps = [pairs[kind] for kind in active]
    for chunk in chunks(rows, maps, len(rows), ENTRIES_AT_ONCE):
        # All rows are there, so those of a chunk lie side by side in every map.
        ends = chunk[[0, -1]] + np.array([0, 1])
        parts = {kind: slice(*np.searchsorted(pairs[kind].keys, ends << 32)) for kind in active}
        keys = np.unique(np.concatenate([pairs[kind].keys[parts[kind]] for kind in active]))
        dropped = _hopeless(keys, {k: (pairs[k], parts[k]) for k in active}, totals, config)
        for kind, part in parts.items():
            kept[kind][part] = ~dropped[np.searchsorted(keys, pairs[kind].keys[part])]
    count = 0
    for kind, mask in kept.items():
        before = len(pairs[kind])
        if not mask.all():
            pairs[kind].keep(mask)
        count += before - len(pairs[kind])
    return count


def _hopeless(
    keys: NDArray[np.int64],
    found: dict[int, tuple[CountMap, slice]],
    totals: dict[int, NDArray[np.float64]],
    config: CountsConfig,
) -> NDArray[np.bool_]:
    """(keys,) whether to drop: keys of whole rows, ascending."""
    rows, columns = keys >> 32, keys & 0xFFFFFFFF
    score, seen = np.zeros(len(keys)), np.zeros(len(keys))
    spread, unit, batch = np.zeros(len(keys)), np.zeros(len(keys)), 0.0
    for kind, (counts, part) in found.items():
        weight = config.class_weights[kind]
        count = np.zeros(len(keys))
        count[np.searchsorted(keys, counts.keys[part])] = counts.counts[part]
        left = np.maximum(totals[kind][rows], count) + config.shrinkage
        right = np.maximum(totals[kind][columns], count) + config.shrinkage
        # No session met one of the two in this class: it is as if there had been one session.
        sessions = np.maximum(np.sqrt(left * right), 1.0)
        score += weight * count / sessions
        seen += count
        spread += weight * weight / sessions
        unit = np.maximum(unit, weight / sessions)
        batch += weight
    starts = starts_of(rows)
    edges = np.append(starts, len(keys))
    lowest = np.repeat(_kth_best(score, edges, config.neighbours_max), np.diff(edges))
    gap = lowest - score
    if config.pruning_bound == PAIRS:
        evidence = 2.0 * seen * (gap / batch) * (gap / batch)
    elif config.pruning_bound == CHERNOFF:
        # In units of what one session can add at most.
        needed = np.maximum(lowest / unit, 1e-9)
        evidence = (gap / unit) * (gap / unit) / (2.0 * needed)
    else:
        evidence = 2.0 * gap * gap / spread
    dropped: NDArray[np.bool_] = (gap > 0) & (evidence > -math.log(config.pruning_delta))
    return dropped


def _totals(pairs: CountMap, n: NDArray[np.int32]) -> NDArray[np.float64]:
    """n(i) of own items; of others, whose visits this partition's log does not tell, an estimate.

    Items are spread over partitions by hash, so what was counted here beside an item is about
    proportional to its visits; by how much, the own items tell.
    """
    beside = np.bincount(pairs.columns(), pairs.counts, len(n))  # whole numbers: exact
    own = n > 0
    here = float(beside[own].sum())
    share = float(n[own & (beside > 0)].sum()) / here if here else 1.0
    return np.where(own, n, beside * share)


def _distinct_rows(pairs: CountMap) -> NDArray[np.int64]:
    rows = pairs.rows()
    distinct: NDArray[np.int64] = rows[starts_of(rows)]
    return distinct


@jit
def _kth_best(scores: NDArray[np.float64], edges: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """The k-th largest of each run of scores; 0 where there are at most k."""
    best = np.zeros(len(edges) - 1)
    for row in range(len(best)):
        run = scores[edges[row] : edges[row + 1]]
        if len(run) > k:
            best[row] = np.partition(run, len(run) - k)[len(run) - k]
    return best
