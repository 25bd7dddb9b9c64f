"""Product ids as small integers, shared by everything in one worker.

The integers are private to a process: whatever leaves it (records, checkpoints) carries strings.
Ids are never forgotten while the process lives; about 250 bytes per distinct product id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xxhash

from .arrays import grown
from .texts import TextTable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

CAPACITY_MIN = 1024
ITEMS_PER_MARK = 64  # marking that many costs what sorting one does, about
_DIGITS_MAX = 18  # as many as always fit into an int64


class ItemIndex:
    """Interns product ids: string -> 0, 1, 2, ... in order of first appearance."""

    def __init__(self) -> None:
        self.number_of: dict[str, int] = {}
        self.product_ids: list[str] = []
        # A power of two above the count of items: the size for arrays indexed by item.
        self.capacity = CAPACITY_MIN
        self._table = TextTable()  # of those that came as bytes
        self._hash = np.zeros(1024, np.uint64)
        self._order = np.zeros(1024, np.int64)
        self._synced = 0

    def __len__(self) -> int:
        return len(self.product_ids)

    def intern(self, name: str) -> int:
        """The integer of a product id; a new one if it was never seen."""
        item = self.number_of.get(name)
        if item is None:
            item = self.number_of[name] = len(self.product_ids)
            self.product_ids.append(name)
            if len(self.product_ids) >= self.capacity:
                self.capacity *= 2
        return item

    def intern_all(self, names: Iterable[str]) -> NDArray[np.int64]:
        """Integers of many product ids, shape (names,)."""
        names = list(names)
        found = list(map(self.number_of.get, names))
        if None in found:  # seldom: most were seen before
            found = list(map(self.intern, names))
        return np.array(found, np.int64)

    def numbers_of(
        self, buffer: NDArray[np.uint8], spans: NDArray[np.int32], wanted: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Integers of the product ids at these spans of a buffer, shape (spans,); -1 where none is
        wanted."""
        found = self._table.numbers(buffer, spans, wanted)
        if found.min(initial=0) >= 0:
            return found
        missing = np.flatnonzero((found < 0) & wanted)
        known: dict[bytes, int] = {}
        for place in missing.tolist():
            at, length = spans[place].tolist()
            text = bytes(buffer[at : at + length])
            number = known.get(text)
            if number is None:
                number = known[text] = self.intern(text.decode())
                self._table.add(text, number)
            found[place] = number
        return found

    def partitions(self, partition_count: int) -> NDArray[np.int64]:
        """The item partition of every item, shape (items,): its owner for rows and counts."""
        self._sync()
        hashes = self._hash[: len(self.product_ids)]
        return (hashes % np.uint64(partition_count)).astype(np.int64)

    def partition_of(
        self, items: NDArray[np.signedinteger], partition_count: int
    ) -> NDArray[np.int64]:
        """The item partition of these items, same shape."""
        self._sync()
        hashes: NDArray[np.uint64] = self._hash[items]
        return (hashes % np.uint64(partition_count)).astype(np.int64)

    def buckets(self, items: NDArray[np.signedinteger], bucket_count: int) -> NDArray[np.int64]:
        """The count bucket of these items: other bits of the hash than `partition_of` uses."""
        self._sync()
        hashes: NDArray[np.uint64] = self._hash[items]
        return ((hashes >> np.uint64(32)) % np.uint64(bucket_count)).astype(np.int64)

    def order(self, items: NDArray[np.signedinteger]) -> NDArray[np.int64]:
        """Keys that break score ties alike in every process: by number if the id is a number
        (smaller first), else after all numbers by hash."""
        self._sync()
        order: NDArray[np.int64] = self._order[items]
        return order

    def _sync(self) -> None:
        count = len(self.product_ids)
        if self._synced == count:
            return
        if count > len(self._hash):
            self._hash = grown(self._hash, self.capacity)
            self._order = grown(self._order, self.capacity)
        for item in range(self._synced, count):
            encoded = self.product_ids[item].encode("utf-8", "surrogatepass")
            digest = xxhash.xxh64_intdigest(encoded)
            self._hash[item] = digest
            if encoded.isdigit() and len(encoded) <= _DIGITS_MAX:
                self._order[item] = int(encoded)
            else:
                self._order[item] = (1 << 62) | (digest >> 2)
        self._synced = count


def partition_of_name(name: str, partition_count: int) -> int:
    """The item partition of one product id (see `ItemIndex.partition_of`)."""
    return int(xxhash.xxh64_intdigest(name.encode("utf-8", "surrogatepass")) % partition_count)


def distinct(
    items: NDArray[np.signedinteger], capacity: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which items these are, ascending, and each one's place among them.

    capacity: above every item. As `np.unique`, but many are found without sorting them.
    """
    if len(items) * ITEMS_PER_MARK < capacity:
        used, places = np.unique(items, return_inverse=True)
        return used.astype(np.int64), places.astype(np.int64)
    marks = np.zeros(capacity, np.bool_)
    marks[items] = True
    used = np.flatnonzero(marks)
    place = np.empty(capacity, np.int64)
    place[used] = np.arange(len(used))
    return used, place[items]
