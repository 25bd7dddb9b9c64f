"""Prometheus metrics, named as in docs/metrics.md; labels only from closed sets.

Histograms are filled a whole batch at a time: one `observe()` per event would cost more than the
event's own work at 100,000 events/s, so `BatchHistogram` counts with numpy and is collected.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

import shopkeeper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    # Brings a service's metrics up to date. Called on the state thread, about once a second.
    Observer: TypeAlias = Callable[[], None]

PREFIX = "shopkeeper_"
FEW = 8  # values that are sooner counted one by one
M = TypeVar("M", bound=Collector)

SECONDS_BUCKETS = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    60.0,
)
BATCH_BUCKETS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0)


class BatchHistogram(Collector):
    """A histogram with one label, filled with arrays."""

    def __init__(
        self,
        name: str,
        documentation: str,
        label: str,
        buckets: tuple[float, ...],
        registry: CollectorRegistry,
    ) -> None:
        self._name, self._documentation, self._label = name, documentation, label
        self._bounds = np.asarray(buckets, dtype=np.float64)
        self._bounds_list: list[float] = self._bounds.tolist()
        self._counts: dict[str, NDArray[np.int64]] = {}
        self._sums: dict[str, float] = {}
        registry.register(self)

    def observe(self, label: str, values: NDArray[np.float64] | float) -> None:
        """Count `values` (any shape, in the metric's unit) under `label`."""
        counts = self._counts.get(label)
        if counts is None:
            counts = self._counts[label] = np.zeros(len(self._bounds) + 1, dtype=np.int64)
            self._sums[label] = 0.0
        # Left: an upper bound is inclusive, as Prometheus' `le` is.
        if isinstance(values, float):
            counts[bisect_left(self._bounds_list, values)] += 1
            self._sums[label] += values
            return
        array = np.asarray(values, dtype=np.float64)
        if array.size <= FEW:  # a busy worker's batches: numpy takes longer to begin than to count
            for value in array.flat:
                self.observe(label, float(value))
            return
        indices = np.searchsorted(self._bounds, array, side="left").ravel()
        counts += np.bincount(indices, minlength=len(counts))
        self._sums[label] += float(array.sum())

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """Called by the registry at each scrape."""
        family = HistogramMetricFamily(self._name, self._documentation, labels=[self._label])
        for label, counts in list(self._counts.items()):
            totals = np.cumsum(counts)
            buckets = [
                (f"{bound:g}" if bound != int(bound) else f"{bound:.1f}", float(total))
                for bound, total in zip(self._bounds, totals, strict=False)
            ]
            family.add_metric([label], [*buckets, ("+Inf", float(totals[-1]))], self._sums[label])
        yield family


class Registry(CollectorRegistry):
    """Where the metrics of one worker are declared, the runtime's and its service's.

    A name is given without `PREFIX` and may be declared by several who mean the same metric: all
    of them get the one that was made first. Raises ValueError where they mean different ones.
    """

    def __init__(self) -> None:
        super().__init__()
        self._declared: dict[str, tuple[tuple[Any, ...], Collector]] = {}

    def counter(self, name: str, text: str, *labels: str) -> Counter:
        """A count that only grows; exposed as `name`_total."""
        return self._once(
            name,
            (Counter, text, labels),
            lambda: Counter(PREFIX + name, text, labels, registry=self),
        )

    def gauge(self, name: str, text: str, *labels: str) -> Gauge:
        """A value that may fall."""
        return self._once(
            name, (Gauge, text, labels), lambda: Gauge(PREFIX + name, text, labels, registry=self)
        )

    def histogram(
        self, name: str, text: str, label: str, buckets: tuple[float, ...] = SECONDS_BUCKETS
    ) -> BatchHistogram:
        """Counts of values by upper bound, filled with arrays."""
        return self._once(
            name,
            (BatchHistogram, text, label, buckets),
            lambda: BatchHistogram(PREFIX + name, text, label, buckets, self),
        )

    def declared(self) -> list[tuple[str, str, str, tuple[str, ...]]]:
        """What is declared, by name: (name as exposed, type, text, labels)."""
        found = []
        for name, ((kind, text, labels, *_), _metric) in self._declared.items():
            total = "_total" if kind is Counter else ""
            named = (labels,) if isinstance(labels, str) else labels
            word = "histogram" if kind is BatchHistogram else kind.__name__.lower()
            found.append((f"{PREFIX}{name}{total}", word, text, named))
        return sorted(found)

    def _once(self, name: str, meaning: tuple[object, ...], make: Callable[[], M]) -> M:
        if name not in self._declared:
            self._declared[name] = meaning, make()
        known, metric = self._declared[name]
        if known != meaning:
            raise ValueError(f"the metric {name} is declared twice, with different meanings")
        return metric  # type: ignore[return-value]  # `meaning` begins with its class


class StateMetrics:
    """The size of what a service remembers, by table; any service may fill these."""

    def __init__(self, registry: Registry) -> None:
        self.entries = registry.gauge("state_entries", "Entries held.", "table")
        self.evictions = registry.counter("state_evictions", "Entries forgotten at a cap.", "table")


class PredictionMetrics:
    """What ONNX models did; any service that has one may fill these."""

    def __init__(self, registry: Registry) -> None:
        self.inference = registry.histogram("inference_duration_seconds", "One ONNX call.", "model")
        self.inference_batch = registry.histogram(
            "inference_batch_size", "Texts in one ONNX call.", "model", BATCH_BUCKETS
        )
        self.predictions = registry.counter("predictions", "Predictions made.", "model", "outcome")
        self.tiers = registry.counter("tier_texts", "Texts by who answered.", "model", "tier")


class Metrics:
    """What the runtime measures of every worker; the service adds its own to `registry`."""

    def __init__(self, worker: str) -> None:
        registry = self.registry = Registry()
        # Start time (the restart alert), memory and descriptors; on Linux only.
        ProcessCollector(registry=registry)
        counter, gauge, histogram = registry.counter, registry.gauge, registry.histogram
        self.consumed = counter("events_consumed", "Records taken from a topic.", "topic")
        self.processed = counter("events_processed", "Events that a core has taken in.", "topic")
        self.produced = counter("events_produced", "Records published and confirmed.", "topic")
        self.skipped = counter("events_skipped", "Valid, but not for this worker.", "reason")
        self.failed = counter("events_failed", "Records dead-lettered.", "stage", "error")
        self.dlq = counter("dlq_events", "Records written to a dead-letter topic.", "topic")
        self.duplicates = counter("duplicates_skipped", "Repeated event ids dropped.", "topic")
        self.parts = counter(
            "record_parts", "Events of records that hold several.", "topic", "outcome"
        )
        self.fields_dropped = counter(
            "fields_dropped", "Optional fields that were wrong and left out.", "topic", "field"
        )
        self.records_lost = counter(
            "records_lost", "Records that a log no longer held when they were to be read.", "topic"
        )
        self.batches_left_out = counter(
            "batches_left_out", "Batches of a view that could not be decoded.", "topic"
        )
        self.processing = histogram(
            "processing_duration_seconds", "One batch, from start to confirmed.", "topic"
        )
        self.event_age = histogram(
            "event_age_seconds", "From an event's ce_time to its confirmed output.", "topic"
        )
        PredictionMetrics(registry)  # exposed by every worker, empty or not
        self.lag = gauge(
            "consumer_lag_messages", "Log end minus committed offset.", "topic", "partition"
        )
        self.broker_up = gauge("broker_up", "1 if the brokers that are needed answer, else 0.")
        self.last_progress = gauge("last_progress_timestamp_seconds", "When a batch last finished.")
        self.rebalances = counter("rebalances", "Assignments received.")
        self.recovery = gauge("recovery_duration_seconds", "How long the last recovery took.")
        self.checkpoint_bytes = gauge(
            "checkpoint_size_bytes", "Size of the last checkpoint.", "topic", "partition"
        )
        self.checkpoint_log_bytes = gauge(
            "checkpoint_log_bytes",
            "Held by the checkpoint topic, superseded checkpoints included.",
            "partition",
        )
        StateMetrics(registry)
        self.build = gauge("build_info", "Always 1.", "version", "worker")
        self.build.labels(shopkeeper.__version__, worker).set(1)
        self.model = gauge("model_info", "Always 1.", "name", "version")
