"""Postings of an inverted index that changes, in sorted runs: appended, and merged as they grow."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class Run(NamedTuple):
    """Postings by ascending term, then slot; all (n,)."""

    ids: NDArray[np.integer]
    slots: NDArray[np.int32]
    counts: NDArray[np.float32]


def merge(runs: list[Run], alive: NDArray[np.bool_]) -> None:
    """Join the last runs, in place, while one is less than twice as long as the next: there are
    never more than the logarithm of all postings. alive: (slots,)."""
    while len(runs) > 1 and len(runs[-2].ids) < 2 * len(runs[-1].ids):
        newer, older = runs.pop(), runs.pop()
        runs.append(joined([older, newer], alive))


def joined(runs: Sequence[Run], alive: NDArray[np.bool_]) -> Run:
    """One run of what is alive in them. runs: in the order of their slots."""
    ids, slots, counts = (np.concatenate(column) for column in zip(*runs, strict=True))
    kept = alive[slots]
    ids, slots, counts = ids[kept], slots[kept], counts[kept]
    order = np.argsort(ids, kind="stable")
    return Run(ids[order], slots[order], counts[order])
