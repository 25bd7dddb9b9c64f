"""Many rows put, removed and gathered at once; and single ones, from outside of compiled loops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .jit import jit
from .row_loops import find, insert, key_hash, remove, replace, see
from .rows import FIELDS, FIELDS_MAX, FIRST, LISTS, SIZE, START, Placed, Rows, Store

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .types import Integer


@jit
def put_rows(
    store: Store, rows: Rows, buffer: NDArray[np.uint8], new: Placed, seed: np.uint64
) -> None:
    """Put rows, in their order, each in place of what its key had; see `Placed`. There is room."""
    for nth in range(len(new.keys)):
        owner, at, length = new.keys[nth, 0], new.keys[nth, 1], new.keys[nth, 2]
        digest = key_hash(buffer, at, length, owner, seed)
        row = find(rows, store.texts, digest, (owner, at, length), buffer)
        if row < 0:
            row = insert(store, rows, digest, (owner, at, length), buffer)
        elif not new.stays[nth]:
            see(rows, row)
        for field in range(FIELDS_MAX):
            rows.cells[row, FIELDS + field] = new.fields[nth, field]
        for kind in range(LISTS):
            start = new.starts[nth, kind]
            replace(store, rows, row, kind, new.values[start : start + new.sizes[nth, kind]])
        new.placed[nth] = row


@jit
def remove_owned(store: Store, owner: Integer, gone: NDArray[np.int64], count: Integer) -> Any:
    """Forget all rows that a row owns; they are noted in `gone` from `count` on. Returns how many
    are noted then."""
    row = store.owners.cells[owner, FIRST]
    while row >= 0:
        gone[count] = row
        count += 1
        remove(store, store.owned, row)
        row = store.owners.cells[owner, FIRST]
    return count


@jit
def remove_owners(store: Store, owners: NDArray[np.int64], gone: NDArray[np.int64]) -> Any:
    """Forget these owners with all that they own; returns how many of that are noted in `gone`."""
    count = 0
    for row in owners:
        count = remove_owned(store, row, gone, count)
        remove(store, store.owners, row)
    return count


@jit
def remove_rows(store: Store, rows: Rows, gone: NDArray[np.int64]) -> None:
    """Forget these rows, which own none."""
    for row in gone:
        remove(store, rows, row)


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
            start = rows.cells[row, START + nth]
            for place in range(start, start + rows.cells[row, SIZE + nth]):
                found[at] = values[place]
                at += 1


# -- from outside of loops


@jit
def row_of(
    rows: Rows,
    texts: NDArray[np.uint8],
    key: tuple[Integer, Integer, Integer],
    buffer: NDArray[np.uint8],
    seed: np.uint64,
) -> Any:
    """The row of a key (owner, 0 or number, length), whose text is the whole buffer; or -1."""
    owner, at, length = key
    return find(rows, texts, key_hash(buffer, at, length, owner, seed), key, buffer)


@jit
def new_row(
    store: Store,
    rows: Rows,
    key: tuple[Integer, Integer, Integer],
    buffer: NDArray[np.uint8],
    seed: np.uint64,
) -> Any:
    """As `row_of`, of a key that has none: it has one now, seen last. There is room."""
    owner, at, length = key
    return insert(store, rows, key_hash(buffer, at, length, owner, seed), key, buffer)
