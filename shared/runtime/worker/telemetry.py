"""What a worker tells of its work: counters and gauges, the lag, records that a log has lost.

Only what is counted and said belongs here; nothing is decided by it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from .state_thread import clock_ms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..api.service import Service
    from ..kafka.offsets import Partition
    from ..state.partition import BatchResult
    from ..telemetry.health import Health
    from ..telemetry.metrics import Metrics
    from .owned_partition import OwnedPartitions

log = logging.getLogger(__name__)


class OffsetSource(Protocol):
    """What is asked of a consumer: how far its partitions go (see `BatchConsumer`)."""

    def end_offset(self, partition: Partition) -> int | None: ...

    def committed_offset(self, partition: Partition) -> int | None: ...


class WorkerTelemetry:
    """The metrics and probes of one worker, by its events."""

    def __init__(
        self, service: Service, topic_prefix: str, metrics: Metrics, health: Health
    ) -> None:
        self._prefix_length = len(topic_prefix)
        self.metrics, self.health = metrics, health
        self.observe_service = service.metrics(metrics.registry)  # on the state thread, when due
        for source in service.sources:
            # Shown as 0 before there is anything to count: a rate of nothing is 0, not unknown.
            for counter in (
                metrics.records_lost,
                metrics.consumed,
                metrics.processed,
                metrics.dlq,
                metrics.duplicates,
            ):
                counter.labels(source.topic)
        for model in service.models:
            metrics.model.labels(*model).set(1)

    def topic_of(self, partition: Partition) -> str:
        """The topic's name without the prefix: a label."""
        return partition.topic[self._prefix_length :]

    def processed(self, partition: Partition, result: BatchResult) -> None:
        """A batch's outputs are confirmed."""
        topic = self.topic_of(partition)
        counts, metrics = result.counts, self.metrics
        metrics.consumed.labels(topic).inc(counts.consumed)
        metrics.processed.labels(topic).inc(counts.processed)
        if counts.repeats:
            metrics.duplicates.labels(topic).inc(counts.repeats)
        for reason, count in counts.skipped.items():
            metrics.skipped.labels(reason).inc(count)
        for (stage, error), count in counts.failed.items():
            metrics.failed.labels(stage, error).inc(count)
        if counts.failed:
            metrics.dlq.labels(topic).inc(counts.failed.total())
        for outcome, count in counts.parts.items():
            metrics.parts.labels(topic, outcome).inc(count)
        for name, count in counts.dropped.items():
            metrics.fields_dropped.labels(topic, name).inc(count)
        if len(result.event_times_ms):
            metrics.event_age.observe(topic, (clock_ms() - result.event_times_ms) / 1000.0)

    def took(self, partition: Partition, seconds: float) -> None:
        """So long has a batch taken, from its fold to its end."""
        self.metrics.processing.observe(self.topic_of(partition), seconds)

    def progress(self) -> None:
        """Something was finished."""
        self.health.progress()
        self.metrics.last_progress.set_to_current_time()

    def produced(self, sent: Mapping[str, int]) -> None:
        """Deliveries were confirmed. sent: records by topic, by the broker's name."""
        for topic, count in sent.items():
            self.metrics.produced.labels(topic[self._prefix_length :]).inc(count)

    def checkpoint(self, topic: str, number: int, size_bytes: int) -> None:
        """A checkpoint was written, or read."""
        self.metrics.checkpoint_bytes.labels(topic, str(number)).set(size_bytes)

    def checkpoint_log(self, retained_bytes: Mapping[int, int]) -> None:
        """What the checkpoint topic holds, by partition."""
        for number, size in retained_bytes.items():
            self.metrics.checkpoint_log_bytes.labels(str(number)).set(size)

    def lost(self, partition: Partition, expected: int, start: int) -> None:
        """Say and count what the log no longer holds and was never read."""
        if start <= expected:
            return
        topic = self.topic_of(partition)
        log.error(
            "%s/%d: the log begins at offset %d, and %d was to be read next: up to %d records are "
            "lost (retention, or deleted records)",
            topic,
            partition.partition,
            start,
            expected,
            start - expected,
        )
        self.metrics.records_lost.labels(topic).inc(start - expected)

    def let_go(self) -> None:
        """The partitions are another worker's: the next owner reports them."""
        for gauge in (
            self.metrics.lag,
            self.metrics.checkpoint_bytes,
            self.metrics.checkpoint_log_bytes,
        ):
            gauge.clear()

    def measure_lag(self, consumer: OffsetSource, partitions: OwnedPartitions) -> None:
        """How far the worker is behind the ends of its partitions, in records."""
        total = 0
        for owned in partitions:
            partition = owned.partition
            end = consumer.end_offset(partition)
            if end is None:
                continue
            committed = consumer.committed_offset(partition) or owned.durable or 0
            topic = self.topic_of(partition)
            self.metrics.lag.labels(topic, str(partition.partition)).set(max(0, end - committed))
            total += max(0, end - (partitions.offsets.processed(partition) or 0))
        if total == 0:
            self.health.progress()
        self.health.lag = total
