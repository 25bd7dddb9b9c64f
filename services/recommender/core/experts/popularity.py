"""Popularity: how often an item is clicked, ever and lately."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..numeric.types import CLICK
from ..tables.sessions import HEAT_HALF_LIFE
from .base import Expert, Feature, Scale
from .inline import inline

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...config import RecommenderConfig
    from ..knowledge import Knowledge


class View(NamedTuple):
    """Clicks of each item, and what the index of sessions counts of it."""

    clicks: NDArray[np.int64]
    heat: NDArray[np.float64]
    heat_at: NDArray[np.int64]
    totals: NDArray[np.int64]

    @classmethod
    def of(cls, knowledge: Knowledge, config: RecommenderConfig) -> View:
        index = knowledge.sessions
        return cls(knowledge.item_counts.n[CLICK], index.heat, index.heat_at, index.totals)


@inline
def describe(request: Any, chosen: Any, view: Any, own: Any) -> None:
    """Write how popular each candidate is."""
    popularity, heat, silence = own.columns
    for nth in range(len(chosen.items)):
        item = chosen.items[nth]
        events = view.totals[0] - view.heat_at[item]
        chosen.raw[nth, popularity] = view.clicks[item]
        chosen.raw[nth, heat] = view.heat[item] * 0.5 ** (events / HEAT_HALF_LIFE)
        chosen.raw[nth, silence] = events


EXPERT = Expert(
    name="popularity",
    features=(
        Feature("popularity", Scale.LOG),  # n(j)
        Feature("heat", Scale.LOG),  # lately
        Feature("silence", Scale.LOG),  # events since it was last seen anywhere
    ),
    view=View,
    describe=describe,
)
