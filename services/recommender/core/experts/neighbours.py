"""Neighbours: item-based collaborative filtering with session decay.

The sum over the distinct recent items i of decay ** age(i) * s(i, j), age in entries since i was
last there, s(i, j) the similarity that `similar_items` keeps for the pair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..numeric.types import CLICK
from .base import Expert, Feature, Scale
from .inline import inline
from .workspace import explain, place, powers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...config import RecommenderConfig
    from ..knowledge import Knowledge

NEW_AGES = 2  # of entries as new as that all neighbours count, of older ones some
TOGETHER = ("viewed_together", "added_together", "bought_together")  # by event class


class View(NamedTuple):
    """Rows of similar items, and how often items were clicked."""

    row_of: NDArray[np.int32]
    neighbours: NDArray[np.int32]
    scores: NDArray[np.float32]
    counts: NDArray[np.int32]
    classes: NDArray[np.uint8]
    clicks: NDArray[np.int64]
    decay: NDArray[np.float64]
    old_neighbours_max: int

    @classmethod
    def of(cls, knowledge: Knowledge, config: RecommenderConfig) -> View:
        similar = knowledge.similar_items
        return cls(
            similar.row_of,
            similar.neighbours,
            similar.scores,
            similar.counts,
            similar.classes,
            clicks=knowledge.item_counts.n[CLICK],
            decay=powers(config.session_decay),
            old_neighbours_max=config.old_neighbours_max,
        )


@inline
def propose(request: Any, workspace: Any, view: Any, own: Any, count: int) -> int:
    """Neighbours of every recent item; each adds its part to the score without the blend."""
    _, last, second, largest, confidence, count_last, votes = own.columns
    raw, base_score, lead = workspace.raw, workspace.base_score, workspace.lead
    width = view.neighbours.shape[1]
    for seed in range(len(request.seeds)):
        item, age = request.seeds[seed], request.ages[seed]
        row = view.row_of[item]
        if row < 0:
            continue
        for nth in range(width if age < NEW_AGES else min(width, view.old_neighbours_max)):
            other = view.neighbours[row, nth]
            if other < 0:
                break
            at, count = place(other, count, request.stamp, workspace)
            if at < 0:
                continue
            score = view.scores[row, nth]
            part = view.decay[age] * score
            base_score[at] += part
            if part > lead[at]:
                lead[at] = part
                explain(at, own.reason, item, view.classes[row, nth], workspace)
            raw[at, votes] += 1.0
            raw[at, largest] = max(raw[at, largest], score)
            if seed == 0:
                raw[at, last] = score
                raw[at, count_last] = view.counts[row, nth]
                raw[at, confidence] = view.counts[row, nth] / max(view.clicks[item], 1)
            elif seed == 1:
                raw[at, second] = score
    return count


EXPERT = Expert(
    name="neighbours",
    features=(
        Feature("base", Scale.ROOT, log_too=True),  # score without the blend
        # of the item of the newest entry, and of the one before it that is another
        Feature("similarity_last", Scale.ROOT, log_too=True),
        Feature("similarity_second", Scale.ROOT),
        Feature("similarity_max", Scale.ROOT),
        Feature("confidence_last", Scale.ROOT),  # c(i, j) / n(i)
        Feature("count_last", Scale.LOG),  # c(i, j)
        Feature("votes", Scale.LOG),  # recent items that have it as a neighbour
    ),
    view=View,
    propose=propose,
    reasons=TOGETHER,
    limit="candidates_base_max",
    placed=True,
)
