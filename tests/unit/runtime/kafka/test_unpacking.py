"""Whatever lies between good batches: those are read, each record once and in order."""

from __future__ import annotations

import struct

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c
from hypothesis import example, given
from hypothesis import strategies as st

from shopkeeper.shared.runtime.kafka import unpacking
from shopkeeper.shared.runtime.kafka.records import Record, Undecodable, readable

unpacking.install()

CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
PAYLOAD_AT = 61
FETCHES_MAX = 50


def batch(base_offset, count, codec="none"):
    builder = DefaultRecordBatchBuilder(2, CODECS[codec], 0, -1, -1, 0, 1_000_000)
    for index in range(count):
        value = b"value of %d, " % (base_offset + index) * 3
        builder.append(index, 1_000, b"key", value, [("name", b"x")])
    built = bytearray(builder.build())
    struct.pack_into(">q", built, 0, base_offset)
    return built


def sealed(built):
    """With its length and checksum right again: as a producer would have sent it."""
    struct.pack_into(">i", built, 8, len(built) - 12)
    struct.pack_into(">I", built, 17, calc_crc32c(bytes(built[21:])))
    return built


def read(log, offset=0, log_end=None):
    """All of a log, fetched as often as needed; (what came, next offset).

    log: [(base offset, next offset, bytes)]. A broker sends no batch that ends below the position.
    """
    came = []
    for _ in range(FETCHES_MAX):
        raw = b"".join(bytes(data) for _, end, data in log if end > offset)
        if not raw:
            return came, offset
        found = fetcher.PartitionRecords(
            TopicPartition("t", 0), fetcher.MemoryRecords(raw), None, offset, None, None, True, 1
        )
        found.log_end = log_end
        came += list(found)
        assert found.next_fetch_offset > offset, "for ever at the same place"
        offset = found.next_fetch_offset
    raise AssertionError(f"{FETCHES_MAX} fetches and still at {offset}")


def spoil(built, how, at, bit):
    place = PAYLOAD_AT + at % (len(built) - PAYLOAD_AT)
    if how == "flipped on disk":
        built[place] ^= 1 << bit
    elif how == "flipped before":
        built[place] ^= 1 << bit
        sealed(built)
    elif how == "cut":
        del built[place:]
        sealed(built)
    elif how == "unknown codec":
        built[22] = built[22] & ~7 | (5 + at % 3)
        sealed(built)
    elif how == "header flipped on disk":  # attributes to record count: what the checksum covers
        built[21 + at % 40] ^= 1 << bit
    elif how == "garbage":
        built[PAYLOAD_AT:] = bytes((at * 31 + i * 17) % 256 for i in range(at % 90))
        sealed(built)
    return built


HOW = ("flipped on disk", "flipped before", "cut", "unknown codec", "header flipped on disk",
       "garbage")  # fmt: skip
PLAN = st.lists(
    st.tuples(st.integers(1, 5), st.sampled_from(sorted(CODECS)),
              st.none() | st.tuples(st.sampled_from(HOW), st.integers(0, 500), st.integers(0, 7))),
    min_size=1, max_size=6,
)  # fmt: skip


@given(PLAN, st.integers(0, 5))
@example([(3, "none", None), (3, "none", ("flipped before", 40, 0)), (2, "zstd", None)], 0)
def test_the_good_records_come_out_once_and_in_order_and_all_else_is_accounted_for(plan, offset):
    log, good, base = [], {}, 0
    for count, codec, fault in plan:
        data = batch(base, count, codec)
        if fault is None:
            good |= {o: b"value of %d, " % o * 3 for o in range(base, base + count)}
        else:
            data = spoil(data, *fault)
        log.append((base, base + count, data))
        base += count
    offset = min(offset, base - 1)
    came, next_offset = read(log, offset, base)
    assert next_offset == base
    taken = []  # offsets that were handed out or reported
    for record in came:
        first = record.first_offset if type(record) is Undecodable else record.offset
        taken += range(first, record.offset + 1)
    assert taken == sorted(set(taken)), "nothing twice, nothing back"
    whole = {r.offset: r.value for r in came if type(r) is Record}
    assert {o: whole[o] for o in good if o >= offset} == {
        o: v for o, v in good.items() if o >= offset
    }


