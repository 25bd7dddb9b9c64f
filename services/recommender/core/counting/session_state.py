"""Users and sessions of one partition as a checkpoint's section; equal states give equal bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from ..numeric.row_batches import gather, put_rows
from ..numeric.rows import (
    A_NUMBER,
    FIELDS,
    FIELDS_MAX,
    NO_TEXT,
    NOBODY,
    SIZE,
    SMALLEST,
    Placed,
)
from ..numeric.texts import SEED, joined
from .snapshot import StateError, read_state
from .user_rows import (
    ADDED,
    BOUGHT,
    CLICKED,
    FIRST_MS,
    HOUR,
    HOUR_ITEMS,
    IN_MINUTE,
    LAST_MS,
    LIST_MS,
    MINUTE,
    ORDERED,
    RECENT,
    REFUNDED,
    REMOVED,
    SESSION_START,
)
from .users import NEVER, SessionId

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from ...config import SessionsConfig
    from ..numeric.items import ItemIndex
    from ..numeric.rows import Rows
    from .user_rows import UsersAndSessions

FORMAT_VERSION = 3


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
    kept: UsersAndSessions,
    *,
    users: NDArray[np.int64],
    sessions: NDArray[np.int64],
    eviction_bucket: int,
) -> bytes:
    """These users and sessions, by row, in this order."""
    owners, owned = kept.store.owners, kept.store.owned
    orders = {n: kept.orders[row] for n, row in _beside(users, kept.orders)}
    parts = [
        _gathered(kept, owners, users, [nth]) for nth in (RECENT, BOUGHT, HOUR_ITEMS, REFUNDED)
    ]
    parts += [
        _gathered(kept, owned, sessions, [CLICKED, ADDED, ORDERED]),
        _gathered(kept, owned, sessions, [REMOVED]),
    ]
    ordered = [item for of in orders.values() for _, items_of in of for item in items_of]
    columns = [*(values for values, _ in parts), np.array(ordered, np.int32)]
    *packed, order_items, used = _by_appearance(columns, items.capacity)
    recent, bought, hour_items, refunded, visited, removed = (each.tobytes() for each in packed)
    counts = [sizes.tobytes() for _, sizes in parts]
    place = np.zeros(len(owners.cells), np.int32)
    place[users] = np.arange(len(users), dtype=np.int32)
    orders_left = iter(order_items.tolist())
    of_users, of_sessions = owners.cells[users], owned.cells[sessions]
    return msgspec.msgpack.encode(
        State(
            format_version=FORMAT_VERSION,
            rule=rule_of(config),
            epoch=eviction_bucket,
            items=[items.product_ids[item] for item in used.tolist()],
            users=kept.names(users),
            recent=recent,
            recent_count=counts[0],
            bought=bought,
            bought_count=counts[1],
            list_time_ms=of_users[:, LIST_MS].tobytes(),
            session_user=place[kept.owners_of(sessions)].tobytes(),
            session_id=kept.ids(sessions),
            session_last_ms=of_sessions[:, LAST_MS].tobytes(),
            session_items=visited,
            session_count=counts[4],
            session_start=of_sessions[:, SESSION_START].tobytes(),
            session_first_ms=of_sessions[:, FIRST_MS].tobytes(),
            session_removed=removed,
            session_removed_count=counts[5],
            session_linked={n: kept.linked[row] for n, row in _beside(sessions, kept.linked)},
            minute=of_users[:, MINUTE].astype(np.int32).tobytes(),
            in_minute=of_users[:, IN_MINUTE].astype(np.int32).tobytes(),
            hour=of_users[:, HOUR].astype(np.int32).tobytes(),
            hour_items=hour_items,
            hour_items_count=counts[2],
            refunded=refunded,
            refunded_count=counts[3],
            orders={
                n: [(key, tuple(next(orders_left) for _ in items_of)) for key, items_of in of]
                for n, of in orders.items()
            },
            links={n: kept.links[row] for n, row in _beside(users, kept.links)},
            named={n: kept.named[row] for n, row in _beside(users, kept.named)},
        )
    )


def _beside(rows: NDArray[np.int64], kept: Mapping[int, object]) -> list[tuple[int, int]]:
    """(place, row) of those rows that something is kept of."""
    if not kept:
        return []
    found = np.isin(rows, np.fromiter(kept, np.int64, len(kept)))
    return [(n, int(rows[n])) for n in np.flatnonzero(found).tolist()]


def _gathered(
    kept: UsersAndSessions, table: Rows, rows: NDArray[np.int64], kinds: list[int]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The lists of these kinds, row after row, and their sizes."""
    sizes = table.cells[rows][:, SIZE + np.array(kinds)].astype(np.int32)
    values = np.empty(int(sizes.sum()), np.int32)
    gather(table, kept.store.values, rows, np.array(kinds, np.int64), values)
    return values, sizes


