"""Visits of every item: `personalisation.item-counts.v1`, whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from shopkeeper.shared.contracts import topics

from ..numeric.arrays import grown
from ..numeric.types import CLASS_COUNT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from shopkeeper.shared.contracts.envelope import KeyValue

    from ..numeric.items import ItemIndex


class CountsRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """The value of one item bucket on the item-counts topic (msgpack; internal)."""

    format_version: int
    items: list[str]
    n: bytes  # int32 (class, items)
    hour_items: bytes  # int32 places in `items`
    hours: bytes  # int32, hours since the Unix epoch
    hour_counts: bytes  # int32
    epoch: int = 0  # newest of `n_by_epoch`
    n_by_epoch: bytes = b""  # int32 (epoch, class, items), newest first, where counts decay


class ItemCountsTable:
    """n(i) of every item by event class, and visits by hour, from all item partitions."""

    topic = topics.ITEM_COUNTS

    def __init__(self, items: ItemIndex, periods: int = 1) -> None:
        self._items = items
        self.n: NDArray[np.int32] = np.zeros((CLASS_COUNT, 1024), np.int32)  # (class, item)
        # Where counts decay: n by period, newest first, and by item the newest period of these.
        self.n_by_period: NDArray[np.int32] = np.zeros(
            (periods if periods > 1 else 0, CLASS_COUNT, 1024), np.int32
        )
        self.period: NDArray[np.int64] = np.zeros(1024, np.int64)
        self._hours: dict[bytes, tuple[NDArray[np.int64], ...]] = {}  # item, hour, count
        self.version = 0  # moves when a count did
        self.junk = 0

    def apply(self, records: Sequence[KeyValue]) -> None:
        for key, value in records:
            try:
                self._put(key or b"", value)
            except (msgspec.MsgspecError, ValueError, IndexError):
                self.junk += 1

    def _put(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            if self._hours.pop(key, None) is not None:
                self.version += 1
            return
        record = msgspec.msgpack.decode(value, type=CountsRecord)
        n = np.frombuffer(record.n, np.int32).reshape(CLASS_COUNT, len(record.items))
        places = np.frombuffer(record.hour_items, np.int32)
        hours = np.frombuffer(record.hours, np.int32).astype(np.int64)
        counts = np.frombuffer(record.hour_counts, np.int32).astype(np.int64)
        if not len(places) == len(hours) == len(counts) or np.any(places < 0):
            raise ValueError("columns of different lengths")
        if record.format_version != 1 or np.any(places >= len(record.items)):
            raise ValueError("not a record of item counts")
        by_period = np.frombuffer(record.n_by_epoch, np.int32)
        by_period = by_period.reshape(len(self.n_by_period), *n.shape)
        ids = self._items.intern_all(record.items)
        self.reserve()
        if len(by_period):
            self.n_by_period[:, :, ids], self.period[ids] = by_period, record.epoch
        if not np.array_equal(self.n[:, ids], n):
            self.n[:, ids] = n
            self.version += 1
        new = (ids[places], hours, counts)
        old = self._hours.get(key)
        if old is None or not all(np.array_equal(a, b) for a, b in zip(old, new, strict=True)):
            self._hours[key] = new
            self.version += 1

    def reserve(self) -> None:
        """Make `n` cover every interned item."""
        if self._items.capacity > self.n.shape[1]:
            self.n = np.ascontiguousarray(grown(self.n.T, self._items.capacity).T)
            by_period = grown(self.n_by_period.T, self._items.capacity)
            self.n_by_period = np.ascontiguousarray(by_period.T)
            self.period = grown(self.period, self._items.capacity)

    def visits(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """All (items, hours, counts)."""
        if not self._hours:
            nothing = np.zeros(0, np.int64)
            return nothing, nothing, nothing
        items, hours, counts = (np.concatenate(p) for p in zip(*self._hours.values(), strict=True))
        return items, hours, counts
