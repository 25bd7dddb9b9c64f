"""The recommender in one process: the very code that serves, records handed on without a broker."""

from __future__ import annotations

import copy
from collections import defaultdict
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Literal

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.outputs import encode

from ..app import Recommender
from ..config import RecommenderConfig
from ..core.numeric.items import partition_of_name
from ..processors.item_pairs import INTERNAL_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from shopkeeper.shared.contracts.envelope import Output
    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

    from ..core.counting.learned import ListRequest
    from ..core.ranking.ranked_list import RankedList
    from ..models.item_encoder import ItemEncoder
    from ..models.support_filter import SupportQueryFilter

Repeats = Literal["allow", "forbid"]  # whether a session's own items may be offered again

BATCH_EVENTS = 4_000
LIVE_BATCH_EVENTS = 250  # prequential: tables follow about as fast as they do live
CONTENT_BATCHES = 50  # batches with lists after which new items are placed anew
LISTS_MAX = 200_000  # of the last events: with lists, for the blend (a live worker makes all)
LONG_AGO_MS = 1 << 60  # by a clock that far ahead every event is too old for a list


class LocalCluster:
    """One worker with all partitions. Deltas reach the item partitions and records their tables at
    once, unless they are deferred.

    watch: sees every list that is made, with what made it due. sent: sees every record that is
    published, in order.
    """

    def __init__(
        self,
        config: RecommenderConfig,
        *,
        partitions: int = 1,
        watch: Callable[[ListRequest, RankedList], None] | None = None,
        sent: Callable[[Output], None] | None = None,
        products: Sequence[ProductCatalogued] = (),
        models: tuple[ItemEncoder, SupportQueryFilter] | None = None,
    ) -> None:
        self.worker = worker = Recommender(config, models=models)
        worker.prepare(lambda topic: partitions)
        self.interactions = [worker.make_interactions(n) for n in range(partitions)]
        for processor in self.interactions:
            processor.lists.watch = watch
        self.searches = [worker.make_searches(n) for n in range(partitions)]
        self.item_pairs = [worker.make_item_pairs(n) for n in range(partitions)]
        self.tables = worker.tables()
        self.clock_ms = 0
        self._sent = sent
        self._deferred: list[Output] = []  # for tables that wait for the night
        self._live_batches = 0
        self.catalogued(products)

    def catalogued(self, products: Sequence[ProductCatalogued]) -> None:
        """Products as they now are."""
        self.tables[topics.CATALOGUE]([(p.product_id.encode(), encode(p)) for p in products])
        if self.worker.product_search is not None:
            self.worker.product_search.index_pending(self.worker.product_search.waiting)

    def search(self, events: Sequence[Event]) -> None:
        """Searches, in the order of their offsets; their lists are seen by `watch`."""
        for event in events:
            number = partition_of_name(event.data.user_id, len(self.searches))
            self.searches[number].process([event], 0)

    def learn(self, batch: Sequence[Event], live: bool, publish: bool = True) -> None:
        """Interactions in the order of their offsets.

        live: with lists. publish: tables see what changed.
        """
        if live and publish:
            self.on_timer()
            if self._live_batches % CONTENT_BATCHES == 0:
                self.worker.knowledge.content.settle()
            self._live_batches += 1
        for number, events in sorted(self._routed(batch).items()):
            self.process(number, events, 0 if live else LONG_AGO_MS, publish=publish)

    def process(
        self, partition: int, events: Sequence[Event], now_ms: int, *, publish: bool = True
    ) -> list[Output]:
        """One batch of a partition of users, flushed; what it published."""
        processor = self.interactions[partition]
        outputs, rejected = processor.process(events, now_ms)
        assert not rejected, rejected
        outputs += processor.flush()
        self.deliver(outputs, publish=publish)
        return outputs

    def deliver(self, outputs: Iterable[Output], *, publish: bool = True) -> None:
        """Hand records on to whoever reads their topic, in order. publish: tables too, now."""
        for output in outputs:
            if self._sent is not None:
                self._sent(output)
            if output.topic == topics.ITEM_PAIRS:
                assert output.partition is not None
                rejected = self.item_pairs[output.partition].process([delta_of(output.value)], 0)[1]
                assert not rejected, rejected
            elif output.topic in self.tables:
                if publish:
                    self.tables[output.topic]([(output.key, output.value)])
                else:
                    self._deferred.append(output)

    def _routed(self, batch: Sequence[Event]) -> dict[int, Sequence[Event]]:
        """Events by the partition of their user, as a broker has them."""
        if len(self.interactions) == 1:
            return {0: batch}
        parts: dict[int, list[Event]] = defaultdict(list)
        for event in batch:
            parts[partition_of_name(event.data.user_id, len(self.interactions))].append(event)
        return dict(parts)

    def on_timer(self, step_ms: int = 1) -> bool:
        """Item partitions publish what is due; then the clock moves on. Whether anything was."""
        outputs = [o for pairs in self.item_pairs for o in pairs.on_timer(self.clock_ms)]
        self.deliver(outputs)
        self.clock_ms += step_ms
        return bool(outputs)

    def settle(self, step_ms: int = 1) -> None:
        """Publish until nothing is due any more."""
        while self.on_timer(step_ms) or not all(pairs.settled for pairs in self.item_pairs):
            pass
        self.worker.knowledge.content.settle()

    def night(self) -> None:
        """Bring everything that lists are made from to what was learned by now, until the next."""
        for output in self._deferred:
            self.tables[output.topic]([(output.key, output.value)])
        self._deferred = []
        self.settle()
        trainer = self.worker.trainer
        if trainer is not None:
            trainer.serving = copy.deepcopy(trainer.blend)


def delta_of(value: bytes | None, offset: int = 0) -> Event:
    """A record of the item-pairs topic, as the runtime hands it to its processor."""
    return Event(
        type=INTERNAL_TYPE,
        data=value,
        key=None,
        offset=offset,
        time_ms=0,
        id="",
        source="",
        correlation_id="",
    )


def learn(
    events: Callable[[], Iterable[Event]],
    config: RecommenderConfig,
    partitions: int = 1,
    products: Sequence[ProductCatalogued] = (),
) -> tuple[Recommender, int]:
    """A worker that has read some events, its tables at rest; and how many they were. The blend
    learns from the lists of the last of them, as a live worker does."""
    cluster = LocalCluster(config, partitions=partitions, products=products)
    total = sum(1 for _ in events())
    lists_from = total - LISTS_MAX if config.blend else total
    count = 0
    stream = iter(events())
    # Partitions take turns by batches, and sessions are as new as their turn: short ones, as live.
    size = BATCH_EVENTS if partitions == 1 else LIVE_BATCH_EVENTS
    while batch := list(islice(stream, size)):
        cluster.learn(batch, live=count + len(batch) > lists_from)
        count += len(batch)
    cluster.settle()
    return cluster.worker, count


def unhurried(config: RecommenderConfig | None, repeats: Repeats) -> RecommenderConfig:
    """A configuration with what may be offered by the protocol, and no budget of time."""
    return replace(
        config or RecommenderConfig(),
        offer_current=repeats == "allow",
        offer_seen=repeats == "allow",
        repeat_weight=1.0 if repeats == "allow" else 0.0,
        expert_shares=False,
        # Only the evaluation runs on this processor: no budget, no waiting.
        row_interval_ms=0,
        trending_interval_ms=0,
        tick_budget_ms=1e9,
        refresh_budget_ms=1e9,
        count_bytes_per_tick=1 << 40,
        blend_lists_per_second=1 << 40,  # the clock stands still
        search_ms_per_second=1e9,
    )
