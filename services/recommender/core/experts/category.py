"""Category: whether an item is of the last item's category."""

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
    """Categories by item, -1 where the catalogue names none."""

    category: NDArray[np.int32]

    @classmethod
    def of(cls, knowledge: Knowledge, config: RecommenderConfig) -> View:
        return cls(knowledge.catalogue.category)


@inline
def describe(request: Any, chosen: Any, view: Any, own: Any) -> None:
    """Write which candidates are of the last item's category."""
    (same_category,) = own.columns
    if request.last < 0:
        return
    wanted = view.category[request.last]
    for nth in range(len(chosen.items)):
        category = view.category[chosen.items[nth]]
        chosen.raw[nth, same_category] = category >= 0 and category == wanted


EXPERT = Expert(
    name="category",
    features=(Feature("same_category", Scale.PLAIN),),
    view=View,
    describe=describe,
)
