"""Candidates of a list, and what each expert says of them: one compiled pass per list.

Experts (core/experts) propose candidates from what is kept current click by click; the best by each
of them are chosen, with all that the user has seen; then experts describe those. What must not be
offered is left out before anything is compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..experts import ALL, reviews
from ..experts.chain import describing, proposing
from ..experts.inline import inline
from ..experts.workspace import PLACE_BITS, Chosen, Request, Workspace, new_workspace, place
from ..numeric.arrays import grown
from ..numeric.jit import jit
from ..numeric.selection import nth_smallest
from ..numeric.types import Searched
from .features import BASE, CHOOSING, PLACE_OF, PLACED, PLACES, RAW, SHARES, TINY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...config import RecommenderConfig
    from ..knowledge import Knowledge
    from ..numeric.items import ItemIndex


def _first_columns(experts: Sequence[Any]) -> NDArray[np.int64]:
    return np.array([RAW.index(expert.features[0].name) for expert in experts], np.int64)


_WEIGHTED = tuple(expert for expert in CHOOSING if expert.weight is not None)
_CHOOSING_COLUMNS, _PLACED_COLUMNS = _first_columns(CHOOSING), _first_columns(PLACED)
_WEIGHTED_COLUMNS = _first_columns(_WEIGHTED)
_WEIGHTED_PLACED = np.array([expert.placed for expert in _WEIGHTED])
_FIRST_PLACE, _FIRST_SHARE = RAW.index(PLACES[0]), RAW.index(SHARES[0])
_propose, _describe = proposing(ALL, PLACE_OF), describing(ALL, PLACE_OF)


class Candidates(NamedTuple):
    """Candidates of a batch of lists, list after list, in no order within one."""

    bounds: NDArray[np.int64]  # (lists + 1,) where each list's begin, and the end
    items: NDArray[np.int64]
    features_raw: NDArray[np.float32]  # (candidates, RAW)
    base_score: NDArray[np.float64]  # the score without the blend, in full precision
    review_factor: NDArray[np.float64]  # what reviews multiply its score by
    lead_reason: NDArray[np.int64]  # number of the reason that speaks most for it
    lead_item: NDArray[np.int64]  # the recent item that leads to it
    lead_event_class: NDArray[np.int64]  # of that neighbour

    @classmethod
    def empty(cls, lists: int, size: int) -> Candidates:
        """Room for so many candidates."""
        return cls(
            bounds=np.zeros(lists + 1, np.int64),
            items=np.empty(size, np.int64),
            features_raw=np.empty((size, len(RAW)), np.float32),
            base_score=np.empty(size),
            review_factor=np.empty(size),
            lead_reason=np.empty(size, np.int64),
            lead_item=np.empty(size, np.int64),
            lead_event_class=np.empty(size, np.int64),
        )

    def filled(self) -> Candidates:
        """Without the room that is left."""
        end = int(self.bounds[-1])
        columns: Any = [column[:end] for column in self[1:]]
        return Candidates(self.bounds, *columns)


class _Lists(NamedTuple):
    """A batch of lists that are asked for, flat."""

    remembered: NDArray[np.int64]
    remembered_bounds: NDArray[np.int64]
    recent_max: int  # the newest of each, which experts follow furthest
    boughts: NDArray[np.int64]
    bought_bounds: NDArray[np.int64]
    sessions: NDArray[np.int64]
    searched_items: NDArray[np.int64]
    searched_bounds: NDArray[np.int64]
    searched_fits: NDArray[np.float64]
    stamp: int  # of the list before the first


class _Choice(NamedTuple):
    """How candidates are chosen."""

    blocked: NDArray[np.bool_]  # by item: never offered
    review_mean: NDArray[np.float32]  # by item
    sentiment_weight: float
    sentiment_lift: float
    offer_current: bool
    offer_seen: bool
    limits: NDArray[np.int64]  # by choosing expert
    weights: NDArray[np.float64]  # by weighted expert, in the score without the blend


class CandidateGenerator:
    """Gathers candidates; holds working space only."""

    def __init__(self, config: RecommenderConfig, items: ItemIndex, knowledge: Knowledge) -> None:
        self._config, self._items, self._knowledge = config, items, knowledge
        self._workspace = new_workspace(config, len(RAW), len(CHOOSING))
        limits: list[int] = [getattr(config, expert.limit) for expert in CHOOSING]
        self._limits, self._chosen_max = np.array(limits, np.int64), sum(limits)
        weights = [expert.weight(config) for expert in _WEIGHTED if expert.weight is not None]
        self._weights = np.array(weights, np.float64)
        self._stamp = 0

    def gather(
        self,
        recents: Sequence[Sequence[int]],
        boughts: Sequence[Sequence[int]],
        sessions: Sequence[int],
        searched: Sequence[Searched],
    ) -> Candidates:
        """Candidates of each list.

        recents: by list, items of the last events, newest last: experts follow the newest
        `recent_items_max` furthest. boughts: by list, never offered.
        sessions: by list, the number of the session that it is for (-1: none): no neighbour of
        its own. searched: by list, items that fit the user's last search, and how well.
        """
        remembered, remembered_bounds = _flat(recents)
        bought_items, bought_bounds = _flat(boughts)
        searched_items, searched_bounds = _flat([items for items, _ in searched])
        self._knowledge.content.prepare(self._recent(recents, remembered))
        self._knowledge.reserve()
        views = tuple(tuple(e.view.of(self._knowledge, self._config)) for e in ALL)
        choice = self._choice()
        if self._items.capacity > len(self._workspace.mark):
            mark = grown(self._workspace.mark, self._items.capacity)
            self._workspace = self._workspace._replace(mark=mark)
        lists = _Lists(
            remembered=remembered,
            remembered_bounds=remembered_bounds,
            recent_max=self._config.recent_items_max,
            boughts=bought_items,
            bought_bounds=bought_bounds,
            sessions=np.array(sessions, np.int64),
            searched_items=searched_items,
            searched_bounds=searched_bounds,
            searched_fits=np.array([fit for _, fits in searched for fit in fits], np.float64),
            stamp=self._stamp,
        )
        found = Candidates.empty(len(recents), len(recents) * self._chosen_max + len(remembered))
        # As plain tuples: numba tells their types far faster than those of named ones.
        _gather(tuple(lists), tuple(self._workspace), views, tuple(choice), tuple(found))
        self._stamp += len(recents)
        return found.filled()

    def _recent(
        self, remembered: Sequence[Sequence[int]], flat: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """The recent items of all lists; flat: all that are remembered, as most often they are."""
        most = self._config.recent_items_max
        if all(len(each) <= most for each in remembered):
            return flat
        return np.array([item for each in remembered for item in each[-most:]], np.int64)

    def _choice(self) -> _Choice:
        config, knowledge = self._config, self._knowledge
        return _Choice(
            blocked=knowledge.catalogue.blocked(),
            review_mean=knowledge.sentiment.mean,
            sentiment_weight=config.sentiment_weight,
            sentiment_lift=config.sentiment_lift,
            offer_current=config.offer_current,
            offer_seen=config.offer_seen,
            limits=self._limits,
            weights=self._weights,
        )


def _flat(lists: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All items, and where each list's begin and the last one's end."""
    if len(lists) == 1:  # as most often where few events come
        return np.array(lists[0], np.int64), np.array((0, len(lists[0])), np.int64)
    bounds = np.zeros(len(lists) + 1, np.int64)
    np.cumsum([len(each) for each in lists], out=bounds[1:])
    return np.array([item for each in lists for item in each], np.int64), bounds


