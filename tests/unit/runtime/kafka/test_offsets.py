"""Batches: limits are kept, nothing is lost, and an unfinished batch holds the offset back."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.shared.runtime.kafka.offsets import (
    OffsetTracker,
    Partition,
    RecordBatch,
    cut,
    size_bytes,
)

CLICKS = Partition("clicks", 0)


@dataclass
class Record:
    offset: int
    value: bytes | None
    key: bytes | None = None


def batch(first: int, last: int, generation: int = 1, size: int = 10) -> RecordBatch:
    return RecordBatch(CLICKS, generation, first, last, size, [Record(first, b"")])


@given(
    sizes=st.lists(st.integers(0, 500), max_size=60),
    records_max=st.integers(1, 10),
    bytes_max=st.integers(1, 1500),
)
def test_a_cut_keeps_every_record_in_order_and_both_limits(sizes, records_max, bytes_max):
    records = [Record(i, b"x" * size) for i, size in enumerate(sizes)]
    slices = list(cut(records, records_max, bytes_max))
    assert [r for start, end, _ in slices for r in records[start:end]] == records
    for start, end, total in slices:
        assert 0 < end - start <= records_max
        assert total == sum(size_bytes(r) for r in records[start:end])
        assert total <= bytes_max or end - start == 1, "only a single large record may exceed"


@given(gaps=st.lists(st.integers(0, 3), min_size=1, max_size=20), finished=st.integers(0, 20))
def test_the_processed_offset_never_passes_an_unfinished_batch(gaps, finished):
    book = OffsetTracker()
    book.start(CLICKS, 0)
    batches, offset = [], 0
    for gap in gaps:
        batches.append(batch(offset + gap, offset + gap + 2))
        offset += gap + 3
        book.open(batches[-1])
    assert book.processed(CLICKS) == 0
    for done in batches[:finished]:
        book.finish(done)
    expected = batches[min(finished, len(batches)) - 1].last + 1 if finished else 0
    assert book.processed(CLICKS) == expected
    assert book.open_bytes == 10 * max(0, len(batches) - finished)
    assert book.open_count() == max(0, len(batches) - finished)


def test_batchs_of_one_partition_finish_in_order():
    book = OffsetTracker()
    book.start(CLICKS, 0)
    first, second = batch(0, 4), batch(5, 9)
    book.open(first)
    book.open(second)
    with pytest.raises(AssertionError, match="in order"):
        book.finish(second)


def test_a_batch_that_goes_back_is_refused():
    book = OffsetTracker()
    book.start(CLICKS, 5)
    with pytest.raises(AssertionError):
        book.open(batch(4, 6))


def test_clearing_forgets_open_batchs_and_their_bytes():
    book = OffsetTracker()
    book.start(CLICKS, 0)
    book.open(batch(0, 4))
    book.clear()
    assert (book.open_bytes, book.open_count(), book.processed(CLICKS)) == (0, 0, None)


def test_what_is_nobodys_to_read_is_passed_only_once_nothing_is_open():
    book = OffsetTracker()
    book.start(CLICKS, 3)
    book.open(batch(3, 4))
    assert not book.passed(CLICKS, 9)
    assert book.processed(CLICKS) == 3
    book.finish(book._open[CLICKS][0])
    assert book.passed(CLICKS, 9)
    assert book.processed(CLICKS) == 9
    assert not book.passed(CLICKS, 9), "nothing new"
    assert not book.passed(CLICKS, 5), "never back"
    assert not book.passed(Partition("clicks", 1), 9), "not ours"
    book.open(batch(9, 9))
