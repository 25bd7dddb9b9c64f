"""Record batches of message format 2 made into slices; None where there is any doubt.

Then the batch is read one record at a time, which decides what is wrong with it (`unpacking`).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
from aiokafka import codec

from shopkeeper.shared.bulk.table import COLUMNS, OFFSET

from .record_slices import RecordSlice

if TYPE_CHECKING:
    from collections.abc import Callable

RECORDS_MIN = 32  # below this a table costs more than its records
# Base offset, magic, attributes, last offset's delta, first and last timestamp, count of records.
HEADER = struct.Struct(">q8xb4xhiqq14xi")
MAGIC, CODEC_BITS, BROKER_TIME_BIT = 2, 0x07, 0x08
NUMBER_MAX = 1 << 53
RECORD_BYTES_MIN = 7
CODECS: dict[int, Callable[[bytes], bytes]] = {
    1: codec.gzip_decode,
    2: codec.snappy_decode,
    3: codec.lz4_decode,
    4: codec.zstd_decode,
}
PASSED_OVER = 8  # batches, where a slice was of no use
# (topic, partition) -> batches that are to be read one record at a time; of two threads, and a
# number that is lost in between costs nothing but time.
_passed_over: dict[tuple[str, int], int] = {}


def pass_over(records: RecordSlice) -> None:
    """A slice had to be gone through record by record, for which records are sooner made at once:
    the next batches of its partition come as records."""
    _passed_over[records.topic, records.partition] = PASSED_OVER


def pass_over_none() -> None:
    """Forget what was said of any partition."""
    _passed_over.clear()


def sliced(
    tp: Any, batch: Any, raw: bytes, span: tuple[int, int], position: int
) -> RecordSlice | None:
    """The records of a batch from the offset `position` on, perhaps none.

    batch: as aiokafka has it, its checksum found right, its records not yet read. span: where in
    `raw` it begins and ends. May raise what codecs raise.
    """
    from shopkeeper.shared.bulk.records import index_records  # numba: where it is needed only

    start, end = span
    if end - start < HEADER.size:
        return None
    if left := _passed_over.get(tp, 0):
        _passed_over[tp] = left - 1
        return None
    base, magic, attributes, delta, first, newest, count = HEADER.unpack_from(raw, start)
    following = base + delta + 1
    if (
        magic != MAGIC
        or count < RECORDS_MIN
        or (base, following) != (batch.base_offset, batch.next_offset)
        or not 0 <= base <= NUMBER_MAX
        or max(abs(first), abs(newest)) > NUMBER_MAX
    ):
        return None
    at = start + HEADER.size
    compression = attributes & CODEC_BITS
    if compression:
        unpack = CODECS.get(compression)
        if unpack is None:
            return None
        raw = bytes(unpack(raw[at:end]))
        at, end = 0, len(raw)
    if count * RECORD_BYTES_MIN > end - at:
        return None
    table = np.empty((count, COLUMNS), np.int64)
    timestamp_type = 1 if attributes & BROKER_TIME_BIT else 0
    sound = index_records(
        np.frombuffer(raw, np.uint8),
        (at, end),
        (base, following),
        (first, newest, timestamp_type),
        table,
    )
    if not sound:
        return None
    read = int(np.searchsorted(table[:, OFFSET], position))
    return RecordSlice(tp.topic, tp.partition, raw, table[read:] if read else table)
