"""Sessionises: who looked at what, in which session, and the counts that follow from it.

A session is an event's `session_id`, scoped by its user (two users who send the same session id
do not share a session), or else the user's events without one whose times are less than
`session_gap_ms` from the latest of the session. It holds its distinct items by event class, the
first `session_items_max` of each. An item that is new to a session adds 1 to its n(i) and 1 to
c(i, j) of every item j already there; nothing is ever taken back.

Everything here is a pure function of the partition's log: it does not depend on how the log was
cut into batches, on the clock, or on the process.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from ..numeric.types import ADD, CLICK, HOUR_MS, ORDER
from .snapshot import read_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from shopkeeper.shared.contracts.envelope import Event

    from ...config import SessionsConfig
    from ..numeric.items import ItemIndex

FORMAT_VERSION = 2
CLASS_OF_TYPE = {"product.clicked.v1": CLICK, "product.added.v1": ADD, "order.completed.v1": ORDER}
ERASED = "user.erased.v1"

SessionKey = tuple[str, str | None]


# Hundreds of thousands of these live for long, and Python's cycle collector walks over every list
# and plain object again and again (16 % of the time at 170,000 users). Structs without `gc`, and
# tuples and dicts of strings and numbers, it leaves alone; nothing here can be in a cycle.


class User(msgspec.Struct, gc=False):
    """What is remembered of one customer."""

    recent: tuple[int, ...] = ()  # items of the last events, newest last, repeats included
    bought: tuple[int, ...] = ()  # last purchases, newest last
    sessions: dict[str | None, None] = {}  # ids of sessions still kept (a new dict for each)
    list_time_ms: int | None = None  # time of the event of the last list that was due


class Session(msgspec.Struct, gc=False):
    """Distinct items by event class, in order of first appearance."""

    last_ms: int
    start: int  # offset of the event that began it: with the partition, its identity
    clicked: tuple[int, ...] = ()
    added: tuple[int, ...] = ()
    ordered: tuple[int, ...] = ()


_BY_CLASS = ("clicked", "added", "ordered")  # of Session


@dataclass(slots=True)
class Learned:
    """What a batch taught, in offset order: rows of numbers, one after the other in flat lists,
    which are the cheapest to fill event by event."""

    # Per item that was new to its session: offset, class, item, hour, how many of `prior`.
    new: list[int] = field(default_factory=list)
    # The items that each of these found in its session.
    prior: list[int] = field(default_factory=list)
    # Per item of every event, new or not: offset, `Session.start`, item.
    seen: list[int] = field(default_factory=list)

    def extend(self, later: Learned) -> None:
        """Append what the next batch taught."""
        self.new += later.new
        self.prior += later.prior
        self.seen += later.seen

    def new_columns(self) -> NDArray[np.int64]:
        """(5, items): offsets, classes, items, hours, counts of `prior`."""
        return np.ascontiguousarray(np.array(self.new, np.int64).reshape(-1, 5).T)

    def seen_columns(self) -> NDArray[np.int64]:
        """(3, items): offsets, sessions, items."""
        return np.ascontiguousarray(np.array(self.seen, np.int64).reshape(-1, 3).T)


@dataclass(slots=True)
class ListRequest:
    """A list that an event made due, with what it is made from."""

    event: Event
    user: str
    recent: tuple[int, ...]  # newest last
    bought: tuple[int, ...]
    session: int  # `Session.start` of the one that the event belongs to


@dataclass(slots=True)
class Erased:
    """A user whose published lists are to be removed."""

    event: Event
    users: list[str]


class Sessions:
    """Users and sessions of one partition."""

    def __init__(self, config: SessionsConfig, items: ItemIndex) -> None:
        self._config = config
        self._items = items
        self.users: dict[str, User] = {}  # least recently seen first
        self.sessions: dict[SessionKey, Session] = {}  # likewise
        self._eviction_bucket = 0  # offset // eviction_interval_records, of the last event
        self.counters: Counter[str] = Counter()  # since start; not part of the state

    def learn(
        self, events: Sequence[Event], lists_from_ms: int = 0
    ) -> tuple[Learned, list[ListRequest | Erased]]:
        """Fold events in offset order; returns count deltas, and lists due and users erased.

        lists_from_ms: a list that an older event makes due is only counted, as `list_of_old_event`.
        """
        learned = Learned()
        due: list[ListRequest | Erased] = []
        config, users, sessions = self._config, self.users, self.sessions
        interval = config.eviction_interval_records
        recent_max, bought_max = config.remembered_items_max, config.bought_items_max
        session_items_max = config.session_items_max
        gap_ms, list_interval_ms = config.session_gap_ms, config.list_interval_ms
        intern = self._items.intern
        new, prior, seen = learned.new, learned.prior, learned.seen
        stale = capped = 0
        next_eviction = (self._eviction_bucket + 1) * interval
        for event in events:
            offset, data, time_ms = event.offset, event.data, event.time_ms
            if offset >= next_eviction:
                self._evict()
                self._eviction_bucket = offset // interval
                next_eviction = (self._eviction_bucket + 1) * interval
            kind = CLASS_OF_TYPE.get(event.type)
            if kind is None:
                assert event.type == ERASED, event.type
                due.append(Erased(event, self._erase(data.user_id, data.anonymous_id)))
                continue
            name = data.user_id or data.anonymous_id
            user = users.pop(name, None)
            if user is None:
                user = User()
            users[name] = user  # now the most recently seen
            session_id = data.session_id
            key = (name, session_id)
            session = sessions.pop(key, None)
            if session is None:
                session = Session(time_ms, offset)
                user.sessions[session_id] = None
            elif session_id is None and abs(time_ms - session.last_ms) >= gap_ms:
                session = Session(time_ms, offset)
            if time_ms > session.last_ms:
                session.last_ms = time_ms
            sessions[key] = session
            if kind == ORDER:
                items = tuple([intern(line.product_id) for line in data.products])
                user.bought = _latest(user.bought, items, bought_max)
            else:
                items = (intern(data.product_id),)
            before: tuple[int, ...] = getattr(session, _BY_CLASS[kind])
            known = before
            for item in items:
                seen += (offset, session.start, item)
                if item in known:
                    continue
                if len(known) >= session_items_max:
                    capped += 1
                    continue
                new += (offset, kind, item, time_ms // HOUR_MS, len(known))
                prior += known
                known = (*known, item)
            if known is not before:
                setattr(session, _BY_CLASS[kind], known)
            recent = user.recent + items
            user.recent = recent if len(recent) <= recent_max else recent[-recent_max:]
            last_ms = user.list_time_ms
            if last_ms is None or abs(time_ms - last_ms) >= list_interval_ms:
                # Remembered whether or not the list is published: state never sees the clock.
                user.list_time_ms = time_ms
                if time_ms >= lists_from_ms:
                    due.append(ListRequest(event, name, user.recent, user.bought, session.start))
                else:
                    stale += 1
        self.counters["list_of_old_event"] += stale
        if capped:
            self.counters["session_items_capped"] += capped
        return learned, due

    def _evict(self) -> None:
        """Forget what was silent longest, down to the caps."""
        users, sessions, config = self.users, self.sessions, self._config
        excess = len(sessions) - config.sessions_max
        if excess > 0:
            for key in [key for key, _ in zip(sessions, range(excess), strict=False)]:
                del sessions[key]
                users[key[0]].sessions.pop(key[1], None)
            self.counters["sessions_evicted"] += excess
        excess = len(users) - config.users_max
        if excess > 0:
            for name in [name for name, _ in zip(users, range(excess), strict=False)]:
                self._forget(name)
            self.counters["users_evicted"] += excess

    def _forget(self, name: str) -> bool:
        user = self.users.pop(name, None)
        if user is None:
            return False
        for session_id in user.sessions:
            del self.sessions[name, session_id]
        return True

    def _erase(self, *names: str | None) -> list[str]:
        given = [name for name in names if name]
        for name in given:
            if self._forget(name):
                self.counters["users_erased"] += 1
        return given

    def take_eviction_bucket(self, other: Sessions) -> None:
        """Go on evicting where another, of the same partition, left off."""
        self._eviction_bucket = other._eviction_bucket

    # -- checkpoints

    def snapshot(self) -> bytes:
        """The whole state; equal states give equal bytes."""
        users = list(self.users.values())
        sessions = list(self.sessions.values())
        flat = chain.from_iterable
        parts = [
            np.fromiter(flat(u.recent for u in users), np.int32),
            np.fromiter(flat(u.bought for u in users), np.int32),
            np.fromiter(flat(flat((s.clicked, s.added, s.ordered) for s in sessions)), np.int32),
        ]
        recent, bought, visited, used = _by_appearance(parts, self._items.capacity)
        user_place = {name: n for n, name in enumerate(self.users)}
        state = _State(
            format_version=FORMAT_VERSION,
            rule=rule_of(self._config),
            epoch=self._eviction_bucket,
            items=[self._items.product_ids[item] for item in used.tolist()],
            users=list(self.users),
            recent=recent.tobytes(),
            recent_count=_pack([len(u.recent) for u in users]),
            bought=bought.tobytes(),
            bought_count=_pack([len(u.bought) for u in users]),
            list_time_ms=np.array(
                [-1 if u.list_time_ms is None else u.list_time_ms for u in users], np.int64
            ).tobytes(),
            session_user=_pack([user_place[name] for name, _ in self.sessions]),
            session_id=[session_id for _, session_id in self.sessions],
            session_last_ms=np.array([s.last_ms for s in sessions], np.int64).tobytes(),
            session_start=np.array([s.start for s in sessions], np.int64).tobytes(),
            session_items=visited.tobytes(),
            session_count=_pack(
                [n for s in sessions for n in (len(s.clicked), len(s.added), len(s.ordered))]
            ),
        )
        return msgspec.msgpack.encode(state)

    def restore(self, packed: bytes) -> None:
        """Replace the state. Raises StateError for a newer format or another session rule."""
        state = read_state(packed, _State, FORMAT_VERSION, rule_of(self._config))
        items = [self._items.intern(name) for name in state.items]
        self._eviction_bucket = state.epoch
        self.users = {}
        self.sessions = {}
        recents = iter(_unpack(state.recent))
        boughts = iter(_unpack(state.bought))
        for name, recent_count, bought_count, time_ms in zip(
            state.users,
            _unpack(state.recent_count),
            _unpack(state.bought_count),
            np.frombuffer(state.list_time_ms, np.int64).tolist(),
            strict=True,
        ):
            user = self.users[name] = User()
            user.recent = tuple(items[next(recents)] for _ in range(recent_count))
            user.bought = tuple(items[next(boughts)] for _ in range(bought_count))
            user.list_time_ms = None if time_ms < 0 else time_ms
        visited = iter(_unpack(state.session_items))
        counts = iter(_unpack(state.session_count))
        # Format 1 had no starts: below zero there is no other session's.
        starts = np.frombuffer(state.session_start, np.int64).tolist()
        for owner, session_id, last_ms, start in zip(
            _unpack(state.session_user),
            state.session_id,
            np.frombuffer(state.session_last_ms, np.int64).tolist(),
            starts or range(-1, -1 - len(state.session_id), -1),
            strict=True,
        ):
            name = state.users[owner]
            session = self.sessions[name, session_id] = Session(last_ms, start)
            for kind in _BY_CLASS:
                visits = tuple(items[next(visited)] for _ in range(next(counts)))
                setattr(session, kind, visits)
            self.users[name].sessions[session_id] = None


class _State(msgspec.Struct, frozen=True):
    format_version: int
    rule: str
    epoch: int
    items: list[str]
    users: list[str]
    recent: bytes
    recent_count: bytes
    bought: bytes
    bought_count: bytes
    list_time_ms: bytes
    session_user: bytes
    session_id: list[str | None]
    session_last_ms: bytes
    session_items: bytes
    session_count: bytes
    session_start: bytes = b""


def rule_of(config: SessionsConfig) -> str:
    """The options that decide what is counted: another rule is another state."""
    return f"sessions/1 gap={config.session_gap_ms} items={config.session_items_max}"


def _latest(earlier: tuple[int, ...], items: tuple[int, ...], at_most: int) -> tuple[int, ...]:
    """Distinct items in the order in which each came last, the last so many."""
    for item in items:
        earlier = (*(i for i in earlier if i != item), item)[-at_most:]
    return earlier


def _by_appearance(parts: list[NDArray[np.int32]], capacity: int) -> tuple[NDArray[np.int32], ...]:
    """The parts with items as places in the list of items, which comes last: items in order of
    first appearance, which is the same in every process."""
    together = np.concatenate(parts)
    first = np.full(capacity, len(together), np.int32)
    # Backwards: of several writes to one place the last stands.
    first[together[::-1]] = np.arange(len(together) - 1, -1, -1, dtype=np.int32)
    used = np.flatnonzero(first < len(together)).astype(np.int32)
    used = used[np.argsort(first[used])]
    place = np.empty(capacity, np.int32)
    place[used] = np.arange(len(used), dtype=np.int32)
    ends = np.cumsum([len(part) for part in parts])
    return (*np.split(place[together], ends[:-1]), used)


def _pack(values: list[int]) -> bytes:
    packed: NDArray[np.int32] = np.array(values, np.int32)
    return packed.tobytes()


def _unpack(packed: bytes) -> list[int]:
    values: list[int] = np.frombuffer(packed, np.int32).tolist()
    return values
