"""Lists as they were published, and the click that answers each.

Memory: the newest `lists_max` lists, their users, and one number per product ever seen.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.shared.contracts import outputs
from shopkeeper.shared.contracts.events.recommendation import RECOMMENDATIONS_UPDATED
from shopkeeper.shared.contracts.events.shop import (
    AssumptionsDeleted,
    OrderCompleted,
    ProductAdded,
    ProductClicked,
    UserErased,
)
from shopkeeper.shared.runtime.state.deduplicator import RecentIds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shopkeeper.services.recommender.core.numeric.items import ItemIndex
    from shopkeeper.shared.contracts.envelope import Event

RECENT_ITEMS_MAX = RecommenderConfig().remembered_items_max
# A list that stood for less was gone before anybody could have seen it and acted: seeing something
# and pressing a button takes people 0.2 s at the very least (Woodworth and Schlosberg,
# "Experimental psychology", 1954), and a page has yet to be drawn.
SEEN_MS_MIN = 200
REPEATS_REMEMBERED = 100_000  # event ids per partition, as the workers do


@dataclass(slots=True, eq=False)
class Shown:
    """One published list, and what became of it."""

    partition: int
    offset: int
    key: bytes | None
    user: str
    cause: str  # id of the event that it was made for
    recomm_id: str
    items: tuple[int, ...]
    codes: tuple[str, ...]  # reasons, one per item
    fallback: str
    model: str
    event_ms: int | None  # time of the event that it was made for
    published_ms: int
    history: tuple[int, ...] = ()  # the user's last items, that event's included; () = not retained
    answer: int | None = None  # the item of the user's next click
    answered_ms: int = 0  # event time of that click
    late: bool = False  # published only after that click had been
    # From its publishing until the user's next list, or the click that answers it; below 0 where it
    # is late. None: it still stands.
    stood_ms: int | None = None
    named: int = 0  # clicks that name this list

    @property
    def could_be_seen(self) -> bool:
        """Whether it stood long enough that its user could have seen it."""
        return self.stood_ms is None or self.stood_ms >= SEEN_MS_MIN


class Lists:
    """The newest lists of all that `see` is given. An erased user's are forgotten."""

    def __init__(self, numbers: ItemIndex, lists_max: int) -> None:
        self._numbers, self._lists_max = numbers, lists_max
        self._heap: list[tuple[int, int, Shown]] = []
        self._ids: set[str] = set()
        self._erased: dict[tuple[int, bytes | None], int] = {}  # -> offset of the tombstone
        self.seen = 0  # distinct lists, also those that were dropped since
        self.unreadable = 0

    def see(
        self,
        partition: int,
        offset: int,
        key: bytes | None,
        value: bytes | None,
        event_ms: int | None,
        published_ms: int,
    ) -> None:
        """One record of the topic. A list that comes again after a replay counts once."""
        if value is None:
            self._erased[partition, key] = offset
            return
        try:
            data = outputs.decode(RECOMMENDATIONS_UPDATED, value)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self.unreadable += 1
            return
        if data.recomm_id in self._ids:
            return
        self._ids.add(data.recomm_id)
        self.seen += 1
        shown = Shown(
            partition=partition,
            offset=offset,
            key=key,
            user=data.user_id or data.anonymous_id or "",
            cause=data.cause,
            recomm_id=data.recomm_id,
            items=tuple(self._numbers.intern(item.product_id) for item in data.items),
            codes=tuple(item.reason.code for item in data.items),
            fallback=data.fallback,
            model=data.model.name,
            event_ms=event_ms,
            published_ms=published_ms,
        )
        heapq.heappush(self._heap, (published_ms, self.seen, shown))
        if len(self._heap) > self._lists_max:
            self._ids.discard(heapq.heappop(self._heap)[2].recomm_id)

    def kept(self) -> list[Shown]:
        """Oldest first."""
        found = (shown for _, _, shown in sorted(self._heap, key=lambda entry: entry[:2]))
        return [s for s in found if s.offset > self._erased.get((s.partition, s.key), -1)]


@dataclass(slots=True)
class _User:
    lists: list[Shown] = field(default_factory=list)
    begun: bool = False  # an event of theirs has been seen
    waiting: Shown | None = None  # the list that the next click answers
    recent: deque[int] = field(default_factory=lambda: deque(maxlen=RECENT_ITEMS_MAX))
    clicks: int = 0
    # A heap of the lists of searches: event time and offset, list.
    searches: list[tuple[int, int, Shown]] = field(default_factory=list)


