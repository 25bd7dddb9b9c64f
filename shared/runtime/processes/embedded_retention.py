"""A log cleaner for the embedded broker, which keeps every record in memory for ever.

Apache Kafka deletes by age and size and compacts by key; noida-db does neither, and takes about
three times a record's size. So whoever runs one for long (the demo) runs this beside it:

- Of a topic that is deleted by age, each partition keeps its newest records, and whatever a
  worker's group has not committed yet.
- Of a compacted topic, each partition is rewritten once it holds about twice what its latest values
  take: those that lie far back are published again, at the end, and the old part is deleted. A
  worker may publish a newer value meanwhile, which the copy would hide; so what came beside the
  copies is read, and put on top again.

Compacted topics must have been created with `admin.COMPACTED_BY_US`: brokers refuse to delete from
others. Checkpoint topics are left to the workers, which delete what is superseded by themselves.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete
from aiokafka.errors import KafkaError

from shopkeeper.shared.contracts import topics

from ..kafka import admin
from ..kafka.copies import LogRewriter

if TYPE_CHECKING:
    from shopkeeper.shared.contracts.topics import Topic

    from ..settings import KafkaSettings

log = logging.getLogger(__name__)

INTERVAL_S = 5.0
RECORDS_KEPT = 1_000  # newest, per partition of a topic that is deleted by age
VIEW_BYTES_KEPT = 100_000  # newest, per partition of a compacted topic: they are left in place
VIEW_SLACK_BYTES = 300_000  # per partition, beyond twice its latest values
VIEW_RECORDS_MIN = 20  # fewer are not worth reading


class EmbeddedRetention(LogRewriter):
    """Cleans all of our topics on one embedded broker. An async context manager.

    records_kept, view_bytes_kept, view_slack_bytes: see the constants; smaller in tests.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        *,
        records_kept: int = RECORDS_KEPT,
        view_bytes_kept: int = VIEW_BYTES_KEPT,
        view_slack_bytes: int = VIEW_SLACK_BYTES,
    ) -> None:
        self._kafka = kafka
        self._records_kept = records_kept
        self._view_bytes_kept, self._view_slack_bytes = view_bytes_kept, view_slack_bytes
        # As of the last time that it was read: bytes of latest values, of all, and their count.
        self._measured: dict[TopicPartition, tuple[int, int, int]] = {}
        super().__init__(kafka)

    async def run(self) -> None:
        """Clean every few seconds, until cancelled. A failure is logged: too many
        records are a cost, not an error."""
        while True:
            await asyncio.sleep(INTERVAL_S)
            try:
                await self.clean()
            except (KafkaError, OSError) as error:
                log.warning("the embedded broker's log was not cleaned: %r", error)

    async def clean(self) -> None:
        """Once over all topics. Raises KafkaError."""
        cleaned = [t for t in topics.ALL if t.name not in _CHECKPOINTS]
        names = {self._kafka.topic(t.name): t for t in cleaned}
        found = await admin.partitions_of(self._kafka, list(names))
        places = {TopicPartition(name, n): names[name] for name in found for n in found[name]}
        starts = await self._consumer.beginning_offsets(list(places))
        ends = await self._consumer.end_offsets(list(places))
        committed = await self._committed()
        due: dict[TopicPartition, int] = {}
        for place, topic in places.items():
            unread = committed.get(place, 0 if _readers(topic) else ends[place])
            if topic.cleanup == "compact":
                if self._is_worth_reading(place, ends[place] - starts[place]):
                    before = await self._rewrite(place, starts[place], ends[place])
                    due[place] = min(before, unread)
            else:
                due[place] = min(ends[place] - self._records_kept, unread)
        due = {place: before for place, before in due.items() if before > starts[place]}
        if due:
            await self._admin.delete_records(
                {place: RecordsToDelete(before_offset=before) for place, before in due.items()}
            )

    async def _committed(self) -> dict[TopicPartition, int]:
        """How far every group that reads a partition has come; absent where one has not begun."""
        groups = [
            await self._admin.list_consumer_group_offsets(self._kafka.topic(f"shopkeeper-{name}"))
            for name in topics.SERVICES
        ]
        lowest: dict[TopicPartition, int] = {}
        readers: dict[TopicPartition, int] = {}
        for group in groups:
            for place, committed in group.items():
                if committed.offset >= 0:
                    lowest[place] = min(lowest.get(place, committed.offset), committed.offset)
                    readers[place] = readers.get(place, 0) + 1
        wanted = {self._kafka.topic(t.name): len(_readers(t)) for t in topics.ALL}
        return {p: o for p, o in lowest.items() if readers[p] >= wanted.get(p.topic, 0)}

    def _is_worth_reading(self, place: TopicPartition, records: int) -> bool:
        if place not in self._measured:
            return records >= VIEW_RECORDS_MIN
        live, total, count = self._measured[place]
        # Twice as many may be larger ones.
        return records >= 2 * count or self._is_long(live, records * total / count)

    def _is_long(self, live_bytes: int, total_bytes: float) -> bool:
        return total_bytes > 2 * live_bytes + self._view_slack_bytes

    async def _rewrite(self, place: TopicPartition, start: int, end: int) -> int:
        """Publish old values that still count again; returns the offset before which all can go."""
        records = await self._copier.read(place, start, end)
        latest = {record.key: record for record in records}
        live, total = sum(map(_size, latest.values())), sum(map(_size, records))
        self._measured[place] = live, total, max(1, len(records))
        if not self._is_long(live, total):
            return start
        kept, keep_from = 0, end
        for record in reversed(records):
            kept += _size(record)
            if kept > self._view_bytes_kept:
                break
            keep_from = record.offset
        copies = {
            key: record
            for key, record in latest.items()
            if record.offset < keep_from and record.value is not None
        }
        if await self._copier.publish_newest(place, copies, end):
            return keep_from
        log.warning("%s/%d changes too fast to be rewritten", *place)
        return start


_CHECKPOINTS = frozenset(topics.checkpoints(service) for service in topics.SERVICES)


def _size(record: Any) -> int:
    """About what a record takes: most are small, so headers and frame count."""
    headers = sum(len(name) + len(value or b"") for name, value in record.headers or ())
    return len(record.key or b"") + len(record.value or b"") + headers + 100


def _readers(topic: Topic) -> list[str]:
    """The services whose groups consume the topic: those that may dead-letter its records. Who
    else reads it reads it whole, and commits nothing."""
    return [s for s in topics.SERVICES if topics.dead_letters(topic.name, s) in topics.BY_NAME]
