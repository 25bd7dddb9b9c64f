"""A partition's counts of records and its offsets where a batch could not be decoded."""

from __future__ import annotations

import hashlib

import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.dead_letter import DEAD_LETTER_BYTES_MAX, PREFIX
from shopkeeper.shared.runtime.api.processor import Stateless
from shopkeeper.shared.runtime.kafka.records import Record, Undecodable, mark
from shopkeeper.shared.runtime.state.decoders import RawDecoder
from shopkeeper.shared.runtime.state.partition import PartitionState

TOPIC = topics.SEARCHES


class Kept(Stateless):
    """Remembers the offsets that it was given."""

    def __init__(self):
        self.offsets = []

    def process(self, events, now_ms):
        self.offsets += [event.offset for event in events]
        return [], []


def state():
    kept = Kept()
    return PartitionState(
        TOPIC,
        1,
        service="intent",
        processor=kept,
        decoder=RawDecoder(TOPIC, "raw"),
        recent_ids_max=100,
    ), kept


def record(offset):
    return Record("t." + TOPIC, 1, offset, 5, 0, b"key", b"%d" % offset, ())


def batch(first, last, value=b"bytes"):
    return Undecodable(
        "t." + TOPIC, 1, last, 0, 0, None, value, (), first, "its checksum is wrong"
    )  # fmt: skip


def test_it_is_one_record_consumed_and_one_failed_between_those_that_are_read(caplog):
    partition, kept = state()
    result = partition.process([record(0), batch(1, 4), record(5)], lambda: 0)
    assert kept.offsets == [0, 5]
    assert (result.counts.consumed, result.counts.processed) == (3, 2)
    assert result.counts.failed == {("decode", "corrupt_batch"): 1}
    assert (partition.next_offset, partition.last_record) == (6, mark(record(5)))
    (letter,) = result.outputs
    assert (letter.topic, letter.partition) == (topics.dead_letters(TOPIC, "intent"), 1)
    assert (letter.key, letter.value) == (None, b"bytes")
    headers = {name.removeprefix(PREFIX): value for name, value in letter.headers}
    assert (headers["batch.first.offset"], headers["batch.last.offset"]) == (b"1", b"4")
    assert b"offsets 1 to 4 cannot be decoded" in headers["exception.message"]
    assert caplog.messages == [
        f"{TOPIC}/1: the batch of offsets 1 to 4 cannot be decoded: its checksum is wrong: "
        "dead-lettered"
    ]


@pytest.mark.parametrize("size", [DEAD_LETTER_BYTES_MAX, DEAD_LETTER_BYTES_MAX * 2])
def test_one_that_is_too_large_is_its_hash(size):
    partition, _ = state()
    (letter,) = partition.process([batch(0, 9, b"x" * size)], lambda: 0).outputs
    assert hashlib.sha256(b"x" * size).hexdigest().encode() in letter.value
    names = {name.removeprefix(PREFIX) for name, _ in letter.headers}
    assert {"value.replaced", "batch.first.offset", "batch.last.offset"} <= names


def test_a_checkpoint_behind_one_remembers_the_last_record_that_was_read():
    partition, _ = state()
    partition.process([record(0)], lambda: 0)
    partition.process([batch(1, 4)], lambda: 0)
    checkpoint = partition.snapshot()
    assert (checkpoint.next_offset, checkpoint.last_record) == (5, mark(record(0)))
    other, kept = state()
    other.restore(checkpoint)
    other.pass_over(7)
    assert other.process([batch(1, 4), record(7)], lambda: 0).counts.consumed == 1
    assert kept.offsets == [7]
