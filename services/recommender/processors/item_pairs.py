"""Stage B on one partition of personalisation.item-pairs: count, and publish views of the counts.

Published by the clock (`on_timer`), never remembered by it: similar-items rows that changed, item
counts that changed, and, from the worker that owns item partition 0, what is trending and what
groups of users there are.
"""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import xxhash

from shopkeeper.shared.contracts import outputs, topics
from shopkeeper.shared.contracts.envelope import Event, Output, Rejected
from shopkeeper.shared.contracts.events.recommendation import (
    SIMILAR_ITEMS_UPDATED,
    SimilarItem,
    SimilarItemsUpdated,
)

from ..config import MODEL, SOURCE
from ..core.counting.cooccurrence import ItemPartition
from ..core.counting.count_map import ranges
from ..core.counting.decay import as_of_newest
from ..core.counting.deltas import CorruptDelta, decode
from ..core.counting.neighbours import Neighbours, best_neighbours, chunks
from ..core.numeric.items import grown
from ..core.tables.base import BASES
from ..core.tables.item_counts import CountsRecord
from ..core.types import CLASS_COUNT
from ..publishers.trending import TrendingPublisher
from ..publishers.user_groups import UserGroupModelPublisher

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from shopkeeper.shared.runtime.api.processor import Sections

    from ..config import RecommenderConfig
    from ..core.knowledge import Knowledge
    from ..core.numeric.items import ItemIndex

INTERNAL_TYPE = "item-pairs"
SECTION = "counts"
ROWS_AT_ONCE, ENTRIES_AT_ONCE = 32, 16_384
IDLE_FACTOR = 4  # how much longer a tick may compute when nothing was folded since the last
SCORE_DIGITS = 6
_NONE = np.zeros(0, np.int64)


