"""Sequences: sequential rules, what came after the recent items in other sessions.

What came d places after item i in the newest sessions with i, of the newest three items, votes with
1 / d, halved with each entry since i (Ludewig and Jannach, "Evaluation of session-based
recommendation algorithms", UMUAI 2018).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .base import Expert, Feature, Scale
from .inline import inline
from .walks import Walks, walk
from .workspace import FAR_WALKS, NO_REASON, explain, place

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...config import RecommenderConfig
    from ..knowledge import Knowledge

SEQUENCE_DECAY = 0.5
PRIOR_SESSIONS = 2.0  # added where few sessions were seen


class View(NamedTuple):
    """The index of sessions."""

    entries: NDArray[np.int32]
    walks: tuple[Any, ...]

    @classmethod
    def of(cls, knowledge: Knowledge, config: RecommenderConfig) -> View:
        walks = Walks.of(knowledge, config)
        return cls(walks.entries, tuple(walks))


@inline
def propose(request: Any, workspace: Any, view: Any, own: Any, count: int) -> int:
    """Items of the newest sessions with each of the newest items."""
    followed, followed_last, next_last, preceded_last = own.columns
    raw = workspace.raw
    walk(request, workspace, Walks(*view.walks))
    for seed in range(min(len(request.seeds), FAR_WALKS)):
        visited = workspace.visit_counts[seed]
        weight = SEQUENCE_DECAY ** request.ages[seed] / (visited + PRIOR_SESSIONS)
        share = 1.0 / (visited + PRIOR_SESSIONS)
        for nth in range(visited):
            slot, position = workspace.visits[seed, nth, 0], workspace.visits[seed, nth, 1]
            for position_2 in range(view.entries.shape[1]):
                other = view.entries[slot, position_2, 0]
                if other < 0:
                    break
                if position_2 == position:
                    continue
                at, count = place(other, count, request.stamp, workspace)
                if at < 0:
                    continue
                if workspace.reason[at, 0] == NO_REASON:
                    explain(at, own.reason, request.seeds[seed], 0, workspace)
                distance = position_2 - position
                if distance > 0:
                    raw[at, followed] += weight / distance
                if seed == 0:
                    if distance > 0:
                        raw[at, followed_last] += share / distance
                        if distance == 1:
                            raw[at, next_last] += share
                    else:
                        raw[at, preceded_last] -= share / distance
    return count


EXPERT = Expert(
    name="sequence",
    features=(
        # came after a recent item in the newest sessions with it
        Feature("followed", Scale.ROOT, log_too=True),
        Feature("followed_last", Scale.ROOT, log_too=True),
        Feature("next_last", Scale.ROOT),  # directly after
        Feature("preceded_last", Scale.ROOT),
    ),
    view=View,
    propose=propose,
    reasons=("similar_sessions",),
    limit="candidates_followed_max",
    placed=True,
)