class Join:
    """Goes through shop.searches.v1, then shop.clicks.v1, and finds, for each list, the same user's
    next click.

    Order is the log's: a list stands right behind the event that it was made for, and the newest
    list before a click is the one that it answers. Searches stand in a log of their own: they are
    put among the clicks by the times of the events. A list whose event is retained no more stands
    before all of its user's events, if it is older than the first of them.
    A user is one, by whatever partition the events came, as in the recommender.
    """

    def __init__(self, numbers: ItemIndex, lists: Iterable[Shown]) -> None:
        self._numbers = numbers
        self._users: dict[str, _User] = {}
        self._of_cause: dict[tuple[str, str], Shown] = {}
        self._of_id: dict[str, Shown] = {}
        self._repeats: dict[int, RecentIds] = {}
        for shown in lists:
            self._users.setdefault(shown.user, _User()).lists.append(shown)
            self._of_cause[shown.user, shown.cause] = shown
            self._of_id[shown.recomm_id] = shown
        for user in self._users.values():
            for earlier, newer in pairwise(sorted(user.lists, key=_published)):
                earlier.stood_ms = newer.published_ms - earlier.published_ms
        self.clicks: Counter[int] = Counter()  # by item
        self.positions: Counter[int] = Counter()  # of clicks that name a list; -1: not in it
        self.unknown_ids = 0  # clicks that name a list which was not found
        self.first_ms: int | None = None
        self.last_ms: int | None = None

    def user_clicks(self, shown: Shown) -> int:
        """How many clicks of the list's user were seen."""
        return self._users[shown.user].clicks

    def see_search(self, event: Event) -> None:
        """One search, in any order, but before any `see`."""
        # Once: a search may stand there again, and no click is the cause of its list.
        made = self._of_cause.pop((event.data.user, event.id), None)
        if made is not None:
            searches = self._users[event.data.user].searches
            heapq.heappush(searches, (event.time_ms, event.offset, made))

    def close(self) -> None:
        """No event is to come."""
        for user in self._users.values():
            _pass_searches(user, None)

    def see(self, partition: int, event: Event, recorded_ms: int) -> None:
        """One event; by partition, in the order of offsets. recorded_ms: the record's timestamp."""
        repeats = self._repeats.setdefault(partition, RecentIds(REPEATS_REMEMBERED))
        if event.source and repeats.seen(event.source, event.id):
            return
        data = event.data
        self.first_ms = min(event.time_ms, self.first_ms or event.time_ms)
        self.last_ms = max(event.time_ms, self.last_ms or event.time_ms)
        user = self._users.get(data.user)
        if user is not None and not user.begun:
            user.begun = True
            older = [s for s in user.lists if (s.event_ms or s.published_ms) < event.time_ms]
            user.waiting = max(older, key=lambda s: s.offset, default=None)
        if user is not None:
            _pass_searches(user, event.time_ms)
        if isinstance(data, AssumptionsDeleted | UserErased):
            if user is not None:
                user.waiting = None
                user.recent.clear()
            return
        items = [self._numbers.intern(product) for product in _products(data)]
        if type(data) is ProductClicked:
            self.clicks[items[0]] += 1
            self._attribute(data.recomm_id, items[0])
            if user is not None:
                user.clicks += 1
                _answer(user, items[0], event.time_ms, recorded_ms)
        if user is not None:
            user.recent.extend(items)
            made = self._of_cause.get((data.user, event.id))
            if made is not None:
                made.history, made.answer = tuple(user.recent), None
                user.waiting = made

    def _attribute(self, recomm_id: str | None, item: int) -> None:
        if recomm_id is None:
            return
        shown = self._of_id.get(recomm_id)
        if shown is None:
            self.unknown_ids += 1
            return
        shown.named += 1
        self.positions[shown.items.index(item) if item in shown.items else -1] += 1


def _pass_searches(user: _User, time_ms: int | None) -> None:
    """The lists of searches before this time, or of all, take their places among the lists."""
    while user.searches and (time_ms is None or user.searches[0][0] < time_ms):
        _, _, made = heapq.heappop(user.searches)
        made.history, made.answer = tuple(user.recent), None
        user.waiting = made


def _answer(user: _User, item: int, time_ms: int, recorded_ms: int) -> None:
    shown, user.waiting = user.waiting, None
    if shown is not None:
        shown.answer, shown.answered_ms = item, time_ms
        shown.late = shown.published_ms > recorded_ms
        stood_ms = recorded_ms - shown.published_ms
        if shown.stood_ms is None or stood_ms < shown.stood_ms:
            shown.stood_ms = stood_ms


def _published(shown: Shown) -> tuple[int, int]:
    return shown.published_ms, shown.offset


def _products(data: ProductClicked | ProductAdded | OrderCompleted) -> Iterator[str]:
    if isinstance(data, OrderCompleted):
        yield from (line.product_id for line in data.products)
    else:
        yield data.product_id
