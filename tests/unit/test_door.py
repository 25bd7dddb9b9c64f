"""The door: every bad input has its own verdict, and nothing raises."""

from __future__ import annotations

import base64
from types import SimpleNamespace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.dead_letter import DEAD_LETTER_BYTES_MAX, dead_letter
from shopkeeper.shared.contracts.door import EVENT_BYTES_MAX, Door
from shopkeeper.shared.contracts.event import Event, Rejected, Skipped

NOW_MS = 1_790_000_000_000
PREFIX = "com.example.shop."
GOOD = {"product_id": "p", "user_id": "u"}


def record(value, headers=(), key=b"u", offset=0):
    return SimpleNamespace(
        offset=offset, partition=3, timestamp=NOW_MS, key=key, value=value, headers=headers
    )


def clicks(service="recommender", wanted=topics.BY_NAME[topics.CLICKS].types):
    return Door(topics.CLICKS, wanted, service, PREFIX)


def verdict(value, headers=(), key=b"u"):
    [result] = clicks().decode([record(value, headers, key)])
    return result


def body(**changes):
    return orjson.dumps({**GOOD, **changes})


def binary(suffix="product.clicked.v1", **more):
    fields = {"ce_specversion": "1.0", "ce_id": "e1", "ce_source": "/web", **more}
    return [("ce_type", (PREFIX + suffix).encode())] + [(k, v.encode()) for k, v in fields.items()]


