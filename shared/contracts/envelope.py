"""What passes between the decoder, the runtime and the cores: three small value types.

An incoming record becomes exactly one of `Event` (wanted and valid), `Rejected` (bad: to the
dead-letter queue) or `Skipped` (valid, but another worker's). A core returns `Output`s.
"""

from __future__ import annotations

from typing import Any

import msgspec

Headers = list[tuple[str, bytes]]
KeyValue = tuple[bytes | None, bytes | None]  # of a record; a value of None is a tombstone

FORWARDED = "shopkeeper.forwarded"  # the last header of a record that a worker published again
HANDOVER = "shopkeeper.handover"  # the first header of what partitions of a topic tell each other


class Event(msgspec.Struct, frozen=True, gc=False):
    """One valid event, with what provenance needs of its record."""

    type: str  # suffix without the shop's prefix, e.g. "product.clicked.v1"
    data: Any  # the Struct of events/shop.py for this type; None = tombstone
    key: bytes | None
    offset: int
    time_ms: int  # ce_time, or else the record's timestamp; Unix epoch, milliseconds
    id: str  # ce_id, or else "topic/partition/offset"
    source: str  # ce_source, or else "unknown"; "" where the id was made up: it has no repeats
    correlation_id: str  # ce_correlationid, or else `id`
    traceparent: bytes | None = None


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """One bad record: it goes to the dead-letter queue with its own offset."""

    offset: int
    stage: str  # decode | validate | infer | state | publish
    error: (
        str  # a class of error from a closed set (`parsing.ERRORS`, the cores' own); a metric label
    )
    message: str  # for a person; never contains payload text


class Skipped(msgspec.Struct, frozen=True, gc=False):
    """One valid record that this worker has no use for."""

    offset: int
    reason: str  # closed set, e.g. "other_type"; a metric label


class Output(msgspec.Struct, frozen=True, gc=False):
    """One record to publish. `partition` None lets the key decide (murmur2, as Java's client)."""

    topic: str  # unprefixed name from `topics`
    key: bytes | None
    value: bytes | None  # None = tombstone
    headers: Headers
    partition: int | None = None
    timestamp_ms: int | None = None  # of the record; None: when it is published
