"""Header names that are not UTF-8 must not stop a partition.

aiokafka decodes header names strictly, so one record with a malformed one (librdkafka sends any
bytes) raises for ever at the same offset: no consumer of the partition gets past it. Java's client
replaces what is malformed, and so do we: its bytes become question marks, the record and its
neighbours go on. Only a slice in which decoding failed is looked at; all else stays as fast.

Knows aiokafka 0.14's inside, which the lock pins; `tests/broker/test_bad_input.py` fails where it
no longer fits.
"""

from __future__ import annotations

import itertools
from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords, _MemoryRecordsPy
from aiokafka.record.util import decode_varint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


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


class _Records:
    """A slice of a partition's log as fetched: aiokafka's, and the bytes that it was made of."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        records = MemoryRecords(raw)
        self.has_next, self.next_batch = records.has_next, records.next_batch
        self.size_in_bytes = records.size_in_bytes


class _Repaired:
    """The same slice, its malformed header names made readable; without the batches that end
    below `offset`, which were read already."""

    def __init__(self, raw: bytes, offset: int) -> None:
        records = _MemoryRecordsPy(raw)
        self._batches: deque[Any] = deque()
        while (found := records._next_slice) is not None:
            batch: Any = records.next_batch()
            if batch.next_offset > offset:
                self._batches.append(_readable(found, batch))

    def has_next(self) -> bool:
        return bool(self._batches)

    def next_batch(self) -> Any:
        return self._batches.popleft()


def _readable(found: memoryview, batch: Any) -> Any:
    if found[_MemoryRecordsPy.MAGIC_OFFSET] < 2 or batch.is_control_batch:
        return batch  # older formats have no headers
    repaired: Any = _DefaultRecordBatchPy(found)
    sound = repaired.validate_crc()  # asked before the bytes are changed
    repaired.validate_crc = lambda: sound
    if sound:
        repaired._maybe_uncompress()
        blank_malformed_names(repaired._buffer, repaired._pos, repaired._num_records)
    return repaired


class _PartitionRecords(fetcher.PartitionRecords):  # type: ignore[misc]  # aiokafka is untyped
    """Reads on behind a decoding error in the repaired slice."""

    _records: _Records | _Repaired

    def __iter__(self) -> Iterator[Any]:
        # The generator itself: `for` then pays no Python call per record.
        return self._records_iterator or iter(())

    def _consumer_record(self, tp: Any, record: Any) -> Record:
        return Record(
            tp[0], tp[1], record.offset, record.timestamp, record.timestamp_type,
            record.key, record.value, record.headers,
        )  # fmt: skip

    def _unpack_records(self) -> Iterator[Any]:
        try:
            yield from super()._unpack_records()
        except (UnicodeDecodeError, CorruptRecordException) as error:
            cause = error if isinstance(error, UnicodeDecodeError) else error.__cause__
            records = self._records
            if not isinstance(cause, UnicodeDecodeError) or isinstance(records, _Repaired):
                raise
        else:
            return
        # What was handed out already lies below `next_fetch_offset` and is passed over.
        self._records = _Repaired(records.raw, self.next_fetch_offset)
        yield from super()._unpack_records()


def blank_malformed_names(buffer: bytearray, start: int, record_count: int) -> None:
    """Replace header names that are not UTF-8 by as many question marks, in place.

    buffer: uncompressed records of message format 2, the first at `start`
    (https://kafka.apache.org/documentation/#recordbatch). Raises IndexError or ValueError where
    they are malformed in another way.
    """
    for _ in range(record_count):
        length, at = decode_varint(buffer, start)
        start = at + length
        for _ in range(3):  # attributes (one byte, read alike), timestamp and offset deltas
            _, at = decode_varint(buffer, at)
        for _ in range(2):  # key and value; -1 is null
            size, at = decode_varint(buffer, at)
            at += max(0, size)
        header_count, at = decode_varint(buffer, at)
        for _ in itertools.repeat(None, header_count):
            size, at = decode_varint(buffer, at)
            try:
                buffer[at : at + size].decode()
            except UnicodeDecodeError:
                buffer[at : at + size] = b"?" * size
            at += size
            size, at = decode_varint(buffer, at)
            at += max(0, size)


def install() -> None:
    """Make every aiokafka consumer of this process tolerant. May be called more than once."""
    fetcher.MemoryRecords = _Records
    fetcher.PartitionRecords = _PartitionRecords
