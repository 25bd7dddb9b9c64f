"""Numbers of keys in the order in which they came, for the newest so many of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import grown
from .jit import inner, jit
from .texts import HIGH, MIX

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .types import Integer

NEWEST, COUNT = 0, 1  # `heads`


class RingNumbers:
    """0, 1, 2 ... for keys, which are 64-bit numbers; past `capacity` the oldest are forgotten.

    `size` is how many there is room for now: it grows, up to the capacity.
    """

    def __init__(self, size: int, capacity: int) -> None:
        self.size, self._capacity = min(size, capacity), capacity
        self._ring: NDArray[np.int64] = np.zeros(self.size, np.int64)  # keys, by number % size
        self._heads: NDArray[np.int64] = np.array([-1, 0], np.int64)
        self._make_table()

    def __len__(self) -> int:
        """How many are not forgotten."""
        return int(self._heads[COUNT])

    @property
    def newest(self) -> int:
        """The number given last; -1 before the first."""
        return int(self._heads[NEWEST])

    def reserve(self, count: int) -> None:
        """Grow, if there is need and capacity, so that so many new keys forget nobody."""
        if (needed := self.newest + 1 + count) <= self.size or self.size == self._capacity:
            return
        while self.size < min(needed, self._capacity):
            self.size = min(2 * self.size, self._capacity)
        self._ring = grown(self._ring, self.size)
        self._make_table()
        _put_all(self._ring, self._table, self.newest + 1)

    def _make_table(self) -> None:
        slots = 1 << (2 * self.size - 1).bit_length()
        # (slots, 2) a key and its number; -1: none
        self._table: NDArray[np.int64] = np.full((slots, 2), -1, np.int64)

    def get(self, key: int) -> int:
        """The number of a key; -1: it has none."""
        found = np.empty(1, np.int64)
        _look_up(np.array([key], np.int64), found, self._table)
        return int(found[0])

    def number(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """(keys,) the number of each key, which is the next one where it has none. A key that was
        forgotten meanwhile has its old number here, and a new one where it comes again."""
        self.reserve(len(keys))
        found = np.empty(len(keys), np.int64)
        _number(keys, found, self._table, self._ring, self._heads)
        return found


@inner
def _home(key: Integer, mask: Integer) -> Any:
    mixed = np.uint64(key) * MIX
    return np.int64((mixed ^ (mixed >> HIGH)) & np.uint64(mask))


@inner
def _slot_of(key: Integer, table: NDArray[np.int64]) -> Any:
    """Where a key is, or would be put."""
    mask = len(table) - 1
    slot = _home(key, mask)
    while table[slot, 1] >= 0 and table[slot, 0] != key:
        slot = (slot + 1) & mask
    return slot


@inner
def _take_out(key: Integer, table: NDArray[np.int64]) -> None:
    """Later keys of the same run move up (backward shift deletion)."""
    mask = len(table) - 1
    hole = _slot_of(key, table)
    slot = hole
    while True:
        slot = (slot + 1) & mask
        if table[slot, 1] < 0:
            break
        if (slot - _home(table[slot, 0], mask)) & mask >= (slot - hole) & mask:
            table[hole, 0], table[hole, 1] = table[slot, 0], table[slot, 1]
            hole = slot
    table[hole, 1] = -1


@jit
def _put_all(ring: NDArray[np.int64], table: NDArray[np.int64], count: Integer) -> None:
    for number in range(count):
        slot = _slot_of(ring[number], table)
        table[slot, 0], table[slot, 1] = ring[number], number


@jit
def _look_up(keys: NDArray[np.int64], found: NDArray[np.int64], table: NDArray[np.int64]) -> None:
    for nth in range(len(keys)):
        found[nth] = table[_slot_of(keys[nth], table), 1]


@jit
def _number(
    keys: NDArray[np.int64],
    found: NDArray[np.int64],
    table: NDArray[np.int64],
    ring: NDArray[np.int64],
    heads: NDArray[np.int64],
) -> None:
    size = len(ring)
    for nth in range(len(keys)):
        key = keys[nth]
        slot = _slot_of(key, table)
        if table[slot, 1] < 0:
            number = heads[NEWEST] + 1
            heads[NEWEST] = number
            if number >= size:
                _take_out(ring[number % size], table)
                slot = _slot_of(key, table)
            else:
                heads[COUNT] += 1
            ring[number % size] = key
            table[slot, 0], table[slot, 1] = key, number
        found[nth] = table[slot, 1]