@pytest.mark.parametrize("codec", [c for c in CODECS if c != "none"])
def test_what_does_not_decompress_is_one_batch_with_its_bytes(codec):
    spoilt = batch(3, 4, codec)
    del spoilt[-8:]
    sealed(spoilt)
    came, next_offset = read([(0, 3, batch(0, 3)), (3, 7, spoilt), (7, 9, batch(7, 2, codec))])
    assert next_offset == 9
    assert [r.offset for r in came] == [0, 1, 2, 6, 7, 8]
    left_out = came[3]
    assert type(left_out) is Undecodable
    assert (left_out.first_offset, left_out.value) == (3, bytes(spoilt))
    assert "offsets 3 to 6 cannot be decoded" in left_out.describe()


def test_records_before_a_malformed_one_are_kept_and_come_once():
    data = batch(0, 4)
    at = bytes(data).index(b"value of 2")
    data[at - 1] = 0x7F  # the third value's length
    came, next_offset = read([(0, 4, sealed(data))])
    assert [(type(r), r.offset) for r in came] == [(Record, 0), (Record, 1), (Undecodable, 3)]
    assert came[2].first_offset == 2
    assert next_offset == 4
    assert [r.first_offset for r in read([(0, 4, data)], 1)[0][1:]] == [2], "a fetch in mid-batch"


@pytest.mark.parametrize("delta", [-7, 0, 2_000_000_000])
def test_a_batch_that_lies_about_its_end_is_not_believed(delta):
    spoilt = batch(2, 3)
    struct.pack_into(">i", spoilt, 23, delta)  # its last offset's delta; the checksum covers it
    came, next_offset = read([(0, 2, batch(0, 2)), (2, 5, spoilt), (5, 6, batch(5, 1))], 0, 6)
    assert ([r.offset for r in came], next_offset) == ([0, 1, 4, 5], 6)
    if delta:  # the last one of its log: then its count of records is
        came, next_offset = read([(2, 5, spoilt)], 2, 5)
        assert ([r.offset for r in came], next_offset) == ([4], 5)


@pytest.mark.parametrize("length", [-20, 0, 5, 40, 1_000, 2_000_000_000])
def test_a_batch_that_lies_about_its_length_is_all_that_is_left_of_the_slice(length):
    """Where the next one begins is not known then: the broker is asked for it."""
    spoilt = batch(2, 3)
    struct.pack_into(">i", spoilt, 8, length)
    log = [(0, 2, batch(0, 2)), (2, 5, spoilt), (5, 6, batch(5, 1))]
    came, next_offset = read(log, 0, 6)
    assert ([r.offset for r in came], next_offset) == ([0, 1, 4, 5], 6)


def test_readers_without_dead_letters_leave_it_out_in_one_line(caplog):
    spoilt = batch(1, 2, "lz4")
    del spoilt[-4:]
    came, _ = read([(0, 1, batch(0, 1)), (1, 3, sealed(spoilt)), (3, 4, batch(3, 1))])
    told = []
    assert [r.offset for r in readable(came, told.append)] == [0, 3]
    assert [t.offset for t in told] == [2]
    assert len(caplog.messages) == 1
    assert "t/0: the batch of offsets 1 to 2 cannot be decoded" in caplog.messages[0]
    assert readable(came[:1]) is not None


def test_junk_behind_the_last_record_costs_nobody_a_record():
    data = batch(0, 3)
    struct.pack_into(">i", data, 57, 2_147_483_647)  # how many records it says it has
    came, next_offset = read([(0, 3, sealed(data)), (3, 5, batch(3, 2))])
    assert ([(type(r), r.offset) for r in came], next_offset) == (
        [(Record, offset) for offset in range(5)], 5
    )  # fmt: skip


@pytest.mark.parametrize(
    "size", [b"\xfe" * 8 + b"\x7f", b"\xff" * 9 + b"\x01", b"\xfe\xff\xff\x7f"]
)
def test_a_malformed_name_beside_a_size_beyond_all_bounds_does_not_end_the_process(size):
    """aiokafka's compiled varints read whatever memory lies there: a segmentation fault."""
    data = bytes(batch(0, 2)).replace(b"name", b"na\xffe", 1)
    at = data.rindex(b"\x06key") - 4  # where the second record begins, with its length
    for place in (at, data.rindex(b"\x06key"), data.rindex(b"\x08name") + 5):
        spoilt = bytearray(data[:place] + size + data[place + 1 :])
        came, next_offset = read([(0, 2, sealed(spoilt)), (2, 3, batch(2, 1))])
        assert next_offset == 3
        assert [r.offset for r in came][-1] == 2
        assert type(came[-1]) is Record
