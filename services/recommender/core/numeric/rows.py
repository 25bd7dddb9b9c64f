"""Rows of numbers and short lists, found by a key, in the order in which each was seen last.

What Python would keep as hundreds of thousands of objects in a dict: here a batch of events changes
it in one compiled loop, and a checkpoint is a copy of columns. A key is a text or a number, within
the row of another table (a session within its user) or within none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .arrays import grown
from .jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

OWNER, TEXT, LENGTH, NUMBER = 0, 1, 2, 3  # columns of `keys`
BEFORE, AFTER, FIRST, EARLIER, LATER = 0, 1, 2, 3, 4  # columns of `links`
COUNT, OLDEST, NEWEST, FREE, USED, TOUCHED = 0, 1, 2, 3, 4, 5  # `heads`
START, SIZE, ROOM = 0, 1, 2  # of a list
TEXTS_USED, TEXTS_GARBAGE, VALUES_USED, FREE_BLOCKS = 0, 1, 2, 3  # `heads` of `Store`
NO_TEXT, A_NUMBER = -1, -2  # lengths of keys without a text
SMALLEST, CLASSES = 2, 16  # a list has room for 2, 4, 8 ... values
LISTS = 4  # of a row


class Rows(NamedTuple):
    """A table. Every array but `slots` and `heads` is by row."""

    slots: NDArray[np.int32]  # hash table of rows; -1: none
    hashes: NDArray[np.uint64]
    keys: NDArray[np.int64]  # (rows, 4) owner's row or -1, where the text lies, its length, number
    links: NDArray[np.int32]  # (rows, 5) seen before and after it; its first owned row; siblings
    touched: NDArray[np.bool_]  # since the last checkpoint
    fields: NDArray[np.int64]  # (rows, fields)
    lists: NDArray[np.int32]  # (rows, LISTS, 3) start and size in `values`, and room there
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

    keys: NDArray[np.int64]  # (rows, 4), as of `Rows`
    fields: NDArray[np.int64]
    values: NDArray[np.int32]
    starts: NDArray[np.int64]  # (rows, LISTS) of each list in `values`
    sizes: NDArray[np.int64]  # (rows, LISTS)
    stays: NDArray[np.bool_]  # whether one that is there keeps its place in the order
    placed: NDArray[np.int64]  # (rows,) filled with where each was put


def new_rows(fields: int, size: int = 64) -> Rows:
    """A table without rows."""
    heads = np.zeros(6, np.int64)
    heads[[OLDEST, NEWEST, FREE]] = -1
    return Rows(
        slots=np.full(2 * size, -1, np.int32),
        hashes=np.zeros(size, np.uint64),
        keys=np.zeros((size, 4), np.int64),
        links=np.full((size, 5), -1, np.int32),
        touched=np.zeros(size, np.bool_),
        fields=np.zeros((size, fields), np.int64),
        lists=np.zeros((size, LISTS, 3), np.int32),
        heads=heads,
    )


def new_store(owner_fields: int, owned_fields: int) -> Store:
    """Two tables without rows."""
    heads = np.zeros(FREE_BLOCKS + CLASSES, np.int64)
    heads[FREE_BLOCKS:] = -1
    return Store(
        owners=new_rows(owner_fields),
        owned=new_rows(owned_fields),
        texts=np.zeros(1024, np.uint8),
        values=np.zeros(1024, np.int32),
        heads=heads,
    )


def with_room(store: Store, rows: int, texts: int, values: int) -> Store:
    """The store, with room for so many more rows in each table, bytes of texts and values."""
    owners, owned = _with_rows(store.owners, rows), _with_rows(store.owned, rows)
    if owners is not store.owners or owned is not store.owned:
        store = store._replace(owners=owners, owned=owned)
    heads = store.heads
    if heads[TEXTS_GARBAGE] > 65_536 and 2 * heads[TEXTS_GARBAGE] > heads[TEXTS_USED]:
        store = _without_garbage(store)
    if (needed := int(heads[TEXTS_USED]) + texts) > len(store.texts):
        store = store._replace(texts=grown(store.texts, needed + needed // 2))
    if (needed := int(heads[VALUES_USED]) + values) > len(store.values):
        store = store._replace(values=grown(store.values, needed + needed // 2))
    return store


def _with_rows(rows: Rows, more: int) -> Rows:
    needed = int(rows.heads[COUNT]) + more
    size = len(rows.hashes)
    if needed <= size:
        return rows
    size = max(needed, size + size // 2)
    slots = np.full(1 << (2 * size - 1).bit_length(), -1, np.int32)
    rows = Rows(
        slots=slots,
        hashes=grown(rows.hashes, size),
        keys=grown(rows.keys, size),
        links=grown(rows.links, size, -1),
        touched=grown(rows.touched, size),
        fields=grown(rows.fields, size),
        lists=grown(rows.lists, size),
        heads=rows.heads,
    )
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
        row = rows.heads[OLDEST]
        while row >= 0:
            length = rows.keys[row, LENGTH]
            if length > 0:
                at = rows.keys[row, TEXT]
                texts[used : used + length] = store.texts[at : at + length]
                rows.keys[row, TEXT] = used
                used += length
            row = rows.links[row, AFTER]
    store.heads[TEXTS_USED], store.heads[TEXTS_GARBAGE] = used, 0


@jit
def _rehash(rows: Rows) -> None:
    mask = len(rows.slots) - 1
    row = rows.heads[OLDEST]
    while row >= 0:
        slot = np.int64(rows.hashes[row] & np.uint64(mask))
        while rows.slots[slot] >= 0:
            slot = (slot + 1) & mask
        rows.slots[slot] = row
        row = np.int64(rows.links[row, AFTER])
