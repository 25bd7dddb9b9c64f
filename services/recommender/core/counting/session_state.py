"""Users and sessions of one partition as a checkpoint's section; equal states give equal bytes."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from .snapshot import StateError, read_state
from .users import BY_CLASS, NEVER, Session, SessionId, SessionKey, User

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from ...config import SessionsConfig
    from ..numeric.items import ItemIndex

FORMAT_VERSION = 3
_COUNTED = ("recent", "bought", "hour_items", "refunded")  # of User


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """int32 columns unless said otherwise; items are places in `items`. Format 1 had no
    `session_start`, format 2 ended with it."""

    format_version: int
    rule: str
    epoch: int
    items: list[str]
    users: list[str]
    recent: bytes
    recent_count: bytes
    bought: bytes
    bought_count: bytes
    list_time_ms: bytes  # int64
    session_user: bytes
    session_id: list[SessionId]
    session_last_ms: bytes  # int64
    session_items: bytes
    session_count: bytes  # by class
    session_start: bytes = b""  # int64
    session_first_ms: bytes = b""  # int64
    session_removed: bytes = b""
    session_removed_count: bytes = b""
    session_linked: dict[int, str] = {}  # by session's place
    minute: bytes = b""
    in_minute: bytes = b""
    hour: bytes = b""
    hour_items: bytes = b""
    hour_items_count: bytes = b""
    refunded: bytes = b""
    refunded_count: bytes = b""
    # By user's place:
    orders: dict[int, list[tuple[int, tuple[int, ...]]]] = {}  # hashed id, items
    links: dict[int, tuple[str, ...]] = {}
    named: dict[int, str] = {}


class Changed(msgspec.Struct, frozen=True):
    """What became of a state: users and sessions that changed, and those that are gone."""

    state: bytes  # a `State` of those that changed, all of whose users were seen
    stayed: int  # so many sessions, the first, kept their places among all; the others come last
    users_gone: list[str]
    sessions_gone: list[tuple[str, SessionId]]


def pack_changes(changed: Changed) -> bytes:
    """As bytes."""
    return msgspec.msgpack.encode(changed)


def unpack_changes(packed: bytes) -> Changed:
    """What `pack_changes` was given. Raises StateError."""
    try:
        return msgspec.msgpack.decode(packed, type=Changed)
    except msgspec.MsgspecError as error:
        raise StateError(f"the checkpoint cannot be read: {error}") from None


def pack(
    config: SessionsConfig,
    items: ItemIndex,
    *,
    users: dict[str, User],
    sessions: dict[SessionKey, Session],
    eviction_bucket: int,
) -> bytes:
    """The whole state."""
    every, visits = list(users.values()), list(sessions.values())
    by_class = (of for s in visits for of in (s.clicked, s.added, s.ordered))
    columns = [[getattr(user, name) for user in every] for name in _COUNTED]
    columns += [list(by_class), [s.removed for s in visits]]
    ordered = [items_of for user in every for _, items_of in user.orders]
    parts = [np.fromiter(chain.from_iterable(column), np.int32) for column in [*columns, ordered]]
    *packed, order_items, used = _by_appearance(parts, items.capacity)
    recent, bought, hour_items, refunded, visited, removed = (each.tobytes() for each in packed)
    counts = [_pack([len(each) for each in column]) for column in columns]
    places = {name: n for n, name in enumerate(users)}
    orders_left = iter(order_items.tolist())
    return msgspec.msgpack.encode(
        State(
            format_version=FORMAT_VERSION,
            rule=rule_of(config),
            epoch=eviction_bucket,
            items=[items.product_ids[item] for item in used.tolist()],
            users=list(users),
            recent=recent,
            recent_count=counts[0],
            bought=bought,
            bought_count=counts[1],
            list_time_ms=_long(
                -1 if user.list_time_ms is None else user.list_time_ms for user in every
            ),
            session_user=_pack([places[name] for name, _ in sessions]),
            session_id=[session_id for _, session_id in sessions],
            session_last_ms=_long(s.last_ms for s in visits),
            session_items=visited,
            session_count=counts[4],
            session_start=_long(s.start for s in visits),
            session_first_ms=_long(s.first_ms for s in visits),
            session_removed=removed,
            session_removed_count=counts[5],
            session_linked={n: s.linked for n, s in enumerate(visits) if s.linked is not None},
            minute=_pack([user.minute for user in every]),
            in_minute=_pack([user.in_minute for user in every]),
            hour=_pack([user.hour for user in every]),
            hour_items=hour_items,
            hour_items_count=counts[2],
            refunded=refunded,
            refunded_count=counts[3],
            orders={
                n: [(key, tuple(next(orders_left) for _ in of)) for key, of in user.orders]
                for n, user in enumerate(every)
                if user.orders
            },
            links={n: user.links for n, user in enumerate(every) if user.links},
            named={n: user.named for n, user in enumerate(every) if user.named is not None},
        )
    )


def unpack(
    packed: bytes, config: SessionsConfig, index: ItemIndex
) -> tuple[dict[str, User], dict[SessionKey, Session], int]:
    """Users, sessions and the eviction bucket. Raises StateError for a newer format or another
    session rule."""
    state = read_state(packed, State, FORMAT_VERSION, rule_of(config))
    items = index.intern_all(state.items)
    users = _users(state, items)
    every, names = list(users.values()), state.users
    last = np.frombuffer(state.session_last_ms, np.int64).tolist()
    first = np.frombuffer(state.session_first_ms, np.int64).tolist() or last
    # Format 1 had no starts: below zero there is no other session's.
    starts = np.frombuffer(state.session_start, np.int64).tolist()
    starts = starts or list(range(-1, -1 - len(last), -1))
    visits = _tuples(state.session_items, state.session_count, items)
    removed = _tuples(state.session_removed, state.session_removed_count, items) or [()] * len(last)
    clicked, added, ordered = (visits[kind :: len(BY_CLASS)] for kind in range(len(BY_CLASS)))
    sessions: dict[SessionKey, Session] = {}
    columns = (first, last, starts, clicked, added, ordered, removed)
    keys = zip(_unpack(state.session_user), state.session_id, strict=True)
    for (owner, session_id), fields in zip(keys, zip(*columns, strict=True), strict=True):
        sessions[names[owner], session_id] = Session(*fields)
        every[owner].sessions[session_id] = None
    if state.session_linked:
        ordered_sessions = list(sessions.values())
        for place, anonymous in state.session_linked.items():
            ordered_sessions[place].linked = anonymous
    return users, sessions, state.epoch


def _users(state: State, items: NDArray[np.int64]) -> dict[str, User]:
    count = len(state.users)
    lists = np.frombuffer(state.list_time_ms, np.int64).tolist()
    columns: tuple[Sequence[Any], ...] = (
        _tuples(state.recent, state.recent_count, items),
        _tuples(state.bought, state.bought_count, items),
        [{} for _ in range(count)],
        [None if time_ms < 0 else time_ms for time_ms in lists],
        _unpack(state.minute) or [NEVER] * count,
        _unpack(state.in_minute) or [0] * count,
        _unpack(state.hour) or [NEVER] * count,
        _tuples(state.hour_items, state.hour_items_count, items) or [()] * count,
        _tuples(state.refunded, state.refunded_count, items) or [()] * count,
    )
    users = {
        name: User(*fields)
        for name, fields in zip(state.users, zip(*columns, strict=True), strict=True)
    }
    every = list(users.values())
    for place, orders in state.orders.items():
        every[place].orders = tuple([(key, tuple(items[list(of)].tolist())) for key, of in orders])
    for place, links in state.links.items():
        every[place].links = links
    for place, named in state.named.items():
        every[place].named = named
    return users


def rule_of(config: SessionsConfig) -> str:
    """The options that decide what is counted: another rule is another state."""
    return f"sessions/1 gap={config.session_gap_ms} items={config.session_items_max}"


def _tuples(packed: bytes, counts: bytes, items: NDArray[np.int64]) -> list[tuple[int, ...]]:
    values = items[np.frombuffer(packed, np.int32)].tolist()
    ends = np.cumsum(np.frombuffer(counts, np.int32)).tolist()
    return [tuple(values[start:end]) for start, end in zip([0, *ends], ends, strict=False)]


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


def _long(values: Iterable[int]) -> bytes:
    packed: NDArray[np.int64] = np.fromiter(values, np.int64)
    return packed.tobytes()


def _pack(values: list[int]) -> bytes:
    packed: NDArray[np.int32] = np.array(values, np.int32)
    return packed.tobytes()


def _unpack(packed: bytes) -> list[int]:
    values: list[int] = np.frombuffer(packed, np.int32).tolist()
    return values
