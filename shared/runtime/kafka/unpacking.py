"""How fetched bytes become records: whatever a broker may hold is read, repaired or stepped over.

aiokafka raises where a batch cannot be decoded, for ever at the same offset, and no partition of
the consumer is read any more. Here only a batch whose header names are not UTF-8 is repaired
(`header_names`); of any other the records before the fault are handed out, and then one
`Undecodable` in place of the rest (docs/decisions/0020). All that is sound costs what it did.

Knows aiokafka 0.14's inside, which the lock pins; `tests/unit/runtime/kafka/test_unpacking.py` and
`tests/broker/test_undecodable.py` fail where it no longer fits.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.memory_records import MemoryRecords

from . import header_names
from .record_slices import RecordSlice, joined
from .records import Record, Undecodable
from .slicing import sliced

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OVERHEAD_BYTES = 12  # base offset (8 bytes) and length (4) come before what the length counts
MAGIC_AT = 16  # in every message format there ever was
LAST_OFFSET_DELTA_AT = 23  # message format 2
COUNT_AT = 57  # likewise, of records
HEADER_BYTES = 61  # likewise
LEGACY_BYTES = 26  # the least that a record of the formats before took
UNKNOWN_END = 2**62
CAUSE_CHARACTERS_MAX = 200


class BadChecksum(CorruptRecordException):  # type: ignore[misc]  # aiokafka is untyped
    """A batch's bytes are not those that were written: its header is not to be believed."""


