"""Two steps: neighbours of neighbours, which reach where an item has few of its own.

The sum over the neighbours k of the three newest items i of s(i, k) * s(k, j), decayed by i's age.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .base import Expert, Feature, Scale
from .inline import inline
from .workspace import explain, place, powers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...config import RecommenderConfig
    from ..knowledge import Knowledge

SEEDS_MAX = 3  # of how many recent items
WIDTH_MAX = 10  # how many neighbours at each step


class View(NamedTuple):
    """Rows of similar items."""

    row_of: NDArray[np.int32]
    neighbours: NDArray[np.int32]
    scores: NDArray[np.float32]
    decay: NDArray[np.float64]
    weight: float

    @classmethod
    def of(cls, knowledge: Knowledge, config: RecommenderConfig) -> View:
        similar = knowledge.similar_items
        return cls(
            similar.row_of,
            similar.neighbours,
            similar.scores,
            decay=powers(config.session_decay),
            weight=config.two_step_weight,
        )


@inline
def propose(request: Any, workspace: Any, view: Any, own: Any, count: int) -> int:
    """Neighbours of the neighbours of the newest items."""
    (two_step,) = own.columns
    raw, lead = workspace.raw, workspace.lead
    width = min(view.neighbours.shape[1], WIDTH_MAX)
    for seed in range(min(len(request.seeds), SEEDS_MAX)):
        row = view.row_of[request.seeds[seed]]
        if row < 0:
            continue
        for nth in range(width):
            between = view.neighbours[row, nth]
            if between < 0:
                break
            row_2 = view.row_of[between]
            if row_2 < 0:
                continue
            first = view.decay[request.ages[seed]] * view.scores[row, nth]
            for nth_2 in range(width):
                other = view.neighbours[row_2, nth_2]
                if other < 0:
                    break
                at, count = place(other, count, request.stamp, workspace)
                if at < 0:
                    continue
                raw[at, two_step] += first * view.scores[row_2, nth_2]
                part = view.weight * first * view.scores[row_2, nth_2]
                if part > lead[at]:
                    lead[at] = part
                    explain(at, own.reason, request.seeds[seed], 0, workspace)
    return count


EXPERT = Expert(
    name="two_step",
    features=(Feature("two_step", Scale.ROOT, log_too=True),),
    view=View,
    propose=propose,
    reasons=("related",),
    limit="candidates_two_step_max",
    weight=lambda config: config.two_step_weight,
    placed=True,
)