@jit
def _gather(
    lists_fields: Any, workspace_fields: Any, views: Any, choice_fields: Any, found_fields: Any
) -> None:
    """Fill `found_fields`, a `Candidates`; the others are a `_Lists`, a `Workspace`, views by
    expert, a `_Choice`: as plain tuples."""
    lists, workspace = _Lists(*lists_fields), Workspace(*workspace_fields)
    choice, found = _Choice(*choice_fields), Candidates(*found_fields)
    total = 0
    for number in range(len(lists.sessions)):
        request = _request(lists, number, workspace)
        seen = len(request.seeds) + len(request.earlier)
        if seen or len(request.searched_items):
            count = _propose(request, workspace, views, seen)
            first_bought, end_bought = lists.bought_bounds[number], lists.bought_bounds[number + 1]
            _withhold(request, lists.boughts[first_bought:end_bought], choice, workspace)
            offered = _score(count, choice, workspace)
            _set_thresholds(offered, choice, workspace)
            first = total
            total = _choose(offered, seen, total, choice, workspace, found)
            chosen = Chosen(found.items[first:total], found.features_raw[first:total])
            _describe(request, chosen, views)
            _compare(chosen, workspace.column)
        found.bounds[number + 1] = total


@jit
def _request(lists: Any, number: int, workspace: Any) -> Any:
    """One list of the batch; its distinct remembered items, newest first, are its first
    candidates."""
    stamp = lists.stamp + number + 1
    begin, end = lists.remembered_bounds[number], lists.remembered_bounds[number + 1]
    remembered = lists.remembered[begin:end]
    length = len(remembered)
    recent = remembered[max(0, length - lists.recent_max) :]
    distinct = near = 0
    for age in range(length):
        item = remembered[length - 1 - age]
        at, count = place(item, distinct, stamp, workspace)
        if count > distinct:
            workspace.seeds[at], workspace.ages[at] = item, age
            distinct = count
            if age < lists.recent_max:
                near = count
    first, end = lists.searched_bounds[number], lists.searched_bounds[number + 1]
    return Request(
        stamp=stamp,
        remembered=remembered,
        recent=recent,
        last=remembered[length - 1] if length else -1,
        seeds=workspace.seeds[:near],
        ages=workspace.ages[:near],
        earlier=workspace.seeds[near:distinct],
        earlier_ages=workspace.ages[near:distinct],
        session=lists.sessions[number],
        searched_items=lists.searched_items[first:end],
        searched_fits=lists.searched_fits[first:end],
    )


