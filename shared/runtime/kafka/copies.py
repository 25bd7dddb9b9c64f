"""Records of a partition published again at its end, so that the part before them can be deleted.

Brokers delete from the beginning of a log only. A copy has its record's key, value, headers and
timestamp, and one header more, which tells readers that it says nothing new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from . import fetching

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aiokafka import TopicPartition

    from ..settings import KafkaSettings

COPY = "shopkeeper_copy"  # the header; its value is the record's offset
PASSES_MAX = 10  # of putting newer values back on top of copies
REQUEST_BYTES_MAX = 4_000_000

fetching.install()


def is_copy(record: Any) -> bool:
    """Whether a record was published again: it says nothing new."""
    return any(name == COPY for name, _ in record.headers or ())


def origin_of(record: Any) -> int | None:
    """The offset of the record that a copy is of; None: it is no copy, or does not say."""
    value = next((value for name, value in record.headers or () if name == COPY), None)
    return int(value) if value is not None and value.isdigit() else None


class Copier:
    """Reads and copies records of one partition after the other. The clients are the caller's."""

    def __init__(self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer) -> None:
        self._consumer, self._producer = consumer, producer

    async def read(self, place: TopicPartition, start: int, end: int) -> list[Any]:
        """The records of [start, end)."""
        consumer = self._consumer
        consumer.assign([place])
        consumer.seek(place, start)
        records: list[Any] = []
        while await consumer.position(place) < end:
            found = await consumer.getmany(place, timeout_ms=200)
            records += (r for r in found.get(place, ()) if r.offset < end)
        return records

    async def publish(self, place: TopicPartition, records: Iterable[Any]) -> list[int]:
        """Publish copies, in order; returns their offsets once all are confirmed."""
        sending = [
            await self._producer.send(
                place.topic,
                record.value,
                key=record.key,
                partition=place.partition,
                timestamp_ms=record.timestamp,
                headers=[
                    *(h for h in record.headers or () if h[0] != COPY),
                    (COPY, b"%d" % record.offset),
                ],
            )
            for record in records
        ]
        return [(await sent).offset for sent in sending]

    async def publish_newest(
        self, place: TopicPartition, copies: Mapping[bytes | None, Any], read_to: int
    ) -> bool:
        """Publish the newest values of keys again. Somebody may publish a newer value meanwhile,
        which the copy would hide; so what came beside the copies, from `read_to` on, is read, and
        put on top again. False where that found no end."""
        wanted = copies
        for _ in range(PASSES_MAX):
            if not wanted:
                return True
            offsets = await self.publish(place, wanted.values())
            placed = dict(zip(wanted, offsets, strict=True))
            following = max(offsets) + 1
            newer = {
                record.key: record
                for record in await self.read(place, read_to, following)
                if not is_copy(record) and record.offset < placed.get(record.key, -1)
            }
            read_to, wanted = following, newer
        return False


class LogRewriter:
    """The clients of whoever rewrites logs in place. An async context manager; a base class."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._admin = AIOKafkaAdminClient(**kafka.client_options())
        self._consumer = AIOKafkaConsumer(
            **kafka.client_options(),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level=fetching.ISOLATION,
            max_partition_fetch_bytes=REQUEST_BYTES_MAX,
        )
        self._producer = AIOKafkaProducer(
            **kafka.client_options(), enable_idempotence=True, max_request_size=REQUEST_BYTES_MAX
        )
        self._copier = Copier(self._consumer, self._producer)

    async def __aenter__(self) -> Self:
        await self._admin.start()
        await self._consumer.start()
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()
        await self._consumer.stop()
        await self._admin.close()
