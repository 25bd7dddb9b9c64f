"""The loop that learns from clicks: what `Sessions` does for most events, compiled.

It stops before the first event that is not a plain one, or that does more than go on with a session
or begin one; `Sessions` takes that event by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..numeric.jit import borrowing, inner
from ..numeric.row_loops import find, insert, key_hash, put, see
from ..numeric.rows import (
    COUNT,
    NO_TEXT,
    NOBODY,
    SIZE,
    START,
    TEXTS_USED,
    VALUES_USED,
    Rows,
    Store,
)
from ..numeric.types import CLICK
from .learned import HOW_SHIFT, REPEATED
from .user_rows import (
    BOUGHT,
    CLICKED,
    FIRST_MS,
    HOUR,
    HOUR_ITEMS,
    IN_MINUTE,
    LAST_MS,
    LIST_MS,
    MINUTE,
    RECENT,
    REFUNDED,
    SESSION_START,
    VALUES_PER_EVENT,
)
from .users import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..numeric.types import Integer

MINUTE_MS, HOUR_MINUTES = 60_000, 60
MUTED_MINUTES = 60  # of event time, from the minute in which a user was too fast
CLICK_AGAIN = CLICK | REPEATED << HOW_SHIFT
# `heads` of `Taught`: how many of each there are, and events that were only counted.
NEW, PRIOR, SEEN, DUE, DUE_ITEMS, STALE, CAPPED, MUTED, STOPPED = range(9)
ODD, EVICTION, NO_ROOM = 1, 2, 3  # why the loop stopped


class Clicks(NamedTuple):
    """Events as columns, and the number of each one's item; see `EventColumns`."""

    buffer: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    times_ms: NDArray[np.int64]
    plain: NDArray[np.bool_]
    users: NDArray[np.int32]
    sessions: NDArray[np.int32]
    items: NDArray[np.int64]


class Limits(NamedTuple):
    """Of `SessionsConfig`; `next_eviction` is an offset."""

    gap_ms: int
    session_items: int
    remembered_items: int
    hour_items: int
    per_minute: int
    list_interval_ms: int
    lists_from_ms: int
    next_eviction: int


class Taught(NamedTuple):
    """What the loop fills; see `Learned`. `due`: (event, session's start, whether it teaches, how
    many of `due_items` are recent ones, and bought or given back ones)."""

    new: NDArray[np.int64]  # (events, 5)
    prior: NDArray[np.int64]
    seen: NDArray[np.int64]  # (events, 3)
    due: NDArray[np.int64]  # (events, 5)
    due_items: NDArray[np.int32]
    heads: NDArray[np.int64]


def taught(events: int, limits: Limits) -> Taught:
    """Room for what so many events teach; pairs and lists may need more, one after the other."""
    lists = limits.remembered_items + 2 * VALUES_PER_EVENT
    return Taught(
        new=np.empty((events, 5), np.int64),
        prior=np.empty(8 * events + limits.session_items, np.int64),
        seen=np.empty((events, 3), np.int64),
        due=np.empty((events, 5), np.int64),
        due_items=np.empty(8 * events + lists, np.int32),
        heads=np.zeros(9, np.int64),
    )


