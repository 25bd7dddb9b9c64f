"""Clicks taken in bulk against one record at a time: the same records, verdicts and state."""

from __future__ import annotations

import json
import struct
from types import SimpleNamespace

import numpy as np
import pytest
from aiokafka.consumer import fetcher
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shopkeeper.services.recommender.app import _user
from shopkeeper.services.recommender.core.counting.handovers import HANDOVER, decode_timed
from shopkeeper.shared.bulk import loops
from shopkeeper.shared.contracts import clicks_in_bulk, topics
from shopkeeper.shared.contracts.clicks_in_bulk import ClickDecoder
from shopkeeper.shared.contracts.decoder import EventDecoder
from shopkeeper.shared.contracts.envelope import Event, Rejected
from shopkeeper.shared.contracts.event_columns import EventColumns
from shopkeeper.shared.contracts.events.shop import NOBODY, is_nobody
from shopkeeper.shared.runtime.api.processor import Stateless
from shopkeeper.shared.runtime.api.service import Handovers
from shopkeeper.shared.runtime.kafka import slicing
from shopkeeper.shared.runtime.kafka.murmur2 import murmur2
from shopkeeper.shared.runtime.kafka.offsets import cut
from shopkeeper.shared.runtime.kafka.record_slices import (
    RecordSlice,
    at_or_after,
    below,
    by_offset,
    joined,
)
from shopkeeper.shared.runtime.state.decoders import HandoverDecoder
from shopkeeper.shared.runtime.state.deduplicator import RecentIds
from shopkeeper.shared.runtime.state.partition import PartitionState
from tests.property.runtime import clicks_log
from tests.property.runtime.clicks_log import LEFT, TIME_MS, TP, batch, clicks, plain, unpacked

TYPES = topics.BY_NAME[topics.CLICKS].types
COUNT = 40
CODECS = st.sampled_from([0, 0, 1, 2, 3, 4])


def in_place(records):
    """As of the topic that is read in bulk, to be compared."""
    assert not isinstance(records, RecordSlice)
    for record in records:
        record.topic = TP.topic
    return list(records)


def both(raw, position=0):
    """(in bulk, one by one), with where each would be read next."""
    slicing.pass_over_none()
    found, twin = unpacked(TP, raw, position), unpacked(LEFT, raw, position)
    records, ended = found.take(None)
    assert ended
    one_by_one = in_place(list(twin))
    assert found.next_fetch_offset == twin.next_fetch_offset
    return records, one_by_one


def sliced(raw, position=0):
    records, one_by_one = both(raw, position)
    assert isinstance(records, RecordSlice)
    assert list(records) == one_by_one
    return records


# -- from bytes to records


@given(
    st.lists(st.tuples(clicks(COUNT), CODECS), min_size=1, max_size=3),
    st.integers(0, 3 * COUNT),
    st.booleans(),
    st.sets(st.integers(0, COUNT - 1), max_size=3),
)
@settings(max_examples=60)
def test_a_slice_is_of_the_records_that_would_come_one_by_one(logs, position, broker_time, gaps):
    raw, base = b"", 5
    for records, codec in logs:
        built, base = batch(base, records, codec=codec, gaps=gaps, broker_time=broker_time)
        raw += built
    records, one_by_one = both(raw, position)
    assert list(records) == one_by_one
    if len(one_by_one):
        assert isinstance(records, RecordSlice)
        assert [records[n] for n in range(-len(records), 0)] == one_by_one
        assert records.last == one_by_one[-1].offset


@given(
    clicks(COUNT), CODECS, st.data(), st.booleans()
)  # fmt: skip
@settings(max_examples=150)
def test_damaged_batches_give_what_they_gave_one_by_one(records, codec, data, sound):
    built, _ = batch(7, records, codec=codec)
    after, _ = batch(7 + COUNT, records)
    broken = bytearray(built)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(broken) - 1) | st.integers(8, 90))
        broken[at] = data.draw(st.integers(0, 255))
    if sound and len(broken) >= 61:
        broken = clicks_log.sealed(broken)
    raw = bytes(broken) + after
    results = []
    for tp in (TP, LEFT):
        found = unpacked(tp, raw, 0)
        try:
            came = list(found.take(None)[0])
        except MemoryError:
            came = "memory"
        else:
            for record in came:
                record.topic = TP.topic
        results.append((came, found.next_fetch_offset))
    assert results[0] == results[1]


