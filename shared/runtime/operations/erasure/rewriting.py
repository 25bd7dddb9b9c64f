"""Takes records out of a partition.

Kafka deletes by age, by key, or from the beginning of a log. So what is to stay is published again
at the end (`copies`), in its order, and the log is deleted up to the last record that is to go: of
a compacted topic the newest values, of another one every record. Whoever was killed between the two
goes on: copies name the record that they are of, and none is made twice.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from aiokafka.admin import RecordsToDelete
from aiokafka.errors import KafkaError

from shopkeeper.shared.contracts import topics

from ...kafka.copies import LogRewriter, origin_of
from .settling import committed
from .traces import HANDED_ON

if TYPE_CHECKING:
    from ...settings import KafkaSettings
    from .survey import Found

SLICE = 5_000  # records held at once


class Rewriter(LogRewriter):
    """An async context manager. copies_max: a partition that needs more stays as it is."""

    def __init__(self, kafka: KafkaSettings, copies_max: int) -> None:
        self._kafka, self._copies_max = kafka, copies_max
        super().__init__(kafka)

    async def remove(self, found: Found) -> str:
        """Take the traces out of one partition; why that was not done, or "". Raises KafkaError."""
        following = found.traces[-1] + 1
        if found.topic in HANDED_ON:
            return await self._remove_consumed(found, following)
        try:  # deletes nothing: whether it may
            await self._delete(found, found.start)
        except KafkaError as error:
            return f"the broker refuses to delete ({type(error).__name__}): {_HOW}"
        if topics.BY_NAME[found.topic].cleanup == "compact":
            copied = await self._copy_newest(found, following)
        else:
            copied = await self._copy_all(found, following)
        if copied:
            return copied
        await self._delete(found, following)
        return ""

    async def _delete(self, found: Found, before: int) -> None:
        await self._admin.delete_records({found.place: RecordsToDelete(before_offset=before)})

    async def _remove_consumed(self, found: Found, following: int) -> str:
        """Of texts on their way: what was read is of no use to anybody."""
        [service] = topics.BY_NAME[found.topic].consumers
        reached = (await committed(self._kafka, service)).get(found.place, 0)
        if reached < following:
            return f"{service} has not read it yet"
        await self._delete(found, following)
        return ""

    async def _copy_newest(self, found: Found, following: int) -> str:
        gone = {*found.traces}
        newest: dict[bytes | None, int] = {}
        async for record in self._read(found, found.start, found.end):
            newest[record.key] = record.offset
        due = {at for at in newest.values() if at < following and at not in gone}
        if len(due) > self._copies_max:
            return _too_many(len(due), self._copies_max)
        copies = {}
        async for record in self._read(found, found.start, following):
            if record.offset in due and record.value is not None:
                copies[record.key] = record
        if not await self._copier.publish_newest(found.place, copies, found.end):
            return "it changes too fast to be rewritten"
        return ""

    async def _copy_all(self, found: Found, following: int) -> str:
        if following - found.start - len(found.traces) > self._copies_max:
            return _too_many(following - found.start, self._copies_max)
        gone = {*found.traces}
        async for record in self._read(found, following, found.end):
            if (origin := origin_of(record)) is not None:
                gone.add(origin)  # copied by somebody who was killed before deleting
        retention_ms = topics.BY_NAME[found.topic].retention_ms
        oldest_ms = 0 if retention_ms is None else int(time.time() * 1000) - retention_ms
        copies = []
        async for record in self._read(found, found.start, following):
            if record.offset not in gone and record.timestamp >= oldest_ms:
                copies.append(record)
            if len(copies) >= SLICE:
                await self._copier.publish(found.place, copies)
                copies.clear()
        await self._copier.publish(found.place, copies)
        return ""

    async def _read(self, found: Found, start: int, end: int) -> Any:
        for at in range(start, end, SLICE):
            for record in await self._copier.read(found.place, at, min(end, at + SLICE)):
                yield record


_HOW = "its cleanup.policy must be delete, or compact,delete; and DELETE on the topic be allowed"


def _too_many(count: int, most: int) -> str:
    return f"{count} records would have to be published again, more than {most}"
