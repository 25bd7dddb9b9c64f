"""Whether a model is as often right as it says: calibration, and what abstaining would buy."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

BINS: Final = 15
SHARES: Final = (1.0, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
DIGITS: Final = 4


class Bin(NamedTuple):
    """Texts of like confidence: the mean of it, how many of them are right (0 to 1), how many
    there are."""

    confidence: float
    accuracy: float
    texts: int


def reliability(confidence: ArrayLike, right: ArrayLike, bins: int = BINS) -> list[Bin]:
    """Bins of equal width over 0 to 1, without the empty ones.

    confidence: (texts,), 0 to 1. right: (texts,), whether each is. A confidence on a boundary is
    of the lower bin.
    """
    sure, is_right = _columns(confidence, right)
    places = np.clip(np.ceil(sure * bins).astype(np.intp) - 1, 0, bins - 1)
    counts = np.bincount(places, minlength=bins)
    sums = np.bincount(places, sure, bins), np.bincount(places, is_right, bins)
    return [
        Bin(float(sums[0][n] / counts[n]), float(sums[1][n] / counts[n]), int(counts[n]))
        for n in np.flatnonzero(counts).tolist()
    ]


def expected_error(confidence: ArrayLike, right: ArrayLike, bins: int = BINS) -> float:
    """Expected calibration error: the mean distance of accuracy and confidence, over the texts of
    each bin (Guo et al. 2017, "On calibration of modern neural networks", equation 3). 0 to 1."""
    found = reliability(confidence, right, bins)
    return sum(b.texts * abs(b.accuracy - b.confidence) for b in found) / sum(
        b.texts for b in found
    )


def accuracy_of_surest(
    confidence: ArrayLike, right: ArrayLike, shares: Sequence[float] = SHARES
) -> list[float]:
    """Of each share, the accuracy on that share of the texts with the highest confidence.

    Texts of equal confidence at the border count by their mean. shares: above 0, at most 1.
    """
    sure, is_right = _columns(confidence, right)
    values, places, counts = np.unique(-sure, return_inverse=True, return_counts=True)
    means = np.bincount(places, is_right, len(values)) / counts
    so_far = np.cumsum(means[places[np.argsort(-sure, kind="stable")]])
    takes = [max(1, round(share * len(sure))) for share in shares]
    return [float(so_far[take - 1] / take) for take in takes]


def by_tier(tiers: Sequence[str], right: Sequence[bool]) -> dict[str, dict[str, float]]:
    """Of each tier of a model: how many texts it answered, their share of all, and its accuracy on
    them. tiers: (texts,), who answered each. right: (texts,), whether the answer was."""
    texts, hits = Counter(tiers), Counter[str]()
    for tier, is_right in zip(tiers, right, strict=True):
        hits[tier] += is_right
    return {
        tier: {
            "texts": count,
            "share": round(count / len(tiers), DIGITS),
            "accuracy": round(hits[tier] / count, DIGITS),
        }
        for tier, count in texts.most_common()
    }


def figures(confidence: ArrayLike, right: ArrayLike) -> dict[str, Any]:
    """All of them, as JSON has them."""
    found = reliability(confidence, right)
    surest = accuracy_of_surest(confidence, right)
    return {
        "expected_error": round(expected_error(confidence, right), DIGITS),
        "bins": [
            {
                "confidence": round(b.confidence, DIGITS),
                "accuracy": round(b.accuracy, DIGITS),
                "texts": b.texts,
            }
            for b in found
        ],
        "accuracy_of_surest": {
            f"{share:g}": round(accuracy, DIGITS)
            for share, accuracy in zip(SHARES, surest, strict=True)
        },
    }


def _columns(
    confidence: ArrayLike, right: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Raises ValueError where there is no text, or a confidence is none."""
    sure, is_right = np.asarray(confidence, np.float64), np.asarray(right, np.float64)
    if not len(sure) or sure.shape != is_right.shape:
        raise ValueError(f"{sure.shape} confidences of {is_right.shape} texts")
    if not ((sure >= 0) & (sure <= 1 + 1e-6)).all():
        raise ValueError("a confidence is not between 0 and 1")
    return np.minimum(sure, 1.0), is_right
