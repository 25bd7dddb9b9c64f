"""Records as a table over the bytes that were fetched: a `Record` is made where one is asked for.

And what is done to fetched records on their way to the state thread, so that slices stay slices
(`joined`, `at_or_after`, `below`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from shopkeeper.shared.bulk.table import (
    END,
    HEADERS,
    KEY,
    KEY_LENGTH,
    NULL,
    OFFSET,
    VALUE,
    VALUE_LENGTH,
)

from .records import Record

if TYPE_CHECKING:
    import re
    from collections.abc import Collection, Iterator

    from numpy.typing import NDArray

_POSITIONS = [KEY, VALUE, HEADERS, END]


class RecordSlice(Sequence[Record]):
    """Consecutive records of one partition.

    table: (records, bulk.table.COLUMNS), whose positions point into `buffer`; both as
    `bulk.records.index_records` found them sound. Slicing copies nothing.
    """

    __slots__ = ("_raw", "buffer", "partition", "table", "topic")

    def __init__(self, topic: str, partition: int, raw: bytes, table: NDArray[np.int64]) -> None:
        self.topic, self.partition = topic, partition
        self._raw, self.table = raw, table
        self.buffer: NDArray[np.uint8] = np.frombuffer(raw, np.uint8)

    def __len__(self) -> int:
        return len(self.table)

    @overload
    def __getitem__(self, index: int) -> Record: ...

    @overload
    def __getitem__(self, index: slice) -> RecordSlice: ...

    def __getitem__(self, index: int | slice) -> Record | RecordSlice:
        if isinstance(index, slice):
            assert index.step in (None, 1)
            return RecordSlice(self.topic, self.partition, self._raw, self.table[index])
        return self._record(self.table[index].tolist())

    def __iter__(self) -> Iterator[Record]:
        return map(self._record, self.table.tolist())

    def matches(self, pattern: re.Pattern[bytes]) -> Iterator[tuple[int, re.Match[bytes]]]:
        """(offset of its record, match) of whatever a pattern finds in the records' bytes."""
        if not len(self.table):
            return
        ends = self.table[:, END]
        for match in pattern.finditer(self._raw, int(self.table[0, KEY]), int(ends[-1])):
            row = int(np.searchsorted(ends, match.start(), side="right"))
            yield int(self.table[row, OFFSET]), match

    def _record(self, row: list[int]) -> Record:
        # In the order of bulk.table.
        offset, timestamp, timestamp_type, key, key_length, value, value_length, headers, _ = row
        raw = self._raw
        return Record(
            self.topic,
            self.partition,
            offset,
            timestamp,
            timestamp_type,
            None if key_length == NULL else raw[key : key + key_length],
            # By name from here on, as in `unpacking`.
            value=None if value_length == NULL else raw[value : value + value_length],
            headers=_headers(raw, headers),
        )

    @property
    def last(self) -> int:
        """The last record's offset."""
        return int(self.table[-1, OFFSET])

    @property
    def sizes(self) -> NDArray[np.int64]:
        """(records,) bytes of each record's key and value."""
        lengths = self.table[:, KEY_LENGTH : VALUE_LENGTH + 1 : VALUE_LENGTH - KEY_LENGTH]
        sizes: NDArray[np.int64] = np.maximum(lengths, 0).sum(axis=1)
        return sizes

    def place(self, offset: int) -> int:
        """How many records lie below an offset."""
        return int(np.searchsorted(self.table[:, OFFSET], offset))

    def joined_with(self, others: Sequence[RecordSlice]) -> RecordSlice:
        """These records, and those of the slices that follow."""
        slices = [self, *others]
        table = np.concatenate([each.table for each in slices])
        if all(each._raw is self._raw for each in others):
            return RecordSlice(self.topic, self.partition, self._raw, table)
        pieces: list[bytes] = []
        row = length = 0
        for each in slices:
            start, end = int(each.table[0, KEY]), int(each.table[-1, END])
            table[row : row + len(each), _POSITIONS] += length - start
            pieces.append(each._raw[start:end])
            row += len(each)
            length += end - start
        return RecordSlice(self.topic, self.partition, b"".join(pieces), table)


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    found = shift = 0
    while (byte := raw[at]) >= 0x80:
        found |= (byte & 0x7F) << shift
        shift += 7
        at += 1
    found |= byte << shift
    return (found >> 1) ^ -(found & 1), at + 1


def _headers(raw: bytes, at: int) -> list[tuple[str, bytes]]:
    """A record's headers, as aiokafka gives them: where a value is null, it is None."""
    count, at = _varint(raw, at)
    headers: list[tuple[str, Any]] = []
    for _ in range(count):
        # Most lengths are of one byte, and even: not negative.
        if (length := raw[at]) < 0x80 and not length & 1:
            length, at = length >> 1, at + 1
        else:
            length, at = _varint(raw, at)
        begin, at = at, at + length
        name = raw[begin:at].decode()
        if (length := raw[at]) < 0x80 and not length & 1:
            length, at = length >> 1, at + 1
        else:
            length, at = _varint(raw, at)
        if length < 0:
            headers.append((name, None))
        else:
            headers.append((name, raw[at : at + length]))
            at += length
    return headers


def joined(parts: Sequence[Sequence[Any]]) -> Sequence[Any]:
    """The records of all parts: a slice where all are, else a list."""
    if len(parts) == 1:
        return parts[0]
    slices = [part for part in parts if isinstance(part, RecordSlice)]
    if not slices or len(slices) != len(parts):
        return [record for part in parts for record in part]
    return slices[0].joined_with(slices[1:])


def at_or_after(records: Sequence[Any], offset: int) -> Sequence[Any]:
    """The records from this offset on."""
    if isinstance(records, RecordSlice):
        return records[records.place(offset) :]
    return [record for record in records if record.offset >= offset]


def below(records: Sequence[Any], offset: int) -> Sequence[Any]:
    """The records up to this offset, without it."""
    if isinstance(records, RecordSlice):
        return records[: records.place(offset)]
    return [record for record in records if record.offset < offset]


def by_offset(records: Sequence[Any], offsets: Collection[int]) -> dict[int, Any]:
    """The records that lie at these offsets."""
    if isinstance(records, RecordSlice):
        return {offset: records[records.place(offset)] for offset in offsets}
    return {record.offset: record for record in records}
