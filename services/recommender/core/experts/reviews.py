"""Reviews: the Bayesian mean of an item's reviews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .base import Expert, Feature, Scale
from .inline import inline

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...config import RecommenderConfig
    from ..knowledge import Knowledge


class View(NamedTuple):
    """Means of reviews by item, -1 to 1, 0 where there are none."""

    mean: NDArray[np.float32]

    @classmethod
    def of(cls, knowledge: Knowledge, config: RecommenderConfig) -> View:
        return cls(knowledge.sentiment.mean)


@inline
def factor(mean: float, weight: float, lift: float) -> float:
    """What reviews multiply a score by: the worst take `weight` of it, the best add `lift`."""
    return 1.0 + weight * min(mean, 0.0) + lift * max(mean, 0.0)


@inline
def describe(request: Any, chosen: Any, view: Any, own: Any) -> None:
    """Write the mean of each candidate's reviews."""
    (sentiment,) = own.columns
    for nth in range(len(chosen.items)):
        chosen.raw[nth, sentiment] = view.mean[chosen.items[nth]]


EXPERT = Expert(
    name="reviews",
    features=(Feature("sentiment", Scale.PLAIN),),
    view=View,
    describe=describe,
)
