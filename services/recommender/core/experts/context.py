"""Context: how much the user has looked at. The same for all candidates of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .base import Expert, Feature, Scale
from .inline import inline

if TYPE_CHECKING:
    from ...config import RecommenderConfig
    from ..knowledge import Knowledge


class View(NamedTuple):
    """Nothing: what the user looked at comes with the request."""

    recent_items_max: int

    @classmethod
    def of(cls, knowledge: Knowledge, config: RecommenderConfig) -> View:
        return cls(config.recent_items_max)


@inline
def describe(request: Any, chosen: Any, view: Any, own: Any) -> None:
    """Write the count of recent entries, and of different items among them."""
    length, distinct = own.columns
    for nth in range(len(chosen.items)):
        chosen.raw[nth, length] = len(request.remembered)
        chosen.raw[nth, distinct] = len(request.seeds) + len(request.earlier)


EXPERT = Expert(
    name="context",
    features=(
        Feature("length", Scale.LOG),  # recent entries
        Feature("distinct", Scale.LOG),  # different ones among them
    ),
    view=View,
    describe=describe,
)
