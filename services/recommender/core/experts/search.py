"""Search: what fits the user's last search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .base import Expert, Feature, Scale
from .inline import inline
from .workspace import explain, place

if TYPE_CHECKING:
    from ...config import RecommenderConfig
    from ..knowledge import Knowledge

WEIGHT = 1.0  # of fit to the last search in the score without the blend
PRIOR = 0.5  # of its weight in the blend: a search says what is wanted before anybody has clicked


class View(NamedTuple):
    """Nothing: what was found comes with the request."""

    found_max: int  # numba has no empty tuples of one type

    @classmethod
    def of(cls, knowledge: Knowledge, config: RecommenderConfig) -> View:
        return cls(config.search_items_max)


@inline
def propose(request: Any, workspace: Any, view: Any, own: Any, count: int) -> int:
    """Items that the last search found."""
    (fit,) = own.columns
    for nth in range(len(request.searched_items)):
        item = request.searched_items[nth]
        at, count = place(item, count, request.stamp, workspace)
        if at >= 0:
            workspace.raw[at, fit] = request.searched_fits[nth]
            explain(at, own.reason, item, 0, workspace)
    return count


EXPERT = Expert(
    name="search",
    features=(Feature("searched", Scale.ROOT, prior=PRIOR),),
    view=View,
    propose=propose,
    reasons=("searched",),
    names_product=False,
    limit="candidates_searched_max",
    weight=lambda config: WEIGHT,
)
