"""What consumers of this project are handed: records, and batches that cannot be decoded."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import xxhash

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)


class Record(msgspec.Struct, gc=False):
    """A consumed record: aiokafka's `ConsumerRecord` for a third of its time, and nothing for
    Python's cycle collector to walk over. There are no deserialisers in this project."""

    topic: str
    partition: int
    offset: int
    timestamp: int  # milliseconds
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Undecodable(Record, gc=False):
    """A batch, or what is left of one, of which no record can be had. It stands in its records'
    place, at the last one's `offset`, so that reading goes on behind all of them.

    `value` is the whole batch as the broker keeps it, key and headers are empty.
    """

    first_offset: int
    cause: str

    def describe(self) -> str:
        """For a person: which offsets, and why. Names no topic."""
        if self.first_offset == self.offset:
            return f"the batch at offset {self.offset} cannot be decoded: {self.cause}"
        return (
            f"the batch of offsets {self.first_offset} to {self.offset} cannot be decoded: "
            f"{self.cause}"
        )


def readable(
    records: Sequence[Any], on_left_out: Callable[[Undecodable], object] = lambda batch: None
) -> Sequence[Any]:
    """The records without undecodable batches, of which each is logged and told to `on_left_out`:
    for readers that have no dead letters."""
    if Undecodable not in map(type, records):
        return records
    for batch in records:
        if type(batch) is Undecodable:
            log.error("%s/%d: %s: left out", batch.topic, batch.partition, batch.describe())
            on_left_out(batch)
    return [record for record in records if type(record) is not Undecodable]


class Mark(NamedTuple):
    """A record, by what makes it this one and no other."""

    offset: int
    digest: str  # 16 bytes, in hexadecimal


def mark(record: Any) -> Mark:
    """The mark of a record: over its key, value and timestamp."""
    told = str(record.timestamp).encode()
    for part in (record.key, record.value):
        told += b"-" if part is None else b"+%d:%b" % (len(part), part)
    return Mark(record.offset, xxhash.xxh3_128_hexdigest(told))
