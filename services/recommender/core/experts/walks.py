"""Walks through the newest sessions with each recent item: `sequences` and `sessions` read them.

A session's similarity is the sum over shared items of (length - age) / length (vector-session-kNN:
Ludewig and Jannach, "Evaluation of session-based recommendation algorithms", UMUAI 2018), found
with the index of VMIS-kNN (core/tables/sessions.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..tables.sessions import NO_LINK
from .inline import inline
from .workspace import FAR_WALKS, PLACE_BITS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...config import RecommenderConfig
    from ..knowledge import Knowledge


class Walks(NamedTuple):
    """The index of sessions, and how far to walk in it."""

    entries: NDArray[np.int32]
    heads: NDArray[np.int64]
    newest: int  # number of the session that began last
    far_max: int  # sessions with each of the newest items
    near_max: int  # sessions with each of the others

    @classmethod
    def of(cls, knowledge: Knowledge, config: RecommenderConfig) -> Walks:
        index = knowledge.sessions
        return cls(
            index.entries,
            index.heads,
            index.newest,
            far_max=config.index_walk_max,
            near_max=config.old_index_walk_max,
        )


@inline
def walk(request: Any, workspace: Any, walks: Any) -> None:
    """Walk, unless it was done for this list: fills `walked`, `similarity`, `newest_age`,
    `visits`, `visit_counts` and `walk`."""
    if workspace.walk[0] == request.stamp:
        return
    workspace.walk[0], workspace.walk[1] = request.stamp, 0
    workspace.visit_counts[:] = 0
    for seed in range(len(request.seeds)):
        _walk_from(seed, request, workspace, walks)


@inline
def _walk_from(seed: int, request: Any, workspace: Any, walks: Any) -> None:
    """Meet the newest sessions with one recent item."""
    slots, width, _ = walks.entries.shape
    length = len(request.recent)
    similarity = (length - request.ages[seed]) / length
    visited = 0
    position_at = walks.heads[request.seeds[seed]]
    for _ in range(walks.far_max if seed < FAR_WALKS else walks.near_max):
        if workspace.walk[1] == len(workspace.walked):
            break
        session = position_at // width
        if position_at < 0 or session <= walks.newest - slots:
            break
        slot, position = session % slots, position_at - session * width
        if session != request.session:
            if seed < FAR_WALKS:
                workspace.visits[seed, visited, 0] = slot
                workspace.visits[seed, visited, 1] = position
                visited += 1
            _meet(session, similarity, request.ages[seed], request.stamp, workspace)
        back = walks.entries[slot, position, 1]
        if back == NO_LINK:
            break
        position_at -= back
    if seed < FAR_WALKS:
        workspace.visit_counts[seed] = visited


@inline
def _meet(session: int, similarity: float, age: int, stamp: int, workspace: Any) -> None:
    """Add to a session's similarity, by a hash table with open addressing."""
    table, walked = workspace.table, workspace.walked
    cell = session & len(table) - 1
    while table[cell] >> PLACE_BITS == stamp:
        nth = table[cell] & (1 << PLACE_BITS) - 1
        if walked[nth] == session:
            workspace.similarity[nth] += similarity
            return
        cell = cell + 1 & len(table) - 1
    count = workspace.walk[1]
    table[cell] = stamp << PLACE_BITS | count
    walked[count] = session
    workspace.similarity[count] = similarity
    workspace.newest_age[count] = age  # seeds come newest first
    workspace.walk[1] = count + 1