@borrowing
def learn_clicks(
    store: Store, clicks: Clicks, limits: Limits, out: Taught, start: Integer, seed: np.uint64
) -> Any:
    """Learn from events from `start` on; returns the first that was not, and why in `out`."""
    heads = out.heads
    users, sessions = store.owners, store.owned
    for event in range(start, len(clicks.offsets)):
        heads[STOPPED] = 0
        offset, time_ms = clicks.offsets[event], clicks.times_ms[event]
        if offset >= limits.next_eviction:
            heads[STOPPED] = EVICTION
            return event
        if not clicks.plain[event]:
            heads[STOPPED] = ODD
            return event
        if not _has_room(store, clicks, limits, out, event):
            heads[STOPPED] = NO_ROOM
            return event
        at, length = np.int64(clicks.users[event, 0]), np.int64(clicks.users[event, 1])
        key = (NOBODY, at, length)
        digest = key_hash(clicks.buffer, at, length, NOBODY, seed)
        user = find(users, store.texts, digest, key, clicks.buffer)
        minute, in_minute = _rate(users, user, time_ms // MINUTE_MS, limits.per_minute)
        teaches = in_minute <= limits.per_minute
        id_at, id_length = np.int64(clicks.sessions[event, 0]), np.int64(clicks.sessions[event, 1])
        if id_length == NO_TEXT:
            id_at = np.int64(0)
        session, session_digest = np.int64(-1), np.int64(0)
        if user >= 0:
            session_digest = key_hash(clicks.buffer, id_at, id_length, user, seed)
            session = find(
                sessions, store.texts, session_digest, (user, id_at, id_length), clicks.buffer
            )
        if session >= 0:
            first_ms = sessions.cells[session, FIRST_MS]
            last_ms = sessions.cells[session, LAST_MS]
            holds = first_ms - limits.gap_ms < time_ms < last_ms + limits.gap_ms
            if id_length == NO_TEXT and not holds:
                heads[STOPPED] = ODD
                return event
        elif not teaches:
            heads[STOPPED] = ODD
            return event
        if user < 0:
            user = insert(store, users, digest, key, clicks.buffer)
            users.cells[user, LIST_MS] = users.cells[user, HOUR] = NEVER
            session_digest = key_hash(clicks.buffer, id_at, id_length, user, seed)
        see(users, user)
        users.cells[user, MINUTE], users.cells[user, IN_MINUTE] = minute, in_minute
        if session < 0:
            id_key = (user, id_at, id_length)
            session = insert(store, sessions, session_digest, id_key, clicks.buffer)
            sessions.cells[session, FIRST_MS] = sessions.cells[session, LAST_MS] = time_ms
            sessions.cells[session, SESSION_START] = offset
            users.cells[user, SIZE + REFUNDED] = 0
        elif time_ms > sessions.cells[session, LAST_MS]:
            sessions.cells[session, LAST_MS] = time_ms
        elif time_ms < sessions.cells[session, FIRST_MS]:
            sessions.cells[session, FIRST_MS] = time_ms
        see(sessions, session)
        item = clicks.items[event]
        if teaches:
            _teach(store, limits, out, (user, session), (offset, item, minute // HOUR_MINUTES))
        else:
            heads[MUTED] += 1
        _remember(store, user, item, limits.remembered_items)
        _make_due(store, limits, out, (user, session), (event, time_ms, np.int64(teaches)))
    return len(clicks.offsets)


@inner
def _has_room(store: Store, clicks: Clicks, limits: Limits, out: Taught, event: Integer) -> bool:
    """Whether everything that one event may add has its place."""
    texts = np.int64(clicks.users[event, 1])
    if clicks.sessions[event, 1] > 0:
        texts += np.int64(clicks.sessions[event, 1])
    heads = out.heads
    return bool(
        store.owners.heads[COUNT] < len(store.owners.cells)
        and store.owned.heads[COUNT] < len(store.owned.cells)
        and store.heads[TEXTS_USED] + texts <= len(store.texts)
        and store.heads[VALUES_USED] + VALUES_PER_EVENT <= len(store.values)
        and heads[PRIOR] + limits.session_items <= len(out.prior)
        and heads[DUE_ITEMS] + limits.remembered_items + 2 * VALUES_PER_EVENT <= len(out.due_items)
    )


@inner
def _rate(users: Rows, user: Integer, minute: Integer, per_minute: Integer) -> Any:
    """The minute that a user's events are counted in, and how many with this one."""
    if user < 0:
        return minute, np.int64(1)
    counted, in_minute = users.cells[user, MINUTE], users.cells[user, IN_MINUTE]
    if minute == counted:
        return counted, in_minute + 1
    if in_minute <= per_minute or abs(minute - counted) >= MUTED_MINUTES:
        return minute, np.int64(1)
    return counted, in_minute


@inner
def _teach(
    store: Store,
    limits: Limits,
    out: Taught,
    who: tuple[Integer, Integer],
    what: tuple[Integer, Integer, Integer],
) -> None:
    user, session = who
    offset, item, hour = what
    heads, sessions, values = out.heads, store.owned, store.values
    seen = heads[SEEN]
    out.seen[seen, 0], out.seen[seen, 1] = offset, sessions.cells[session, SESSION_START]
    out.seen[seen, 2] = item
    heads[SEEN] = seen + 1
    start, size = sessions.cells[session, START + CLICKED], sessions.cells[session, SIZE + CLICKED]
    if _holds(values, start, size, item):
        return
    if size >= limits.session_items:
        heads[CAPPED] += 1
        return
    how = np.int64(CLICK if _counts(store, user, item, hour, limits.hour_items) else CLICK_AGAIN)
    new = heads[NEW]
    out.new[new, 0], out.new[new, 1], out.new[new, 2] = offset, how, item
    out.new[new, 3], out.new[new, 4] = hour, size
    heads[NEW] = new + 1
    prior = heads[PRIOR]
    for place in range(size):
        out.prior[prior + place] = values[start + place]
    heads[PRIOR] = prior + size
    put(store, sessions, session, CLICKED, item)


@inner
def _holds(values: NDArray[np.int32], start: Integer, size: Integer, item: Integer) -> bool:
    place = np.int64(start)
    while place < start + size and values[place] != item:
        place += 1
    return bool(place < start + size)


@inner
def _counts(store: Store, user: Integer, item: Integer, hour: Integer, hour_items: Integer) -> bool:
    """Whether a click counts in trending, where a user does once per item and hour, in however many
    sessions; remembers it. An hour before the newest is past."""
    users = store.owners
    newest = users.cells[user, HOUR]
    if hour > newest:
        users.cells[user, HOUR] = hour
        users.cells[user, SIZE + HOUR_ITEMS] = 0
    else:
        size = users.cells[user, SIZE + HOUR_ITEMS]
        known = _holds(store.values, users.cells[user, START + HOUR_ITEMS], size, item)
        if hour < newest or known or size >= hour_items:
            return False
    put(store, users, user, HOUR_ITEMS, item)
    return True


@inner
def _remember(store: Store, user: Integer, item: Integer, at_most: Integer) -> None:
    users, values = store.owners, store.values
    size = users.cells[user, SIZE + RECENT]
    if size < at_most:
        put(store, users, user, RECENT, item)
        return
    start = users.cells[user, START + RECENT]
    gone = size + 1 - at_most
    for place in range(start, start + size - gone):
        values[place] = values[place + gone]
    values[start + at_most - 1] = item
    users.cells[user, SIZE + RECENT] = at_most


@inner
def _make_due(
    store: Store,
    limits: Limits,
    out: Taught,
    who: tuple[Integer, Integer],
    event: tuple[Integer, Integer, Integer],
) -> None:
    """Note the list that the event makes due, with what it is made from."""
    user, session = who
    number, time_ms, teaches = event
    users, heads = store.owners, out.heads
    last_ms = users.cells[user, LIST_MS]
    if last_ms >= 0 and abs(time_ms - last_ms) < limits.list_interval_ms:
        return
    users.cells[user, LIST_MS] = time_ms  # in any case: state never sees the clock
    if time_ms < limits.lists_from_ms:
        heads[STALE] += 1
        return
    due, at = heads[DUE], heads[DUE_ITEMS]
    out.due[due, 0], out.due[due, 1] = number, store.owned.cells[session, SESSION_START]
    out.due[due, 2], out.due[due, 3] = teaches, users.cells[user, SIZE + RECENT]
    out.due[due, 4] = users.cells[user, SIZE + BOUGHT] + users.cells[user, SIZE + REFUNDED]
    for nth in (RECENT, BOUGHT, REFUNDED):
        start, size = users.cells[user, START + nth], users.cells[user, SIZE + nth]
        for place in range(start, start + size):
            out.due_items[at] = store.values[place]
            at += 1
    heads[DUE], heads[DUE_ITEMS] = due + 1, at


assert NO_TEXT < 0 <= CLICK
