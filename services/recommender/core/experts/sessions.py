"""Neighbour sessions: vector-session-kNN, with the index of VMIS-kNN.

The nearest sessions (walks.py) vote for their items with similarity / (1 + age of the newest shared
item), times log(sessions / n(j)) (Ludewig and Jannach, "Evaluation of session-based recommendation
algorithms", UMUAI 2018; Kersbergen, Sprangers and Schelter, "Serenade", SIGMOD 2022).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..numeric.jit import jit
from ..numeric.selection import nth_smallest
from ..numeric.types import CLICK
from .base import Expert, Feature, Scale
from .inline import inline
from .walks import Walks, walk
from .workspace import NO_REASON, explain, place

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...config import RecommenderConfig
    from ..knowledge import Knowledge

RECENT_SESSIONS = 30
RECENCY_HALF_LIFE = 20_000.0  # sessions, of a neighbour session's vote
PRIOR_SESSIONS = 2.0  # added where few sessions were seen


class View(NamedTuple):
    """The index of sessions, and how often items were clicked."""

    entries: NDArray[np.int32]
    newest: int
    clicks: NDArray[np.int64]
    voting_max: int
    walks: tuple[Any, ...]

    @classmethod
    def of(cls, knowledge: Knowledge, config: RecommenderConfig) -> View:
        walks = Walks.of(knowledge, config)
        return cls(
            walks.entries,
            walks.newest,
            clicks=knowledge.item_counts.n[CLICK],
            voting_max=config.neighbour_sessions_max,
            walks=tuple(walks),
        )


@jit
def propose(request: Any, workspace: Any, view: Any, own: Any, count: int) -> int:
    """Items of the nearest sessions."""
    walk(request, workspace, Walks(*view.walks))
    count = _beside_the_last(request, workspace, view, own, count)
    threshold = _threshold(workspace, view)
    count = _vote(request, workspace, view, own, count, threshold)
    _weigh_by_rarity(workspace, view, own, count)
    return count


@inline
def _weigh_by_rarity(workspace: Any, view: Any, own: Any, count: int) -> None:
    """Let votes for items that everybody looks at count less."""
    votes, votes_recent, _, _ = own.columns
    raw = workspace.raw
    for at in range(count):
        if raw[at, votes] > 0:
            clicks = view.clicks[workspace.item[at]]
            rarity = max(0.0, np.log((view.newest + 2.0) / (clicks + 1.0)))
            raw[at, votes] *= rarity
            raw[at, votes_recent] *= rarity


@inline
def _beside_the_last(request: Any, workspace: Any, view: Any, own: Any, count: int) -> int:
    """Count the newest sessions that hold an item and the last one."""
    _, _, sessions_last, recent_last = own.columns
    visited = workspace.visit_counts[0]
    share_recent = 1.0 / (min(visited, RECENT_SESSIONS) + PRIOR_SESSIONS)
    for nth in range(visited):
        slot, position = workspace.visits[0, nth, 0], workspace.visits[0, nth, 1]
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
                explain(at, own.reason, request.last, 0, workspace)
            workspace.raw[at, sessions_last] += 1.0
            if nth < RECENT_SESSIONS:
                workspace.raw[at, recent_last] += share_recent
    return count


@jit
def _threshold(workspace: Any, view: Any) -> Any:
    """The similarity that a session must reach to vote."""
    walked_count = workspace.walk[1]
    if walked_count <= view.voting_max:
        return -1.0
    rank = walked_count - view.voting_max
    return nth_smallest(workspace.similarity[:walked_count].copy(), rank)


@inline
def _vote(request: Any, workspace: Any, view: Any, own: Any, count: int, threshold: float) -> int:
    """Let the nearest sessions vote."""
    votes, votes_recent, _, _ = own.columns
    walked_count, raw = workspace.walk[1], workspace.raw
    left = view.voting_max
    for nth in range(walked_count):
        session, similarity = workspace.walked[nth], workspace.similarity[nth]
        if similarity < threshold or left == 0:
            continue
        left -= 1
        slot = session % len(view.entries)
        vote = similarity / (1.0 + workspace.newest_age[nth])
        recency = 0.5 ** ((view.newest - session) / RECENCY_HALF_LIFE)
        for position in range(view.entries.shape[1]):
            other = view.entries[slot, position, 0]
            if other < 0:
                break
            at, count = place(other, count, request.stamp, workspace)
            if at < 0:
                continue
            if workspace.reason[at, 0] == NO_REASON:
                explain(at, own.reason, request.last, 0, workspace)
            raw[at, votes] += vote
            raw[at, votes_recent] += vote * recency
    return count


EXPERT = Expert(
    name="sessions",
    features=(
        Feature("sessions", Scale.LOG),  # votes of neighbour sessions
        Feature("sessions_recent", Scale.LOG),  # likewise, newer ones counting more
        Feature("sessions_last", Scale.LOG),  # the newest sessions that hold it and the last item
        Feature("recent_last", Scale.ROOT),  # share of the newest 30 sessions with the last item
    ),
    view=View,
    propose=propose,
    reasons=("similar_sessions",),
    limit="candidates_sessions_max",
    placed=True,
)