def unpack(
    packed: bytes,
    config: SessionsConfig,
    index: ItemIndex,
    kept: UsersAndSessions,
    *,
    stayed: int = 0,
    begin: Callable[[State], None] = lambda state: None,
) -> int:
    """Put what was packed into `kept`, each in place of what is there; returns the eviction bucket.

    stayed: so many sessions, the first, keep their places in the order. begin: is called before
    anything is put. Raises StateError for a newer format or another session rule.
    """
    state = read_state(packed, State, FORMAT_VERSION, rule_of(config))
    begin(state)
    items = index.intern_all(state.items).astype(np.int32)
    owners = _put_users(state, items, kept)
    _put_sessions(state, items, kept, owners, stayed)
    return state.epoch


def _put_users(state: State, items: NDArray[np.int32], kept: UsersAndSessions) -> NDArray[np.int64]:
    count = len(state.users)
    buffer, starts, lengths = joined(state.users)
    fields = np.empty((count, FIELDS_MAX), np.int64)
    for column, packed, otherwise in (
        (MINUTE, state.minute, NEVER),
        (IN_MINUTE, state.in_minute, 0),
        (HOUR, state.hour, NEVER),
    ):
        fields[:, column - FIELDS] = _int32(packed) if packed else otherwise
    fields[:, LIST_MS - FIELDS] = np.frombuffer(state.list_time_ms, np.int64)
    values, list_starts, sizes = _lists(
        items,
        [
            (state.recent, state.recent_count, 1),
            (state.bought, state.bought_count, 1),
            (state.hour_items, state.hour_items_count, 1),
            (state.refunded, state.refunded_count, 1),
        ],
        count,
    )
    keys = np.stack([np.full(count, NOBODY), starts, lengths], axis=1)
    placed = np.empty(count, np.int64)
    new = Placed(
        keys=keys,
        fields=fields,
        values=values,
        starts=list_starts,
        sizes=sizes,
        stays=np.zeros(count, np.bool_),
        placed=placed,
    )
    kept.reserve(count, len(buffer), _room(sizes))
    put_rows(kept.store, kept.store.owners, buffer, new, SEED)
    kept.forget_beside(placed.tolist(), ())
    for place, orders in state.orders.items():
        kept.orders[int(placed[place])] = tuple(
            [(key, tuple(items[list(of)].tolist())) for key, of in orders]
        )
    kept.links |= {int(placed[place]): links for place, links in state.links.items()}
    kept.named |= {int(placed[place]): named for place, named in state.named.items()}
    return placed


def _put_sessions(
    state: State,
    items: NDArray[np.int32],
    kept: UsersAndSessions,
    owners: NDArray[np.int64],
    stayed: int,
) -> None:
    count = len(state.session_id)
    texts = [each if isinstance(each, str) else "" for each in state.session_id]
    buffer, starts, lengths = joined(texts)
    for place, each in enumerate(state.session_id):
        if each is None:
            lengths[place], starts[place] = NO_TEXT, 0
        elif not isinstance(each, str):
            lengths[place], starts[place] = A_NUMBER, each
    keys = np.stack([owners[_int32(state.session_user)], starts, lengths], axis=1)
    last = np.frombuffer(state.session_last_ms, np.int64)
    first = np.frombuffer(state.session_first_ms, np.int64) if state.session_first_ms else last
    # Format 1 had no starts: below zero there is no other session's.
    begun = np.frombuffer(state.session_start, np.int64)
    begun = begun if state.session_start else np.arange(-1, -1 - count, -1)
    by_class = state.session_items, state.session_count, 3
    values, list_starts, sizes = _lists(
        items, [by_class, (state.session_removed, state.session_removed_count, 1)], count
    )
    new = Placed(
        keys=keys,
        fields=np.stack([first, last, begun, np.zeros(count, np.int64)], axis=1),
        values=values,
        starts=list_starts,
        sizes=sizes,
        stays=np.arange(count) < stayed,
        placed=np.empty(count, np.int64),
    )
    kept.reserve(count, len(buffer), _room(sizes))
    put_rows(kept.store, kept.store.owned, buffer, new, SEED)
    kept.forget_beside((), new.placed.tolist())
    kept.linked |= {
        int(new.placed[place]): anonymous for place, anonymous in state.session_linked.items()
    }


def _lists(
    items: NDArray[np.int32], columns: list[tuple[bytes, bytes, int]], count: int
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Of packed columns of lists (values, sizes, lists a row): all values, and (count, LISTS) where
    each list begins and how long it is. Formats before had not all of them."""
    values, starts, sizes, before = [], [], [], 0
    for packed, counted, width in columns:
        found = items[_int32(packed)]
        lengths = np.zeros(count * width, np.int64)
        if counted:
            lengths[:] = _int32(counted)
        starts.append((before + np.cumsum(lengths) - lengths).reshape(count, width))
        sizes.append(lengths.reshape(count, width))
        values.append(found)
        before += len(found)
    return np.concatenate(values), np.hstack(starts), np.hstack(sizes)


def _room(sizes: NDArray[np.int64]) -> int:
    """Values that lists of these sizes may need."""
    return int(2 * sizes.sum()) + SMALLEST * sizes.size


def rule_of(config: SessionsConfig) -> str:
    """The options that decide what is counted: another rule is another state."""
    return f"sessions/1 gap={config.session_gap_ms} items={config.session_items_max}"


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


def _int32(packed: bytes) -> NDArray[np.int32]:
    return np.frombuffer(packed, np.int32)
