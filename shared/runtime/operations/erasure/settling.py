"""Waits until the workers of every service have read what is there now, durably.

What a group has committed is in a checkpoint (`worker`): what was read is then in no older state
that a worker could begin with.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from aiokafka import TopicPartition

from shopkeeper.shared.contracts import topics

from ...kafka import admin
from ...kafka.reader import Reader

if TYPE_CHECKING:
    from ...settings import KafkaSettings

LOOK_S = 0.25


def consumed_by(service: str) -> list[str]:
    """The topics of its group."""
    return [name for name, topic in topics.BY_NAME.items() if service in topic.consumers]


async def committed(kafka: KafkaSettings, service: str) -> dict[TopicPartition, int]:
    """How far a service has come. Raises KafkaError."""
    async with admin.connected(kafka) as client:
        found = await admin.committed_by(client, kafka.topic(f"shopkeeper-{service}"))
    return {place: each.offset for place, each in found.items() if each.offset >= 0}


async def used(kafka: KafkaSettings) -> list[str]:
    """The services that have ever read anything here."""
    services = [s for s in topics.SERVICES if consumed_by(s)]
    return [service for service in services if await committed(kafka, service)]


async def until_read(
    kafka: KafkaSettings, services: list[str], deadline: float
) -> dict[str, list[TopicPartition]]:
    """Wait until these services have read what their topics hold now. By service, the partitions
    of which something was still unread at the deadline (by the monotonic clock)."""
    names = sorted({name for service in services for name in consumed_by(service)})
    if not names:
        return {}
    async with Reader(kafka, names, from_start=False) as reader:
        starts, ends = await reader.begin_offsets(), await reader.end_offsets()
    left = {
        service: [
            place
            for place, end in ends.items()
            if end > starts[place] and place.topic in {*map(kafka.topic, consumed_by(service))}
        ]
        for service in services
    }
    while True:
        for service, places in left.items():
            if places:
                reached = await committed(kafka, service)
                left[service] = [p for p in places if reached.get(p, 0) < ends[p]]
        left = {service: places for service, places in left.items() if places}
        if not left or time.monotonic() >= deadline:
            return left
        await asyncio.sleep(LOOK_S)
