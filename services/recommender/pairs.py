"""Stage B on one partition of items: deltas in, similar items, item counts and trending out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import xxhash

from shopkeeper.services.recommender.clicks import MODEL, SCORE_DIGITS, SOURCE
from shopkeeper.services.recommender.core.cooccurrence import ItemPartition
from shopkeeper.services.recommender.core.deltas import CorruptDelta, Deltas, decode
from shopkeeper.services.recommender.core.items import grown
from shopkeeper.services.recommender.core.similar import best_neighbours, chunks
from shopkeeper.services.recommender.core.trending import best, decayed_scores
from shopkeeper.services.recommender.core.views import BASES, CountsRecord
from shopkeeper.services.recommender.settings import CLICK, HOUR_MS
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.event import Event, Output, Rejected
from shopkeeper.shared.contracts.outputs import (
    SIMILAR_ITEMS_UPDATED,
    TRENDING_UPDATED,
    SimilarItem,
    SimilarItemsUpdated,
    TrendingItem,
    TrendingUpdated,
    encode,
    view_headers,
)

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from shopkeeper.services.recommender.core.items import Items
    from shopkeeper.services.recommender.core.views import Views
    from shopkeeper.services.recommender.settings import Settings
    from shopkeeper.shared.runtime.processor import Sections

SECTION = "counts"
ROWS_PER_CHUNK = 64  # between two looks at the clock
ENTRIES_PER_CHUNK = 20_000
NEVER = -(2**62)


class PairsProcessor:
    """One partition of personalisation.item-pairs.v1."""

    def __init__(
        self,
        partition: int,
        item_partitions: int,
        settings: Settings,
        items: Items,
        views: Views,
        counters: Counter[str],
    ) -> None:
        self._partition, self._item_partitions = partition, item_partitions
        self._settings, self._items, self._views = settings, items, views
        self._counters = counters
        self.counts = ItemPartition(settings, items)
        self._published_ms: NDArray[np.int64] = np.full(1024, NEVER, np.int64)  # by row
        self._unconfirmed: NDArray[np.int64] = np.zeros(0, np.int64)  # rows of the last tick
        self._sweep: NDArray[np.int64] = np.zeros(0, np.int64)  # rows left in this sweep
        self._swept_version = (-1, -1)
        self._trending_ms = NEVER
        self._trending_version = (-1, -1)
        self._trending_digest: dict[str, int] = {}

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        """Fold delta records; what they change is published by `tick`."""
        rejected: list[Rejected] = []
        for event in events:
            try:
                deltas = decode(event.data, self._items)
                self._check_owned(deltas)
            except CorruptDelta as error:
                rejected.append(Rejected(event.offset, "decode", "corrupt_delta", str(error)))
                continue
            self._counters["deltas_repeated"] += self.counts.fold(deltas)
        return [], rejected

    def _check_owned(self, deltas: Deltas) -> None:
        rows = np.concatenate([deltas.pair_rows, deltas.visit_rows])
        if np.any(self._items.partition_of(rows, self._item_partitions) != self._partition):
            raise CorruptDelta("a row of another item partition")

    # -- views, by the clock

    def tick(self, now_ms: int) -> list[Output]:
        """Rows and counts that changed, within the time and byte budgets; trending, if ours."""
        self.counts.reserve()
        # The runtime has confirmed the last tick's outputs before it calls again.
        self._unconfirmed = np.zeros(0, np.int64)
        outputs = self._count_records()
        outputs += self._rows(now_ms)
        if self._partition == 0:
            outputs += self._trending(now_ms)
        return outputs

    def _count_records(self) -> list[Output]:
        """Item counts, a bucket of items a record, of every bucket where one changed."""
        counts, settings = self.counts, self._settings
        dirty = np.flatnonzero(counts.counts_dirty)
        if not len(dirty):
            return []
        counts.merge()
        owned = counts.owned()
        bucket_of = self._items.buckets(owned, settings.count_buckets)
        hour_rows, names = counts.hours.rows(), self._items.names
        outputs: list[Output] = []
        size = 0
        for bucket in np.unique(self._items.buckets(dirty, settings.count_buckets)).tolist():
            inside = owned[bucket_of == bucket]
            hours = np.flatnonzero(np.isin(hour_rows, inside))
            value = msgspec.msgpack.encode(
                CountsRecord(
                    1,
                    [names[item] for item in inside.tolist()],
                    np.ascontiguousarray(counts.n[:, inside]).tobytes(),
                    np.searchsorted(inside, hour_rows[hours]).astype(np.int32).tobytes(),
                    counts.hours.columns()[hours].astype(np.int32).tobytes(),
                    counts.hours.counts[hours].tobytes(),
                )
            )
            key = f"{self._partition}/{bucket}".encode()
            outputs.append(Output(topics.ITEM_COUNTS, key, value, []))
            counts.counts_dirty[inside] = False
            size += len(value)
            if size >= settings.count_bytes_per_tick:
                break
        return outputs

    def _rows(self, now_ms: int) -> list[Output]:
        settings, counts = self._settings, self.counts
        if self._items.capacity > len(self._published_ms):
            self._published_ms = grown(self._published_ms, self._items.capacity, NEVER)
        outputs: list[Output] = []
        dirty = np.flatnonzero(counts.dirty)
        dirty = dirty[now_ms - self._published_ms[dirty] >= settings.row_interval_ms]
        # Longest unpublished first, so that no row waits for ever behind busier ones.
        dirty = dirty[np.argsort(self._published_ms[dirty], kind="stable")]
        if len(dirty):
            self._publish_rows(dirty, now_ms, settings.tick_budget_ms, outputs)
        version = (self._views.counts.version, counts.version)
        if not len(self._sweep) and version != self._swept_version:
            # n(j) of other items moved, so rows may be stale without a change of their own.
            self._sweep, self._swept_version = counts.owned(), version
        if len(self._sweep):
            done = self._publish_rows(self._sweep, now_ms, settings.sweep_budget_ms, outputs)
            self._sweep = self._sweep[done:]
        return outputs

    def _publish_rows(
        self, rows: NDArray[np.int64], now_ms: int, budget_ms: float, outputs: list[Output]
    ) -> int:
        """Compute rows until the budget is used; publish those that differ from what was
        published last. Returns how many were computed."""
        counts, views = self.counts, self._views
        counts.merge()
        views.counts.reserve()
        n = np.maximum(views.counts.n, counts.n)  # our own are newer, the others' only there
        deadline = time.perf_counter() + budget_ms / 1000.0
        done = 0
        for chunk in chunks(rows, counts.pairs, ROWS_PER_CHUNK, ENTRIES_PER_CHUNK):
            outputs += self._changed(chunk, n, now_ms)
            done += len(chunk)
            if time.perf_counter() >= deadline:
                break
        return done

    def _changed(self, rows: NDArray[np.int64], n: NDArray[np.int32], now_ms: int) -> list[Output]:
        counts, names = self.counts, self._items.names
        found = best_neighbours(rows, counts.pairs, n, self._items, self._settings)
        bounds = found.bounds(len(rows)).tolist()
        items, scores = found.items.tolist(), found.scores.tolist()
        together, classes = found.counts.tolist(), found.classes.tolist()
        outputs: list[Output] = []
        published: list[int] = []
        for place, row in enumerate(rows.tolist()):
            neighbours = [
                SimilarItem(names[items[k]], round(scores[k], SCORE_DIGITS), together[k],
                            BASES[classes[k]])
                for k in range(bounds[place], bounds[place + 1])
            ]  # fmt: skip
            value = encode(
                SimilarItemsUpdated(
                    product_id=names[row], items=neighbours, count=int(counts.n[CLICK, row]),
                    model=MODEL,
                )
            )  # fmt: skip
            digest = xxhash.xxh64_intdigest(value) or 1  # 0 means never published
            counts.dirty[row] = False
            if digest == int(counts.digests[row]):
                continue
            counts.digests[row] = digest
            self._published_ms[row] = now_ms
            published.append(row)
            name = names[row]
            outputs.append(
                Output(
                    topics.SIMILAR_ITEMS, name.encode(), value,
                    view_headers(SIMILAR_ITEMS_UPDATED, name, SOURCE, now_ms),
                )
            )  # fmt: skip
        self._unconfirmed = np.concatenate([self._unconfirmed, np.array(published, np.int64)])
        return outputs

    def _trending(self, now_ms: int) -> list[Output]:
        """Trending over all item partitions, by the one worker that owns partition 0."""
        settings, views = self._settings, self._views
        version = (views.counts.version, views.catalogue.version)
        if version == self._trending_version or (
            now_ms - self._trending_ms < settings.trending_interval_ms
        ):
            return []
        self._trending_version, self._trending_ms = version, now_ms
        items, hours, counts = views.counts.visits()
        if not len(items):
            return []
        size = len(self._items)
        scores = decayed_scores(items, hours, counts, settings.trending_half_life_hours, size)
        scores[views.catalogue.blocked()[:size]] = 0.0
        everything = np.arange(size)
        order = self._items.order(everything)
        as_of_ms = (int(hours.max()) + 1) * HOUR_MS
        catalogue = views.catalogue
        scopes: dict[str, list[int]] = {}
        _, overall = best(scores, order, None, settings.trending_items_max)
        scopes["all"] = overall.tolist()
        if 0 < len(catalogue.categories) <= settings.trending_categories_max:
            groups, found = best(
                scores, order, catalogue.category[:size].astype(np.int64),
                settings.trending_items_max,
            )  # fmt: skip
            for group, item in zip(groups.tolist(), found.tolist(), strict=True):
                scopes.setdefault(f"category/{catalogue.categories[group]}", []).append(item)
        outputs: list[Output] = []
        names = self._items.names
        for scope, members in scopes.items():
            value = encode(
                TrendingUpdated(
                    scope=scope,
                    items=[
                        TrendingItem(names[i], round(float(scores[i]), SCORE_DIGITS))
                        for i in members
                    ],
                    as_of_ms=as_of_ms,
                    model=MODEL,
                )
            )
            digest = xxhash.xxh64_intdigest(value)
            if self._trending_digest.get(scope) != digest:
                self._trending_digest[scope] = digest
                headers = view_headers(TRENDING_UPDATED, scope, SOURCE, now_ms)
                outputs.append(Output(topics.TRENDING, scope.encode(), value, headers))
        return outputs

    # -- checkpoints

    def dump(self) -> Sections:
        return {SECTION: self.counts.dump(self._unconfirmed)}

    def load(self, sections: Mapping[str, bytes]) -> None:
        self.counts.load(sections[SECTION])
