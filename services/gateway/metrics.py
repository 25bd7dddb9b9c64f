"""What the gateway counts besides what every worker does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from shopkeeper.shared.runtime.telemetry.metrics import StateMetrics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shopkeeper.shared.contracts.envelope import KeyValue
    from shopkeeper.shared.runtime.telemetry.metrics import Observer, Registry

    from .core.feed import Feed


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
    """Streams, resumes, and how much is held."""

    def __init__(
        self, feed: Feed, tables: Mapping[str, Table], refused: Callable[[], int] = lambda: 0
    ) -> None:
        """refused: how many requests came too often, since the start."""
        self._feed, self._tables, self._refused = feed, tables, refused
        self._said = {"recovered": 0, "unrecovered": 0, "evicted": 0, "refused": 0}

    def metrics(self, registry: Registry) -> Observer:
        """Kept current by what is returned."""
        state = StateMetrics(registry)
        streams = registry.gauge("gateway_streams", "Open streams.")
        resumes = registry.counter(
            "gateway_resumes", "Streams that came back, by whether nothing was missed.", "outcome"
        )

        refused = registry.counter("gateway_refused", "Requests refused for coming too often.")

        def gained(name: str, total: int) -> int:
            more, self._said[name] = total - self._said[name], total
            return more

        def observe() -> None:
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
