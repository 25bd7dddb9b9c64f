"""Whole session: neighbours of everything that is remembered, none of it decayed.

The sum over all distinct remembered items i of s(i, j), with few neighbours of those seen before
the recent entries. Only where there are such: else `neighbours` says as much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .base import Expert, Feature, Scale
from .inline import inline
from .neighbours import NEW_AGES, TOGETHER
from .workspace import NO_REASON, explain, place

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...config import RecommenderConfig
    from ..knowledge import Knowledge


class View(NamedTuple):
    """Rows of similar items."""

    row_of: NDArray[np.int32]
    neighbours: NDArray[np.int32]
    scores: NDArray[np.float32]
    classes: NDArray[np.uint8]
    old_neighbours_max: int
    earlier_neighbours_max: int
    weight: float

    @classmethod
    def of(cls, knowledge: Knowledge, config: RecommenderConfig) -> View:
        similar = knowledge.similar_items
        return cls(
            similar.row_of,
            similar.neighbours,
            similar.scores,
            similar.classes,
            old_neighbours_max=config.old_neighbours_max,
            earlier_neighbours_max=config.earlier_neighbours_max,
            weight=config.session_weight,
        )


@inline
def propose(request: Any, workspace: Any, view: Any, own: Any, count: int) -> int:
    """Neighbours of every remembered item, if any were seen before the recent ones."""
    (session_sum,) = own.columns
    raw, lead = workspace.raw, workspace.lead
    near, width = len(request.seeds), view.neighbours.shape[1]
    if len(request.earlier) == 0:
        return count
    for seed in range(near + len(request.earlier)):
        item = request.seeds[seed] if seed < near else request.earlier[seed - near]
        row = view.row_of[item]
        if row < 0:
            continue
        most = width
        if seed >= near:
            most = min(width, view.earlier_neighbours_max)
        elif request.ages[seed] >= NEW_AGES:
            most = min(width, view.old_neighbours_max)
        for nth in range(most):
            other = view.neighbours[row, nth]
            if other < 0:
                break
            at, count = place(other, count, request.stamp, workspace)
            if at < 0:
                continue
            score = view.scores[row, nth]
            raw[at, session_sum] += score
            part = view.weight * score
            if part > lead[at] or workspace.reason[at, 0] == NO_REASON:
                lead[at] = max(part, lead[at])
                explain(at, own.reason, item, view.classes[row, nth], workspace)
    return count


EXPERT = Expert(
    name="whole_session",
    features=(Feature("session_sum", Scale.ROOT, log_too=True),),
    view=View,
    propose=propose,
    reasons=TOGETHER,
    limit="candidates_session_max",
    weight=lambda config: config.session_weight,
)
