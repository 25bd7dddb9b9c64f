"""What passes between the decoder, the runtime and the cores: small value types.

An incoming record becomes exactly one of `Event` (wanted and valid), `Rejected` (bad: to the
dead-letter queue), `Skipped` (valid, but nothing for this worker) or `Several` of these, where it
holds several events. A core returns `Output`s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Headers = list[tuple[str, bytes]]
KeyValue = tuple[bytes | None, bytes | None]  # of a record; a value of None is a tombstone
Stamp = tuple[int, int]  # of a record: its timestamp in milliseconds, its offset

FORWARDED = "shopkeeper.forwarded"  # the last header of a record that a worker published again
# Of a record of several events, which of them are meant: the others were dealt with elsewhere.
PARTS = "shopkeeper.parts"
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
    part: int | None = None  # which event of its record, from 0; None: its only one

    @property
    def ordinal(self) -> int:
        """For ids of outputs that this event causes: distinct within its record."""
        return self.part or 0


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """One bad record: it goes to the dead-letter queue with its own offset."""

    offset: int
    stage: str  # decode | validate
    error: str  # a class of error from the closed set `parsing.ERRORS`; a metric label
    message: str  # for a person; never contains payload text
    part: int | None = None  # of the event that is bad, where its record holds several


class Record(Protocol):
    """What the decoder needs of a consumer's record."""

    offset: int
    partition: int
    timestamp: int  # milliseconds
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Skipped(msgspec.Struct, frozen=True, gc=False):
    """One valid record that this worker has no use for."""

    offset: int
    reason: str  # closed set, e.g. "other_type"; a metric label


class Several(msgspec.Struct, frozen=True, gc=False):
    """One record of several events: what became of each, in their order."""

    offset: int
    verdicts: tuple[Event | Rejected | Skipped, ...]


Decoded = Event | Rejected | Skipped | Several


def parts_header(headers: Iterable[tuple[str, bytes]], parts: Iterable[int]) -> Headers:
    """The headers with these parts named, instead of any that were named before."""
    kept = [(name, value) for name, value in headers if name != PARTS]
    return [*kept, (PARTS, ",".join(map(str, parts)).encode())]


def parts_of(headers: Iterable[tuple[str, bytes]]) -> frozenset[int] | None:
    """Which of a record's events are meant; None: all of them."""
    for name, value in headers:
        if name == PARTS:
            numbers = (value or b"").split(b",")
            if all(number.isdigit() and len(number) < 6 for number in numbers):
                return frozenset(map(int, numbers))
    return None


class Output(msgspec.Struct, frozen=True, gc=False):
    """One record to publish. `partition` None lets the key decide (murmur2, as Java's client)."""

    topic: str  # unprefixed name from `topics`
    key: bytes | None
    value: bytes | None  # None = tombstone
    headers: Headers
    partition: int | None = None
    timestamp_ms: int | None = None  # of the record; None: when it is published
