"""Malformed header names: their record and its neighbours are read, whatever the compression."""

from __future__ import annotations

import gzip
import struct

from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.shared.runtime.kafka import unpacking
from shopkeeper.shared.runtime.kafka.records import Undecodable

unpacking.install()

MALFORMED = b"na\xffe\xc3"
HEADERS = st.lists(
    st.tuples(st.sampled_from(["ce_id", "näme", "", "PLACE"]), st.none() | st.binary(max_size=9)),
    max_size=3,
)
RECORDS = st.lists(
    st.tuples(st.none() | st.binary(max_size=5), st.none() | st.binary(max_size=40), HEADERS),
    min_size=1, max_size=6,
)  # fmt: skip


def batch(records, base_offset, compressed=False):
    """One batch as a broker would store it; a header named PLACE has a malformed name."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, 0, 1_000_000)
    for index, (key, value, headers) in enumerate(records):
        builder.append(index, 1_000, key, value, headers)
    built = bytearray(builder.build())
    body = bytes(built[61:]).replace(b"PLACE", MALFORMED)
    if compressed:
        body = gzip.compress(body)
        built[22] |= 1
    built[61:] = body
    struct.pack_into(">qi", built, 0, base_offset, len(built) - 12)
    struct.pack_into(">I", built, 17, calc_crc32c(bytes(built[21:])))
    return bytes(built)


def read(raw, offset=0):
    records = fetcher.PartitionRecords(
        TopicPartition("t", 0), fetcher.MemoryRecords(raw), None, offset, None, None, True, 0
    )
    return list(records), records.next_fetch_offset


@given(st.lists(st.tuples(RECORDS, st.booleans()), min_size=1, max_size=3), st.integers(0, 4))
def test_every_record_is_read_once_its_malformed_names_as_question_marks(batches, offset):
    raw, expected, base = b"", [], 0
    offset = min(offset, sum(len(records) for records, _ in batches) - 1)
    for records, compressed in batches:
        if base + len(records) > offset:  # a broker sends no batch that ends below it
            raw += batch(records, base, compressed)
        for key, value, headers in records:
            shown = [("?????" if n == "PLACE" else n, v) for n, v in headers]
            expected.append((base, key, value, shown))
            base += 1
    found, next_offset = read(raw, offset)
    assert [(r.offset, r.key, r.value, r.headers) for r in found] == expected[offset:]
    assert next_offset == base


def test_a_flipped_bit_is_still_noticed():
    raw = bytearray(batch([(b"k", b"value", [("PLACE", b"")])], 0))
    raw[-8] ^= 1
    found, next_offset = read(bytes(raw))
    assert [type(record) for record in found] == [Undecodable]
    assert (found[0].cause, next_offset) == ("its checksum is wrong", 1)
