"""Similar items of every product on `personalisation.similar-items.v1`: one row per item.

A row is computed when one of its own counts changed, and again, more slowly, when n(j) of any
neighbour has moved: that is part of every neighbour's score. A row is published only if its digest
differs from that of the row published before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

import numpy as np
import xxhash

from shopkeeper.shared.contracts import outputs, topics
from shopkeeper.shared.contracts.envelope import Output
from shopkeeper.shared.contracts.events.recommendation import (
    SIMILAR_ITEMS_UPDATED,
    SimilarItem,
    SimilarItemsUpdated,
)

from ..config import MODEL, SOURCE
from ..core.counting.decay import as_of_newest
from ..core.counting.neighbours import Neighbours, best_neighbours, chunks
from ..core.numeric.arrays import grown
from ..core.tables.base import BASES
from .base import Pace

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ..config import RecommenderConfig
    from ..core.counting.cooccurrence import ItemPartition
    from ..core.numeric.items import ItemIndex
    from ..core.tables.item_counts import ItemCountsTable

ROWS_AT_ONCE, ENTRIES_AT_ONCE = 32, 16_384
SCORE_DIGITS = 6
_NONE = np.zeros(0, np.int64)


class Withholding(Protocol):
    """What the catalogue says of items that are sensitive."""

    turned: int  # how often an item became sensitive that was not

    def usable(self, item: int) -> bool: ...


@dataclass(slots=True)
class _Turn:
    """One call of `due`: n(i) as known now, and what is to be published."""

    now_ms: int
    n: NDArray[np.int32] | NDArray[np.float64]  # (class, item)
    records: list[Output] = field(default_factory=list)
    rows: list[NDArray[np.int64]] = field(default_factory=list)


class SimilarItemsPublisher:
    """Publishes the rows of one item partition that changed, each at most once in
    `row_interval_ms`, within a budget of computing time."""

    def __init__(
        self,
        *,
        partition: int,
        partition_count: int,
        config: RecommenderConfig,
        items: ItemIndex,
        counts: ItemPartition,
        item_counts: ItemCountsTable,
        counters: Counter[str],
        clock: Callable[[], float],
        withholding: Withholding | None = None,
    ) -> None:
        """item_counts: n(i) of the items that other partitions count. clock: in seconds, for the
        budget. withholding: items that no row may name; None where all may be."""
        self._withholding, self._turned = withholding, -1
        self._partition, self._partition_count = partition, partition_count
        self._config, self._items = config, items
        self._counts, self._item_counts = counts, item_counts
        self._counters, self._clock = counters, clock
        self._pace = Pace(counts)
        self._published_ms = np.full(1024, -1, np.int64)  # by item: when its row was last sent
        self.unconfirmed = _NONE  # rows that the last turn sent
        # Versions of counts and table as the refresh of stale rows began, and rows still to check.
        self._refresh_version: tuple[int, int] = (0, 0)
        self._stale_rows = _NONE
        self._weights = np.ones(1)  # of pairs, by age in periods

    @property
    def settled(self) -> bool:
        """Whether everything that was folded has been published, as far as this worker knows."""
        return not self._counts.dirty.any() and not self._refreshing()

    def due(self, now_ms: int) -> list[Output]:
        """Rows that changed, those first that waited longest: under load every row gets its turn.
        Then stale ones, on a budget of their own."""
        counts, config = self._counts, self._config
        counts.reserve()
        if len(self._published_ms) < self._items.capacity:
            self._published_ms = grown(self._published_ms, self._items.capacity, -1)
        self._withhold()
        factor = self._pace.factor()
        changed = counts.dirty.any() or counts.counts_dirty.any()
        if not (changed or self._refreshing()):
            return []
        counts.merge()
        turn = _Turn(now_ms, self._n())
        rows = np.flatnonzero(counts.dirty)
        rows = rows[self._may_be_sent(rows, now_ms)]
        rows = rows[np.argsort(self._published_ms[rows], kind="stable")]
        self._compute(rows, config.tick_budget_ms * factor, turn)
        self._refresh_stale_rows(config.refresh_budget_ms * factor, turn)
        if turn.rows:
            self.unconfirmed = np.concatenate([self.unconfirmed, *turn.rows])
        return turn.records

    def confirmed(self) -> None:
        """The rows of the last turn have arrived."""
        self.unconfirmed = _NONE

    def _withhold(self) -> None:
        """At the start, and where an item turned sensitive, every row is published anew."""
        if self._withholding is None or self._withholding.turned == self._turned:
            return
        self._turned = self._withholding.turned
        rows = self._counts.owned()
        self._counts.digests[rows] = 0
        self._counts.dirty[rows] = True

    def _versions(self) -> tuple[int, int]:
        return self._counts.version, self._item_counts.version

    def _refreshing(self) -> bool:
        return bool(len(self._stale_rows)) or self._refresh_version != self._versions()

    def _n(self) -> NDArray[np.int32] | NDArray[np.float64]:
        """(class, item): n(i), our own where we own the item, else what its owner published."""
        table = self._item_counts
        table.reserve()
        own = np.flatnonzero(self._items.partitions(self._partition_count) == self._partition)
        if self._config.periods > 1:
            decayed, self._weights = as_of_newest(
                self._counts,
                n_by_period=table.n_by_period,
                newest=table.period,
                own=own,
                config=self._config,
            )
            return decayed
        n = table.n.copy()
        n[:, own] = self._counts.n[:, own]
        return n

    def _may_be_sent(self, rows: NDArray[np.int64], now_ms: int) -> NDArray[np.bool_]:
        last = self._published_ms[rows]
        due: NDArray[np.bool_] = (last < 0) | (now_ms - last >= self._config.row_interval_ms)
        return due

    def _refresh_stale_rows(self, budget_ms: float, turn: _Turn) -> None:
        """Go once over all rows after any n(j) has moved, a part of them each turn."""
        if not len(self._stale_rows):
            if self._refresh_version == self._versions():
                return
            self._refresh_version = self._versions()
            self._stale_rows = self._counts.owned()
        due = self._may_be_sent(self._stale_rows, turn.now_ms)
        rows = self._stale_rows[due]
        done = self._compute(rows, budget_ms, turn)
        self._stale_rows = np.concatenate([rows[done:], self._stale_rows[~due]])

    def _compute(self, rows: NDArray[np.int64], budget_ms: float, turn: _Turn) -> int:
        """Compute rows until the budget is spent, publish those that changed; how many were
        computed. At least one chunk, so that no budget stops progress."""
        counts = self._counts
        until = self._clock() + budget_ms / 1000.0
        done = 0
        for chunk in chunks(rows, counts.pairs, ROWS_AT_ONCE, ENTRIES_AT_ONCE):
            neighbours = best_neighbours(
                chunk, counts.pairs, turn.n, self._items, self._config, self._weights
            )
            neighbours.scores = np.round(neighbours.scores, SCORE_DIGITS)
            bounds = neighbours.bounds(len(chunk))
            totals = counts.n[:, chunk].max(axis=0)
            digests = self._digests(neighbours, bounds, totals)
            changed = digests != counts.digests[chunk]
            for place in np.flatnonzero(changed).tolist():
                entries = slice(int(bounds[place]), int(bounds[place + 1]))
                item = int(chunk[place])
                if self._withholding is not None and not self._withholding.usable(item):
                    key = self._items.product_ids[item].encode()
                    turn.records.append(Output(topics.SIMILAR_ITEMS, key, None, []))
                    continue
                row = self._row(item, int(totals[place]), neighbours, entries)
                turn.records.append(self._record(row, turn.now_ms))
            updated = chunk[changed]
            counts.digests[updated] = digests[changed]
            counts.dirty[chunk] = False
            self._published_ms[updated] = turn.now_ms
            turn.rows.append(updated)
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
        self, item: int, total: int, neighbours: Neighbours, entries: slice
    ) -> SimilarItemsUpdated:
        names = self._items.product_ids
        columns = (neighbours.items, neighbours.scores, neighbours.counts, neighbours.classes)
        shown = (lambda item: True) if self._withholding is None else self._withholding.usable
        return SimilarItemsUpdated(
            product_id=names[item],
            items=[
                SimilarItem(names[other], score, count, BASES[kind])
                for other, score, count, kind in zip(
                    *(column[entries].tolist() for column in columns), strict=True
                )
                if shown(other)
            ],
            count=total,
            model=MODEL,
        )

    @staticmethod
    def _record(row: SimilarItemsUpdated, now_ms: int) -> Output:
        name = row.product_id
        headers = outputs.view_headers(SIMILAR_ITEMS_UPDATED, name, SOURCE, now_ms)
        return Output(topics.SIMILAR_ITEMS, name.encode(), outputs.encode(row), headers)
