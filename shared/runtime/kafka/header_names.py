"""Header names that are not UTF-8 must not stop a partition.

aiokafka decodes header names strictly, so one record with a malformed one (librdkafka sends any
bytes) raises for ever at the same offset: no consumer of the partition gets past it. Java's client
replaces what is malformed, and so do we: its bytes become question marks, the record and its
neighbours go on. Only a batch in which decoding failed is looked at (`unpacking`); all else stays
as fast.

Knows aiokafka 0.14's inside, which the lock pins; `tests/broker/test_bad_input.py` fails where it
no longer fits.
"""

from __future__ import annotations

import itertools
from functools import partial
from typing import Any

from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy

# Not the compiled one: it reads beyond the buffer's end, and the process ends there.
from aiokafka.record.util import decode_varint_py as decode_varint


def repaired(raw: bytes, error: Exception) -> Any:
    """A batch, its malformed header names made readable; None if those were not the fault.

    raw: the batch, whose checksum is right. error: what decoding it raised.
    """
    cause = error if isinstance(error, UnicodeDecodeError) else error.__cause__
    if not isinstance(cause, UnicodeDecodeError) or raw[_MemoryRecordsPy.MAGIC_OFFSET] < 2:
        return None  # older formats have no headers
    batch: Any = _DefaultRecordBatchPy(raw)
    try:
        batch._maybe_uncompress()
        blank_malformed_names(batch._buffer, batch._pos, batch._num_records)
    except Exception:  # malformed in another way as well
        return None
    batch._read_msg = partial(batch._read_msg, decode_varint)
    batch.validate_crc = lambda: True  # the bytes are not those any more that it was made of
    return batch


def blank_malformed_names(buffer: bytearray, start: int, record_count: int) -> None:
    """Replace header names that are not UTF-8 by as many question marks, in place.

    buffer: uncompressed records of message format 2, the first at `start`
    (https://kafka.apache.org/documentation/#recordbatch). Raises IndexError or ValueError where
    they are malformed in another way.
    """
    for _ in range(record_count):
        length, at = decode_varint(buffer, start)
        start = at + _size(length, at, buffer)
        for _ in range(3):  # attributes (one byte, read alike), timestamp and offset deltas
            _, at = decode_varint(buffer, at)
        for _ in range(2):  # key and value; -1 is null
            size, at = decode_varint(buffer, at)
            at += max(0, size)
        header_count, at = decode_varint(buffer, at)
        for _ in itertools.repeat(None, header_count):
            size, at = decode_varint(buffer, at)
            size = _size(size, at, buffer)
            try:
                buffer[at : at + size].decode()
            except UnicodeDecodeError:
                buffer[at : at + size] = b"?" * size
            at += size
            size, at = decode_varint(buffer, at)
            at += max(0, size)


def _size(size: int, at: int, buffer: bytearray) -> int:
    if size < 0 or at + size > len(buffer):  # going back would take for ever
        raise ValueError(f"a size of {size} at {at} of {len(buffer)}")
    return size
