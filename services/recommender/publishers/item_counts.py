"""Visits of every item on `personalisation.item-counts.v1`: one record per bucket of items."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Output

from ..core.counting.count_map import ranges
from ..core.numeric.types import CLASS_COUNT
from ..core.tables.item_counts import CountsRecord
from .base import Pace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..config import RecommenderConfig
    from ..core.counting.cooccurrence import ItemPartition
    from ..core.numeric.items import ItemIndex


class ItemCountsPublisher:
    """Publishes the buckets of one item partition whose counts changed, in turn: each at most once
    in `row_interval_ms`, all together at most about `count_bytes_per_tick` bytes a turn."""

    def __init__(
        self, *, partition: int, config: RecommenderConfig, items: ItemIndex, counts: ItemPartition
    ) -> None:
        self._partition, self._config, self._items = partition, config, items
        self._counts = counts
        self._pace = Pace(counts)
        self._bucket_next = 0
        self._bucket_sent_ms = np.full(config.count_buckets, -(10**15), np.int64)

    @property
    def settled(self) -> bool:
        """Whether every count that was folded has been published."""
        return not self._counts.counts_dirty.any()

    def due(self, now_ms: int) -> list[Output]:
        """Changed buckets, those first that waited longest."""
        counts, config = self._counts, self._config
        factor = self._pace.factor()
        changed = np.flatnonzero(counts.counts_dirty)
        if not len(changed):
            return []
        counts.merge()
        dirty = np.unique(self._items.buckets(changed, config.count_buckets))
        dirty = dirty[now_ms - self._bucket_sent_ms[dirty] >= config.row_interval_ms]
        dirty = np.roll(dirty, -int(np.searchsorted(dirty, self._bucket_next)))
        owned = counts.owned()
        buckets = self._items.buckets(owned, config.count_buckets)
        by_bucket = np.argsort(buckets, kind="stable")
        starts = np.searchsorted(buckets[by_bucket], dirty)
        ends = np.searchsorted(buckets[by_bucket], dirty, "right")
        records: list[Output] = []
        size = 0
        for bucket, start, end in zip(dirty.tolist(), starts, ends, strict=True):
            members = owned[by_bucket[start:end]]
            value = self._value(members)
            key = f"{self._partition}/{bucket}".encode()
            records.append(Output(topics.ITEM_COUNTS, key, value, []))
            counts.counts_dirty[members] = False
            self._bucket_next = bucket + 1
            self._bucket_sent_ms[bucket] = now_ms
            size += len(value)
            if size >= config.count_bytes_per_tick * factor:
                break
        return records

    def confirmed(self) -> None:
        """Nothing waits for it: a restored partition publishes all of its counts again."""

    def _value(self, members: NDArray[np.int64]) -> bytes:
        hours = self._counts.hours
        names = self._items.product_ids
        entries, places = ranges(*hours.row_bounds(members))
        return msgspec.msgpack.encode(
            CountsRecord(
                format_version=1,
                items=[names[item] for item in members.tolist()],
                n=np.ascontiguousarray(self._counts.n[:CLASS_COUNT, members]).tobytes(),
                hour_items=places.astype(np.int32).tobytes(),
                hours=(hours.keys[entries] & 0xFFFFFFFF).astype(np.int32).tobytes(),
                hour_counts=hours.counts[entries].tobytes(),
                epoch=self._counts.period,
                n_by_epoch=self._counts.n_by_period[:, :, members].tobytes(),
            )
        )
