"""Counts pairs of items: one partition of personalisation.item-pairs, folded into co-occurrences.

What the counts make known is published by the clock: similar items and item counts, and, by the
worker that owns item partition 0, what is trending and which groups of users there are.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from shopkeeper.shared.contracts.envelope import Event, Output, Rejected
from shopkeeper.shared.runtime.api.processor import Changes

from ..core.counting.cooccurrence import ItemPartition
from ..core.counting.deltas import CorruptDelta, Deltas, decode
from ..publishers.item_counts import ItemCountsPublisher
from ..publishers.similar_items import SimilarItemsPublisher
from ..publishers.trending import TrendingPublisher
from ..publishers.user_groups import UserGroupModelPublisher

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Mapping, Sequence

    from shopkeeper.shared.runtime.api.processor import Sections

    from ..config import RecommenderConfig
    from ..core.knowledge import Knowledge
    from ..core.numeric.items import ItemIndex
    from ..publishers.base import Publisher

INTERNAL_TYPE = "item-pairs"
SECTION = "counts"


class ItemPairsProcessor:
    """The counts of one item partition, and who publishes what follows from them."""

    def __init__(
        self,
        *,
        partition: int,
        partition_count: int,
        config: RecommenderConfig,
        items: ItemIndex,
        knowledge: Knowledge,
        counters: Counter[str],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """counters: by name, what happened since the worker started. clock: in seconds, for
        budgets of computing time."""
        self._partition, self._partition_count = partition, partition_count
        self._config, self._items, self._knowledge = config, items, knowledge
        self._counters, self._clock = counters, clock
        self.count_into(ItemPartition(config, items))

    def count_into(self, counts: ItemPartition) -> None:
        """Fold into these counts and publish from them; before anything was folded."""
        self.counts = counts
        config, items, knowledge = self._config, self._items, self._knowledge
        self.similar_items = SimilarItemsPublisher(
            partition=self._partition,
            partition_count=self._partition_count,
            config=config,
            items=items,
            counts=counts,
            item_counts=knowledge.item_counts,
            counters=self._counters,
            clock=self._clock,
            withholding=knowledge.catalogue if config.exclusions else None,
        )
        self.item_counts = ItemCountsPublisher(
            partition=self._partition, config=config, items=items, counts=counts
        )
        self._publishers: list[Publisher] = [self.similar_items, self.item_counts]
        if self._partition == 0:
            self._publishers += [
                TrendingPublisher(config=config, items=items, knowledge=knowledge),
                UserGroupModelPublisher(config=config, table=knowledge.user_groups),
            ]

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        """Fold records of deltas; a corrupt one is rejected whole."""
        rejected: list[Rejected] = []
        counts = self.counts
        for event in events:
            try:
                deltas = self._checked(event.data)
            except CorruptDelta as error:
                rejected.append(Rejected(event.offset, "decode", "corrupt_delta", str(error)))
                continue
            pruned = counts.pruned
            self._counters["deltas_repeated"] += counts.fold(deltas)
            if counts.pruned > pruned:
                self._counters["pairs_pruned"] += counts.pruned - pruned
        return [], rejected

    def _checked(self, record: bytes) -> Deltas:
        """Raises CorruptDelta."""
        deltas = decode(record, self._items)
        for rows in (deltas.pair_rows, deltas.visit_rows):
            owners = self._items.partition_of(rows, self._partition_count)
            if (owners != self._partition).any():
                raise CorruptDelta("a row of another item partition")
        if self._config.periods > 1 and deltas.pair_hours is None:
            raise CorruptDelta("pairs without hours, from before counts decayed")
        return deltas

    @property
    def settled(self) -> bool:
        """Whether everything that was folded has been published, as far as this worker knows."""
        return self.similar_items.settled and self.item_counts.settled

    def on_timer(self, now_ms: int) -> list[Output]:
        """What every publisher has due. The worker asks again only after the broker has
        acknowledged what it was given before."""
        for publisher in self._publishers:
            publisher.confirmed()
        return [output for publisher in self._publishers for output in publisher.due(now_ms)]

    def flush(self) -> list[Output]:
        return []

    def snapshot(self) -> Sections:
        """Counts and applied offsets; rows that may not have arrived are published again."""
        return {SECTION: self.counts.snapshot(self.similar_items.unconfirmed)}

    def changes(self) -> Changes | None:
        """What changed since the last checkpoint."""
        changed = self.counts.changes(self.similar_items.unconfirmed)
        return None if changed is None else Changes({SECTION: changed}, {})

    def apply(self, added: Mapping[str, bytes]) -> None:
        """Raises StateError."""
        self.counts.apply(added[SECTION])

    def restore(self, sections: Mapping[str, bytes]) -> None:
        """Replace the counts by those of a checkpoint. Raises StateError."""
        self.counts.restore(sections[SECTION])
