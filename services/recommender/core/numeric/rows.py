"""Rows of numbers and short lists, found by a key, in the order in which each was seen last.

What Python would keep as hundreds of thousands of objects in a dict: here a batch of events changes
it in one compiled loop, and a checkpoint is a copy of columns. A key is a text or a number, within
the row of another table (a session within its user) or within none.

All of a row lies in three lines of the processor's cache, its key in the first: at random places of
hundreds of megabytes it is the lines that are paid for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .arrays import grown
from .jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Columns of `cells`: the key (its hash, the owner's row or -1, where its text lies or its number,
# its length), rows that belong together (the first owned one; siblings), when it was seen last.
HASH, OWNER, TEXT, LENGTH, FIRST, EARLIER, LATER, STAMP = range(8)
FIELDS, FIELDS_MAX = 8, 4
# Lists: where each begins in `values`, how long it is, and for how many there is room.
LISTS, START, SIZE, ROOM = 4, 12, 16, 20  # the n-th list's are START + n and so on
CELLS = 24
COUNT, FREE, USED, CLOCK, MARK, TOUCHED = range(6)  # `heads` of `Rows`
TEXTS_USED, TEXTS_GARBAGE, VALUES_USED, FREE_BLOCKS = range(4)  # `heads` of `Store`
NO_TEXT, A_NUMBER = -1, -2  # lengths of keys without a text
SMALLEST, CLASSES = 2, 16  # a list has room for 2, 4, 8 ... values
GARBAGE_MIN = 65_536  # bytes
NOBODY = -1  # a stamp of a row that is free; owner of a row that belongs to none


class Rows(NamedTuple):
    """A table."""

    slots: NDArray[np.int32]  # hash table of rows; -1: none
    cells: NDArray[np.int64]  # (rows, CELLS)
    # (rows,) those seen since `mark`, each once, but for rows that were free meanwhile; and how
    # many, which may be more than there is room for.
    touched: NDArray[np.int32]
    heads: NDArray[np.int64]


class Store(NamedTuple):
    """Two tables, of which rows of the second belong to rows of the first, and their memory."""

    owners: Rows
    owned: Rows
    texts: NDArray[np.uint8]  # of keys
    values: NDArray[np.int32]  # of lists
    heads: NDArray[np.int64]


class Placed(NamedTuple):
    """Rows to be put. Their texts lie in a buffer, their lists in `values`."""

    keys: NDArray[np.int64]  # (rows, 3) owner, where the text lies or a number, length
    fields: NDArray[np.int64]  # (rows, FIELDS_MAX)
    values: NDArray[np.int32]
    starts: NDArray[np.int64]  # (rows, LISTS) of each list in `values`
    sizes: NDArray[np.int64]  # (rows, LISTS)
    stays: NDArray[np.bool_]  # whether one that is there keeps its place in the order
    placed: NDArray[np.int64]  # (rows,) filled with where each was put


def new_store(size: int = 64) -> Store:
    """Two tables without rows."""
    heads = np.zeros(FREE_BLOCKS + CLASSES, np.int64)
    heads[FREE_BLOCKS:] = -1
    return Store(
        owners=_new_rows(size),
        owned=_new_rows(size),
        texts=np.zeros(1024, np.uint8),
        values=np.zeros(1024, np.int32),
        heads=heads,
    )


def _new_rows(size: int) -> Rows:
    heads = np.zeros(6, np.int64)
    heads[FREE] = NOBODY
    return Rows(
        slots=np.full(2 * size, -1, np.int32),
        cells=np.zeros((size, CELLS), np.int64),
        touched=np.zeros(size, np.int32),
        heads=heads,
    )


def with_room(store: Store, rows: int, texts: int, values: int) -> Store:
    """The store, with room for so many more rows in each table, bytes of texts and values."""
    owners, owned = _with_rows(store.owners, rows), _with_rows(store.owned, rows)
    if owners is not store.owners or owned is not store.owned:
        store = store._replace(owners=owners, owned=owned)
    heads = store.heads
    if heads[TEXTS_GARBAGE] > GARBAGE_MIN and 2 * heads[TEXTS_GARBAGE] > heads[TEXTS_USED]:
        store = _without_garbage(store)
    if (needed := int(heads[TEXTS_USED]) + texts) > len(store.texts):
        store = store._replace(texts=grown(store.texts, needed + needed // 2))
    if (needed := int(heads[VALUES_USED]) + values) > len(store.values):
        store = store._replace(values=grown(store.values, needed + needed // 2))
    return store


def _with_rows(rows: Rows, more: int) -> Rows:
    needed = int(rows.heads[COUNT]) + more
    size = len(rows.cells)
    if needed <= size:
        return rows
    size = max(needed, size + size // 2)
    slots = np.full(1 << (2 * size - 1).bit_length(), -1, np.int32)
    rows = Rows(slots, grown(rows.cells, size), grown(rows.touched, size), rows.heads)
    _rehash(rows)
    return rows


def _without_garbage(store: Store) -> Store:
    texts = np.zeros(len(store.texts), np.uint8)
    _move_texts(store, texts)
    return store._replace(texts=texts)


@jit
def _move_texts(store: Store, texts: NDArray[np.uint8]) -> None:
    used = 0
    for rows in (store.owners, store.owned):
        for row in range(rows.heads[USED]):
            length = rows.cells[row, LENGTH]
            if rows.cells[row, STAMP] >= 0 and length > 0:
                at = rows.cells[row, TEXT]
                texts[used : used + length] = store.texts[at : at + length]
                rows.cells[row, TEXT] = used
                used += length
    store.heads[TEXTS_USED], store.heads[TEXTS_GARBAGE] = used, 0


@jit
def _rehash(rows: Rows) -> None:
    mask = len(rows.slots) - 1
    for row in range(rows.heads[USED]):
        if rows.cells[row, STAMP] >= 0:
            slot = rows.cells[row, HASH] & mask
            while rows.slots[slot] >= 0:
                slot = (slot + 1) & mask
            rows.slots[slot] = row


def mark(rows: Rows) -> None:
    """From now on `seen_since` tells what is seen."""
    rows.heads[MARK], rows.heads[TOUCHED] = rows.heads[CLOCK], 0


def seen_since(rows: Rows) -> NDArray[np.int64]:
    """The rows that were seen since `mark`, in the order in which they were seen last."""
    count = int(rows.heads[TOUCHED])
    if count > len(rows.touched):  # not all are noted
        return in_order(rows, int(rows.heads[MARK]))
    found = np.unique(rows.touched[:count]).astype(np.int64)
    stamps = rows.cells[found, STAMP]
    order = np.argsort(stamps)
    still = stamps[order] > rows.heads[MARK]  # the others are free again
    seen: NDArray[np.int64] = found[order][still]
    return seen


def in_order(rows: Rows, after: int = -1) -> NDArray[np.int64]:
    """All rows seen after a stamp, the one seen longest ago first."""
    stamps = rows.cells[: int(rows.heads[USED]), STAMP]
    found = np.flatnonzero(stamps > after)
    return found[np.argsort(stamps[found])]


def oldest(rows: Rows, count: int) -> NDArray[np.int64]:
    """So many rows that were seen longest ago, in no order."""
    stamps = rows.cells[: int(rows.heads[USED]), STAMP]
    found = np.flatnonzero(stamps >= 0)
    if count >= len(found):
        return found
    return found[np.argpartition(stamps[found], count)[:count]]


def newest(rows: Rows, count: int) -> NDArray[np.int64]:
    """So many rows that were seen last, the last first."""
    stamps = rows.cells[: int(rows.heads[USED]), STAMP]
    count = min(count, int(rows.heads[COUNT]))
    found = np.argpartition(-stamps, count - 1)[:count] if count else np.zeros(0, np.int64)
    return found[np.argsort(-stamps[found])]


def warm() -> None:
    """Have the loops ready that are seldom needed: tables grow, texts make room."""
    store = new_store(1)
    _rehash(store.owners)
    _move_texts(store, store.texts)