def test_small_batches_come_as_records():
    raw, _ = batch(0, [plain(n) for n in range(31)])
    records, one_by_one = both(raw)
    assert type(records) is list
    assert records == one_by_one


def test_a_large_batch_beside_a_small_one_comes_as_records():
    first, following = batch(0, [plain(n) for n in range(40)])
    second, _ = batch(following, [plain(n) for n in range(3)])
    records, one_by_one = both(first + second)
    assert type(records) is list
    assert records == one_by_one


def test_header_names_that_are_no_utf8_are_repaired_as_ever():
    records = [plain(n) for n in range(40)]
    built, _ = batch(0, records)
    raw = clicks_log.sealed(bytearray(built.replace(b"ce_source", b"ce_sourc\xff", 1)))
    found, one_by_one = both(raw)
    assert found == one_by_one
    assert len(found) == 40
    assert found[0].headers[3][0] == "?" * 9


@pytest.mark.parametrize("delta", [20, 38])
def test_offsets_must_ascend_to_the_last_byte(delta):
    built, _ = batch(0, [plain(n) for n in range(40)])
    broken = bytearray(built)
    struct.pack_into(">i", broken, 23, delta)  # the last offset's delta: the records go beyond it
    found, one_by_one = both(clicks_log.sealed(broken))
    assert found == one_by_one
    assert len(found) == delta + 1


def test_where_slices_are_of_no_use_the_next_batches_come_as_records():
    raw, following = batch(0, [plain(n) for n in range(40)])
    slice_ = sliced(raw)
    slicing.pass_over(slice_)
    kinds = []
    for _ in range(slicing.PASSED_OVER + 1):
        raw, following = batch(following, [plain(n) for n in range(40)])
        kinds.append(type(unpacked(TP, raw, 0).take(None)[0]))
    assert kinds == [list] * slicing.PASSED_OVER + [RecordSlice]
    elsewhere = partition(decoders()[0], 7, _user, 10)[0]
    elsewhere.process(sliced(batch(0, [plain(n) for n in range(40)])[0]), lambda: TIME_MS)
    assert type(unpacked(TP, raw, 0).take(None)[0]) is list
    slicing.pass_over_none()


# -- from a fetch to batches


@given(
    st.lists(st.integers(1, 80), min_size=1, max_size=4),
    st.lists(st.integers(1, 90), min_size=1, max_size=20),
    st.integers(0, 50),
    CODECS,
)
@settings(max_examples=60)
def test_what_is_taken_in_pieces_is_all_of_it(counts, limits, position, codec):
    raw, base = b"", 0
    for count in counts:
        built, base = batch(base, [plain(n) for n in range(count)], codec=codec, gaps={3})
        raw += built
    results = {}
    for tp in (TP, LEFT):
        state = SimpleNamespace(position=position, paused=False, highwater=base)
        state.consumed_to = lambda offset, state=state: setattr(state, "position", offset)
        assignment = SimpleNamespace(active=True, state_value=lambda tp, state=state: state)
        result = fetcher.FetchResult(
            tp, assignment=assignment, partition_records=unpacked(tp, raw, position), backoff=0
        )
        came, positions = [], []
        for limit in [*limits, None, None]:
            if not result.has_more():
                break
            part = result.getall(limit)
            assert limit is None or len(part) <= limit
            came += list(part)
            positions.append(state.position)
        for record in came:
            record.topic = TP.topic
        results[tp] = came, positions
    assert results[TP] == results[LEFT]


