"""Stand-ins for aiokafka's clients: what the runtime calls of them, on the simulated broker.

Each belongs to the simulated process that has made it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from .broker import IN_DELIVERY, TORN, Message
from .loop import PROCESS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from shopkeeper.shared.runtime.kafka.records import Record

READ_FAILED = "read failed"
SOON_S_MAX = 0.02  # a request is under way for about so long
MANIFEST = b"manifest"  # how the key of a checkpoint's last record ends


class _Client:
    def __init__(self, **options: Any) -> None:
        self._process = PROCESS.get()
        world = self._process.world
        self._world, self._broker, self._network = world, world.broker, world.network

    async def start(self) -> None:
        await self._network.trip(self._process)
        self._fail_if_armed()

    async def stop(self) -> None:
        """What is under way is given up, and arrives all the same."""

    def _fail_if_armed(self) -> None:
        if self._network.take_armed(self._process.name, READ_FAILED):
            self._world.happened[READ_FAILED] += 1
            raise KafkaConnectionError("simulated")


class Batch:
    """Records for one partition, in one request."""

    def __init__(self, most: int) -> None:
        self.messages: list[Message] = []
        self._most = most

    def append(
        self,
        *,
        key: bytes | None,
        value: bytes | None,
        timestamp: int,
        headers: Sequence[tuple[str, bytes]],
    ) -> bool:
        """False where it is full."""
        if len(self.messages) >= self._most:
            return False
        self.messages.append(Message(key, value, headers, timestamp))
        return True

    def close(self) -> None:
        """Nothing more is appended."""

    def record_count(self) -> int:
        return len(self.messages)


class Producer(_Client):
    """For AIOKafkaProducer."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._number = self._world.next_producer()
        self._open_checkpoints: set[TopicPartition] = set()  # whose manifest is still to come

    async def partitions_for(self, topic: str) -> range:
        return range(self._broker.counts.get(topic, 1))

    def create_batch(self) -> Batch:
        return Batch(self._world.schedule.batch_records)

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> Any:
        """Returns a future, as aiokafka's does."""
        place, messages = TopicPartition(topic, partition), batch.messages
        if topic == self._broker.checkpoints:
            await self._look_at_checkpoint(place, messages)
        elif self._network.take_armed(self._process.name, IN_DELIVERY):
            kill = self._world.workers.kill_process
            self._world.loop.later(
                self._world.random() * SOON_S_MAX, kill, self._process, IN_DELIVERY
            )
        return self._broker.produce(self._process, self._number, place, messages)

    async def _look_at_checkpoint(self, place: TopicPartition, messages: Sequence[Message]) -> None:
        begun = place in self._open_checkpoints
        if (messages[-1].key or b"").endswith(MANIFEST):
            self._open_checkpoints.discard(place)
        else:
            self._open_checkpoints.add(place)
        if begun and self._network.take_armed(self._process.name, TORN):
            self._world.workers.kill_process(self._process, TORN)
            await self._world.loop.create_future()  # the rest of this task never runs


class Consumer(_Client):
    """For an AIOKafkaConsumer without a group."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._positions: dict[TopicPartition, int] = {}
        self._paused: set[TopicPartition] = set()

    def assign(self, places: Iterable[TopicPartition]) -> None:
        self._positions = dict.fromkeys(places, 0)

    def seek(self, place: TopicPartition, offset: int) -> None:
        self._positions[place] = offset

    def pause(self, *places: TopicPartition) -> None:
        self._paused.update(places)

    async def seek_to_beginning(self, *places: TopicPartition) -> None:
        for place in places:
            self._positions[place] = self._broker.logs[place].start

    async def end_offsets(self, places: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        await self._network.trip(self._process)
        return {place: self._broker.logs[place].end for place in places}

    async def beginning_offsets(
        self, places: Iterable[TopicPartition]
    ) -> dict[TopicPartition, int]:
        return {place: self._broker.logs[place].start for place in places}

    async def position(self, place: TopicPartition) -> int:
        return self._positions[place]

    async def getmany(
        self, *, timeout_ms: int, max_records: int = 1_000_000
    ) -> Mapping[TopicPartition, list[Record]]:
        """What is there of those that are not paused."""
        await self._network.trip(self._process)
        self._fail_if_armed()
        found: dict[TopicPartition, list[Record]] = {}
        for place, position in self._positions.items():
            if place not in self._paused:
                records, self._positions[place] = self._broker.read(place, position, max_records)
                if records:
                    found[place] = records
        if not found:
            await asyncio.sleep(timeout_ms / 1000)
        return found


class Admin(_Client):
    """For AIOKafkaAdminClient."""

    async def close(self) -> None:
        """Nothing is open."""

    async def delete_records(self, wanted: Mapping[TopicPartition, Any]) -> None:
        await self._network.trip(self._process)
        for place, what in wanted.items():
            self._world.deleted_by_runtime(place, what.before_offset)
