"""From log-odds of starts and ends to the best span: pure numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Best(NamedTuple):
    """The likeliest span of one window. first, last: its pieces, both included."""

    score: float  # log-odds of its start and end, added
    first: int
    last: int


def log_sum(values: NDArray[np.float32]) -> float:
    """The logarithm of the sum of exponentials; (n,), n above 0."""
    most = float(values.max())
    return most + float(np.log(np.exp(values.astype(np.float64) - most).sum()))


def best_span(scores: NDArray[np.float32], pieces_max: int) -> Best:
    """Of one window the likeliest span of at most `pieces_max` pieces; of equal ones the shortest.

    scores: (pieces, 2), log-odds of start and end of each piece of the passage; not empty. They
    compare with another window's: normalised by window, a window without the answer is as sure of
    its best guess as the one that has it, which cost 2 to 4 points of F1.
    """
    start, end = scores.astype(np.float64).T
    best = Best(-np.inf, 0, 0)
    # By length: as many steps as a span may have pieces, each over all starts at once.
    for more in range(min(pieces_max, len(start))):
        sums = start[: len(start) - more] + end[more:]
        at = int(np.argmax(sums))
        if sums[at] > best.score:
            best = Best(float(sums[at]), at, at + more)
    return best


def probability(log_odds: float) -> float:
    """Of log-odds, without overflow."""
    return float(1 / (1 + np.exp(-np.clip(log_odds, -500.0, 500.0))))
