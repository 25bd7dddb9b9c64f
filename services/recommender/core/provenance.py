"""Which experts speak for an item, and how much.

Without the blend a score is a sum, and the shares are those of its parts. With it, they are by how
much each expert's features put the item above the mean candidate of its list: the score's gradient
times the difference (gradient times input, Shrikumar et al., "Learning important features through
propagating activation differences", ICML 2017), summed by expert, and of what speaks for the item
the share. What is the same for all candidates of a list (its length, say) decides nothing among
them and has no share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shopkeeper.services.recommender.core.candidates import SEARCH_WEIGHT
from shopkeeper.services.recommender.core.features import EXPERT_OF, EXPERTS, RAW

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shopkeeper.services.recommender.core.blend import Blend
    from shopkeeper.services.recommender.core.candidates import Candidates
    from shopkeeper.services.recommender.settings import Settings

NAMES = tuple(EXPERTS)
SHOWN_MAX = 2  # experts that a label names
_OF_EXPERT = np.array([[of == name for name in NAMES] for of in EXPERT_OF], np.float32)
_NEIGHBOURS, _TWO_STEP, _REPEATS = (NAMES.index(n) for n in ("neighbours", "two_step", "repeats"))
_CONTENT, _SEARCH = NAMES.index("content"), NAMES.index("search")
_STEPS, _RECENCY = RAW.index("two_step"), RAW.index("recency")
_FITS, _SEARCHED = RAW.index("content"), RAW.index("searched")
_PERCENT = np.array([["", *(f"{n}:{p}" for p in range(1, 101))] for n in NAMES], object)
_TINY = 1e-12


def shares(
    settings: Settings,
    blend: Blend | None,
    found: Candidates,
    features: NDArray[np.float32] | None,
    places: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> NDArray[np.float64]:
    """(places, experts) by how much each expert speaks for an item, each row summing to 1 or, where
    nobody does, to 0.

    features: of the candidates, if it is the blend that ranked. places, ends: as `candidates.best`
    returns them.
    """
    if blend is None or features is None:
        return shares_of_base(settings, found, places)
    return shares_of_blend(blend, features, found.bounds, places, ends)


def shares_of_base(
    settings: Settings, found: Candidates, places: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(places, experts): of the score without the blend. places: of candidates that have one."""
    raw = found.raw[places].astype(np.float64)
    whole = np.maximum(found.base[places] / np.maximum(found.kept[places], _TINY), _TINY)
    shares = np.zeros((len(places), len(NAMES)))
    shares[:, _TWO_STEP] = settings.two_step_weight * raw[:, _STEPS] / whole
    shares[:, _CONTENT] = settings.content_weight * raw[:, _FITS] / whole
    shares[:, _SEARCH] = SEARCH_WEIGHT * raw[:, _SEARCHED] / whole
    recency = raw[:, _RECENCY]
    age = 1 / np.maximum(recency, _TINY) - 1
    itself = settings.repeat_weight * settings.session_decay**age
    shares[:, _REPEATS] = (recency > 0) * itself / whole
    shares[:, _NEIGHBOURS] = np.maximum(0.0, 1 - shares.sum(axis=1))
    return shares


def shares_of_blend(
    blend: Blend,
    features: NDArray[np.float32],
    bounds: NDArray[np.int64],
    places: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> NDArray[np.float64]:
    """(places, experts): of the blend's scores.

    features: (candidates, features). bounds: (lists + 1,) of each list's candidates. places, ends:
    as `candidates.best` returns them.
    """
    sizes = np.diff(bounds)
    some = sizes > 0
    means = np.zeros((len(sizes), features.shape[1]), np.float32)
    means[some] = np.add.reduceat(features, bounds[:-1][some]) / sizes[some, np.newaxis]
    owner = np.repeat(np.arange(len(sizes)), np.diff(ends, prepend=0))
    pulls = blend.contributions(features[places], means[owner]) @ _OF_EXPERT
    np.maximum(pulls, 0, out=pulls)
    shares: NDArray[np.float64] = pulls / np.maximum(pulls.sum(axis=1, keepdims=True), _TINY)
    return shares


def labels(shares: NDArray[np.float64]) -> list[str]:
    """By item, its two foremost experts and their percentages: `neighbours:62 sessions:20`."""
    top = np.argsort(-shares, axis=1, kind="stable")[:, :SHOWN_MAX]
    rows = np.arange(len(shares))[:, np.newaxis]
    percent = np.rint(100 * shares[rows, top]).astype(np.int64)
    return [" ".join(filter(None, row)) for row in _PERCENT[top, percent].tolist()]
