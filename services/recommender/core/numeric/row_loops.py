"""What compiled loops do with one row: found, made, removed, seen; its lists made longer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .jit import inner, jit
from .rows import (
    AFTER,
    BEFORE,
    COUNT,
    EARLIER,
    FIRST,
    FREE,
    FREE_BLOCKS,
    LATER,
    LENGTH,
    LISTS,
    NEWEST,
    NUMBER,
    OLDEST,
    OWNER,
    ROOM,
    SIZE,
    SMALLEST,
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
    buffer: NDArray[np.uint8],
    at: Integer,
    length: Integer,
    number: Integer,
    owner: Integer,
    seed: np.uint64,
) -> np.uint64:
    """The hash of a key; a length of NO_TEXT or A_NUMBER: of a key without a text."""
    salt = seed ^ (np.uint64(owner + 1) * MIX)
    if length < 0:
        return (salt ^ np.uint64(number) ^ np.uint64(-length)) * MIX
    return text_hash(buffer, at, length, salt)


@inner
def find(
    rows: Rows,
    texts: NDArray[np.uint8],
    digest: np.uint64,
    key: tuple[Integer, Integer, Integer, Integer],
    buffer: NDArray[np.uint8],
) -> Any:
    """The row of a key (owner, place in buffer, length, number), or -1."""
    owner, at, length, number = key
    mask = len(rows.slots) - 1
    slot = np.int64(digest & np.uint64(mask))
    while rows.slots[slot] >= 0:
        row = np.int64(rows.slots[slot])
        if (
            rows.hashes[row] == digest
            and rows.keys[row, OWNER] == owner
            and rows.keys[row, LENGTH] == length
            and rows.keys[row, NUMBER] == number
            and same_text(buffer, at, texts, rows.keys[row, TEXT], length)
        ):
            return row
        slot = (slot + 1) & mask
    return np.int64(-1)


@inner
def insert(
    store: Store,
    rows: Rows,
    digest: np.uint64,
    key: tuple[Integer, Integer, Integer, Integer],
    buffer: NDArray[np.uint8],
) -> Any:
    """A new row for a key that has none, now the newest; there is room (`with_room`)."""
    owner, at, length, number = key
    heads = rows.heads
    row = heads[FREE]
    if row >= 0:
        heads[FREE] = rows.links[row, AFTER]
    else:
        row = heads[USED]
        heads[USED] += 1
    heads[COUNT] += 1
    place = store.heads[TEXTS_USED]
    if length > 0:
        store.texts[place : place + length] = buffer[at : at + length]
        store.heads[TEXTS_USED] = place + length
    rows.hashes[row] = digest
    keys, links = rows.keys, rows.links
    keys[row, OWNER], keys[row, TEXT] = owner, place
    keys[row, LENGTH], keys[row, NUMBER] = length, number
    links[row, :] = -1
    rows.touched[row] = False
    rows.fields[row, :] = 0
    mask = len(rows.slots) - 1
    slot = np.int64(digest & np.uint64(mask))
    while rows.slots[slot] >= 0:
        slot = (slot + 1) & mask
    rows.slots[slot] = row
    link_newest(rows, row)
    if owner >= 0:
        siblings = store.owners.links
        first = siblings[owner, FIRST]
        links[row, LATER] = first
        if first >= 0:
            links[first, EARLIER] = row
        siblings[owner, FIRST] = row
    return row


@jit
def remove(store: Store, rows: Rows, row: Integer) -> None:
    """Forget a row; those that it owns must be gone already."""
    keys, links, heads = rows.keys, rows.links, rows.heads
    _take_out_slot(rows, row)
    unlink(rows, row)
    if keys[row, OWNER] >= 0:
        earlier, later = links[row, EARLIER], links[row, LATER]
        if earlier >= 0:
            links[earlier, LATER] = later
        else:
            store.owners.links[keys[row, OWNER], FIRST] = later
        if later >= 0:
            links[later, EARLIER] = earlier
    if keys[row, LENGTH] > 0:
        store.heads[TEXTS_GARBAGE] += keys[row, LENGTH]
    for nth in range(LISTS):
        _give_back(store, rows, row, nth)
    if rows.touched[row]:
        rows.touched[row] = False
        heads[TOUCHED] -= 1
    links[row, AFTER] = heads[FREE]
    heads[FREE] = row
    heads[COUNT] -= 1


@inner
def _take_out_slot(rows: Rows, row: Integer) -> None:
    """Later rows of the same run move up (backward shift deletion): no hole stops a search."""
    slots, hashes = rows.slots, rows.hashes
    mask = len(slots) - 1
    hole = np.int64(hashes[row] & np.uint64(mask))
    while slots[hole] != row:
        hole = (hole + 1) & mask
    slot = hole
    while True:
        slot = (slot + 1) & mask
        other = slots[slot]
        if other < 0:
            break
        home = np.int64(hashes[other] & np.uint64(mask))
        if (slot - home) & mask >= (slot - hole) & mask:
            slots[hole] = other
            hole = slot
    slots[hole] = -1


# -- order


@inner
def link_newest(rows: Rows, row: Integer) -> None:
    links, heads = rows.links, rows.heads
    newest = heads[NEWEST]
    links[row, BEFORE], links[row, AFTER] = newest, -1
    if newest >= 0:
        links[newest, AFTER] = row
    else:
        heads[OLDEST] = row
    heads[NEWEST] = row


@inner
def unlink(rows: Rows, row: Integer) -> None:
    links, heads = rows.links, rows.heads
    before, after = links[row, BEFORE], links[row, AFTER]
    if before >= 0:
        links[before, AFTER] = after
    else:
        heads[OLDEST] = after
    if after >= 0:
        links[after, BEFORE] = before
    else:
        heads[NEWEST] = before


@jit
def see(rows: Rows, row: Integer) -> None:
    """The row is now the one that was seen last, and touched."""
    if rows.heads[NEWEST] != row:
        unlink(rows, row)
        link_newest(rows, row)
    touch(rows, row)


@jit
def touch(rows: Rows, row: Integer) -> None:
    """The row has changed since the last checkpoint."""
    if not rows.touched[row]:
        rows.touched[row] = True
        rows.heads[TOUCHED] += 1


@jit
def in_order(rows: Rows, found: NDArray[np.int64]) -> None:
    """Fill `found`, (count,), with all rows, the one seen longest ago first."""
    row = rows.heads[OLDEST]
    for place in range(len(found)):
        found[place] = row
        row = np.int64(rows.links[row, AFTER])


# -- lists


@inner
def put(store: Store, rows: Rows, row: Integer, nth: Integer, value: Integer) -> None:
    """Append a value to a list of the row; there is room for twice what it has (`with_room`)."""
    size, room = rows.lists[row, nth, SIZE], rows.lists[row, nth, ROOM]
    if size == room:
        _make_room(store, rows, row, nth, size + 1)
    store.values[rows.lists[row, nth, START] + size] = value
    rows.lists[row, nth, SIZE] = size + 1


@jit
def replace(
    store: Store, rows: Rows, row: Integer, nth: Integer, values: NDArray[np.int32]
) -> None:
    """Let a list of the row hold these values."""
    size = len(values)
    if size > rows.lists[row, nth, ROOM]:
        rows.lists[row, nth, SIZE] = 0
        _make_room(store, rows, row, nth, size)
    start = rows.lists[row, nth, START]
    store.values[start : start + size] = values
    rows.lists[row, nth, SIZE] = size


@inner
def _make_room(store: Store, rows: Rows, row: Integer, nth: Integer, size: Integer) -> None:
    kind, room = 0, SMALLEST
    while room < size:
        kind, room = kind + 1, 2 * room
    block = store.heads[FREE_BLOCKS + kind]
    if block >= 0:
        store.heads[FREE_BLOCKS + kind] = store.values[block]
    else:
        block = store.heads[VALUES_USED]
        store.heads[VALUES_USED] = block + room
    start, kept = rows.lists[row, nth, START], rows.lists[row, nth, SIZE]
    store.values[block : block + kept] = store.values[start : start + kept]
    _give_back(store, rows, row, nth)
    rows.lists[row, nth, START], rows.lists[row, nth, SIZE] = block, kept
    rows.lists[row, nth, ROOM] = room


@inner
def _give_back(store: Store, rows: Rows, row: Integer, nth: Integer) -> None:
    room = rows.lists[row, nth, ROOM]
    if room > 0:
        kind, size = 0, SMALLEST
        while size < room:
            kind, size = kind + 1, 2 * size
        start = rows.lists[row, nth, START]
        store.values[start] = store.heads[FREE_BLOCKS + kind]
        store.heads[FREE_BLOCKS + kind] = start
    rows.lists[row, nth, SIZE] = rows.lists[row, nth, ROOM] = 0


@jit
def gather(
    rows: Rows,
    values: NDArray[np.int32],
    wanted: NDArray[np.int64],
    kinds: NDArray[np.int64],
    found: NDArray[np.int32],
) -> None:
    """Fill `found` with the lists of these kinds, row after row."""
    at = 0
    for row in wanted:
        for nth in kinds:
            start, size = rows.lists[row, nth, START], rows.lists[row, nth, SIZE]
            found[at : at + size] = values[start : start + size]
            at += size
