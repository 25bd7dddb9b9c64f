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
from ..config import Settings
from ..core.numeric.items import partition_of_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from shopkeeper.shared.contracts.envelope import Output
    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

    from ..core.counting.sessions import Due
    from ..core.ranking.ranked_list import Ranked
    from ..models.item_encoder import ItemEncoder
    from ..models.support_filter import Needs

Repeats = Literal["allow", "forbid"]  # whether a session's own items may be offered again

SPAN_EVENTS = 4_000
LIVE_SPAN_EVENTS = 250  # prequential: views follow about as fast as they do live
CONTENT_SPANS = 50  # spans with lists after which what is known of new items is brought up to date
LISTS_MAX = 200_000  # of the last events: with lists, for the blend (a live worker makes all)
LONG_AGO_MS = 1 << 60  # by a clock that far ahead every event is too old for a list


class Pipeline:
    """One worker with all partitions; deltas and views are handed on as a broker would.

    watch: sees every list that is made, with what made it due.
    """

    def __init__(
        self,
        knobs: Settings,
        partitions: int = 1,
        watch: Callable[[Due, Ranked], None] | None = None,
        products: Sequence[ProductCatalogued] = (),
        models: tuple[ItemEncoder, Needs] | None = None,
    ) -> None:
        self.worker = worker = Recommender(knobs, models=models)
        worker.prepare(lambda topic: partitions)
        self._clicks = [worker.make_clicks(n) for n in range(partitions)]
        for clicks in self._clicks:
            clicks.lists.watch = watch
        self._searches = [worker.make_searches(n) for n in range(partitions)]
        self._pairs = [worker.make_pairs(n) for n in range(partitions)]
        self._views = {
            topics.SIMILAR_ITEMS: worker.views.similar.apply,
            topics.ITEM_COUNTS: worker.views.counts.apply,
            topics.TRENDING: worker.views.trending.apply,
            topics.SESSION_ITEMS: worker.views.sessions.apply,
        }
        self.catalogued(products)
        self._held: list[Output] = []  # for views that wait for the night
        self._clock_ms = 0
        self._live_spans = 0

    def catalogued(self, products: Sequence[ProductCatalogued]) -> None:
        """Products as they now are."""
        self.worker.see_catalogue([(p.product_id.encode(), encode(p)) for p in products])
        if self.worker.finder is not None:
            self.worker.finder.take_in(self.worker.finder.waiting)

    def search(self, events: Sequence[Event]) -> None:
        """Searches, in the order of their offsets; their lists are seen by `watch`."""
        for event in events:
            number = partition_of_name(event.data.user_id, len(self._searches))
            self._searches[number].process([event], 0)

    def learn(self, span: Sequence[Event], live: bool, publish: bool = True) -> None:
        """Events in the order of their offsets.

        live: with lists. publish: views see what changed.
        """
        parts = self._routed(span)
        if live and publish:
            self._publish()
            if self._live_spans % CONTENT_SPANS == 0:
                self.worker.views.content.settle()
            self._live_spans += 1
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

    def _routed(self, span: Sequence[Event]) -> dict[int, Sequence[Event]]:
        """Events by the partition of their user, as a broker has them."""
        if len(self._clicks) == 1:
            return {0: span}
        parts: dict[int, list[Event]] = defaultdict(list)
        for event in span:
            parts[partition_of_name(event.data.user_id, len(self._clicks))].append(event)
        return dict(parts)

    def settle(self) -> None:
        """Publish until nothing is due any more."""
        while self._publish() or not all(pairs.settled for pairs in self._pairs):
            pass
        self.worker.views.content.settle()

    def night(self) -> None:
        """Bring everything that lists are made from to what was learned by now, until the next."""
        for output in self._held:
            self._see(output)
        self._held = []
        self.settle()
        learner = self.worker.learner
        if learner is not None:
            learner.serving = copy.deepcopy(learner.blend)

    def _publish(self) -> bool:
        outputs = [output for pairs in self._pairs for output in pairs.tick(self._clock_ms)]
        for output in outputs:
            self._see(output)
        self._clock_ms += 1
        return bool(outputs)

    def _see(self, output: Output) -> None:
        self._views[output.topic]([(output.key, output.value)])


def learn(
    events: Callable[[], Iterable[Event]],
    knobs: Settings,
    partitions: int = 1,
    products: Sequence[ProductCatalogued] = (),
) -> tuple[Recommender, int]:
    """A worker that has read some events, its views at rest; and how many they were. The blend
    learns from the lists of the last of them, as a live worker does."""
    pipeline = Pipeline(knobs, partitions, products=products)
    total = sum(1 for _ in events())
    lists_from = total - LISTS_MAX if knobs.blend else total
    count = 0
    stream = iter(events())
    # Partitions take turns by spans, and sessions are as new as their turn: in short ones, as live.
    size = SPAN_EVENTS if partitions == 1 else LIVE_SPAN_EVENTS
    while span := list(islice(stream, size)):
        pipeline.learn(span, live=count + len(span) > lists_from)
        count += len(span)
    pipeline.settle()
    return pipeline.worker, count


def unhurried(knobs: Settings | None, repeats: Repeats) -> Settings:
    """Settings with what may be offered by the protocol, and no budget of time."""
    return replace(
        knobs or Settings(),
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
