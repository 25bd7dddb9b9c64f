"""Batches: what a worker holds of the log, and how far each partition has come. No I/O here.

A *batch* is one bounded slice of one partition, in offset order. It belongs to the
*generation* in which it was fetched; every revocation and every assignment begins a new one, and a
batch of an old generation may neither change state nor publish.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .record_slices import RecordSlice

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RECORD_OVERHEAD_BYTES = 100  # headers and Python objects of a small record, roughly


class Partition(NamedTuple):
    """A topic (as the broker knows it) and a partition number."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True, eq=False)
class RecordBatch:
    """Records `first` to `last` (offsets, inclusive) of one partition."""

    partition: Partition
    generation: int
    first: int
    last: int
    size_bytes: int
    records: Sequence[Any]  # `Record`s, or a `RecordSlice`

    def __post_init__(self) -> None:
        assert self.first <= self.last
        assert len(self.records) > 0


def size_bytes(record: Any) -> int:
    """What one record costs in memory, roughly."""
    key, value = record.key, record.value
    return RECORD_OVERHEAD_BYTES + (len(key) if key else 0) + (len(value) if value else 0)


def cut(records: Sequence[Any], records_max: int, bytes_max: int) -> Iterator[tuple[int, int, int]]:
    """Split a list of records into slices that keep both limits: yields (start, end, bytes).

    A record larger than `bytes_max` gets a slice of its own. Nothing is left out or reordered.
    """
    if isinstance(records, RecordSlice):
        yield from _cut_slice(records, records_max, bytes_max)
        return
    start, total = 0, 0
    for index, record in enumerate(records):
        size = size_bytes(record)
        if index > start and (index - start >= records_max or total + size > bytes_max):
            yield start, index, total
            start, total = index, 0
        total += size
    if start < len(records):
        yield start, len(records), total


def _cut_slice(
    records: RecordSlice, records_max: int, bytes_max: int
) -> Iterator[tuple[int, int, int]]:
    ends = np.cumsum(records.sizes + RECORD_OVERHEAD_BYTES)  # (records,) bytes up to and with each
    start, before = 0, 0
    while start < len(records):
        fitting = int(np.searchsorted(ends, before + bytes_max, "right"))
        end = max(start + 1, min(fitting, start + records_max))
        until = int(ends[end - 1])
        yield start, end, until - before
        start, before = end, until


class OffsetTracker:
    """Which batches are open, and the offset up to which each partition is done.

    A partition's batches finish in the order in which they were opened (one task per partition),
    and the *processed* offset never passes an unfinished batch: that is what Faust's own
    acknowledgements got wrong (an agent that raises or is cancelled acknowledges its event there).
    """

    def __init__(self) -> None:
        self._open: dict[Partition, deque[RecordBatch]] = {}
        self._processed: dict[Partition, int] = {}
        self.open_bytes = 0

    def start(self, partition: Partition, offset: int) -> None:
        """From now on `partition` is ours, and `offset` is the next one to process."""
        assert partition not in self._open or not self._open[partition]
        self._open[partition] = deque()
        self._processed[partition] = offset

    def open(self, batch: RecordBatch) -> None:
        """A batch was fetched and waits to be processed."""
        batches = self._open[batch.partition]
        previous = batches[-1].last if batches else self._processed[batch.partition] - 1
        assert batch.first > previous, (batch.partition, batch.first, previous)
        batches.append(batch)
        self.open_bytes += batch.size_bytes

    def finish(self, batch: RecordBatch) -> int:
        """All outputs of the batch are confirmed. Returns the partition's processed offset."""
        batches = self._open[batch.partition]
        assert batches[0] is batch, "batches finish in order"
        batches.popleft()
        self.open_bytes -= batch.size_bytes
        self._processed[batch.partition] = batch.last + 1
        return batch.last + 1

    def passed(self, partition: Partition, offset: int) -> bool:
        """Nothing is left to read below `offset` (transaction markers, aborted or removed records
        lie there). Moves the processed offset and returns True unless a batch is still open."""
        if self._open.get(partition) or offset <= self._processed.get(partition, offset):
            return False
        self._processed[partition] = offset
        return True

    def processed(self, partition: Partition) -> int | None:
        """The offset of the first record not yet done, or None if the partition is not ours."""
        return self._processed.get(partition)

    def open_count(self) -> int:
        """Batches fetched and not finished."""
        return sum(len(batches) for batches in self._open.values())

    def clear(self) -> None:
        """Everything was revoked: forget all batches, finished or not."""
        self._open.clear()
        self._processed.clear()
        self.open_bytes = 0
