"""What an operator can ask of a service's checkpoints: which there are, and to give them up."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aiokafka.admin import RecordsToDelete

from shopkeeper.shared.contracts import topics

from ..kafka import admin
from ..kafka.membership import group_of
from ..kafka.reader import Reader
from ..state import checkpoints

if TYPE_CHECKING:
    from ..kafka.membership import Member
    from ..settings import KafkaSettings


class Kept(NamedTuple):
    """The newest usable checkpoint of one partition of a source."""

    service: str
    source: str
    partition: int
    next_offset: int
    size_bytes: int
    written_ms: int


async def kept(kafka: KafkaSettings, service: str) -> list[Kept]:
    """The service's checkpoints, by source and partition. Raises KafkaError, CheckpointError."""
    readers: dict[int, checkpoints.Reader] = {}
    async with Reader(kafka, [topics.checkpoints(service)], from_start=True) as reader:
        async for record in reader.until_now():
            number = record.partition
            if number not in readers:
                readers[number] = checkpoints.Reader(service)
            readers[number].take(record.offset, record.key, record.value)
    found = [
        Kept(service, source, number, best[0].next_offset, best[0].size_bytes, best[0].written_ms)
        for number, reader in readers.items()
        for source in reader.sources()
        if (best := reader.best(source, number)) is not None
    ]
    return sorted(found)


async def members(kafka: KafkaSettings, service: str) -> list[Member]:
    """Who is in the service's group, as the broker has it: a worker that ended without leaving
    (killed, or with a WORKER_ID of its own) stays until its session times out. Raises KafkaError.
    """
    group = kafka.topic(f"shopkeeper-{service}")
    async with admin.connected(kafka) as client:
        return (await group_of(client, group))[1]


def remembered_in(service: str) -> list[str]:
    """The topics that hold what a service remembers: its checkpoints, and the logs that only its
    own stages hand each other.

    Those must go with the checkpoints. Who reads them drops repeats by the offsets of what they
    were made from; from a topic that was made anew these begin at 0 again, and behind the old
    log's deltas everything that is new would be taken for a repeat.
    """
    return [
        topic.name
        for topic in topics.ALL
        if topic.internal
        and topic.cleanup == "delete"
        and topic.producers == (service,)
        and {*topic.consumers, *topic.tables_of} == {service}
    ]


async def reset(kafka: KafkaSettings, service: str) -> dict[str, int]:
    """Delete every record of `remembered_in`, and of no other topic.

    Returns how many there were, roughly, by topic. Raises KafkaError.
    """
    async with Reader(kafka, remembered_in(service), from_start=True) as reader:
        begins, ends = await reader.begin_offsets(), await reader.end_offsets()
        names = {place: reader.name(place) for place in ends}
    async with admin.connected(kafka) as client:
        await client.delete_records({place: RecordsToDelete(end) for place, end in ends.items()})
    counts: dict[str, int] = dict.fromkeys(remembered_in(service), 0)
    for place, end in ends.items():
        counts[names[place]] += end - begins[place]
    return counts