class ItemPairsProcessor:
    """The counts of one item partition, and their publication."""

    def __init__(
        self,
        partition: int,
        partition_count: int,
        settings: RecommenderConfig,
        items: ItemIndex,
        knowledge: Knowledge,
        counters: Counter[str],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._partition, self._partition_count = partition, partition_count
        self._settings, self._items, self._knowledge = settings, items, knowledge
        self._counters, self._clock = counters, clock
        self.counts = ItemPartition(settings, items)
        self._trends = TrendingPublisher(settings, items, knowledge) if partition == 0 else None
        self._groups = (
            UserGroupModelPublisher(settings, knowledge.user_groups) if partition == 0 else None
        )
        self._published_ms = np.full(1024, -1, np.int64)  # by item: when its row was last sent
        self._unconfirmed = _NONE  # rows sent by the last tick
        self._folded_version = 0  # of the counts, as of the last tick
        self._sweep_version: tuple[int, int] = (0, 0)  # of counts and view, as the sweep began
        self._sweep_rows = _NONE  # still to be looked at
        self._weights = np.ones(1)  # of pairs, by age in epochs
        self._bucket_next = 0
        self._bucket_sent_ms = np.full(settings.count_buckets, -(10**15), np.int64)

    # -- learning

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        """Fold records of deltas; a corrupt one is rejected whole."""
        rejected: list[Rejected] = []
        for event in events:
            try:
                deltas = decode(event.data, self._items)
                for rows in (deltas.pair_rows, deltas.visit_rows):
                    owners = self._items.partition_of(rows, self._partition_count)
                    if (owners != self._partition).any():
                        raise CorruptDelta("a row of another item partition")
                if self._settings.epochs > 1 and deltas.pair_hours is None:
                    raise CorruptDelta("pairs without hours, from before counts decayed")
            except CorruptDelta as error:
                rejected.append(Rejected(event.offset, "decode", "corrupt_delta", str(error)))
                continue
            pruned = self.counts.pruned
            self._counters["deltas_repeated"] += self.counts.fold(deltas)
            if self.counts.pruned > pruned:
                self._counters["pairs_pruned"] += self.counts.pruned - pruned
        return [], rejected

    # -- publishing

    @property
    def settled(self) -> bool:
        """Whether everything that was folded has been published, as far as this worker knows."""
        counts = self.counts
        return (
            not counts.dirty.any()
            and not counts.counts_dirty.any()
            and not len(self._sweep_rows)
            and self._sweep_version == self._versions()
        )

    def _versions(self) -> tuple[int, int]:
        return self.counts.version, self._knowledge.item_counts.version

    def on_timer(self, now_ms: int) -> list[Output]:
        """What is due: at most once a second each row, within a budget of computing time."""
        counts, settings = self.counts, self._settings
        counts.reserve()
        if len(self._published_ms) < self._items.capacity:
            self._published_ms = grown(self._published_ms, self._items.capacity, -1)
        idle = counts.version == self._folded_version
        self._folded_version = counts.version
        factor = IDLE_FACTOR if idle else 1
        found: list[Output] = []
        changed = counts.dirty.any() or counts.counts_dirty.any()
        sweeping = len(self._sweep_rows) or self._sweep_version != self._versions()
        sent: list[NDArray[np.int64]] = []
        if changed or sweeping:
            counts.merge()
            n = self._n()
            rows = np.flatnonzero(counts.dirty)
            rows = rows[self._due(rows, now_ms)]
            # Those that waited longest first: under load every row gets its turn.
            rows = rows[np.argsort(self._published_ms[rows], kind="stable")]
            self._rows(rows, n, settings.tick_budget_ms * factor, now_ms, found, sent)
            self._sweep(n, settings.sweep_budget_ms * factor, now_ms, found, sent)
            found += self._count_records(factor, now_ms)
        self._unconfirmed = np.concatenate(sent) if sent else _NONE
        if self._trends is not None:
            found += self._trends.on_timer(now_ms)
        if self._groups is not None:
            found += self._groups.on_timer(now_ms)
        return found

    def _n(self) -> NDArray[np.int32] | NDArray[np.float64]:
        """(class, item): n(i), our own where we own the item, else what its owner published."""
        view = self._knowledge.item_counts
        view.reserve()
        own = np.flatnonzero(self._items.partitions(self._partition_count) == self._partition)
        if self._settings.epochs > 1:
            decayed, self._weights = as_of_newest(self.counts, view, own, self._settings)
            return decayed
        n = view.n.copy()
        n[:, own] = self.counts.n[:, own]
        return n

    def _due(self, rows: NDArray[np.int64], now_ms: int) -> NDArray[np.bool_]:
        last = self._published_ms[rows]
        due: NDArray[np.bool_] = (last < 0) | (now_ms - last >= self._settings.row_interval_ms)
        return due

    def _sweep(
        self,
        n: NDArray[np.int32] | NDArray[np.float64],
        budget_ms: float,
        now_ms: int,
        found: list[Output],
        sent: list[NDArray[np.int64]],
    ) -> None:
        """Go once over all rows after any n(j) has moved: it is part of every neighbour's score."""
        if not len(self._sweep_rows):
            if self._sweep_version == self._versions():
                return
            self._sweep_version = self._versions()
            self._sweep_rows = self.counts.owned()
        due = self._due(self._sweep_rows, now_ms)
        rows = self._sweep_rows[due]
        done = self._rows(rows, n, budget_ms, now_ms, found, sent)
        self._sweep_rows = np.concatenate([rows[done:], self._sweep_rows[~due]])

    def _rows(
        self,
        rows: NDArray[np.int64],
        n: NDArray[np.int32] | NDArray[np.float64],
        budget_ms: float,
        now_ms: int,
        found: list[Output],
        sent: list[NDArray[np.int64]],
    ) -> int:
        """Compute rows until the budget is spent, publish those that changed; how many were
        computed. At least one chunk, so that no budget stops progress."""
        counts = self.counts
        until = self._clock() + budget_ms / 1000.0
        done = 0
        for chunk in chunks(rows, counts.pairs, ROWS_AT_ONCE, ENTRIES_AT_ONCE):
            neighbours = best_neighbours(
                chunk, counts.pairs, n, self._items, self._settings, self._weights
            )
            neighbours.scores = np.round(neighbours.scores, SCORE_DIGITS)
            bounds = neighbours.bounds(len(chunk))
            totals = counts.n[:, chunk].max(axis=0)
            digests = self._digests(neighbours, bounds, totals)
            changed = digests != counts.digests[chunk]
            for place in np.flatnonzero(changed).tolist():
                entries = slice(int(bounds[place]), int(bounds[place + 1]))
                item = int(chunk[place])
                found.append(self._row(item, int(totals[place]), neighbours, entries, now_ms))
            updated = chunk[changed]
            counts.digests[updated] = digests[changed]
            counts.dirty[chunk] = False
            self._published_ms[updated] = now_ms
            sent.append(updated)
            self._counters["rows_published"] += len(updated)
            done += len(chunk)
            if self._clock() >= until:
                break
        return done

    def _digests(
        self, neighbours: Neighbours, bounds: NDArray[np.intp], totals: NDArray[np.int32]
    ) -> NDArray[np.uint64]:
        """One per row, of all that its record says; the same in every process; never 0."""
        columns = (
            self._items.order(neighbours.items),
            neighbours.scores.view(np.int64),
            neighbours.counts,
            neighbours.classes,
        )
        packed = np.stack(columns, axis=1)
        edges = bounds.tolist()
        digests = [
            xxhash.xxh3_64_intdigest(packed[start:end].tobytes(), seed=total) or 1
            for (start, end), total in zip(pairwise(edges), totals.tolist(), strict=True)
        ]
        return np.array(digests, np.uint64)

    def _row(
        self, item: int, total: int, neighbours: Neighbours, entries: slice, now_ms: int
    ) -> Output:
        names = self._items.product_ids
        name = names[item]
        suffix = SIMILAR_ITEMS_UPDATED
        data = SimilarItemsUpdated(
            product_id=name,
            items=[
                SimilarItem(names[other], score, count, BASES[kind])
                for other, score, count, kind in zip(
                    neighbours.items[entries].tolist(),
                    neighbours.scores[entries].tolist(),
                    neighbours.counts[entries].tolist(),
                    neighbours.classes[entries].tolist(),
                    strict=True,
                )
            ],
            count=total,
            model=MODEL,
        )
        headers = outputs.view_headers(suffix, name, SOURCE, now_ms)
        return Output(topics.SIMILAR_ITEMS, name.encode(), outputs.encode(data), headers)

    def _count_records(self, factor: int, now_ms: int) -> list[Output]:
        """Buckets of item counts that changed, in turn, until the bytes of this tick are spent;
        each at most once in `row_interval_ms`."""
        counts, settings = self.counts, self._settings
        changed = np.flatnonzero(counts.counts_dirty)
        if not len(changed):
            return []
        dirty = np.unique(self._items.buckets(changed, settings.count_buckets))
        dirty = dirty[now_ms - self._bucket_sent_ms[dirty] >= settings.row_interval_ms]
        dirty = np.roll(dirty, -int(np.searchsorted(dirty, self._bucket_next)))
        owned = counts.owned()
        buckets = self._items.buckets(owned, settings.count_buckets)
        by_bucket = np.argsort(buckets, kind="stable")
        starts = np.searchsorted(buckets[by_bucket], dirty)
        ends = np.searchsorted(buckets[by_bucket], dirty, "right")
        found: list[Output] = []
        size = 0
        for bucket, start, end in zip(dirty.tolist(), starts, ends, strict=True):
            members = owned[by_bucket[start:end]]
            value = self._count_record(members)
            key = f"{self._partition}/{bucket}".encode()
            found.append(Output(topics.ITEM_COUNTS, key, value, []))
            counts.counts_dirty[members] = False
            self._bucket_next = bucket + 1
            self._bucket_sent_ms[bucket] = now_ms
            size += len(value)
            if size >= settings.count_bytes_per_tick * factor:
                break
        return found

    def _count_record(self, members: NDArray[np.int64]) -> bytes:
        hours = self.counts.hours
        names = self._items.product_ids
        entries, places = ranges(*hours.row_bounds(members))
        return msgspec.msgpack.encode(
            CountsRecord(
                1,
                [names[item] for item in members.tolist()],
                np.ascontiguousarray(self.counts.n[:CLASS_COUNT, members]).tobytes(),
                places.astype(np.int32).tobytes(),
                (hours.keys[entries] & 0xFFFFFFFF).astype(np.int32).tobytes(),
                hours.counts[entries].tobytes(),
                self.counts.epoch,
                self.counts.n_by_epoch[:, :, members].tobytes(),
            )
        )

    def flush(self) -> list[Output]:
        return []

    # -- checkpoints

    def snapshot(self) -> Sections:
        """Counts and fence; what the last tick sent may not have arrived and is sent again."""
        return {SECTION: self.counts.snapshot(self._unconfirmed)}

    def restore(self, sections: Mapping[str, bytes]) -> None:
        """Take a dump over. Raises StateError."""
        self.counts.restore(sections[SECTION])
