"""Reads topics from start to end, and asks how far a group has come. To publish: `Publisher`."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from shopkeeper.shared.runtime.kafka.admin import committed_by, connected

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopkeeper.shared.runtime.settings import KafkaSettings

READ_S_MAX = 60.0


async def read_topic(kafka: KafkaSettings, topic: str) -> list[Any]:
    """Every record that the topic (unprefixed name) holds now: aiokafka's ConsumerRecords.

    In order within each partition, partitions in any order; committed transactions only.
    """
    name = kafka.topic(topic)
    consumer = AIOKafkaConsumer(
        **kafka.client_options(),
        group_id=None,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    records: list[Any] = []
    await consumer.start()
    try:
        numbers = await _partitions(kafka, name)
        partitions = [TopicPartition(name, number) for number in numbers]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        async with asyncio.timeout(READ_S_MAX):
            # The position, not the last record's offset: compaction leaves gaps at the end.
            while any([await consumer.position(p) < end for p, end in ends.items()]):
                found = await consumer.getmany(timeout_ms=100)
                records += (r for p in partitions for r in found.get(p, ()) if r.offset < ends[p])
    finally:
        await consumer.stop()
    return records


async def end_offsets(kafka: KafkaSettings, topic: str) -> list[int]:
    """Up to where each partition can be read, by partition number: its next offset, or the first
    of a transaction that is open."""
    name = kafka.topic(topic)
    consumer = AIOKafkaConsumer(
        **kafka.client_options(), group_id=None, isolation_level="read_committed"
    )
    await consumer.start()
    try:
        numbers = await _partitions(kafka, name)
        ends = await consumer.end_offsets([TopicPartition(name, number) for number in numbers])
    finally:
        await consumer.stop()
    return [ends[TopicPartition(name, number)] for number in numbers]


async def _partitions(kafka: KafkaSettings, name: str) -> list[int]:
    async with connected(kafka) as admin:
        (described,) = await admin.describe_topics([name])
    assert described["partitions"], f"topic {name} does not exist"
    return sorted(partition["partition"] for partition in described["partitions"])


async def committed_offsets(kafka: KafkaSettings, service: str, topic: str) -> list[int]:
    """What the service's group has committed per partition of the topic; 0 where nothing."""
    count = len(await end_offsets(kafka, topic))
    async with connected(kafka) as admin:
        found = await committed_by(admin, kafka.topic(f"shopkeeper-{service}"))
    name = kafka.topic(topic)
    offsets = (found.get(TopicPartition(name, number)) for number in range(count))
    return [0 if offset is None else max(0, offset.offset) for offset in offsets]


async def until_consumed(
    kafka: KafkaSettings,
    service: str,
    source_topics: Sequence[str],
    seconds: float = READ_S_MAX,
    check: Callable[[], object] = lambda: None,
) -> None:
    """Return once the service has checkpointed and committed all that its source topics hold.

    check: called in between; may raise, for example when a worker has died.
    Raises AssertionError, naming the offsets, after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        behind = {}
        for topic in source_topics:
            ends = await end_offsets(kafka, topic)
            done = await committed_offsets(kafka, service, topic)
            if done != ends:
                behind[topic] = (done, ends)
        if not behind:
            return
        check()
        assert time.monotonic() < deadline, f"{service} is behind, (committed, end): {behind}"
        await asyncio.sleep(0.1)
