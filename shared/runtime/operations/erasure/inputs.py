"""What the shop's own topics still say of a user: it goes with their retention."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shopkeeper.shared.contracts import topics

from ...kafka.reader import Reader
from .traces import Wanted, inputs, names_user

if TYPE_CHECKING:
    from ...settings import KafkaSettings


class Kept(NamedTuple):
    """What one input topic has of a user."""

    topic: str
    records: int
    first: tuple[int, int]  # partition, offset
    newest_ms: int  # timestamp of the newest record
    retention_ms: int | None  # None: what follows from the log cleaner


async def kept(kafka: KafkaSettings, wanted: Wanted) -> list[Kept]:
    """By topic, records with something in them that name the user. Raises KafkaError."""
    found: dict[str, Kept] = {}
    async with Reader(kafka, inputs(), from_start=True) as reader:
        async for record in reader.until_now():
            if not record.value or not names_user(record, wanted):
                continue
            topic = reader.name(record)
            known = found.get(topic)
            if known is None:
                at = record.partition, record.offset
                retention_ms = topics.BY_NAME[topic].retention_ms
                known = Kept(topic, 0, at, record.timestamp, retention_ms)
            newest_ms = max(known.newest_ms, record.timestamp)
            found[topic] = known._replace(records=known.records + 1, newest_ms=newest_ms)
    return list(found.values())
