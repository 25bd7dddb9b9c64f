"""Writes records to one partition so that each comes to stand at the offset that it had.

Brokers number records themselves, so what is missing before a record has to be filled in: at the
beginning of a log with records that are deleted again, elsewhere (transactions' markers, records
that compaction took) with a transaction that is aborted, of which no reader sees more than that
offsets are passed over. A single missing offset is the marker of a transaction that wrote the
record before it; where none is before it, of one that wrote nothing, which not every broker has.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from typing import TYPE_CHECKING, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import RecordsToDelete
from aiokafka.admin.client import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from ...kafka import fetching
from .files import BackupError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from aiokafka import TopicPartition
    from aiokafka.producer.message_accumulator import BatchBuilder

    from ...settings import KafkaSettings
    from .files import Row

BATCH_BYTES_MAX = 1_000_000
REQUEST_BYTES_MAX = 8_000_000  # a record at its topic's limit, with the batch around it
FILLER = b"restored"  # key of what stands in a gap: compacted topics refuse records without one
FILLED_AT_ONCE = 50_000
TRANSACTION_S_MAX = 60.0
LOOK_S = 0.01
LOG_APPEND_TIME = 1


class OffsetWriter:
    """The clients, for one partition after the other. An async context manager."""

    def __init__(self, kafka: KafkaSettings) -> None:
        options = kafka.client_options()
        limits = {
            "max_batch_size": BATCH_BYTES_MAX,
            "max_request_size": REQUEST_BYTES_MAX,
            "compression_type": "gzip",
        }
        self._admin = AIOKafkaAdminClient(**options)
        self._plain = AIOKafkaProducer(**options, **limits, enable_idempotence=True)
        # Started at the first gap: not every broker has transactions.
        self._transactional = AIOKafkaProducer(
            **options, **limits, transactional_id=kafka.topic(f"restore-{uuid.uuid4().hex}")
        )
        self._consumer = AIOKafkaConsumer(
            **options, group_id=None, enable_auto_commit=False, isolation_level=fetching.ISOLATION
        )
        self._begun = False

    async def __aenter__(self) -> Self:
        await self._admin.start()
        await self._plain.start()
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._plain.stop()
        if self._begun:
            await self._transactional.stop()
        await self._consumer.stop()
        await self._admin.close()

    async def write(self, place: TopicPartition, rows: Sequence[Row], at: int | None) -> None:
        """Write rows. at: the offset of the first; None: wherever the log ends.

        Raises BackupError where they came to stand elsewhere, or with other timestamps.
        """
        batch, first = self._plain.create_batch(), 0
        for index, row in enumerate(rows):
            told = {"timestamp": row.timestamp, "key": row.key, "value": row.value}
            if batch.append(**told, headers=row.headers) is None:
                await self._send(place, batch, None if at is None else at + first)
                batch, first = self._plain.create_batch(), index
                assert batch.append(**told, headers=row.headers) is not None, "one always fits"
        if batch.record_count():
            await self._send(place, batch, None if at is None else at + first)

    async def fill_beginning(self, place: TopicPartition, until: int, timestamp_ms: int) -> None:
        """Have an empty log that may be deleted from begin at `until`."""
        for at in range(0, until, FILLED_AT_ONCE):
            count = min(FILLED_AT_ONCE, until - at)
            await self._send_fillers(self._plain, place, count, timestamp_ms)
        await self._admin.delete_records({place: RecordsToDelete(before_offset=until)})

    async def write_with_marker(self, place: TopicPartition, row: Row) -> None:
        """Write a row at its offset, and have one offset behind it that no reader sees."""
        async with self._transaction(place, 1):
            batch = self._transactional.create_batch()
            told = {"timestamp": row.timestamp, "key": row.key, "value": row.value}
            assert batch.append(**told, headers=row.headers) is not None, "one always fits"
            await self._send(place, batch, row.offset, self._transactional)
            await self._transactional.commit_transaction()
            await self._until_ends(place, row.offset + 2)

    async def fill(self, place: TopicPartition, count: int, timestamp_ms: int) -> None:
        """Have the log go on `count` offsets later. Raises BackupError."""
        [end] = (await self._consumer.end_offsets([place])).values()
        async with self._transaction(place, count):
            await self._fill(place, count, timestamp_ms)
            # The marker comes after the answer; without transactions, none comes.
            await self._until_ends(place, end + count)

    @contextlib.asynccontextmanager
    async def _transaction(self, place: TopicPartition, count: int) -> AsyncIterator[None]:
        """A transaction, which the block ends. Raises BackupError, naming the gap."""
        try:
            async with asyncio.timeout(TRANSACTION_S_MAX):
                if not self._begun:
                    self._begun = True
                    await self._transactional.start()
                await self._transactional.begin_transaction()
                yield
        except (TimeoutError, KafkaError) as error:
            needed = "with transactions" if count > 1 else "with transactions that write nothing"
            gap = "a gap of one offset" if count == 1 else f"a gap of {count} offsets"
            raise BackupError(
                f"{place.topic}/{place.partition} has {gap}, which only brokers {needed} can be "
                f"given again ({type(error).__name__}: {error}): restore to Apache Kafka "
                "(docs/backup.md)"
            ) from None

    async def _until_ends(self, place: TopicPartition, end: int) -> None:
        while True:
            if await self._consumer.end_offsets([place]) == {place: end}:
                return
            await asyncio.sleep(LOOK_S)

    async def _fill(self, place: TopicPartition, count: int, timestamp_ms: int) -> None:
        producer = self._transactional
        if count == 1:
            # A transaction that wrote nothing and ends: its marker takes the one offset.
            producer._txn_manager.maybe_add_partition_to_txn(place)
            await producer.commit_transaction()
            return
        while count > 1:
            written = min(FILLED_AT_ONCE, count - 1)
            await self._send_fillers(producer, place, written, timestamp_ms)
            count -= written
        await producer.abort_transaction()

    async def _send_fillers(
        self, producer: AIOKafkaProducer, place: TopicPartition, count: int, timestamp_ms: int
    ) -> None:
        while count:
            batch = producer.create_batch()
            told = {"timestamp": timestamp_ms, "key": FILLER, "value": None}
            while count and batch.append(**told) is not None:
                count -= 1
            await (await producer.send_batch(batch, place.topic, partition=place.partition))

    async def _send(
        self,
        place: TopicPartition,
        batch: BatchBuilder,
        at: int | None,
        producer: AIOKafkaProducer | None = None,
    ) -> None:
        by = producer or self._plain
        sending = await by.send_batch(batch, place.topic, partition=place.partition)
        told = await sending
        name = f"{place.topic}/{place.partition}"
        if told.timestamp_type == LOG_APPEND_TIME:
            raise BackupError(
                f"{name} is given the broker's time, and not its records': set "
                "message.timestamp.type to CreateTime, or checkpoints will not know their log again"
            )
        if at is not None and told.offset != at:
            raise BackupError(
                f"{name}: a record that stood at {at} came to stand at {told.offset}: somebody "
                "else writes to it"
            )


def now_ms() -> int:
    """For what stands in a gap that no record follows."""
    return int(time.time() * 1000)
