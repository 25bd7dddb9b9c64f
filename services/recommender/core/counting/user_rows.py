"""Users and sessions as they are kept: columns, with a view of one row for who works on one.

A view has the fields of `User` or `Session`; what is set on it is kept at once. It is good until
the row is removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..numeric import rows as tables
from ..numeric.row_batches import new_row, row_of
from ..numeric.row_loops import remove, replace
from ..numeric.rows import (
    A_NUMBER,
    COUNT,
    FIELDS,
    FIRST,
    LATER,
    LENGTH,
    NO_TEXT,
    NOBODY,
    OWNER,
    SIZE,
    START,
    TEXT,
    Rows,
    new_store,
    with_room,
)
from ..numeric.texts import NOTHING, SEED, encoded, text_at
from .users import NEVER, Session, SessionId, SessionKey, User

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

# Columns of a user's fields, and its lists by number; of a session's.
LIST_MS, MINUTE, IN_MINUTE, HOUR = range(FIELDS, FIELDS + 4)
RECENT, BOUGHT, HOUR_ITEMS, REFUNDED = 0, 1, 2, 3
FIRST_MS, LAST_MS, SESSION_START = range(FIELDS, FIELDS + 3)
CLICKED, ADDED, ORDERED, REMOVED = 0, 1, 2, 3
# One event makes at most one list of each kind longer, to twice its room.
VALUES_PER_EVENT = 4_096


class UsersAndSessions:
    """The columns of one partition, and what few users have beside them: by row, in dicts."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Have nobody."""
        self.store = new_store()
        self.orders: dict[int, tuple[tuple[int, tuple[int, ...]], ...]] = {}
        self.links: dict[int, tuple[str, ...]] = {}
        self.named: dict[int, str] = {}
        self.linked: dict[int, str] = {}  # by session's row

    def reserve(self, rows: int = 1, texts: int = 2_048, values: int = VALUES_PER_EVENT) -> None:
        """Have room for so many more rows of each, bytes of ids, and values of lists."""
        self.store = with_room(self.store, rows, texts, values)

    # -- keys

    def user_row(self, name: str) -> int:
        """The row of a user; -1: nobody is known by the name."""
        text = encoded(name)
        store = self.store
        return int(row_of(store.owners, store.texts, (NOBODY, 0, len(text)), text, SEED))

    def session_row(self, key: SessionKey) -> int:
        """The row of a session; -1: there is none."""
        owner = self.user_row(key[0])
        return -1 if owner < 0 else self.session_row_of(owner, key[1])

    def session_row_of(self, owner: int, session_id: SessionId) -> int:
        """The row of a user's session; -1: there is none."""
        number, length, text = _spelled(session_id)
        store = self.store
        return int(row_of(store.owned, store.texts, (owner, number, length), text, SEED))

    def add_user(self, name: str) -> int:
        """The row of a user whom nobody is known by: new, and the most recently seen."""
        text = encoded(name)
        self.reserve(texts=len(text))
        row = int(new_row(self.store, self.store.owners, (NOBODY, 0, len(text)), text, SEED))
        fields = self.store.owners.cells[row]
        fields[LIST_MS] = fields[MINUTE] = fields[HOUR] = NEVER
        return row

    def add_session(self, owner: int, session_id: SessionId) -> int:
        """The row of a user's session that there is not: new, and the most recently seen."""
        number, length, text = _spelled(session_id)
        self.reserve(texts=len(text))
        return int(new_row(self.store, self.store.owned, (owner, number, length), text, SEED))

    def name_of(self, row: int) -> str:
        """A user's id."""
        cells = self.store.owners.cells
        return text_at(self.store.texts, int(cells[row, TEXT]), int(cells[row, LENGTH]))

    def id_of(self, row: int) -> SessionId:
        """A session's id within its user."""
        cells = self.store.owned.cells
        at, length = int(cells[row, TEXT]), int(cells[row, LENGTH])
        if length == NO_TEXT:
            return None
        return at if length == A_NUMBER else text_at(self.store.texts, at, length)

    def key_of(self, row: int) -> SessionKey:
        """A session's key."""
        return self.name_of(int(self.store.owned.cells[row, OWNER])), self.id_of(row)

    def names(self, rows: NDArray[np.int64]) -> list[str]:
        """The ids of many users."""
        cells = self.store.owners.cells
        return self._texts(cells[rows, TEXT], cells[rows, LENGTH])

    def owners_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows of the users of many sessions."""
        found: NDArray[np.int64] = self.store.owned.cells[rows, OWNER]
        return found

    def ids(self, rows: NDArray[np.int64]) -> list[SessionId]:
        """The ids of many sessions, each within its user."""
        cells = self.store.owned.cells
        starts, lengths = cells[rows, TEXT], cells[rows, LENGTH]
        has_text = lengths >= 0
        found: list[SessionId] = list(self._texts(starts * has_text, lengths * has_text))
        for place in np.flatnonzero(~has_text).tolist():
            found[place] = int(starts[place]) if lengths[place] == A_NUMBER else None
        return found

    def _texts(self, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> list[str]:
        texts = memoryview(self.store.texts.data)
        return [
            str(texts[start:end], "utf-8", "surrogatepass")
            for start, end in zip(starts.tolist(), (starts + lengths).tolist(), strict=True)
        ]

    def sessions_of(self, owner: int) -> list[int]:
        """The rows of a user's sessions."""
        found, row = [], int(self.store.owners.cells[owner, FIRST])
        while row >= 0:
            found.append(row)
            row = int(self.store.owned.cells[row, LATER])
        return found

    # -- removal

    def forget_beside(self, users: Iterable[int], sessions: Iterable[int]) -> None:
        """Drop what is kept beside the columns of rows that are gone."""
        for beside in (self.orders, self.links, self.named):
            if beside:
                for row in users:
                    beside.pop(row, None)
        if self.linked:
            for row in sessions:
                self.linked.pop(row, None)

    def remove_session(self, row: int) -> None:
        """Forget one session."""
        remove(self.store, self.store.owned, row)
        self.linked.pop(row, None)

    # -- lists

    def items(self, rows: Rows, row: int, nth: int) -> tuple[int, ...]:
        """A list of a row."""
        start, size = int(rows.cells[row, START + nth]), int(rows.cells[row, SIZE + nth])
        return tuple(self.store.values[start : start + size].tolist()) if size else ()

    def set_items(self, of_users: bool, row: int, nth: int, items: tuple[int, ...]) -> None:
        """Replace a list of a row."""
        self.reserve(values=2 * len(items) + VALUES_PER_EVENT)
        rows = self.store.owners if of_users else self.store.owned
        replace(self.store, rows, row, nth, np.array(items, np.int32))


