"""Which experts speak for an item, and how much.

Without the blend a score is a sum, and the shares are those of its parts. With it, they are by how
much each expert's features put the item above the mean candidate of its list: the score's gradient
times the difference (gradient times input, Shrikumar et al., "Learning important features through
propagating activation differences", ICML 2017), summed by expert, and of what speaks for the item
the share. What is the same for all candidates of a list (its length, say) decides nothing among
them and has no share.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..experts import ALL, neighbours, repeats
from ..numeric.jit import jit
from .blend import CLIP
from .features import EXPERT_OF, EXPERTS, RAW

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...config import RecommenderConfig
    from .blend import BlendRanker
    from .candidates import Candidates

SHOWN_MAX = 2  # experts that a label names
_OF_EXPERT = np.array([EXPERTS.index(name) for name in EXPERT_OF])  # by feature
_NEIGHBOURS = EXPERTS.index(neighbours.EXPERT.name)
_REPEATS = EXPERTS.index(repeats.EXPERT.name)
_RECENCY = RAW.index("recency")
_PERCENTS = 101  # that there are: 0 to 100
_TINY = 1e-12


def shares(
    settings: RecommenderConfig,
    blend: BlendRanker | None,
    found: Candidates,
    features: NDArray[np.float32] | None,
    places: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> NDArray[np.float64]:
    """(places, experts) by how much each expert speaks for an item, each row summing to 1 or, where
    nobody does, to 0.

    features: of the candidates, if it is the blend that ranked. places, ends: as `top.best`
    returns them.
    """
    if blend is None or features is None:
        return shares_of_base(settings, found, places)
    return shares_of_blend(blend, features, found.bounds, places, ends)


def shares_of_base(
    settings: RecommenderConfig, found: Candidates, places: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(places, experts): of the score without the blend. places: of candidates that have one."""
    raw = found.features_raw[places].astype(np.float64)
    whole = np.maximum(
        found.base_score[places] / np.maximum(found.review_factor[places], _TINY), _TINY
    )
    shares = np.zeros((len(places), len(EXPERTS)))
    for number, expert in enumerate(ALL):
        if expert.weight is not None:
            column = RAW.index(expert.features[0].name)
            shares[:, number] = expert.weight(settings) * raw[:, column] / whole
    recency = raw[:, _RECENCY]
    age = 1 / np.maximum(recency, _TINY) - 1
    near = np.minimum(age, settings.recent_items_max)
    kept = settings.session_decay**near * np.maximum(near, 1) / np.maximum(age, 1)
    itself = settings.repeat_weight * kept
    shares[:, _REPEATS] = (recency > 0) * itself / whole
    shares[:, _NEIGHBOURS] = np.maximum(0.0, 1 - shares.sum(axis=1))
    return shares


def shares_of_blend(
    blend: BlendRanker,
    features: NDArray[np.float32],
    bounds: NDArray[np.int64],
    places: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> NDArray[np.float64]:
    """(places, experts): of the blend's scores.

    features: (candidates, features). bounds: (lists + 1,) of each list's candidates. places, ends:
    as `top.best` returns them.
    """
    pulls = np.zeros((len(places), len(EXPERTS)), np.float32)
    _pull(blend.in_32_bits(), features, bounds, places, ends, pulls)
    np.maximum(pulls, 0, out=pulls)
    shares: NDArray[np.float64] = pulls / np.maximum(pulls.sum(axis=1, keepdims=True), _TINY)
    return shares


@jit
def _pull(network: Any, features: Any, bounds: Any, places: Any, ends: Any, pulls: Any) -> None:
    """Add to `pulls`, (places, experts), each feature's gradient times its difference from the mean
    candidate's of the list. In one pass: lists are few and small, numpy's calls would cost more."""
    into, bias, out, linear, factor, mean = network
    width, hidden = into.shape
    centre = np.empty(width, np.float32)
    scaled = np.empty(width, np.float32)
    gate = np.empty(hidden, np.float32)
    place = 0
    for number in range(len(ends)):
        if place == ends[number]:
            continue
        first, end = bounds[number], bounds[number + 1]
        centre[:] = 0.0
        for row in range(first, end):
            for feature in range(width):
                centre[feature] += features[row, feature]
        for feature in range(width):
            centre[feature] = _scaled(
                centre[feature] / (end - first), mean[feature], factor[feature]
            )
        while place < ends[number]:
            row = places[place]
            gate[:] = bias
            for feature in range(width):
                scaled[feature] = _scaled(features[row, feature], mean[feature], factor[feature])
                for unit in range(hidden):
                    gate[unit] += scaled[feature] * into[feature, unit]
            for unit in range(hidden):
                gate[unit] = out[unit] if gate[unit] > 0.0 else 0.0
            for feature in range(width):
                gradient = linear[feature]
                for unit in range(hidden):
                    gradient += gate[unit] * into[feature, unit]
                difference = scaled[feature] - centre[feature]
                pulls[place, _OF_EXPERT[feature]] += gradient * difference
            place += 1


@jit
def _scaled(value: float, mean: float, factor: float) -> Any:
    return np.float32(min(max((value - mean) * factor, -CLIP), CLIP))


def labels(shares: NDArray[np.float64]) -> list[str]:
    """By item, its two foremost experts and their percentages: `neighbours:62 sessions:20`."""
    codes = np.empty((SHOWN_MAX, len(shares)), np.int64)
    _foremost(shares, shares.dtype.type(100), codes)
    return list(map(_label, *codes.tolist()))


@jit
def _foremost(shares: Any, whole: Any, codes: Any) -> None:
    """Fill `codes`, (SHOWN_MAX, items), with expert * _PERCENTS + percentage of the foremost.

    whole: 100, of the shares' own type: one of more digits would round otherwise."""
    for item in range(len(shares)):
        before = -1
        for nth in range(len(codes)):
            best = -1
            for expert in range(shares.shape[1]):
                if expert != before and (best < 0 or shares[item, expert] > shares[item, best]):
                    best = expert
            percent = np.int64(np.rint(whole * shares[item, best]))
            codes[nth, item] = best * _PERCENTS + percent
            before = best


@lru_cache(maxsize=16_384)
def _label(*codes: int) -> str:
    """Most items are alike in this: two experts, to the percent."""
    named = [divmod(code, _PERCENTS) for code in codes]
    return " ".join(f"{EXPERTS[expert]}:{percent}" for expert, percent in named if percent)
