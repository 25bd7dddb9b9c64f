"""The spans of a worker: one per batch, and one in each trace that a record of it belongs to.

OpenTelemetry's messaging conventions link a batch's span to the contexts of its records. That tells
of the batch; a trace goes on in it by a span of its own, child of what the record names, which the
outputs of that record name in turn.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..telemetry.traceparents import continued, handed_on, parsed, traced
from ..telemetry.tracing import CONSUMER, Span, spans_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.contracts.envelope import Output

    from ..api.service import Service
    from ..kafka.offsets import Partition
    from ..settings import WorkerSettings
    from ..state.partition import PartitionState
    from ..telemetry.tracing import Spans


class BatchSpans:
    """Follows records' contexts through one worker."""

    def __init__(self, spans: Spans, service: str, group: str) -> None:
        """group: the consumer group, for the attribute."""
        self._spans, self._service, self._group = spans, service, group

    @classmethod
    def of(cls, service: Service, settings: WorkerSettings, group: str) -> BatchSpans | None:
        """Those of a service that has sources, where the environment asks for spans. Raises
        SettingsError."""
        worker = settings.worker_id or service.name
        spans = spans_of(settings.environ, service.name, worker) if service.sources else None
        if spans is None:
            return None
        spans.start()
        return cls(spans, service.name, group)

    async def stop(self) -> None:
        """Send what waits."""
        await self._spans.stop()

    def follow(
        self, state: PartitionState, records: Sequence[Any], outputs: list[Output]
    ) -> tuple[dict[bytes, int], list[Output]]:
        """The contexts of a batch by record, and its outputs, which go on with them.

        On the state thread, once the outputs are made.
        """
        found = traced(records)
        if not found:
            return found, outputs
        ours = {}
        for value, offset in found.items():
            context = parsed(value)
            assert context is not None, value
            place = f"{state.topic}/{state.number}/{offset}"
            ours[value] = continued(context, self._service, place).header()
        return found, handed_on(outputs, ours)

    def finished(
        self, partition: Partition, topic: str, found: dict[bytes, int], count: int, took_s: float
    ) -> None:
        """A batch's outputs are confirmed. topic: its name without the prefix. count: records."""
        end_ns = time.time_ns()
        lasted_ns = end_ns - int(took_s * 1e9), end_ns
        attributes: dict[str, Any] = {
            "messaging.system": "kafka",
            "messaging.operation.type": "process",
            "messaging.operation.name": "process",
            "messaging.destination.name": partition.topic,
            "messaging.destination.partition.id": str(partition.partition),
            "messaging.consumer.group.name": self._group,
        }
        name, add, batch = f"process {topic}", self._spans.add, self._spans.begin()
        parents = []
        for value, offset in found.items():
            parent = parsed(value)
            assert parent is not None, value
            parents.append(parent)
            place = f"{topic}/{partition.partition}/{offset}"
            add(
                Span(
                    name,
                    CONSUMER,
                    continued(parent, self._service, place),
                    parent,
                    lasted_ns,
                    {**attributes, "messaging.kafka.offset": offset},
                    links=[batch] if batch.sampled and count > 1 else (),
                )
            )
        # A batch of one record that is traced is told by that record's span.
        if batch.sampled and not (count == 1 and found):
            attributes["messaging.batch.message_count"] = count
            add(Span(name, CONSUMER, batch, None, lasted_ns, attributes, links=parents))
