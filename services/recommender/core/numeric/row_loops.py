"""What compiled loops do with one row: found, made, removed, seen; its lists made longer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .jit import inner, jit
from .rows import (
    CELLS,
    CLOCK,
    COUNT,
    EARLIER,
    FIRST,
    FREE,
    FREE_BLOCKS,
    HASH,
    LATER,
    LENGTH,
    LISTS,
    MARK,
    NOBODY,
    OWNER,
    ROOM,
    SIZE,
    SMALLEST,
    STAMP,
    START,
    TEXT,
    TEXTS_GARBAGE,
    TEXTS_USED,
    TOUCHED,
    USED,
    VALUES_USED,
    Rows,
    Store,
)
from .texts import MIX, same_text, text_hash

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .types import Integer

# -- keys


@inner
def key_hash(
    buffer: NDArray[np.uint8], at: Integer, length: Integer, owner: Integer, seed: np.uint64
) -> Any:
    """The hash of a key. length: NO_TEXT or A_NUMBER where `at` is no place of a text."""
    salt = seed ^ (np.uint64(owner + 1) * MIX)
    if length < 0:
        return np.int64((salt ^ np.uint64(at) ^ np.uint64(-length)) * MIX >> np.uint64(1))
    return np.int64(text_hash(buffer, at, length, salt) >> np.uint64(1))


@inner
def find(
    rows: Rows,
    texts: NDArray[np.uint8],
    digest: Integer,
    key: tuple[Integer, Integer, Integer],
    buffer: NDArray[np.uint8],
) -> Any:
    """The row of a key (owner, place of the text in `buffer` or number, length), or -1."""
    owner, at, length = key
    cells, mask = rows.cells, len(rows.slots) - 1
    slot = digest & mask
    while rows.slots[slot] >= 0:
        row = np.int64(rows.slots[slot])
        if (
            cells[row, HASH] == digest
            and cells[row, OWNER] == owner
            and cells[row, LENGTH] == length
        ):
            if length < 0:
                if cells[row, TEXT] == at:
                    return row
            elif same_text(buffer, at, texts, cells[row, TEXT], length):
                return row
        slot = (slot + 1) & mask
    return np.int64(-1)


@inner
def insert(
    store: Store,
    rows: Rows,
    digest: Integer,
    key: tuple[Integer, Integer, Integer],
    buffer: NDArray[np.uint8],
) -> Any:
    """A new row for a key that has none, now the one seen last; there is room (`with_room`)."""
    owner, at, length = key
    heads, cells = rows.heads, rows.cells
    row = heads[FREE]
    if row >= 0:
        heads[FREE] = cells[row, LATER]
    else:
        row = heads[USED]
        heads[USED] += 1
    heads[COUNT] += 1
    if length >= 0:
        place = store.heads[TEXTS_USED]
        for nth in range(length):
            store.texts[place + nth] = buffer[at + nth]
        store.heads[TEXTS_USED] = place + length
        at = place
    for cell in range(CELLS):
        cells[row, cell] = 0
    cells[row, HASH], cells[row, OWNER] = digest, owner
    cells[row, TEXT], cells[row, LENGTH] = at, length
    cells[row, FIRST] = cells[row, EARLIER] = cells[row, LATER] = -1
    mask = len(rows.slots) - 1
    slot = digest & mask
    while rows.slots[slot] >= 0:
        slot = (slot + 1) & mask
    rows.slots[slot] = row
    if owner >= 0:
        owners = store.owners.cells
        first = owners[owner, FIRST]
        cells[row, LATER] = first
        if first >= 0:
            cells[first, EARLIER] = row
        owners[owner, FIRST] = row
    see(rows, row)
    return row


@jit
def remove(store: Store, rows: Rows, row: Integer) -> None:
    """Forget a row; those that it owns must be gone already."""
    cells, heads = rows.cells, rows.heads
    _take_out_slot(rows, row)
    owner = cells[row, OWNER]
    if owner >= 0:
        earlier, later = cells[row, EARLIER], cells[row, LATER]
        if earlier >= 0:
            cells[earlier, LATER] = later
        else:
            store.owners.cells[owner, FIRST] = later
        if later >= 0:
            cells[later, EARLIER] = earlier
    if cells[row, LENGTH] > 0:
        store.heads[TEXTS_GARBAGE] += cells[row, LENGTH]
    for nth in range(LISTS):
        _give_back(store, rows, row, nth)
    cells[row, STAMP] = NOBODY
    cells[row, LATER] = heads[FREE]
    heads[FREE] = row
    heads[COUNT] -= 1


@inner
def _take_out_slot(rows: Rows, row: Integer) -> None:
    """Later rows of the same run move up (backward shift deletion): no hole stops a search."""
    slots, cells = rows.slots, rows.cells
    mask = len(slots) - 1
    hole = cells[row, HASH] & mask
    while slots[hole] != row:
        hole = (hole + 1) & mask
    slot = hole
    while True:
        slot = (slot + 1) & mask
        other = slots[slot]
        if other < 0:
            break
        home = cells[other, HASH] & mask
        if (slot - home) & mask >= (slot - hole) & mask:
            slots[hole] = other
            hole = slot
    slots[hole] = -1


@jit
def see(rows: Rows, row: Integer) -> None:
    """The row is now the one that was seen last."""
    heads = rows.heads
    if rows.cells[row, STAMP] <= heads[MARK]:
        if heads[TOUCHED] < len(rows.touched):
            rows.touched[heads[TOUCHED]] = row
        heads[TOUCHED] += 1
    heads[CLOCK] += 1
    rows.cells[row, STAMP] = heads[CLOCK]


# -- lists


@inner
def put(store: Store, rows: Rows, row: Integer, nth: Integer, value: Integer) -> None:
    """Append a value to a list of the row; there is room for twice what it has (`with_room`)."""
    size = rows.cells[row, SIZE + nth]
    if size == rows.cells[row, ROOM + nth]:
        _make_room(store, rows, row, nth, size + 1)
    store.values[rows.cells[row, START + nth] + size] = value
    rows.cells[row, SIZE + nth] = size + 1


@jit
def replace(
    store: Store, rows: Rows, row: Integer, nth: Integer, values: NDArray[np.int32]
) -> None:
    """Let a list of the row hold these values."""
    size = len(values)
    if size > rows.cells[row, ROOM + nth]:
        rows.cells[row, SIZE + nth] = 0
        _make_room(store, rows, row, nth, size)
    start = rows.cells[row, START + nth]
    for place in range(size):
        store.values[start + place] = values[place]
    rows.cells[row, SIZE + nth] = size


@inner
def _make_room(store: Store, rows: Rows, row: Integer, nth: Integer, size: Integer) -> None:
    cells, values = rows.cells, store.values
    kind, room = 0, SMALLEST
    while room < size:
        kind, room = kind + 1, 2 * room
    block = store.heads[FREE_BLOCKS + kind]
    if block >= 0:
        store.heads[FREE_BLOCKS + kind] = values[block]
    else:
        block = store.heads[VALUES_USED]
        store.heads[VALUES_USED] = block + room
    start, kept = cells[row, START + nth], cells[row, SIZE + nth]
    for place in range(kept):
        values[block + place] = values[start + place]
    _give_back(store, rows, row, nth)
    cells[row, START + nth], cells[row, SIZE + nth] = block, kept
    cells[row, ROOM + nth] = room


@inner
def _give_back(store: Store, rows: Rows, row: Integer, nth: Integer) -> None:
    room = rows.cells[row, ROOM + nth]
    if room > 0:
        kind, size = 0, SMALLEST
        while size < room:
            kind, size = kind + 1, 2 * size
        start = rows.cells[row, START + nth]
        store.values[start] = store.heads[FREE_BLOCKS + kind]
        store.heads[FREE_BLOCKS + kind] = start
    rows.cells[row, SIZE + nth] = rows.cells[row, ROOM + nth] = 0