def _spelled(session_id: SessionId) -> tuple[int, int, NDArray[np.uint8]]:
    """Number, length and text of a key."""
    if session_id is None:
        return 0, NO_TEXT, NOTHING
    if type(session_id) is int:
        return session_id, A_NUMBER, NOTHING
    text = encoded(str(session_id))
    return 0, len(text), text


def _items_property(of_users: bool, nth: int) -> Any:
    def get(self: Any) -> tuple[int, ...]:
        store = self.kept.store
        found: tuple[int, ...] = self.kept.items(
            store.owners if of_users else store.owned, self.row, nth
        )
        return found

    def put(self: Any, items: tuple[int, ...]) -> None:
        self.kept.set_items(of_users, self.row, nth, items)

    return property(get, put)


def _number_property(of_users: bool, column: int) -> Any:
    def get(self: Any) -> int:
        store = self.kept.store
        return int((store.owners if of_users else store.owned).cells[self.row, column])

    def put(self: Any, number: int) -> None:
        store = self.kept.store
        (store.owners if of_users else store.owned).cells[self.row, column] = number

    return property(get, put)


def _beside_property(name: str, otherwise: Any) -> Any:
    def get(self: Any) -> Any:
        return getattr(self.kept, name).get(self.row, otherwise)

    def put(self: Any, value: Any) -> None:
        if value == otherwise:
            getattr(self.kept, name).pop(self.row, None)
        else:
            getattr(self.kept, name)[self.row] = value

    return property(get, put)


