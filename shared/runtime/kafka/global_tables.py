"""Global tables: compacted topics that every worker reads whole, beside its group.

Kafka Streams calls such a table a GlobalKTable."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shopkeeper.shared.contracts.envelope import KeyValue, Stamp

from ..tasks import end_tasks
from . import fetching
from .records import readable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Collection, Mapping

    from ..settings import KafkaSettings
    from .records import Record, Undecodable

log = logging.getLogger(__name__)

RECORDS_MAX = 250  # per application: keeps one job on the state thread short
FETCH_INTERVAL_S = 0.05  # nobody waits for a table as for an event; larger bites cost less

fetching.install()


@dataclass(frozen=True, slots=True)
class Stamped:
    """An `apply` function that takes the records' stamps, too, where they are known."""

    apply: Callable[[Sequence[KeyValue], Sequence[Stamp] | None], object]

    def __call__(self, records: Sequence[KeyValue]) -> object:
        return self.apply(records, None)


Apply: TypeAlias = Callable[[Sequence[KeyValue]], object]


class GlobalTables:
    """Feeds records of whole topics to `apply` functions, on the state thread.

    Not in a consumer group and not Faust's GlobalTable (whose standbys miss updates): every
    worker sees every partition from the beginning on, whatever it is assigned.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        apply: Mapping[str, Apply],
        on_state_thread: Callable[..., Awaitable[None]],
        client_id: str,
        positions: dict[str, int],
        on_left_out: Callable[[str], object] = lambda topic: None,
        *,
        unpositioned: Collection[str] = (),
    ) -> None:
        """positions: kept: by topic (unprefixed), the sum of the next offsets of its partitions,
        but of those that are `unpositioned`.
        on_left_out: told the topic (unprefixed) of each batch that cannot be decoded."""
        self._on_left_out = on_left_out
        self._kafka = kafka
        self._apply = {kafka.topic(name): function for name, function in apply.items()}
        self._on_state_thread = on_state_thread
        self._client_id = client_id
        self._positions, self._unpositioned = positions, frozenset(unpositioned)
        self._name = {kafka.topic(name): name for name in apply}
        self._next: dict[TopicPartition, int] = {}
        self._consumer: AIOKafkaConsumer | None = None
        self._task: asyncio.Task[None] | None = None
        self.caught_up = asyncio.Event()

    async def start(self, on_failure: Callable[[BaseException], None]) -> None:
        """Begin to read; `caught_up` is set once everything of before the start was applied."""
        if not self._apply:
            self.caught_up.set()
            return
        self._consumer = AIOKafkaConsumer(
            **self._kafka.client_options(),
            client_id=self._client_id,
            group_id=None,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            isolation_level=fetching.ISOLATION,
            fetch_max_wait_ms=500,
        )
        await self._consumer.start()
        fetching.pace(self._consumer, FETCH_INTERVAL_S)
        self._task = asyncio.create_task(self._run(), name="tables")
        self._task.add_done_callback(
            lambda task: (
                None
                if task.cancelled() or task.exception() is None
                else on_failure(task.exception() or RuntimeError("tables ended"))
            )
        )

    async def read(self) -> None:
        """Return once `caught_up` is set."""
        await self.caught_up.wait()

    async def stop(self) -> None:
        """Stop reading."""
        if self._task is not None:
            await end_tasks([self._task])
        if self._consumer is not None:
            await self._consumer.stop()

    async def _run(self) -> None:
        consumer = self._consumer
        assert consumer is not None
        partitions = await self._partitions(consumer)
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        goals = await consumer.end_offsets(partitions)
        goals = {p: end for p, end in goals.items() if end > 0}
        while True:
            if goals:
                for partition in list(goals):
                    if await consumer.position(partition) >= goals[partition]:
                        del goals[partition]
            if not goals and not self.caught_up.is_set():
                self.caught_up.set()
            fetched = await consumer.getmany(timeout_ms=500, max_records=RECORDS_MAX)
            for partition, records in fetched.items():
                taken = readable(records, self._left_out)
                await self._on_state_thread(self._take, partition, taken, records[-1].offset + 1)

    def _take(self, partition: TopicPartition, records: Sequence[Record], following: int) -> None:
        pairs = [(record.key, record.value) for record in records]
        apply = self._apply[partition.topic]
        if isinstance(apply, Stamped):
            apply.apply(pairs, [(record.timestamp, record.offset) for record in records])
        else:
            apply(pairs)
        name = self._name[partition.topic]
        if name in self._unpositioned:
            return
        gained = following - self._next.get(partition, 0)
        self._positions[name] = self._positions.get(name, 0) + gained
        self._next[partition] = following

    def _left_out(self, batch: Undecodable) -> None:
        self._on_left_out(self._name[batch.topic])

    async def _partitions(self, consumer: AIOKafkaConsumer) -> list[TopicPartition]:
        found: list[TopicPartition] = []
        for topic in self._apply:
            numbers = consumer.partitions_for_topic(topic)
            while not numbers:
                # Assigning nothing leaves a group-less consumer without metadata of the topic.
                try:
                    await consumer._client.force_metadata_update()
                    await consumer._client.add_topic(topic)
                except KafkaError as error:
                    log.warning("table %s: %r", topic, error)
                await asyncio.sleep(0.1)
                numbers = consumer.partitions_for_topic(topic)
            found += [TopicPartition(topic, number) for number in sorted(numbers)]
        return found
