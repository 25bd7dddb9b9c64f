"""The worker without the broker: the very code that serves, its topics carried by hand."""

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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from shopkeeper.shared.contracts.envelope import Output
    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

    from ..core.counting.sessions import ListRequest
    from ..core.ranking.ranked_list import RankedList
    from ..models.item_encoder import ItemEncoder
    from ..models.support_filter import SupportQueryFilter

Repeats = Literal["allow", "forbid"]  # whether a session's own items may be offered again

BATCH_EVENTS = 4_000
LIVE_BATCH_EVENTS = 250  # prequential: views follow about as fast as they do live
CONTENT_BATCHES = (
    50  # batches with lists after which what is known of new items is brought up to date
)
LISTS_MAX = 200_000  # of the last events: with lists, for the blend (a live worker makes all)
LONG_AGO_MS = 1 << 60  # by a clock that far ahead every event is too old for a list


class LocalCluster:
    """One worker with all partitions; deltas and views are handed on as a broker would.

    watch: sees every list that is made, with what made it due.
    """

    def __init__(
        self,
        knobs: RecommenderConfig,
        partitions: int = 1,
        watch: Callable[[ListRequest, RankedList], None] | None = None,
        products: Sequence[ProductCatalogued] = (),
        models: tuple[ItemEncoder, SupportQueryFilter] | None = None,
    ) -> None:
        self.worker = worker = Recommender(knobs, models=models)
        worker.prepare(lambda topic: partitions)
        self._clicks = [worker.make_interactions(n) for n in range(partitions)]
        for clicks in self._clicks:
            clicks.lists.watch = watch
        self._searches = [worker.make_searches(n) for n in range(partitions)]
        self._pairs = [worker.make_item_pairs(n) for n in range(partitions)]
        self._knowledge = {
            topics.SIMILAR_ITEMS: worker.knowledge.similar_items.apply,
            topics.ITEM_COUNTS: worker.knowledge.item_counts.apply,
            topics.TRENDING: worker.knowledge.trending.apply,
            topics.SESSION_ITEMS: worker.knowledge.sessions.apply,
        }
        self.catalogued(products)
        self._held: list[Output] = []  # for views that wait for the night
        self._clock_ms = 0
        self._live_batches = 0

    def catalogued(self, products: Sequence[ProductCatalogued]) -> None:
        """Products as they now are."""
        self.worker.see_catalogue([(p.product_id.encode(), encode(p)) for p in products])
        if self.worker.product_search is not None:
            self.worker.product_search.index_pending(self.worker.product_search.waiting)

    def search(self, events: Sequence[Event]) -> None:
        """Searches, in the order of their offsets; their lists are seen by `watch`."""
        for event in events:
            number = partition_of_name(event.data.user_id, len(self._searches))
            self._searches[number].process([event], 0)

    def learn(self, batch: Sequence[Event], live: bool, publish: bool = True) -> None:
        """Events in the order of their offsets.

        live: with lists. publish: views see what changed.
        """
        parts = self._routed(batch)
        if live and publish:
            self._publish()
            if self._live_batches % CONTENT_BATCHES == 0:
                self.worker.knowledge.content.settle()
            self._live_batches += 1
        for number, events in sorted(parts.items()):
            clicks = self._clicks[number]
            found, _ = clicks.process(events, 0 if live else LONG_AGO_MS)
            for output in found + clicks.flush():
                if output.topic == topics.ITEM_PAIRS:
                    assert output.partition is not None
                    delta = Event("item-pairs", output.value, None, 0, 0, "", "", "")
                    self._pairs[output.partition].process([delta], 0)
                elif output.topic == topics.SESSION_ITEMS:
                    if publish:
                        self._see(output)
                    else:
                        self._held.append(output)

    def _routed(self, batch: Sequence[Event]) -> dict[int, Sequence[Event]]:
        """Events by the partition of their user, as a broker has them."""
        if len(self._clicks) == 1:
            return {0: batch}
        parts: dict[int, list[Event]] = defaultdict(list)
        for event in batch:
            parts[partition_of_name(event.data.user_id, len(self._clicks))].append(event)
        return dict(parts)

    def settle(self) -> None:
        """Publish until nothing is due any more."""
        while self._publish() or not all(pairs.settled for pairs in self._pairs):
            pass
        self.worker.knowledge.content.settle()

    def night(self) -> None:
        """Bring everything that lists are made from to what was learned by now, until the next."""
        for output in self._held:
            self._see(output)
        self._held = []
        self.settle()
        trainer = self.worker.trainer
        if trainer is not None:
            trainer.serving = copy.deepcopy(trainer.blend)

    def _publish(self) -> bool:
        outputs = [output for pairs in self._pairs for output in pairs.on_timer(self._clock_ms)]
        for output in outputs:
            self._see(output)
        self._clock_ms += 1
        return bool(outputs)

    def _see(self, output: Output) -> None:
        self._knowledge[output.topic]([(output.key, output.value)])


def learn(
    events: Callable[[], Iterable[Event]],
    knobs: RecommenderConfig,
    partitions: int = 1,
    products: Sequence[ProductCatalogued] = (),
) -> tuple[Recommender, int]:
    """A worker that has read some events, its views at rest; and how many they were. The blend
    learns from the lists of the last of them, as a live worker does."""
    pipeline = LocalCluster(knobs, partitions, products=products)
    total = sum(1 for _ in events())
    lists_from = total - LISTS_MAX if knobs.blend else total
    count = 0
    stream = iter(events())
    # Partitions take turns by batches, and sessions are as new as their turn: short ones, as live.
    size = BATCH_EVENTS if partitions == 1 else LIVE_BATCH_EVENTS
    while batch := list(islice(stream, size)):
        pipeline.learn(batch, live=count + len(batch) > lists_from)
        count += len(batch)
    pipeline.settle()
    return pipeline.worker, count


def unhurried(knobs: RecommenderConfig | None, repeats: Repeats) -> RecommenderConfig:
    """Settings with what may be offered by the protocol, and no budget of time."""
    return replace(
        knobs or RecommenderConfig(),
        offer_current=repeats == "allow",
        offer_seen=repeats == "allow",
        repeat_weight=1.0 if repeats == "allow" else 0.0,
        expert_shares=False,
        # Nobody else needs the processor meanwhile: no budget, no waiting.
        row_interval_ms=0,
        trending_interval_ms=0,
        tick_budget_ms=1e9,
        sweep_budget_ms=1e9,
        count_bytes_per_tick=1 << 40,
        blend_lists_per_second=1 << 40,  # the clock stands still
        search_ms_per_second=1e9,
    )