@given(clicks(COUNT), st.integers(1, 50), st.integers(1, 20_000))
@settings(max_examples=60)
def test_a_slice_is_cut_as_its_records_are(records, records_max, bytes_max):
    slice_ = sliced(batch(0, records)[0])
    assert list(cut(slice_, records_max, bytes_max)) == list(
        cut(list(slice_), records_max, bytes_max)
    )


@given(st.lists(st.tuples(st.integers(0, 40), CODECS), min_size=1, max_size=4), st.integers(0, 150))
@settings(max_examples=40)
def test_slices_are_joined_and_cut_at_offsets(pieces, offset):
    slices, base = [], 0
    for skipped, codec in pieces:
        built, base = batch(base, [plain(n) for n in range(COUNT)], codec=codec, gaps={9})
        slice_ = sliced(built)
        slices += [part for part in (slice_[:skipped], slice_[skipped:]) if len(part)]
    whole = joined(slices)
    records = [record for each in slices for record in each]
    assert list(whole) == records
    assert isinstance(whole, RecordSlice)
    assert list(at_or_after(whole, offset)) == at_or_after(records, offset)
    assert list(below(whole, offset)) == below(records, offset)
    some = {record.offset for record in records[::7]}
    assert by_offset(whole, some) == {
        o: r for o, r in by_offset(records, some).items() if o in some
    }
    mixed = joined([*slices, [records[0]]])
    assert mixed == [*records, records[0]]


# -- from records to events


def decoders(wanted=TYPES, service="recommender"):
    arguments = (topics.CLICKS, wanted, service, clicks_log.PREFIX)
    return ClickDecoder(*arguments), EventDecoder(*arguments)


def text(columns, span):
    start, length = span.tolist()
    return None if length < 0 else columns.buffer[start : start + length].tobytes().decode()


@given(clicks(COUNT), st.booleans(), st.sampled_from(["recommender", "other"]))
@settings(max_examples=400)
def test_verdicts_are_those_of_the_decoder(records, broker_time, service):
    slice_ = sliced(batch(0, records, broker_time=broker_time)[0])
    bulk, twin = decoders(service=service)
    verdicts = twin.decode(list(slice_))
    found = bulk.decode_bulk(slice_)
    if found is None:
        assert bulk.take_dropped() == {}
        return
    assert bulk.take_dropped() == twin.take_dropped()
    columns = found.events
    events = [verdict for verdict in verdicts if isinstance(verdict, Event)]
    assert list(columns) == events
    assert found.others == [verdict for verdict in verdicts if not isinstance(verdict, Event)]
    assert [(n, events[n]) for n in np.flatnonzero(~columns.plain)] == found.made
    check_columns(columns, events)
    kept = np.arange(len(events)) % 3 != 1
    assert list(columns.select(kept)) == [e for e, k in zip(events, kept, strict=True) if k]
    check_columns(EventColumns.of_events(events), events)


def check_columns(columns, events):
    assert columns.offsets.tolist() == [event.offset for event in events]
    assert columns.times_ms.tolist() == [event.time_ms for event in events]
    assert columns.users.dtype == columns.sessions.dtype == columns.products.dtype == np.int32
    for n in np.flatnonzero(columns.plain):
        data = events[n].data
        assert events[n].type == "product.clicked.v1"
        assert text(columns, columns.users[n]) == data.user
        assert (data.user_id is None) != (data.anonymous_id is None)
        assert text(columns, columns.sessions[n]) == data.session_id
        assert text(columns, columns.products[n]) == data.product_id


def test_each_oddity_by_itself_is_decided_as_by_the_decoder(monkeypatch):
    monkeypatch.setattr(clicks_in_bulk, "OTHERS_SHARE_MAX", 1.0)
    odd = list(clicks_log.catalogue())
    slice_ = sliced(batch(0, odd)[0])
    bulk, twin = decoders()
    found = bulk.decode_bulk(slice_)
    verdicts = twin.decode(list(slice_))
    events = [verdict for verdict in verdicts if isinstance(verdict, Event)]
    assert list(found.events) == events
    assert found.others == [verdict for verdict in verdicts if not isinstance(verdict, Event)]
    check_columns(found.events, events)
    # What is certain is most of what is accepted, or the loop is of no use.
    assert np.count_nonzero(found.events.plain) > 0.4 * len(events)


