"""Content: new items that fit what was looked at, by what the catalogue says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..numeric.types import CLICK
from .base import Expert, Feature, Scale
from .inline import inline
from .workspace import NO_REASON, explain, place, powers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...config import RecommenderConfig
    from ..knowledge import Knowledge


class View(NamedTuple):
    """Rows of new items that fit an item (core/cold_start/content.py)."""

    row_of: NDArray[np.int32]
    items: NDArray[np.int32]
    fits: NDArray[np.float32]
    clicks: NDArray[np.int64]
    decay: NDArray[np.float64]
    new_item_visits: int

    @classmethod
    def of(cls, knowledge: Knowledge, config: RecommenderConfig) -> View:
        content = knowledge.content
        return cls(
            content.row_of,
            content.neighbours,
            content.fits,
            clicks=knowledge.item_counts.n[CLICK],
            decay=powers(config.content_decay),
            new_item_visits=config.new_item_visits,
        )


@inline
def propose(request: Any, workspace: Any, view: Any, own: Any, count: int) -> int:
    """New items that fit the recent ones."""
    (fit,) = own.columns
    for seed in range(len(request.seeds)):
        row = view.row_of[request.seeds[seed]]
        if row < 0:
            continue
        for nth in range(view.items.shape[1]):
            other = view.items[row, nth]
            if other < 0:
                break
            if view.clicks[other] >= view.new_item_visits:
                continue  # it has neighbours of its own by now
            at, count = place(other, count, request.stamp, workspace)
            if at < 0:
                continue
            workspace.raw[at, fit] += view.decay[request.ages[seed]] * view.fits[row, nth]
            if workspace.reason[at, 0] == NO_REASON:
                explain(at, own.reason, request.seeds[seed], 0, workspace)
    return count


EXPERT = Expert(
    name="content",
    features=(Feature("content", Scale.ROOT),),  # a new item that fits what was looked at
    view=View,
    propose=propose,
    reasons=("new_like",),
    limit="candidates_content_max",
    weight=lambda config: config.content_weight,
)
