"""Reads lists and answers as they are published, into the feed: a component of the worker."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.copies import is_copy
from shopkeeper.shared.runtime.kafka.reader import Reader
from shopkeeper.shared.runtime.kafka.sink import partition_of
from shopkeeper.shared.runtime.tasks import end_tasks

from .core.feed import ANSWERS, LISTS, Published

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.runtime.settings import KafkaSettings

    from .core.feed import Feed

POLL_S = 0.5
_SEARCHED = f"{topics.SEARCHES}/"  # a list's id begins with the topic of its cause
_KINDS = {topics.RECOMMENDATIONS: LISTS, topics.ANSWERS: ANSWERS}


class FeedReader:
    """Takes both topics in whole at start, then as they go on."""

    def __init__(self, kafka: KafkaSettings, feed: Feed) -> None:
        self._kafka, self._feed = kafka, feed
        self._task: asyncio.Task[None] | None = None
        self._caught_up = asyncio.Event()
        self._counts: dict[str, int] = {}

    async def start(self) -> None:
        """Return once what was there before is read."""
        self._task = asyncio.create_task(self._run(), name="feed")
        waiting = asyncio.create_task(self._caught_up.wait())
        await asyncio.wait({self._task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._task.done():
            self._task.result()

    async def stop(self) -> None:
        """Stop reading."""
        if self._task is not None:
            await end_tasks([self._task])

    async def wait(self) -> None:
        """Wait until it fails."""
        assert self._task is not None
        await asyncio.shield(self._task)

    def partitions_of(self, key: bytes) -> Sequence[int]:
        """Where a key's records lie, in the order of the feed's kinds."""
        return [partition_of(key, self._counts[topic]) for topic in _KINDS]

    async def _run(self) -> None:
        async with Reader(self._kafka, list(_KINDS), from_start=True) as reader:
            for topic in _KINDS:
                name = self._kafka.topic(topic)
                self._counts[topic] = sum(place.topic == name for place in reader.places)
            async for record in reader.until_now():
                self._feed.take([_published(reader, record)])
            self._caught_up.set()
            while True:
                records = await reader.poll(POLL_S)
                self._feed.take([_published(reader, record) for record in records])


def _published(reader: Reader, record: Any) -> Published:
    headers = dict(record.headers or ())

    def said(name: str) -> str:
        return str((headers.get(name) or b"").decode(errors="replace"))

    return Published(
        _KINDS[reader.name(record)],
        record.partition,
        record.offset,
        record.key or b"",
        record.value or None,
        cause=said("ce_causationid"),
        searched=said("ce_id").startswith(_SEARCHED),
        experts=said("ce_experts"),
        views=said("ce_views"),
        copy=is_copy(record),
    )
