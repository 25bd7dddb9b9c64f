"""Sessionises: who looked at what, in which session, and the counts that follow from it.

A session is an event's `session_id`, scoped by its user (two users who send the same session id
do not share a session), or else the user's events without one that lie less than `session_gap_ms`
from the session's first or latest. It holds its distinct items by event class, the first
`session_items_max` of each. An item that is new to a session adds 1 to its n(i) and 1 to c(i, j)
of every item j already there; nothing is ever taken back.

A user has one running session by the clock. An event that is older by a gap or more joins one of
the few earlier ones, or begins one: a late event, or a device whose clock is slow, never ends the
session that runs.

Everything here is a pure function of the partition's log: it does not depend on how the log was
cut into batches, on the clock, or on the process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.shared.contracts.event_columns import EventColumns

from ..numeric.texts import SEED
from ..numeric.types import ADD, CLICK, HOUR_MS, ORDER
from .click_loop import (
    CAPPED,
    CLICK_AGAIN,
    DUE,
    DUE_ITEMS,
    EVICTION,
    MINUTE_MS,
    MUTED,
    MUTED_MINUTES,
    NEW,
    NO_ROOM,
    ODD,
    PRIOR,
    SEEN,
    STALE,
    STOPPED,
    Clicks,
    Limits,
    Taught,
    learn_clicks,
    taught,
)
from .learned import Columns, Learned, ListRequest, request_of
from .other_events import OtherEvents, put_back, remember_order
from .session_store import SessionStore
from .user_rows import VALUES_PER_EVENT
from .users import BY_CLASS, latest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopkeeper.shared.contracts.envelope import Event
    from shopkeeper.shared.contracts.events.shop import OrderCompleted

    from ...config import SessionsConfig
    from ..numeric.items import ItemIndex
    from .learned import Due
    from .user_rows import SessionRow, UserRow

CLASS_OF_TYPE = {"product.clicked.v1": CLICK, "product.added.v1": ADD, "order.completed.v1": ORDER}


class Sessions(SessionStore):
    """Users and sessions of one partition, and what their events teach."""

    def __init__(
        self,
        config: SessionsConfig,
        items: ItemIndex,
        elsewhere: Callable[[str], int | None] = lambda name: None,
    ) -> None:
        """elsewhere: the partition of a user's id, or None where it is this one."""
        super().__init__(config, items)
        self._others = OtherEvents(self, config, items, elsewhere)

    def learn(self, events: Sequence[Event], lists_from_ms: int = 0) -> tuple[Learned, Due]:
        """Fold events in offset order; returns count deltas, and lists due and users erased. A list
        of an event before `lists_from_ms` is only counted."""
        learned = Learned()
        due: Due = []
        columns = events if isinstance(events, EventColumns) else EventColumns.of_events(events)
        clicks = Clicks(
            buffer=columns.buffer,
            offsets=columns.offsets,
            times_ms=columns.times_ms,
            plain=columns.plain,
            users=columns.users,
            sessions=columns.sessions,
            items=self._items.numbers_of(columns.buffer, columns.products, columns.plain),
        )
        at, reason = 0, NO_ROOM
        while at < len(columns):
            limits = self._limits(lists_from_ms)
            if reason == NO_ROOM:
                self._reserve(clicks, at)
                out = taught(len(columns) - at, limits)
            at = learn_clicks(self._kept.store, clicks, limits, out, at, SEED)
            reason = int(out.heads[STOPPED])
            self._take(out, columns, learned, due)
            if reason == EVICTION:
                self.evict(int(columns.offsets[at]))
            elif reason == ODD:
                self._learn_one(columns[at], learned, due, lists_from_ms)
                at += 1
        return learned, due

    def _limits(self, lists_from_ms: int) -> Limits:
        config = self._config
        return Limits(
            gap_ms=config.session_gap_ms,
            session_items=config.session_items_max,
            remembered_items=config.remembered_items_max,
            hour_items=config.hour_items_max,
            per_minute=config.user_events_per_minute_max,
            list_interval_ms=config.list_interval_ms,
            lists_from_ms=lists_from_ms,
            next_eviction=(self._eviction_bucket + 1) * config.eviction_interval_records,
        )

    def _reserve(self, clicks: Clicks, start: int) -> None:
        """Room for what the next events may bring: for all of them, but for lists of items."""
        texts = int(clicks.users[start:, 1].sum()) + int(clicks.sessions[start:, 1].sum())
        count = len(clicks.offsets) - start
        self._kept.reserve(count, max(texts, 0) + count, 16 * count + VALUES_PER_EVENT)

    def _take(self, out: Taught, columns: EventColumns, learned: Learned, due: Due) -> None:
        """Take what the loop was taught, and make room for more."""
        heads = out.heads.tolist()
        if heads[SEEN]:
            learned.add(
                Columns(
                    out.new[: heads[NEW]].copy(),
                    out.prior[: heads[PRIOR]].copy(),
                    out.seen[: heads[SEEN]].copy(),
                )
            )
        if heads[DUE]:
            items, at = out.due_items[: heads[DUE_ITEMS]].tolist(), 0
            for number, start, teaches, recent, bought in out.due[: heads[DUE]].tolist():
                event, middle = columns[number], at + recent
                name = event.data.user_id or event.data.anonymous_id
                made_from = tuple(items[at:middle]), tuple(items[middle : middle + bought])
                due.append(ListRequest(event, name, *made_from, start, bool(teaches)))
                at = middle + bought
        self._count(
            list_of_old_event=heads[STALE],
            session_items_capped=heads[CAPPED],
            events_too_fast=heads[MUTED],
        )
        out.heads[:] = 0

    def _learn_one(self, event: Event, learned: Learned, due: Due, lists_from_ms: int) -> None:
        """Fold an event of any kind."""
        offset, data, time_ms = event.offset, event.data, event.time_ms
        kind = CLASS_OF_TYPE.get(event.type)
        if kind is None:
            self._others.fold(event, learned, due, lists_from_ms)
            return
        config = self._config
        name, anonymous = data.user_id, data.anonymous_id
        if name is None:
            name, anonymous = anonymous, None
        user = self.user(name)
        teaches = self._in_time(user, time_ms // MINUTE_MS)
        session_id = data.session_id
        session = self.session_of(user, session_id)
        if session is not None and (
            session_id is not None or session.holds(time_ms, config.session_gap_ms)
        ):
            if time_ms > session.last_ms:
                session.last_ms = time_ms
            elif time_ms < session.first_ms:
                session.first_ms = time_ms
            self.see(session)
        elif session is None and teaches:
            session = self.begin(user, session_id, offset, time_ms)
        else:
            session = self.open(user, session_id, session, offset, time_ms=time_ms, new=teaches)
        if anonymous is not None and session is not None:
            self._others.log_in(learned, event, user, session)
        items = (
            self._ordered(user, data) if kind == ORDER else (self._items.intern(data.product_id),)
        )
        if session is None or not teaches:
            self._count(events_too_fast=1)
        else:
            capped = self._fold(learned, event, user, session, items=items)
            self._count(session_items_capped=capped)
        user.recent = (user.recent + items)[-config.remembered_items_max :]
        last_ms = user.list_time_ms
        if last_ms is None or abs(time_ms - last_ms) >= config.list_interval_ms:
            user.list_time_ms = time_ms  # in any case: state never sees the clock
            if time_ms >= lists_from_ms:
                due.append(request_of(event, name, user, session, teaches))
            else:
                self._count(list_of_old_event=1)

    def _in_time(self, user: UserRow, minute: int) -> bool:
        """Count an event of this minute; whether others learn from it."""
        rate_max = self._config.user_events_per_minute_max
        if minute == user.minute:
            user.in_minute += 1
        elif user.in_minute <= rate_max or abs(minute - user.minute) >= MUTED_MINUTES:
            user.minute, user.in_minute = minute, 1
        return bool(user.in_minute <= rate_max)

    def _ordered(self, user: UserRow, data: OrderCompleted) -> tuple[int, ...]:
        items = tuple([self._items.intern(line.product_id) for line in data.products])
        user.bought = latest(user.bought, items, self._config.bought_items_max)
        remember_order(user, data.order_id, items)
        return items

    def _counts(self, user: UserRow, item: int, hour: int) -> bool:
        """Whether a click counts in trending, where a user does once per item and hour, in however
        many sessions; remembers it. An hour before the newest is past."""
        if hour > user.hour:
            user.hour, user.hour_items = hour, (item,)
            return True
        counted = user.hour_items
        if hour < user.hour or item in counted or len(counted) >= self._config.hour_items_max:
            return False
        user.hour_items = (*counted, item)
        return True

    def _fold(
        self,
        learned: Learned,
        event: Event,
        user: UserRow,
        session: SessionRow,
        *,
        items: tuple[int, ...],
    ) -> int:
        """Add what was clicked, put into the cart or ordered; returns how many found no room."""
        kind, hour = CLASS_OF_TYPE[event.type], event.time_ms // HOUR_MS
        room, capped = self._config.session_items_max, 0
        if kind == ADD and session.removed:
            room -= put_back(session, items)
        known = before = getattr(session, BY_CLASS[kind])
        for item in items:
            learned.seen += (event.offset, session.start, item)
            if item in known:
                continue
            if len(known) >= room:
                capped += 1
                continue
            how = kind
            if kind == CLICK and not self._counts(user, item, hour):
                how = CLICK_AGAIN
            learned.new += (event.offset, how, item, hour, len(known))
            learned.prior += known
            known = (*known, item)
        if known is not before:
            setattr(session, BY_CLASS[kind], known)
        return capped

    def _count(self, **counts: int) -> None:
        for name, count in counts.items():
            if count:
                self.counters[name] += count
