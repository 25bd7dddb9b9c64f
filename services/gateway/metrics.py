"""What the gateway counts besides what every worker does."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Protocol

import numpy as np

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.telemetry.metrics import StateMetrics

from .http.measuring import ROUTES, Answers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shopkeeper.shared.contracts.envelope import KeyValue
    from shopkeeper.shared.runtime.telemetry.metrics import Observer, Registry

    from .core.feed import Feed


_PUBLISHED = (topics.CLICKS, topics.SEARCHES, topics.REVIEWS, topics.QUESTIONS)


class Table(Protocol):
    """A topic that is read whole, bounded."""

    def __len__(self) -> int: ...

    def apply(self, records: Sequence[KeyValue]) -> object:
        """Take records in, in their order."""
        ...

    def take_evicted(self) -> int:
        """Entries that made room since this was asked last."""
        ...


class GatewayMetrics:
    """Requests, what they published, streams, resumes, and how much is held."""

    def __init__(
        self,
        feed: Feed,
        tables: Mapping[str, Table],
        refused: Callable[[], int] = lambda: 0,
        *,
        answers: Answers | None = None,
        published: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        """refused: how many requests came too often, since the start. published: records that the
        broker has confirmed since this was asked last, by topic."""
        self._feed, self._tables, self._refused = feed, tables, refused
        self._answers, self._published = answers or Answers(), published
        self._said = {"recovered": 0, "unrecovered": 0, "evicted": 0, "refused": 0}

    def metrics(self, registry: Registry) -> Observer:
        """Kept current by what is returned."""
        state = StateMetrics(registry)
        streams = registry.gauge("gateway_streams", "Open streams.")
        resumes = registry.counter(
            "gateway_resumes", "Streams that came back, by whether nothing was missed.", "outcome"
        )

        refused = registry.counter("gateway_refused", "Requests refused for coming too often.")

        requests = registry.counter(
            "gateway_requests", "HTTP requests answered.", "route", "status"
        )
        durations = registry.histogram(
            "gateway_request_duration_seconds", "From a request to its answer's start.", "route"
        )
        produced = registry.counter("events_produced", "Records published and confirmed.", "topic")
        for topic in _PUBLISHED:
            produced.labels(topic)  # shown as 0
        for route in ROUTES:
            requests.labels(route, "2xx")

        def observe_requests() -> None:
            seconds: dict[str, list[float]] = defaultdict(list)
            counts: Counter[tuple[str, str]] = Counter()
            for each in self._answers.take():
                seconds[each.route].append(each.seconds)
                counts[each.route, f"{each.status // 100}xx"] += 1
            for (route, status), count in counts.items():
                requests.labels(route, status).inc(count)
            for route, values in seconds.items():
                durations.observe(route, np.array(values))
            for topic, count in self._published().items():
                produced.labels(topic).inc(count)

        def gained(name: str, total: int) -> int:
            more, self._said[name] = total - self._said[name], total
            return more

        def observe() -> None:
            observe_requests()
            streams.set(self._feed.subscribers)
            resumes.labels("recovered").inc(gained("recovered", self._feed.recovered))
            resumes.labels("unrecovered").inc(gained("unrecovered", self._feed.unrecovered))
            refused.inc(gained("refused", self._refused()))
            state.entries.labels("lists").set(len(self._feed))
            state.evictions.labels("lists").inc(gained("evicted", self._feed.evicted))
            for topic, table in self._tables.items():
                state.entries.labels(topic).set(len(table))
                state.evictions.labels(topic).inc(table.take_evicted())

        return observe