BAD = {
    "invalid utf-8": (b'{"product_id":"\xff\xfe","user_id":"u"}', "invalid_utf8"),
    "invalid utf-8 in an unknown field": (
        b'{"product_id":"p","user_id":"u","x":"\xc3"}', "invalid_utf8"),
    "invalid json": (b'{"product_id":', "invalid_json"),
    "not json": (b"hello", "invalid_json"),
    "array": (b"[1,2]", "not_an_object"),
    "number": (b"42", "not_an_object"),
    "missing field": (b'{"user_id":"u"}', "missing_field"),
    "missing user": (b'{"product_id":"p"}', "missing_field"),
    "null": (b'{"product_id":null,"user_id":"u"}', "invalid_field"),
    "empty string": (b'{"product_id":"","user_id":"u"}', "invalid_field"),
    "id a number": (b'{"product_id":17,"user_id":"u"}', "invalid_field"),
    "id of 23 digits": (b'{"product_id":99999999999999999999999,"user_id":"u"}', "invalid_field"),
    "unknown type": (b'{"type":"product.teleported.v1"}', "unknown_type"),
    "too large": (body(pad="x" * EVENT_BYTES_MAX), "too_large"),
    "deep arrays": (b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "nested_too_deep"),
    "deep objects": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested_too_deep"),
    "nan": (b'{"product_id":"p","user_id":"u","position":NaN}', "invalid_json"),
    "infinity": (b'{"product_id":"p","user_id":"u","position":-Infinity}', "invalid_json"),
    "lone surrogate": (b'{"product_id":"\\ud800","user_id":"u"}', "invalid_json"),
    "before 2000": (body(time="1999-12-31T23:59:59Z"), "time_too_old"),
    "a day ahead": (body(time="2036-01-01T00:00:00Z"), "time_ahead"),
    "no time": (body(time="yesterday"), "invalid_time"),
    "time without offset": (body(time="2026-01-01T00:00:00"), "invalid_time"),
    "time as true": (body(time=True), "invalid_time"),
    "empty value": (b"", "empty_value"),
    "no value": (None, "empty_value"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_rejected_with_its_own_label(name):
    value, error = BAD[name]
    result = verdict(value)
    assert isinstance(result, Rejected)
    assert result.error == error
    assert "teleported" not in result.message


@pytest.mark.parametrize("time", ["not a time", "1999-01-01T00:00:00Z", "2036-01-01T00:00:00Z"])
def test_bad_ce_time_is_rejected(time):
    assert isinstance(verdict(body(), binary(ce_time=time)), Rejected)


def test_a_bad_record_leaves_its_neighbours_alone():
    good = [record(body(), offset=i) for i in (0, 2, 4)]
    bad = [record(b"{", offset=i) for i in (1, 3)]
    mixed = [good[0], bad[0], good[1], bad[1], good[2]]
    kinds = [type(v) for v in clicks().decode(mixed)]
    assert kinds == [Event, Rejected, Event, Rejected, Event]
    assert [v.offset for v in clicks().decode(mixed)] == [0, 1, 2, 3, 4]


def test_another_workers_type_is_skipped_and_unknown_ones_only_rejected_by_the_owner():
    wanted = {"product.clicked.v1"}
    [other] = clicks(wanted=wanted).decode([record(body(), binary("order.completed.v1"))])
    assert other == Skipped(0, "other_type")
    [unknown] = clicks(service="sentiment", wanted=wanted).decode(
        [record(body(), binary("product.teleported.v1"))]
    )
    assert unknown == Skipped(0, "unknown_type")


def test_an_empty_value_removes_a_product_and_needs_its_key():
    door = Door(topics.CATALOGUE, {"product.catalogued.v1"}, "recommender", PREFIX)
    removal, keyless = door.decode([record(None, key=b"p-1"), record(None, key=None)])
    assert isinstance(removal, Event)
    assert (removal.data, removal.key) == (None, b"p-1")
    assert isinstance(keyless, Rejected)
    assert keyless.error == "missing_key"


@pytest.mark.parametrize(
    ("value", "suffix", "product"),
    [
        ({"event": "Product Added", **GOOD}, "product.added.v1", "p"),
        ({"event": "add_to_cart", "items": [{"item_id": "x"}], "user_pseudo_id": "z"},
         "product.added.v1", "x"),
        ({"event": "view_item", "params": {"item_id": "y"}, "user_id": "u"},
         "product.clicked.v1", "y"),
        (GOOD, "product.clicked.v1", "p"),
    ],
)  # fmt: skip
def test_segment_and_ga4_names_are_understood_in_bare_json(value, suffix, product):
    event = verdict(orjson.dumps(value))
    assert isinstance(event, Event)
    assert (event.type, event.data.product_id) == (suffix, product)


def test_a_ga4_purchase_and_search_become_ours():
    order = verdict(orjson.dumps({
        "event": "purchase", "transaction_id": "t", "user_id": "u",
        "items": [{"item_id": "a"}, {"item_id": "b"}],
    }))  # fmt: skip
    assert [line.product_id for line in order.data.products] == ["a", "b"]
    door = Door(topics.SEARCHES, {"products.searched.v1"}, "intent", PREFIX)
    [search] = door.decode([record(orjson.dumps({"search_term": "鞋", "user_id": "u"}))])
    assert search.data.query == "鞋"


def test_structured_mode_with_base64_data():
    envelope = {
        "type": PREFIX + "product.clicked.v1", "id": "e1", "source": "/web",
        "data_base64": base64.b64encode(body()).decode(),
    }  # fmt: skip
    headers = [("content-type", b"application/cloudevents+json")]
    event = verdict(orjson.dumps(envelope), headers)
    assert (event.id, event.source, event.data.product_id) == ("e1", "/web", "p")
    assert verdict(orjson.dumps(envelope | {"data_base64": "%"}), headers).error == "invalid_base64"


def test_ids_correlation_and_trace_are_kept_or_made_up():
    event = verdict(body(), binary(ce_correlationid="c9", traceparent="00-aa"))
    assert (event.id, event.source, event.correlation_id) == ("e1", "/web", "c9")
    assert event.traceparent == b"00-aa"
    bare = verdict(body())
    assert (bare.id, bare.source) == (f"{topics.CLICKS}/3/0", ""), "cannot repeat: no source"
    assert (verdict(body(id="x")).id, verdict(body(id="x")).source) == ("x", "bare")


HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["content-type", "ce_type", "ce_id", "ce_source", "ce_time", "x"]),
        st.one_of(
            st.none(),
            st.binary(max_size=30),
            st.sampled_from([b"application/cloudevents+json", b"product.clicked.v1"]),
        ),
    ),
    max_size=6,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["product_id", "user_id", "type", "event", "items", "time", "id", "data",
                         "products", "params", "data_base64"]), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    value=st.one_of(st.none(), st.binary(max_size=60), JSON.map(orjson.dumps)),
    headers=HEADERS,
    key=st.one_of(st.none(), st.binary(max_size=10)),
    topic=st.sampled_from([topics.CLICKS, topics.CATALOGUE, topics.REVIEWS, topics.QUESTIONS]),
)
def test_nothing_that_comes_in_raises(value, headers, key, topic):
    spec = topics.BY_NAME[topic]
    [result] = Door(topic, spec.types, spec.owner, PREFIX).decode([record(value, headers, key)])
    assert isinstance(result, Event | Rejected | Skipped)
    if isinstance(result, Rejected):
        letter = dead_letter(record(value, headers, key), result, topic, spec.owner)
        assert (letter.key, letter.value) == (key, value)
        assert letter.headers[: len(headers)] == headers


def test_a_dead_letter_that_grew_too_large_keeps_only_its_hash():
    huge = record(b"x" * (DEAD_LETTER_BYTES_MAX + 1), key=b"k")
    rejected = Rejected(0, "decode", "too_large", "too large")
    letter = dead_letter(huge, rejected, topics.CLICKS, "recommender")
    assert letter.value is not None
    assert letter.value.startswith(b"sha256:")
    assert letter.value.endswith(b"bytes:%d" % len(huge.value))
    assert ("__connect.errors.offset", b"0") in letter.headers
    assert letter.key == b"k"