@pytest.mark.parametrize(
    "value",
    [
        b'{"product_id":"p1","user_id":"u1"}',
        b'{"product_id":"p1","anonymous_id":"u1","user_id":null,"session_id":null}',
        b' { "product_id" : "p1" ,\n"user_id" : "u1" , "position" : -12.5, "recomm_id" : null }\t',
        b'{"product_id":"p1","user_id":"null","position":3,"recomm_id":"r","price":1.5,"x":true}',
        b'{"":"","product_id":"'
        + b"p" * 512
        + b'","user_id":"~ ","quantity":0,"y":false,"z":null}',
    ],
)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"ce_type": b"product.clicked.v1", "ce_time": None, "content_type": None},
        {"content_type": b"application/json;charset=utf-8", "ce_time": b"2024-02-29T23:59:59Z"},
        {"ce_correlationid": b"c", "traceparent": b"t", "ce_dataschema": None, "x-any": b"\xff"},
    ],
)
def test_usual_clicks_are_plain(value, headers):
    records = [clicks_log.spelled(n, value, **headers) for n in range(40)]
    bulk, _ = decoders()
    found = bulk.decode_bulk(sliced(batch(0, records)[0]))
    assert found is not None
    assert found.events.plain.all()


@pytest.mark.parametrize(
    "word", sorted(NOBODY | {" ", "   ", "nAn", "NILl", "n", "Ud", "(x)", "u"})
)
def test_words_for_nothing_are_refused_in_bulk_as_one_by_one(word):
    value = json.dumps({"product_id": word, "user_id": "u1"}).encode()
    records = [plain(n) for n in range(40)]
    records[7] = clicks_log.spelled(7, value)
    slice_ = sliced(batch(0, records)[0])
    bulk, twin = decoders()
    found, verdicts = bulk.decode_bulk(slice_), twin.decode(list(slice_))
    assert found is not None
    assert found.others == [each for each in verdicts if isinstance(each, Rejected)]
    assert len(found.others) == is_nobody(word)


def test_a_few_odd_records_leave_the_others_in_bulk():
    records = [plain(n) for n in range(60)]
    odd = [clicks_log.BARE_ORDER if not each[2] else each for each in clicks_log.EVENTS]
    records[3 : 3 + len(odd)] = odd
    slice_ = sliced(batch(0, records)[0])
    bulk, twin = decoders()
    found = bulk.decode_bulk(slice_)
    assert found is not None
    assert np.count_nonzero(found.events.plain) == 60 - len(odd) + 1  # one is spaced, no more
    assert [*found.events] == [e for e in twin.decode(list(slice_)) if isinstance(e, Event)]


@pytest.mark.parametrize(
    "name", ["shopkeeper.forwarded", "shopkeeper.parts", "shopkeeper.handover"]
)
def test_what_a_worker_has_written_is_left_to_others(name):
    records = [plain(n) for n in range(40)]
    records[7][2].append((name, b"1/2/0/3"))
    bulk, _ = decoders()
    assert bulk.decode_bulk(sliced(batch(0, records)[0])) is None


@given(st.lists(st.binary(max_size=20) | st.binary(max_size=600), min_size=1, max_size=20))
def test_the_hash_of_a_key_is_kafkas(keys):
    buffer = np.frombuffer(b"".join(keys), np.uint8)
    ends = np.cumsum([len(key) for key in keys]).tolist()
    found = [
        loops.murmur2(buffer, end - len(key), len(key)) for key, end in zip(keys, ends, strict=True)
    ]
    assert found == murmur2(keys).tolist()


