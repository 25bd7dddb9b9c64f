"""How the state of assigned partitions comes back: newest checkpoint, held against its log.

Here processors are made and given what was saved. When this happens, and what follows if it fails,
is decided in `assignment`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shopkeeper.shared.contracts.decoder import EventDecoder

from ..state import continuity
from ..state.decoders import HandoverDecoder, RawDecoder
from ..state.partition import PartitionState
from .owned_partition import OwnedPartition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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

    async def load(
        self, assigned: Sequence[Partition], released: Mapping[Partition, OwnedPartition]
    ) -> dict[Partition, OwnedPartition]:
        """These partitions, with their state. released: those whose state is as nobody else can
        have changed it. Raises KafkaError, CheckpointError."""
        if not assigned:
            return {}
        kept = whole_numbers(assigned, released)
        for owned in kept.values():
            owned.go_on()
        loaded = await self._load([each for each in assigned if each not in kept], kept)
        return {partition: (kept.get(partition) or loaded[partition]) for partition in assigned}

    async def _load(
        self, assigned: Sequence[Partition], kept: Mapping[Partition, OwnedPartition]
    ) -> dict[Partition, OwnedPartition]:
        names: dict[int, list[str]] = {}
        for partition in assigned:
            topic = self._sources[partition.topic].topic
            if self._layout.limit(topic, partition.partition) == 0:
                continue  # it was just added: there is no checkpoint, perhaps not even a place
            names.setdefault(partition.partition, []).append(topic)
        numbers = {partition.partition for partition in kept}
        checkpoints = await self._store.load(names, self._layout.layout.counts, keep=numbers)
        if not assigned:
            return {}
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
            make = _decoder_of_clicks() if source.bulk else EventDecoder
            decoder = make(
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


def whole_numbers(
    assigned: Sequence[Partition], released: Mapping[Partition, OwnedPartition]
) -> dict[Partition, OwnedPartition]:
    """What was released and is assigned, of numbers of which that is true of every topic: their
    checkpoints lie in one partition, whose log is read as a whole."""
    broken = {each.partition for each in assigned if each not in released}
    return {each: released[each] for each in assigned if each.partition not in broken}


def _decoder_of_clicks() -> type[EventDecoder]:
    from shopkeeper.shared.contracts.clicks_in_bulk import ClickDecoder  # numba

    return ClickDecoder
