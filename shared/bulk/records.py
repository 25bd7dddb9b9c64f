"""Record batches of message format 2 as tables (https://kafka.apache.org/documentation/#recordbatch)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .loops import inner, is_ascii, jit, varint
from .table import (
    COLUMNS,
    END,
    HEADERS,
    KEY,
    KEY_LENGTH,
    NULL,
    OFFSET,
    TIMESTAMP,
    TIMESTAMP_TYPE,
    VALUE,
    VALUE_LENGTH,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

TIMESTAMP_MAX = 1 << 53
RECORD_BYTES_MIN = 7


@inner
def _length(buffer: NDArray[np.uint8], at: int, end: int) -> tuple[int, int]:
    """A length, which fits before `end`, or NULL; and the position behind it, -1 if malformed."""
    length, at = varint(buffer, at, end)
    if at < 0 or length < NULL or length > end - at:
        return 0, -1
    return length, at


@inner
def _after_headers(buffer: NDArray[np.uint8], at: int, end: int) -> int:
    """The position behind a record's headers, from that of their count; -1 where they are
    malformed, or a name is not ASCII."""
    count, at = varint(buffer, at, end)
    if at < 0 or count < 0 or count > end - at:
        return -1
    for _ in range(count):
        length, at = _length(buffer, at, end)
        if at < 0 or length < 0 or not is_ascii(buffer, at, length):
            return -1
        length, at = _length(buffer, at + length, end)
        if at < 0:
            return -1
        at += max(0, length)
    return at


@jit
def index_records(
    buffer: NDArray[np.uint8],
    span: tuple[int, int],
    offsets: tuple[int, int],
    times: tuple[int, int, int],
    table: NDArray[np.int64],
) -> bool:
    """Fill `table` (records, COLUMNS) from the records between two positions of `buffer`, `span`.

    offsets: of the first record, at least, and behind the last one's; they ascend between these.
    times: what timestamps are counted from; all records' timestamp, where the type is the broker's
    time; the type. Returns whether all is as it has to be, to the last byte; if not, the table is
    of no use.
    """
    at, end = span
    base, following = offsets
    first, appended, timestamp_type = times
    before = base - 1
    for row in range(len(table)):
        size, at = varint(buffer, at, end)
        if at < 0 or size < RECORD_BYTES_MIN - 1 or size > end - at:
            return False
        last = at + size
        if buffer[at] >= 0x80:  # attributes, of which there are none yet
            return False
        delta, at = varint(buffer, at + 1, last)
        if at < 0 or abs(delta) > TIMESTAMP_MAX:
            return False
        timestamp = appended if timestamp_type else first + delta
        if timestamp < 0 or timestamp > TIMESTAMP_MAX:
            return False
        delta, at = varint(buffer, at, last)
        if at < 0 or delta < 0 or delta > 0x7FFFFFFF:
            return False
        offset = base + delta
        if offset <= before or offset >= following:
            return False
        before = offset
        key_length, at = _length(buffer, at, last)
        if at < 0:
            return False
        key = at
        value_length, at = _length(buffer, at + max(0, key_length), last)
        if at < 0:
            return False
        headers = at + max(0, value_length)
        if _after_headers(buffer, headers, last) != last:
            return False
        table[row, OFFSET] = offset
        table[row, TIMESTAMP] = timestamp
        table[row, TIMESTAMP_TYPE] = timestamp_type
        table[row, KEY] = key
        table[row, KEY_LENGTH] = key_length
        table[row, VALUE] = at
        table[row, VALUE_LENGTH] = value_length
        table[row, HEADERS] = headers
        table[row, END] = last
        at = last
    return at == end


def warm() -> None:
    """Load the machine code, or compile it."""
    table = np.empty((0, COLUMNS), np.int64)
    index_records(np.frombuffer(b"\0", np.uint8), (0, 1), (0, 0), (0, 0, 0), table)
