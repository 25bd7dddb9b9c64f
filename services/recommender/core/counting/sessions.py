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

from ..numeric.types import ADD, CLICK, HOUR_MS, ORDER
from .learned import HOW_SHIFT, REPEATED, Learned, ListRequest
from .other_events import OtherEvents, put_back, remember_order
from .session_store import SessionStore
from .users import BY_CLASS, Session, User, latest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopkeeper.shared.contracts.envelope import Event
    from shopkeeper.shared.contracts.events.shop import OrderCompleted

    from ...config import SessionsConfig
    from ..numeric.items import ItemIndex
    from .learned import Due

CLASS_OF_TYPE = {"product.clicked.v1": CLICK, "product.added.v1": ADD, "order.completed.v1": ORDER}

MINUTE_MS, HOUR_MINUTES = 60_000, 60
CLICK_AGAIN = CLICK | REPEATED << HOW_SHIFT
MUTED_MINUTES = 60  # of event time, from the minute in which a user was too fast


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
        config, users, sessions, others = self._config, self.users, self.sessions, self._others
        gap_ms, list_interval_ms = config.session_gap_ms, config.list_interval_ms
        rate_max, recent_max = config.user_events_per_minute_max, config.remembered_items_max
        items_max, counts = config.session_items_max, self._counts
        intern = self._items.intern
        new, prior, seen = learned.new, learned.prior, learned.seen
        stale = capped = muted = 0
        next_eviction = (self._eviction_bucket + 1) * config.eviction_interval_records
        for event in events:
            offset, data, time_ms = event.offset, event.data, event.time_ms
            if offset >= next_eviction:
                next_eviction = self.evict(offset)
            kind = CLASS_OF_TYPE.get(event.type)
            if kind is None:
                others.fold(event, learned, due, lists_from_ms)
                continue
            name, anonymous = data.user_id, data.anonymous_id
            if name is None:
                name, anonymous = anonymous, None
            known = users.pop(name, None)
            user = users[name] = User() if known is None else known  # now the most recently seen
            minute = time_ms // MINUTE_MS
            if minute == user.minute:
                user.in_minute += 1
            elif user.in_minute <= rate_max or abs(minute - user.minute) >= MUTED_MINUTES:
                user.minute, user.in_minute = minute, 1
            teaches = user.in_minute <= rate_max
            session_id = data.session_id
            key = (name, session_id)
            self.touched_sessions.add(key)
            session = sessions.pop(key, None)
            if session is not None and (session_id is not None or session.holds(time_ms, gap_ms)):
                if time_ms > session.last_ms:
                    session.last_ms = time_ms
                elif time_ms < session.first_ms:
                    session.first_ms = time_ms
                sessions[key] = session
            elif session is None and teaches:
                session = self.begin(user, key, offset, time_ms)
            else:
                session = self.open(user, key, session, offset, time_ms=time_ms, new=teaches)
            if anonymous is not None and session is not None:
                others.log_in(learned, event, user, session)
            items = self._ordered(user, data) if kind == ORDER else (intern(data.product_id),)
            if session is None or not teaches:
                muted += 1
            elif kind != CLICK:
                capped += self._fold(learned, event, session, kind, items)
            else:
                item, clicked = items[0], session.clicked
                seen += (offset, session.start, item)
                if item not in clicked:
                    if len(clicked) < items_max:
                        hour, how = minute // HOUR_MINUTES, CLICK
                        if hour > user.hour:
                            user.hour, user.hour_items = hour, items
                        elif not counts(user, items, hour):
                            how = CLICK_AGAIN
                        new += (offset, how, item, hour, len(clicked))
                        prior += clicked
                        session.clicked = clicked + items
                    else:
                        capped += 1
            recent = user.recent + items
            user.recent = recent if len(recent) <= recent_max else recent[-recent_max:]
            last_ms = user.list_time_ms
            if last_ms is None or abs(time_ms - last_ms) >= list_interval_ms:
                user.list_time_ms = time_ms  # in any case: state never sees the clock
                if time_ms >= lists_from_ms:
                    start, bought = session.start if session else -1, user.bought + user.refunded
                    due.append(ListRequest(event, name, user.recent, bought, start, teaches))
                else:
                    stale += 1
        self._count(list_of_old_event=stale, session_items_capped=capped, events_too_fast=muted)
        return learned, due

    def _ordered(self, user: User, data: OrderCompleted) -> tuple[int, ...]:
        items = tuple([self._items.intern(line.product_id) for line in data.products])
        user.bought = latest(user.bought, items, self._config.bought_items_max)
        remember_order(user, data.order_id, items)
        return items

    def _counts(self, user: User, item: tuple[int, ...], hour: int) -> bool:
        """Whether a click, not in a new hour, counts in trending, where a user does once per item
        and hour, in however many sessions; remembers it. An hour before the newest is past."""
        counted = user.hour_items
        if hour < user.hour or item[0] in counted or len(counted) >= self._config.hour_items_max:
            return False
        user.hour_items = counted + item
        return True

    def _fold(
        self, learned: Learned, event: Event, session: Session, kind: int, items: tuple[int, ...]
    ) -> int:
        """Add what was put into the cart, or ordered; returns how many found no room."""
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
            learned.new += (event.offset, kind, item, event.time_ms // HOUR_MS, len(known))
            learned.prior += known
            known = (*known, item)
        if known is not before:
            setattr(session, BY_CLASS[kind], known)
        return capped

    def _count(self, **counts: int) -> None:
        for name, count in counts.items():
            if count:
                self.counters[name] += count