class UserRow:
    """A view of one user; see `User` for its fields."""

    __slots__ = ("kept", "row")

    def __init__(self, kept: UsersAndSessions, row: int) -> None:
        self.kept, self.row = kept, row

    recent = _items_property(True, RECENT)
    bought = _items_property(True, BOUGHT)
    hour_items = _items_property(True, HOUR_ITEMS)
    refunded = _items_property(True, REFUNDED)
    minute = _number_property(True, MINUTE)
    in_minute = _number_property(True, IN_MINUTE)
    hour = _number_property(True, HOUR)
    orders = _beside_property("orders", ())
    links = _beside_property("links", ())
    named = _beside_property("named", None)

    @property
    def list_time_ms(self) -> int | None:
        """None: no list was due yet."""
        found = int(self.kept.store.owners.cells[self.row, LIST_MS])
        return None if found < 0 else found

    @list_time_ms.setter
    def list_time_ms(self, time_ms: int | None) -> None:
        self.kept.store.owners.cells[self.row, LIST_MS] = NEVER if time_ms is None else time_ms

    @property
    def sessions(self) -> dict[SessionId, None]:
        """Ids of the sessions that are still kept."""
        return {self.kept.id_of(row): None for row in self.kept.sessions_of(self.row)}


class SessionRow:
    """A view of one session; see `Session` for its fields."""

    __slots__ = ("kept", "row")

    def __init__(self, kept: UsersAndSessions, row: int) -> None:
        self.kept, self.row = kept, row

    first_ms = _number_property(False, FIRST_MS)
    last_ms = _number_property(False, LAST_MS)
    start = _number_property(False, SESSION_START)
    clicked = _items_property(False, CLICKED)
    added = _items_property(False, ADDED)
    ordered = _items_property(False, ORDERED)
    removed = _items_property(False, REMOVED)
    linked = _beside_property("linked", None)

    @property
    def number(self) -> int | None:
        """The id of a parked session; None of any other."""
        cells = self.kept.store.owned.cells
        return int(cells[self.row, TEXT]) if cells[self.row, LENGTH] == A_NUMBER else None

    def holds(self, time_ms: int, gap_ms: int) -> bool:
        """As of `Session`."""
        return bool(self.first_ms - gap_ms < time_ms < self.last_ms + gap_ms)

    def copy(self) -> Session:
        """The session by itself, also when the row is gone."""
        return Session(
            self.first_ms,
            self.last_ms,
            start=self.start,
            clicked=self.clicked,
            added=self.added,
            ordered=self.ordered,
            removed=self.removed,
            linked=self.linked,
        )


class UserViews(Mapping[str, UserRow]):
    """All users by id, the one seen longest ago first."""

    def __init__(self, kept: UsersAndSessions) -> None:
        self._kept = kept

    def __getitem__(self, name: str) -> UserRow:
        row = self._kept.user_row(name)
        if row < 0:
            raise KeyError(name)
        return UserRow(self._kept, row)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._kept.user_row(name) >= 0

    def __len__(self) -> int:
        return int(self._kept.store.owners.heads[COUNT])

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept.names(tables.in_order(self._kept.store.owners)))

    def newest(self, count: int) -> Iterator[tuple[str, UserRow]]:
        """Those seen last, the last first."""
        rows = tables.newest(self._kept.store.owners, count)
        for name, row in zip(self._kept.names(rows), rows.tolist(), strict=True):
            yield name, UserRow(self._kept, row)


class SessionViews(Mapping[SessionKey, SessionRow]):
    """All sessions by key, the one seen longest ago first."""

    def __init__(self, kept: UsersAndSessions) -> None:
        self._kept = kept

    def __getitem__(self, key: SessionKey) -> SessionRow:
        row = self._kept.session_row(key)
        if row < 0:
            raise KeyError(key)
        return SessionRow(self._kept, row)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, tuple) and self._kept.session_row(key) >= 0

    def __len__(self) -> int:
        return int(self._kept.store.owned.heads[COUNT])

    def __iter__(self) -> Iterator[SessionKey]:
        kept = self._kept
        rows = tables.in_order(kept.store.owned)
        owners = kept.names(kept.owners_of(rows))
        return iter(list(zip(owners, kept.ids(rows), strict=True)))


AnyUser = User | UserRow
AnySession = Session | SessionRow
