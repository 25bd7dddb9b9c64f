"""Many rows put, removed and gathered at once; and single ones, from outside of compiled loops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .jit import jit
from .row_loops import find, insert, key_hash, link_newest, remove, replace, unlink
from .rows import (
    BEFORE,
    FIRST,
    LENGTH,
    LISTS,
    NEWEST,
    NUMBER,
    OLDEST,
    OWNER,
    TEXT,
    Placed,
    Rows,
    Store,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .types import Integer


# -- many rows at once


@jit
def put_rows(
    store: Store, rows: Rows, buffer: NDArray[np.uint8], new: Placed, seed: np.uint64
) -> None:
    """Put rows, in their order, each in place of what its key had; see `Placed`. There is room."""
    for nth in range(len(new.keys)):
        owner, at = new.keys[nth, OWNER], new.keys[nth, TEXT]
        length, number = new.keys[nth, LENGTH], new.keys[nth, NUMBER]
        key = (owner, at, length, number)
        digest = key_hash(buffer, at, length, number, owner, seed)
        row = find(rows, store.texts, digest, key, buffer)
        if row < 0:
            row = insert(store, rows, digest, key, buffer)
        elif not new.stays[nth] and rows.heads[NEWEST] != row:
            unlink(rows, row)
            link_newest(rows, row)
        rows.fields[row, :] = new.fields[nth, :]
        for kind in range(LISTS):
            start = new.starts[nth, kind]
            replace(store, rows, row, kind, new.values[start : start + new.sizes[nth, kind]])
        new.placed[nth] = row


@jit
def remove_owned(store: Store, owner: Integer, gone: NDArray[np.int64], count: Integer) -> Any:
    """Forget all rows that a row owns; they are noted in `gone` from `count` on."""
    row = np.int64(store.owners.links[owner, FIRST])
    while row >= 0:
        gone[count] = row
        count += 1
        remove(store, store.owned, row)
        row = np.int64(store.owners.links[owner, FIRST])
    return count


@jit
def remove_oldest_owners(
    store: Store, gone_owners: NDArray[np.int64], gone_owned: NDArray[np.int64]
) -> Any:
    """Forget the owners seen longest ago, as many as `gone_owners` has place for, with all that
    they own; returns how many of these are noted in `gone_owned`."""
    count = 0
    for nth in range(len(gone_owners)):
        row = store.owners.heads[OLDEST]
        count = remove_owned(store, row, gone_owned, count)
        remove(store, store.owners, row)
        gone_owners[nth] = row
    return count


@jit
def remove_oldest_owned(store: Store, gone: NDArray[np.int64]) -> None:
    """Forget the owned rows seen longest ago, as many as `gone` has place for."""
    for nth in range(len(gone)):
        row = store.owned.heads[OLDEST]
        gone[nth] = row
        remove(store, store.owned, row)


@jit
def touched_newest(rows: Rows, found: NDArray[np.int64]) -> Any:
    """Fill `found`, newest first, with the rows seen last, as far as each of them was touched;
    returns how many there are."""
    count = 0
    row = rows.heads[NEWEST]
    while row >= 0 and rows.touched[row]:
        found[count] = row
        count += 1
        row = np.int64(rows.links[row, BEFORE])
    return count


# -- from outside of loops


@jit
def row_of(
    rows: Rows,
    texts: NDArray[np.uint8],
    key: tuple[Integer, Integer, Integer],
    buffer: NDArray[np.uint8],
    seed: np.uint64,
) -> Any:
    """The row of a key (owner, length, number), whose text is the whole buffer; or -1."""
    owner, length, number = key
    digest = key_hash(buffer, 0, length, number, owner, seed)
    return find(rows, texts, digest, (owner, 0, length, number), buffer)


@jit
def new_row(
    store: Store,
    rows: Rows,
    key: tuple[Integer, Integer, Integer],
    buffer: NDArray[np.uint8],
    seed: np.uint64,
) -> Any:
    """As `row_of`, of a key that has none: it has one now, the newest. There is room."""
    owner, length, number = key
    digest = key_hash(buffer, 0, length, number, owner, seed)
    return insert(store, rows, digest, (owner, 0, length, number), buffer)
