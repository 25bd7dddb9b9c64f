"""Contexts of traces in records: found in bytes as in headers, handed on, and never invented."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.shared.bulk.records import index_records
from shopkeeper.shared.bulk.table import COLUMNS
from shopkeeper.shared.contracts.envelope import Output
from shopkeeper.shared.runtime.kafka.record_slices import RecordSlice
from shopkeeper.shared.runtime.kafka.records import Record
from shopkeeper.shared.runtime.telemetry.traceparents import (
    TRACED_MAX,
    SpanContext,
    continued,
    handed_on,
    parsed,
    traced,
)

contexts = st.builds(
    SpanContext,
    st.integers(1, 2**128 - 1),
    st.integers(1, 2**64 - 1),
    st.booleans(),
)


def record(offset, value=b"{}", headers=()):
    return Record("t", 0, offset, 0, 0, b"k", value=value, headers=list(headers))


@given(contexts)
def test_a_context_survives_its_header(context):
    assert parsed(context.header()) == context


@given(st.binary(max_size=60))
def test_what_is_no_header_is_none(value):
    found = parsed(value)
    assert found is None or found.header()[:52] == value[:52]


@pytest.mark.parametrize(
    "value",
    [
        b"00-" + b"0" * 32 + b"-" + b"b" * 16 + b"-01",
        b"00-" + b"a" * 32 + b"-" + b"0" * 16 + b"-01",
        b"00-" + b"A" * 32 + b"-" + b"b" * 16 + b"-01",
        b"01-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01",
        b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01-more",
    ],
)
def test_what_w3c_refuses_is_none(value):
    assert parsed(value) is None


def told(how, value):
    """A record's headers and value that tell a context."""
    return {
        "header": ([("traceparent", value)], b"{}"),
        "json": ([], b'{"a":1,"traceparent": "' + value + b'"}'),
        "base64": ([], b'{"traceparent":"' + base64.b64encode(value) + b'"}'),
        "none": ([("other", b"x")], b'{"traceparent":"none"}'),
        "no value": ([("traceparent", value)], None),
    }[how]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["header", "json", "base64", "none", "no value"]),
            st.integers(0, 5),
            st.booleans(),
        ),
        max_size=30,
    )
)
def test_the_first_record_of_each_sampled_context_is_found(rows):
    expected, records = {}, []
    for offset, (how, which, sampled) in enumerate(rows):
        value = SpanContext(7 + which, 9, sampled).header()
        headers, body = told(how, value)
        records.append(record(offset, body, headers))
        if how != "none" and sampled:
            expected.setdefault(value, offset)
    assert traced(records) == expected


def test_no_more_are_followed_than_a_span_may_have_links():
    records = [
        record(n, headers=[("traceparent", SpanContext(n + 1, 1, True).header())])
        for n in range(2 * TRACED_MAX)
    ]
    assert list(traced(records).values()) == list(range(TRACED_MAX))


def varint(number):
    number = (number << 1) ^ (number >> 63)
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def encoded(offset, value, headers):
    """One record of message format 2."""
    body = b"\0" + varint(0) + varint(offset) + varint(1) + b"k"
    body += varint(-1) if value is None else varint(len(value)) + value
    body += varint(len(headers))
    for name, said in headers:
        body += varint(len(name)) + name.encode() + varint(len(said)) + said
    return varint(len(body)) + body


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["header", "json", "base64", "none", "no value"]),
            st.integers(0, 3),
            st.booleans(),
        ),
        min_size=1,
        max_size=12,
    ),
    st.integers(0, 11),
)
def test_in_a_table_of_positions_the_same_is_found_as_record_by_record(rows, begin):
    told_by = [(told(how, SpanContext(7 + w, 9, s).header())) for how, w, s in rows]
    raw = b"".join(encoded(n, value, headers) for n, (headers, value) in enumerate(told_by))
    table = np.empty((len(rows), COLUMNS), np.int64)
    sound = index_records(
        np.frombuffer(raw, np.uint8), (0, len(raw)), (0, len(rows)), (0, 0, 0), table
    )
    assert sound
    whole = RecordSlice("t", 0, raw, table)
    part = whole[min(begin, len(rows)) :]
    assert traced(part) == traced(list(part))


def test_a_replay_continues_a_trace_by_the_same_span_and_another_service_by_another():
    parent = SpanContext(5, 6, True)
    first = continued(parent, "intent", "shop.searches.v1/0/7")
    assert first == continued(parent, "intent", "shop.searches.v1/0/7")
    assert first.trace_id == 5
    others = {
        continued(parent, "recommender", "shop.searches.v1/0/7").span_id,
        continued(parent, "intent", "shop.searches.v1/0/8").span_id,
        continued(parent, "intent", "shop.searches.v1/1/7").span_id,
        parent.span_id,
    }
    assert len(others) == 4
    assert first.span_id not in others


def test_outputs_name_our_span_and_dead_letters_stay_as_they_were():
    theirs, ours = SpanContext(1, 2, True).header(), SpanContext(1, 3, True).header()
    headers = [("content-type", b"x"), ("traceparent", theirs)]
    sent = [
        Output("a", b"k", b"v", headers, 3, 4),
        Output("a.intent.dlq", b"k", b"v", headers),
        Output("b", b"k", None, [("traceparent", ours)]),
        Output("b", b"k", None, []),
    ]
    found = handed_on(sent, {theirs: ours})
    assert found[0] == Output(
        "a", b"k", b"v", [("content-type", b"x"), ("traceparent", ours)], 3, 4
    )
    assert found[1:] == sent[1:]
    assert headers[1] == ("traceparent", theirs), "an output's headers may be shared"