def test_times_are_those_of_the_calendar():
    days = [
        f"{year}-{month:02}-{day:02}"
        for year in (1999, 2000, 2023, 2024, 2100, 2400)
        for month in range(1, 13)
        for day in (1, 20, 27, 28, 29, 30, 31)
    ]
    records = [
        clicks_log.spelled(n, plain(n)[1], ce_time=f"{day}T23:59:07.08{n % 10}Z".encode())
        for n, day in enumerate(days)
    ]
    slice_ = sliced(batch(0, records, first_ms=13_600_000_000_000)[0])
    bulk, twin = decoders()
    events = [each for each in twin.decode(list(slice_)) if isinstance(each, Event)]
    found = bulk.decode_bulk(slice_)
    assert found is not None
    assert list(found.events.times_ms) == [event.time_ms for event in events]
    assert found.events.plain.all()
    assert len(events) > len(days) * 0.75


# -- repeats


@given(
    st.integers(0, 12),
    st.lists(st.lists(st.integers(0, 30), max_size=15), max_size=8),
)
@settings(max_examples=300)
@example(3, [[1, 2, 3], [4, 1, 5]])  # 1 is forgotten before it comes again
def test_many_ids_are_seen_as_one_after_the_other(capacity, slices):
    bulk, twin = RecentIds(capacity), RecentIds(capacity)
    for numbers in slices:
        digests = [bytes(15) + bytes([n]) for n in numbers]
        assert bulk.seen_many(digests) == [twin._is_seen(digest) for digest in digests]
        assert len(bulk) == len(twin)
        assert bulk._order == twin._order
        assert bulk._ids == twin._ids
    assert bulk.changes() == twin.changes()
    assert bulk.snapshot() == twin.snapshot()


# -- a partition


class Kept(Stateless):
    """Remembers what it was given, and refuses some of it."""

    def __init__(self):
        self.events, self.given = [], []

    def process(self, events, now_ms):
        self.given.append(type(events))
        self.events += list(events)
        return [], [
            Rejected(event.offset, "validate", "too_many", "refused")
            for event in events
            if getattr(event.data, "product_id", "") == "p3"
        ]


def partition(decoder, count, key_of, recent):
    kept = Kept()
    state = PartitionState(
        topics.CLICKS,
        1,
        service="recommender",
        processor=kept,
        decoder=HandoverDecoder(decoder, Handovers(HANDOVER, decode_timed)),
        recent_ids_max=recent,
        count=count,
        key_of=key_of,
    )
    return state, kept


@given(
    st.lists(clicks(COUNT), min_size=1, max_size=3),
    st.sampled_from([None, 1, 2, 3]),
    st.booleans(),
    st.sampled_from([0, 10, 50, 1000]),
    st.integers(0, 60),
)
@settings(max_examples=200)
def test_a_partition_is_the_same_in_bulk(logs, count, keyed, recent, skipped):
    key_of = _user if keyed else None
    bulk, twin = decoders()
    state, kept = partition(bulk, count, key_of, recent)
    other, others = partition(twin, count, key_of, recent)
    state.pass_over(skipped)
    other.pass_over(skipped)
    base = 0
    for records in logs:
        built, base = batch(base, records)
        slice_ = sliced(built)
        result = state.process(slice_, lambda: TIME_MS)
        expected = other.process(list(slice_), lambda: TIME_MS)
        assert result.outputs == expected.outputs
        assert result.counts == expected.counts
        assert result.event_times_ms.tolist() == expected.event_times_ms.tolist()
        assert result.event_times_ms.dtype == np.float64
        assert kept.events == others.events
        assert (state.next_offset, state.last_record) == (other.next_offset, other.last_record)
        assert state.snapshot() == other.snapshot()


@pytest.mark.parametrize("count", [None, 2, 3])
def test_a_partition_takes_usual_clicks_in_bulk(count):
    bulk, _ = decoders()
    state, kept = partition(bulk, count, _user, 1000)
    records = [plain(n) for n in range(40)]
    built, following = batch(0, records)
    state.process(sliced(built), lambda: TIME_MS)
    again, _ = batch(following, [*records[:5], *(plain(n) for n in range(100, 135))])
    result = state.process(sliced(again), lambda: TIME_MS)
    assert result.counts.repeats == 5
    assert kept.given == [EventColumns, EventColumns]
