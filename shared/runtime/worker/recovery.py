"""How the state of assigned partitions comes back: newest checkpoint, held against its log.

Here processors are made and given what was saved. When this happens, and what follows if it fails,
is decided in `assignment`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shopkeeper.shared.contracts.decoder import EventDecoder

from ..state import continuity
from ..state.partition import HandoverDecoder, PartitionState, RawDecoder
from .owned_partition import OwnedPartition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..api.service import Service, Source
    from ..kafka.offsets import Partition
    from ..settings import WorkerSettings
    from ..state.checkpoints import CheckpointStore
    from ..state.erasures import Erasures
    from .layout_watch import LayoutWatch
    from .state_thread import StateThread
    from .telemetry import WorkerTelemetry


class Recovery:
    """Loads what one worker is assigned."""

    def __init__(
        self,
        *,
        service: Service,
        settings: WorkerSettings,
        store: CheckpointStore,
        layout: LayoutWatch,
        thread: StateThread,
        telemetry: WorkerTelemetry,
        erasures: Erasures,
    ) -> None:
        self._erasures = erasures
        self._service, self._settings = service, settings
        self._store, self._layout = store, layout
        self._thread, self._telemetry = thread, telemetry
        self._sources: dict[str, Source] = {
            settings.kafka.topic(source.topic): source for source in service.sources
        }

    async def load(self, assigned: Sequence[Partition]) -> dict[Partition, OwnedPartition]:
        """These partitions, with their state. Raises KafkaError, CheckpointError."""
        if not assigned:
            return {}
        names: dict[int, list[str]] = {}
        for partition in assigned:
            topic = self._sources[partition.topic].topic
            if self._layout.limit(topic, partition.partition) == 0:
                continue  # it was just added: there is no checkpoint, perhaps not even a place
            names.setdefault(partition.partition, []).append(topic)
        checkpoints = await self._store.load(names, self._layout.layout.counts)
        found = {p: checkpoints.get((self._sources[p.topic].topic, p.partition)) for p in assigned}
        begins = await continuity.starts(self._settings.kafka, found, self._service.name)
        loaded: dict[Partition, OwnedPartition] = {}
        for partition in assigned:
            source = self._sources[partition.topic]
            state = self._new_state(source, partition.partition)
            records_max = self._settings.batch_records_max
            owned = loaded[partition] = OwnedPartition(
                state,
                partition,
                buffers_output=source.buffers_output,
                records_max=min(source.records_max or records_max, records_max),
            )
            checkpoint = found[partition]
            if checkpoint is not None:
                await self._thread.run(state.restore, checkpoint)
                owned.durable = checkpoint.next_offset
                self._telemetry.checkpoint(source.topic, state.number, checkpoint.size_bytes)
                self._telemetry.lost(partition, checkpoint.next_offset, begins[partition])
            state.pass_over(begins[partition])
        return loaded

    def _new_state(self, source: Source, number: int) -> PartitionState:
        if source.internal_type:
            decoder: Any = RawDecoder(source.topic, source.internal_type)
        else:
            decoder = EventDecoder(
                source.topic, source.wanted, self._service.name, self._settings.type_prefix
            )
        if source.handovers is not None:
            decoder = HandoverDecoder(decoder, source.handovers)
        return PartitionState(
            source.topic,
            number,
            service=self._service.name,
            processor=source.make(number),
            decoder=decoder,
            recent_ids_max=self._settings.recent_ids_max,
            count=self._layout.split_by(source.topic),
            key_of=source.key_of,
            too_late=None if source.users_of is None else self._erasures.too_late(source.users_of),
        )
