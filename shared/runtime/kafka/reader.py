"""Reads topics without a group: for `tail`, `dlq` and the live view. Commits nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import UnknownTopicOrPartitionError

from . import admin, fetching
from .records import readable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from ..settings import KafkaSettings
    from .records import Undecodable

RECORDS_MAX = 2000
FETCH_MAX_WAIT_MS = 100

fetching.install()


class Reader:
    """An async context manager over some topics (unprefixed), every partition of each.

    from_start: from the oldest record there is, else only what comes from now on.
    Raises UnknownTopicOrPartitionError, naming the topic, on entering.
    """

    def __init__(
        self, kafka: KafkaSettings, topic_names: Sequence[str], *, from_start: bool
    ) -> None:
        self._kafka = kafka
        self._names = {kafka.topic(name): name for name in topic_names}
        self._from_start = from_start
        self._consumer: AIOKafkaConsumer | None = None
        self.left_out: list[str] = []  # a line for each batch that could not be decoded

    async def __aenter__(self) -> Reader:
        # Asked of an admin client: a consumer that is not subscribed knows no topic's partitions.
        partitions = await admin.partitions_of(self._kafka, list(self._names))
        for name in self._names:
            if name not in partitions:
                raise UnknownTopicOrPartitionError(
                    f"no topic {name} on the broker (`shopkeeper topics init` creates ours)"
                )
        self.places = [TopicPartition(n, p) for n in self._names for p in partitions[n]]
        consumer = self._consumer = AIOKafkaConsumer(
            **self._kafka.client_options(),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level=fetching.ISOLATION,
            fetch_max_wait_ms=FETCH_MAX_WAIT_MS,
            max_partition_fetch_bytes=4_000_000,  # one dead letter at the size limit must fit
        )
        try:
            await consumer.start()
            consumer.assign(self.places)
            if self._from_start:
                await consumer.seek_to_beginning(*self.places)
            else:
                await consumer.seek_to_end(*self.places)
        except BaseException:
            await consumer.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._consumer is not None
        await self._consumer.stop()

    def name(self, record: Any) -> str:
        """The unprefixed topic of a record."""
        return self._names[record.topic]

    async def poll(self, timeout_s: float) -> list[Any]:
        """What has come, in order within each partition; [] after `timeout_s` of silence."""
        assert self._consumer is not None
        batches = await self._consumer.getmany(
            timeout_ms=int(timeout_s * 1000), max_records=RECORDS_MAX
        )
        return [r for batch in batches.values() for r in readable(batch, self._leave_out)]

    def _leave_out(self, batch: Undecodable) -> None:
        self.left_out.append(f"{batch.topic}/{batch.partition}: {batch.describe()}")

    async def begin_offsets(self) -> dict[TopicPartition, int]:
        """The first offset that each partition still holds, or would hold."""
        assert self._consumer is not None
        return dict(await self._consumer.beginning_offsets(self.places))

    async def end_offsets(self) -> dict[TopicPartition, int]:
        """Up to where each partition can be read: the next offset, or the first of an open
        transaction."""
        assert self._consumer is not None
        return dict(await self._consumer.end_offsets(self.places))

    async def skip_to_end(self, behind_max: int) -> int:
        """Where more than so many records wait, pass over them: how many. From what the last fetch
        said, without asking the broker."""
        assert self._consumer is not None
        behind = 0
        for place in self.places:
            end = self._consumer.highwater(place)
            if end is not None:
                behind += max(0, end - await self._consumer.position(place))
        if behind <= behind_max:
            return 0
        await self._consumer.seek_to_end(*self.places)
        return behind

    async def offsets_at(self, time_ms: int) -> dict[TopicPartition, int | None]:
        """By partition, the first offset of a record that is not older; None: there is none."""
        assert self._consumer is not None
        found = await self._consumer.offsets_for_times(dict.fromkeys(self.places, time_ms))
        return {place: None if at is None else int(at.offset) for place, at in found.items()}

    async def between(
        self, starts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> AsyncIterator[Any]:
        """Every record from its partition's start up to its end, which is not read itself."""
        assert self._consumer is not None
        waiting = {place: ends[place] for place, start in starts.items() if start < ends[place]}
        if not waiting:
            return
        self._consumer.assign(list(waiting))
        for place in waiting:
            self._consumer.seek(place, starts[place])
        async for record in self._read(waiting):
            yield record

    async def until_now(self) -> AsyncIterator[Any]:
        """Every record that was there when this was called; then it ends. From the start only."""
        assert self._consumer is not None
        assert self._from_start
        ends = await self.end_offsets()
        waiting = {
            place: end for place, end in ends.items() if await self._consumer.position(place) < end
        }
        async for record in self._read(waiting):
            yield record

    async def _read(self, waiting: dict[TopicPartition, int]) -> AsyncIterator[Any]:
        assert self._consumer is not None
        while waiting:
            for record in await self.poll(1.0):
                place = TopicPartition(record.topic, record.partition)
                end = waiting.get(place)
                if end is not None and record.offset < end:
                    yield record
            # Positions, not the records' offsets: the last ones may be markers or compacted away.
            for place in list(waiting):
                if await self._consumer.position(place) >= waiting[place]:
                    del waiting[place]