class Batches:
    """A slice of a partition's log as fetched, batch by batch."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        records = MemoryRecords(raw)
        self.has_next, self._next_batch = records.has_next, records.next_batch
        self.size_in_bytes = records.size_in_bytes
        self._taken = 0
        self._passed = 0  # of them, and
        self._start = 0  # where the next of these begins
        if not records.has_next() and len(raw) >= OVERHEAD_BYTES:
            # A broker sends the first batch whole (KIP-74): so its length is wrong.
            self.has_next, self._next_batch = self._has_first, self._cut_short

    def next_batch(self) -> Any:
        """Raises CorruptRecordException, struct.error and others; it counts as taken then."""
        self._taken += 1
        return self._next_batch()

    def _has_first(self) -> bool:
        return self._taken == 0

    def _cut_short(self) -> Any:
        raise CorruptRecordException("it ends before its length says")

    def last_taken(self) -> tuple[bytes, bytes]:
        """The bytes of the batch that was taken last, and what lies behind it."""
        start, end = self.span()
        return self.raw[start:end], self.raw[end:]

    def span(self) -> tuple[int, int]:
        """Where the batch that was taken last begins and ends."""
        while self._passed < self._taken - 1:
            self._start += _length(self.raw, self._start)
            self._passed += 1
        return self._start, self._start + _length(self.raw, self._start)


class _Repaired:
    """One batch whose header names were made readable."""

    def __init__(self, raw: bytes, batch: Any) -> None:
        self.raw, self._batch = raw, batch

    def has_next(self) -> bool:
        return self._batch is not None

    def next_batch(self) -> Any:
        batch, self._batch = self._batch, None
        return batch

    def last_taken(self) -> tuple[bytes, bytes]:
        return self.raw, b""

    def span(self) -> None:
        """Its bytes are not those that it was made of."""


def _length(raw: bytes, start: int) -> int:
    """Bytes of the batch that begins at `start`: all that is left where its length is nonsense."""
    size: int = OVERHEAD_BYTES + struct.unpack_from(">i", raw, start + 8)[0]
    left = len(raw) - start
    least = HEADER_BYTES if left > MAGIC_AT and raw[start + MAGIC_AT] >= 2 else LEGACY_BYTES
    return size if least <= size <= left else left


def last_offset(
    batch: bytes, position: int, following: bytes, log_end: int | None, sound: bool
) -> int:
    """The last offset of a batch that cannot be decoded.

    position: the next to read; before it only where all of the batch's records were read already.
    sound: whether its checksum is right. If not, its own words count only where they can be true,
    and for less than where the batch behind it begins (`following`: the bytes there).
    """
    base: int = struct.unpack_from(">q", batch, 0)[0]
    if len(batch) < HEADER_BYTES or batch[MAGIC_AT] < 2:
        return max(base, position)
    delta: int = struct.unpack_from(">i", batch, LAST_OFFSET_DELTA_AT)[0]
    if sound:
        return base + delta
    end = log_end if log_end is not None else UNKNOWN_END
    candidates = [base + delta, base + struct.unpack_from(">i", batch, COUNT_AT)[0] - 1, end - 1]
    if len(following) >= HEADER_BYTES and following[MAGIC_AT] == 2:
        candidates.insert(0, struct.unpack_from(">q", following, 0)[0] - 1)
    return next((last for last in candidates if max(base, position) <= last < end), position)


class PartitionRecords(fetcher.PartitionRecords):  # type: ignore[misc]  # aiokafka is untyped
    """Takes a slice apart; see the module."""

    next_fetch_offset: int
    log_end: int | None = None
    _rest: RecordSlice | None = None  # what was left of a slice

    def __iter__(self) -> Iterator[Record]:
        # The generator itself: `for` then pays no Python call per record.
        return self._records_iterator or iter(())

    def take(self, limit: int | None) -> tuple[Sequence[Record], bool]:
        """The next records, `limit` at most, as a slice where they all came in slices; and whether
        there are no more."""
        parts: list[Sequence[Record]] = []
        count, ended = 0, False
        while limit is None or count < limit:
            rest, self._rest = self._rest, None
            found = next(self._records_iterator, None) if rest is None else rest
            if found is None:
                ended = True
                break
            part: Sequence[Record]
            if not isinstance(found, RecordSlice):
                part = [found]
            else:
                part = found
                if limit is not None and count + len(found) > limit:
                    part, self._rest = found[: limit - count], found[limit - count :]
            self.next_fetch_offset = part[-1].offset + 1
            count += len(part)
            parts.append(part)
        return joined(parts), ended

    def _unpack_records(self) -> Iterator[Any]:
        """Records; of a topic that is read in bulk, slices too, which only `take` can take."""
        topic, partition = self._tp
        bulk = topic in _in_bulk
        batches: Any = self._records
        rest: bytes | None = None  # behind a repaired batch
        while True:
            while batches.has_next():
                sound = False
                try:
                    batch = batches.next_batch()
                    if self._check_crcs and not batch.validate_crc():
                        raise BadChecksum("its checksum is wrong")
                    sound = True
                    following = batch.next_offset
                    hidden = self._hidden(batch)
                    found = None if hidden or not bulk else self._in_bulk(batch, batches)
                    if found is not None:
                        if len(found):
                            yield found
                    elif not hidden:
                        before = -1 if batch.producer_id is None else batch.base_offset - 1
                        for record in batch:
                            offset = record.offset
                            if not before < offset < following:
                                raise CorruptRecordException("offsets out of order")
                            before = offset
                            if offset < self.next_fetch_offset:
                                continue  # read already: fetches begin with a whole batch
                            self.next_fetch_offset = offset + 1
                            yield Record(
                                topic,
                                partition,
                                offset,
                                record.timestamp,
                                record.timestamp_type,
                                record.key,
                                # By name, for the reader; all by name would cost a quarter more.
                                value=record.value,
                                headers=record.headers,
                            )
                    # Compaction may have removed the last ones. Never back: that would loop.
                    if following > self.next_fetch_offset:
                        self.next_fetch_offset = following
                except MemoryError:
                    raise  # says nothing about the batch
                except Exception as error:  # whatever decoders make of nonsense
                    raw, behind = batches.last_taken()
                    if rest is None and (batch := header_names.repaired(raw, error)) is not None:
                        batches, rest = _Repaired(raw, batch), behind
                        continue
                    rest = behind if rest is None else rest
                    last = last_offset(raw, self.next_fetch_offset, rest, self.log_end, sound)
                    if last >= self.next_fetch_offset:  # else all were read, and junk came behind
                        yield self._undecodable(raw, last, error)
                    if not sound:
                        # Where it ends is a guess, and it may have been the end of a transaction:
                        # the broker is asked anew.
                        return
                    break
            if rest is None:
                return
            batches, rest = Batches(rest), None

    def _in_bulk(self, batch: Any, batches: Any) -> RecordSlice | None:
        """The records of a batch that are to be read next; None: read them one at a time."""
        span = batches.span()
        if span is None:
            return None
        try:
            return sliced(self._tp, batch, batches.raw, span, self.next_fetch_offset)
        except MemoryError:
            raise  # says nothing about the batch
        except Exception:  # what it means is said where records are read one at a time
            return None

    def _hidden(self, batch: Any) -> bool:
        """Whether nobody is to see it: a transaction's marker, or records of one that was aborted.

        As aiokafka has it.
        """
        control: bool = batch.is_control_batch
        if self._isolation_level != fetcher.READ_COMMITTED or batch.producer_id is None:
            return control
        self._consume_aborted_up_to(batch.base_offset)
        if control:
            if self._contains_abort_marker(batch):
                self._aborted_producers.discard(batch.producer_id)
            return True
        return batch.is_transactional and batch.producer_id in self._aborted_producers

    def _undecodable(self, raw: bytes, last: int, error: Exception) -> Undecodable:
        position = self.next_fetch_offset
        (base,) = struct.unpack_from(">q", raw, 0)
        self.next_fetch_offset = last + 1
        return Undecodable(
            topic=self._tp.topic,
            partition=self._tp.partition,
            offset=last,
            timestamp=0,
            timestamp_type=0,
            key=None,
            value=raw,
            headers=(),
            first_offset=min(max(position, base), last),
            cause=_cause(error),
        )


def _cause(error: Exception) -> str:
    """In a few words, without the payload."""
    if isinstance(error, BadChecksum):
        return str(error.args[0])
    if isinstance(error.__cause__, Exception):
        error = error.__cause__
    text = " ".join(str(argument) for argument in error.args) or type(error).__name__
    return f"{type(error).__name__}: {text}"[:CAUSE_CHARACTERS_MAX]


class _FetchResult(fetcher.FetchResult):  # type: ignore[misc]  # aiokafka is untyped
    """Tells the slice where its log ends, and takes many records of it at a time."""

    _partition_records: Any

    def __init__(self, tp: Any, *, assignment: Any, partition_records: Any, backoff: float) -> None:
        super().__init__(
            tp, assignment=assignment, partition_records=partition_records, backoff=backoff
        )
        partition_records.log_end = assignment.state_value(tp).highwater
        self._bulk = tp.topic in _in_bulk

    def getall(self, max_records: int | None = None) -> Sequence[Record]:
        if not self._bulk:
            found: list[Record] = super().getall(max_records)
            return found
        if not self.check_assignment(self._topic_partition) or not self.has_more():
            return []
        source: PartitionRecords = self._partition_records
        records, ended = source.take(max_records)
        self._update_position()
        if ended:
            self._partition_records = None
        return records

    def getone(self) -> Record | None:
        if not self._bulk:
            one: Record | None = super().getone()
            return one
        found = self.getall(1)
        return found[0] if found else None


_in_bulk: set[str] = set()


def read_in_bulk(topic: str) -> None:
    """From now on consumers of this process are given slices of this topic (as the broker knows it)
    where its batches are large, to those who ask for many records at a time. Takes seconds where
    the loops are compiled for the first time."""
    from shopkeeper.shared.bulk import clicks, records  # numba: only for those who need it

    records.warm()
    clicks.warm()
    _in_bulk.add(topic)


def install() -> None:
    """Make every aiokafka consumer of this process so. May be called more than once."""
    fetcher.MemoryRecords = Batches
    fetcher.PartitionRecords = PartitionRecords
    fetcher.FetchResult = _FetchResult