@inline
def _withhold(request: Any, bought: Any, choice: Any, workspace: Any) -> None:
    """Take out what this user must not be offered."""
    for item in bought:
        at = workspace.mark[item]
        if at >> PLACE_BITS == request.stamp:
            workspace.item[at & (1 << PLACE_BITS) - 1] = -1
    for seed in range(len(request.seeds) + len(request.earlier)):  # its place is its number
        if not (choice.offer_current if seed == 0 else choice.offer_seen):
            workspace.item[seed] = -1


@inline
def _score(count: int, choice: Any, workspace: Any) -> int:
    """Set the scores without the blend; how many candidates may be offered, as `offered`."""
    offered = 0
    for at in range(count):
        item = workspace.item[at]
        if item < 0 or choice.blocked[item]:
            continue
        # Experts of behaviour and experts of fit are summed apart. Any order would do, but another
        # one rounds differently.
        behaviour, fit = workspace.base_score[at], 0.0
        for nth in range(len(_WEIGHTED_COLUMNS)):
            part = choice.weights[nth] * workspace.raw[at, _WEIGHTED_COLUMNS[nth]]
            if _WEIGHTED_PLACED[nth]:
                behaviour += part
            else:
                fit += part
        score = (behaviour + fit) * reviews.factor(
            choice.review_mean[item], choice.sentiment_weight, choice.sentiment_lift
        )
        workspace.base_score[at] = score
        workspace.raw[at, BASE] = score
        workspace.offered[offered] = at
        offered += 1
    return offered


@jit
def _set_thresholds(offered: int, choice: Any, workspace: Any) -> None:
    """Set what a candidate must reach to be among the best by each expert: more than nothing."""
    column, raw, places = workspace.column, workspace.raw, workspace.offered
    for expert in range(len(_CHOOSING_COLUMNS)):
        workspace.threshold[expert], workspace.ties[expert] = 0.0, 0
        limit, positive = choice.limits[expert], 0
        for nth in range(offered):
            value = raw[places[nth], _CHOOSING_COLUMNS[expert]]
            if value > 0:
                column[positive] = value
                positive += 1
        if positive > limit:
            threshold = nth_smallest(column[:positive], positive - limit)
            workspace.threshold[expert] = threshold
            workspace.ties[expert] = limit - (column[:positive] > threshold).sum()


@inline
def _choose(offered: int, seen: int, total: int, choice: Any, workspace: Any, found: Any) -> int:
    """Append the best by each expert, and all that were seen, to `found`; its count then."""
    for nth in range(offered):
        at = workspace.offered[nth]
        good = at < seen
        for expert in range(len(_CHOOSING_COLUMNS)):
            value = workspace.raw[at, _CHOOSING_COLUMNS[expert]]
            if value > workspace.threshold[expert]:
                good = True
            elif value == workspace.threshold[expert] and workspace.ties[expert] > 0:
                workspace.ties[expert] -= 1
                good = True
        if not good:
            continue
        item = workspace.item[at]
        for column in range(workspace.raw.shape[1]):
            found.features_raw[total, column] = workspace.raw[at, column]
        found.items[total] = item
        found.base_score[total] = workspace.base_score[at]
        found.review_factor[total] = reviews.factor(
            choice.review_mean[item], choice.sentiment_weight, choice.sentiment_lift
        )
        found.lead_reason[total] = workspace.reason[at, 0]
        found.lead_item[total] = workspace.reason[at, 1]
        found.lead_event_class[total] = workspace.reason[at, 2]
        total += 1
    return total


@jit
def _compare(chosen: Any, column: Any) -> None:
    """Write each candidate's place and share by each expert that says so."""
    raw, count = chosen.raw, len(chosen.items)
    for expert in range(len(_PLACED_COLUMNS)):
        largest = 0.0
        for at in range(count):
            column[at] = -raw[at, _PLACED_COLUMNS[expert]]
            largest = max(largest, -column[at])
        order = np.argsort(column[:count])
        for nth in range(count):
            raw[order[nth], _FIRST_PLACE + expert] = nth
        for at in range(count):
            raw[at, _FIRST_SHARE + expert] = -column[at] / max(largest, TINY)
