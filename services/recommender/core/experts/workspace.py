"""Working space of one list while experts propose candidates, and what is asked for.

All of it is made once per ranker and used again for every list: what an earlier list left in it is
told by its stamp. The arrays by session are small enough to stay in the processor's cache.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .inline import inline

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...config import RecommenderConfig

PLACE_BITS = 12
GATHERED_MAX = 1 << PLACE_BITS  # candidates of one list before the best are chosen
REMEMBERED_MAX = 1024  # entries that a list is made from
FAR_WALKS = 3  # newest distinct items whose sessions are walked far, and read for sequences
NO_REASON = 0  # number of the reason where no expert has given one


class Workspace(NamedTuple):
    """Scratch arrays of one ranker."""

    mark: NDArray[np.int64]  # by item: stamp of the list it was last a candidate of, and its place
    item: NDArray[np.int64]  # by place: the candidate; -1 where it must not be offered
    raw: NDArray[np.float32]  # (places, raw numbers)
    base_score: NDArray[np.float64]  # by place: the score without the blend
    lead: NDArray[np.float64]  # by place: the largest part of that score
    reason: NDArray[np.int64]  # (places, 3) reason number, the item that led to it, event class
    seeds: NDArray[np.int64]  # distinct remembered items, newest first
    ages: NDArray[np.int64]  # entries since each was last there
    offered: NDArray[np.int64]  # places of candidates that may be offered
    column: NDArray[np.float32]  # one number of each candidate
    threshold: NDArray[np.float32]  # by choosing expert: what a candidate must reach
    ties: NDArray[np.int64]  # by choosing expert: how many that just reach it may stay
    # Sessions met on the walks (walks.py): a hash table of them, and what is known of each.
    walk: NDArray[np.int64]  # (2,) stamp of the list that was walked for, sessions met
    table: NDArray[np.int64]
    walked: NDArray[np.int64]  # session numbers
    similarity: NDArray[np.float64]  # of each session to the recent items
    newest_age: NDArray[np.int64]  # of the newest recent item in each
    visits: NDArray[np.int64]  # (seeds walked far, visits, 2) slot and position of the seed in it
    visit_counts: NDArray[np.int64]  # by seed walked far


class Request(NamedTuple):
    """One list that is asked for, as the experts' compiled loops see it."""

    stamp: int  # of this list in the workspace
    remembered: NDArray[np.int64]  # items of the last events, newest last
    recent: NDArray[np.int64]  # those of the newest events
    last: int  # the newest of them, -1 if there is none
    seeds: NDArray[np.int64]  # the distinct recent ones, newest first; each's place is its number
    ages: NDArray[np.int64]  # entries since each was last there
    earlier: NDArray[np.int64]  # the distinct others, newest first; their places come next
    earlier_ages: NDArray[np.int64]
    session: int  # number of the session at hand: no neighbour of its own; -1 if there is none
    searched_items: NDArray[np.int64]  # what fits the user's last search
    searched_fits: NDArray[np.float64]  # and how well


class Chosen(NamedTuple):
    """Candidates of one list that were chosen."""

    items: NDArray[np.int64]
    raw: NDArray[np.float32]  # (candidates, raw numbers), to be written to


def new_workspace(config: RecommenderConfig, raw_count: int, choosing_count: int) -> Workspace:
    """A workspace that fits what `config` allows; `mark` must be made to cover every item."""

    def by_place(dtype: Any, *shape: int) -> Any:
        return np.zeros((GATHERED_MAX, *shape), dtype)

    walk_max = max(config.index_walk_max, config.old_index_walk_max)
    sessions_max = min(config.recent_items_max * walk_max, GATHERED_MAX)
    return Workspace(
        mark=np.zeros(1024, np.int64),
        item=by_place(np.int64),
        raw=by_place(np.float32, raw_count),
        base_score=by_place(np.float64),
        lead=by_place(np.float64),
        reason=by_place(np.int64, 3),
        seeds=np.zeros(REMEMBERED_MAX, np.int64),
        ages=np.zeros(REMEMBERED_MAX, np.int64),
        offered=by_place(np.int64),
        column=by_place(np.float32),
        threshold=np.zeros(choosing_count, np.float32),
        ties=np.zeros(choosing_count, np.int64),
        walk=np.zeros(2, np.int64),
        table=np.zeros(1 << (2 * sessions_max - 1).bit_length(), np.int64),
        walked=np.zeros(sessions_max, np.int64),
        similarity=np.zeros(sessions_max),
        newest_age=np.zeros(sessions_max, np.int64),
        visits=np.zeros((FAR_WALKS, walk_max, 2), np.int64),
        visit_counts=np.zeros(FAR_WALKS, np.int64),
    )


@lru_cache(maxsize=64)
def powers(decay: float) -> NDArray[np.float64]:
    """(REMEMBERED_MAX,) `decay ** age` by age; shared, not to be written to."""
    values: NDArray[np.float64] = np.power(decay, np.arange(float(REMEMBERED_MAX)))
    return values


@inline
def place(item: int, count: int, stamp: int, workspace: Any) -> tuple[int, int]:
    """(the item's place among the candidates, or -1 where there is no room; their count then)."""
    mark = workspace.mark
    if mark[item] >> PLACE_BITS != stamp:
        if count == GATHERED_MAX:
            return -1, count
        mark[item] = stamp << PLACE_BITS | count
        workspace.item[count] = item
        workspace.raw[count, :] = 0.0
        workspace.base_score[count] = workspace.lead[count] = 0.0
        workspace.reason[count, 0] = NO_REASON
        count += 1
    return mark[item] & (1 << PLACE_BITS) - 1, count


@inline
def explain(at: int, reason: int, item: int, event_class: int, workspace: Any) -> None:
    """Set what speaks most for the candidate at a place: a reason, the item that led to it."""
    workspace.reason[at, 0] = reason
    workspace.reason[at, 1] = item
    workspace.reason[at, 2] = event_class
