"""The decoder: every bad input has its own verdict, and nothing raises."""

from __future__ import annotations

import base64
from types import SimpleNamespace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.dead_letter import DEAD_LETTER_BYTES_MAX, dead_letter
from shopkeeper.shared.contracts.decoder import (
    EVENT_BYTES_MAX,
    KEY_BYTES_MAX,
    NO_SOURCE,
    EventDecoder,
)
from shopkeeper.shared.contracts.envelope import Event, Rejected, Skipped
from shopkeeper.shared.contracts.parsing import ERRORS

NOW_MS = 1_790_000_000_000
PREFIX = "com.example.shop."
GOOD = {"product_id": "p", "user_id": "u"}


def record(value, headers=(), key=b"u", offset=0):
    return SimpleNamespace(
        offset=offset, partition=3, timestamp=NOW_MS, key=key, value=value, headers=headers
    )


def clicks(service="recommender", wanted=topics.BY_NAME[topics.CLICKS].types):
    return EventDecoder(topics.CLICKS, wanted, service, PREFIX)


STRUCTURED = [("content-type", b"application/cloudevents+json")]


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
    "null": (b'{"product_id":null,"user_id":"u"}', "null_field"),
    "null user": (b'{"product_id":"p","user_id":null}', "missing_field"),
    "empty string": (b'{"product_id":"","user_id":"u"}', "empty_field"),
    "empty user": (b'{"product_id":"p","user_id":""}', "empty_field"),
    "id a number": (b'{"product_id":17,"user_id":"u"}', "wrong_type"),
    "user a number": (b'{"product_id":"p","user_id":17}', "wrong_type"),
    "event id a number": (body(id=17), "wrong_type"),
    "id of 23 digits": (b'{"product_id":99999999999999999999999,"user_id":"u"}', "wrong_type"),
    "id of 513 characters": (body(product_id="x" * 513), "too_long"),
    "event id of 2,000 characters": (body(id="x" * 2000), "too_long"),
    "type a number": (body(type=5), "unknown_type"),
    "unknown Segment event": (body(type="track", event="Product Teleported"), "unknown_type"),
    "unknown type": (b'{"type":"product.teleported.v1"}', "unknown_type"),
    "too large": (body(pad="x" * EVENT_BYTES_MAX), "too_large"),
    "deep arrays": (b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "nested_too_deep"),
    "deep objects": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested_too_deep"),
    "nan": (b'{"product_id":"p","user_id":"u","position":NaN}', "not_finite"),
    "infinity": (b'{"product_id":"p","user_id":"u","position":-Infinity}', "not_finite"),
    "number too large": (b'{"product_id":"p","user_id":"u","position":1e999}', "not_finite"),
    "lone surrogate": (b'{"product_id":"\\ud800","user_id":"u"}', "lone_surrogate"),
    "lone low surrogate": (b'{"product_id":"\\udc00","user_id":"u"}', "lone_surrogate"),
    "surrogate in utf-8": (b'{"product_id":"\xed\xa0\x80","user_id":"u"}', "invalid_utf8"),
    "half of Confluent's frame": (b"\x00\x00\x00", "invalid_json"),
    "empty behind Confluent's frame": (b"\x00\x00\x00\x00\x01", "invalid_json"),
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
    assert error in ERRORS[result.stage]


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


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("product.clickd.v1", "`product.clicked.v1` is meant"),
        ("order.complete.v1", "`order.completed.v1` is meant"),
        ("product.teleported.v1", ""),
    ],
)
def test_a_mistyped_type_is_answered_with_the_nearest(name, meant):
    [refused] = clicks().decode([record(body(), binary(name))])
    assert (refused.error, "is meant" in refused.message) == ("unknown_type", bool(meant))
    assert meant in refused.message


CATALOGUED = "product.catalogued.v1"


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        (None, []),
        (b"", []),
        (None, binary(CATALOGUED)),
        (orjson.dumps({"type": PREFIX + CATALOGUED, "data": None}), STRUCTURED),
        (orjson.dumps({"type": PREFIX + CATALOGUED}), STRUCTURED),
        (orjson.dumps({"type": PREFIX + CATALOGUED, "data_base64": ""}), STRUCTURED),
    ],
)
def test_an_empty_value_removes_a_product_and_needs_its_key(value, headers):
    decoder = EventDecoder(topics.CATALOGUE, {CATALOGUED}, "recommender", PREFIX)
    keys = [b"p-1", None, b"", b"\xff"]
    removal, *rest = decoder.decode([record(value, headers, key) for key in keys])
    assert isinstance(removal, Event)
    assert (removal.data, removal.key) == (None, b"p-1")
    assert [r.error for r in rest] == ["missing_key", "missing_key", "invalid_utf8"]


REVIEWED, WITHDRAWN = "product.reviewed.v1", "review.withdrawn.v1"


def structured(kind, **more):
    return orjson.dumps({"type": PREFIX + kind, "data": None, **more}), STRUCTURED


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        (None, []),
        (b"", []),
        (None, binary(REVIEWED)),
        (None, binary(WITHDRAWN)),
        structured(REVIEWED),
        structured(WITHDRAWN),
    ],
)
def test_an_empty_review_withdraws_all_of_the_product_of_its_key(value, headers):
    decoder = EventDecoder(topics.REVIEWS, {REVIEWED, WITHDRAWN}, "sentiment", PREFIX)
    keys = [b"p-1", None, b"", b"\xff"]
    withdrawal, *rest = decoder.decode([record(value, headers, key) for key in keys])
    assert isinstance(withdrawal, Event)
    assert (withdrawal.data, withdrawal.key) == (None, b"p-1")
    assert [r.error for r in rest] == ["missing_key", "missing_key", "invalid_utf8"]


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        (None, [("ce_subject", b"r-7")]),
        (b"", binary(REVIEWED, ce_subject="r-7")),
        (None, binary(WITHDRAWN, ce_subject="r-7")),
        structured(REVIEWED, subject="r-7"),
        (orjson.dumps({"product_id": "p-1", "review_id": "r-7"}), binary(WITHDRAWN)),
        (orjson.dumps({"type": WITHDRAWN, "product_id": "p-1", "review_id": "r-7"}), []),
    ],
)
def test_a_subject_names_the_one_review_that_is_withdrawn(value, headers):
    decoder = EventDecoder(topics.REVIEWS, {REVIEWED, WITHDRAWN}, "sentiment", PREFIX)
    [found] = decoder.decode([record(value, headers, b"p-1")])
    assert isinstance(found, Event)
    assert (found.type, found.data.product_id, found.data.review_id) == (WITHDRAWN, "p-1", "r-7")


def test_a_subject_that_is_no_id_is_rejected_and_never_read_as_the_whole_product():
    decoder = EventDecoder(topics.REVIEWS, {REVIEWED, WITHDRAWN}, "sentiment", PREFIX)
    bad = [b"x" * 600, b"\xff"]
    found = decoder.decode([record(None, [("ce_subject", s)], b"p-1") for s in bad])
    assert [type(one) for one in found] == [Rejected, Rejected]
    [skipped] = EventDecoder(topics.REVIEWS, {REVIEWED}, "sentiment", PREFIX).decode(
        [record(None, [("ce_subject", b"r")], b"p-1")]
    )
    assert skipped == Skipped(0, "other_type")


@pytest.mark.parametrize("time", ["1999-01-01T00:00:00Z", "2036-01-01T00:00:00Z", "soon"])
def test_a_removals_time_is_checked_too(time):
    decoder = EventDecoder(topics.CATALOGUE, {CATALOGUED}, "recommender", PREFIX)
    [result] = decoder.decode([record(None, binary(CATALOGUED, ce_time=time), b"p-1")])
    assert isinstance(result, Rejected)


def test_attributes_nested_deeper_than_others_could_write_are_rejected():
    decoder = EventDecoder(topics.CATALOGUE, {CATALOGUED}, "recommender", PREFIX)

    def nested(depth, left, right):
        inner = left * depth + b"1" + right * depth
        return record(b'{"product_id":"p","title":"t","attributes":{"a":' + inner + b"}}")

    for left, right in ((b"[", b"]"), (b'{"a":', b"}")):
        fine, deep = decoder.decode([nested(31, left, right), nested(1000, left, right)])
        assert isinstance(fine, Event)
        assert (deep.stage, deep.error) == ("validate", "nested_too_deep")


@pytest.mark.parametrize(
    ("value", "suffix", "product"),
    [
        ({"event": "Product Added", **GOOD}, "product.added.v1", "p"),
        ({"event": "add_to_cart", "items": [{"item_id": "x"}], "user_pseudo_id": "z"},
         "product.added.v1", "x"),
        ({"event": "view_item", "params": {"item_id": "y"}, "user_id": "u"},
         "product.clicked.v1", "y"),
        (GOOD, "product.clicked.v1", "p"),
        ({"type": None, **GOOD}, "product.clicked.v1", "p"),
        ({"type": "track", "event": "Product Added", "userId": "u", "messageId": "m",
          "timestamp": "2026-03-01T09:30:00.000Z", "properties": {"product_id": "s"}},
         "product.added.v1", "s"),
        ({"event": "add_to_cart", "timestamp_micros": 1_772_357_400_250_000, "client_id": "c",
          "params": {"items": [{"item_id": "m"}]}}, "product.added.v1", "m"),
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
    decoder = EventDecoder(topics.SEARCHES, {"products.searched.v1"}, "intent", PREFIX)
    [search] = decoder.decode([record(orjson.dumps({"search_term": "鞋", "user_id": "u"}))])
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
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    event = verdict(body(), binary(ce_correlationid="c9", traceparent=trace))
    assert (event.id, event.source, event.correlation_id) == ("e1", "/web", "c9")
    assert event.traceparent == trace.encode()
    assert verdict(body(), binary(traceparent="x" * 500_000)).traceparent is None
    envelope = {"type": PREFIX + "product.clicked.v1", "data": GOOD, "id": "e1", "source": "/web",
                "correlationid": "c9", "traceparent": trace}  # fmt: skip
    assert verdict(orjson.dumps(envelope), STRUCTURED) == event
    bare = verdict(body())
    assert (bare.id, bare.source) == (f"{topics.CLICKS}/3/0", ""), "cannot repeat: no source"
    assert (verdict(body(id="x")).id, verdict(body(id="x")).source) == ("x", NO_SOURCE)
    assert verdict(body(), binary(ce_source="")).source == NO_SOURCE, "its repeats must be found"


@pytest.mark.parametrize("name", ["ce_id", "ce_source", "ce_correlationid"])
def test_envelope_fields_that_would_burst_every_output_are_rejected(name):
    result = verdict(body(), binary(**{name: "x" * 100_000}))
    assert (result.stage, result.error) == ("validate", "too_long")
    assert isinstance(verdict(body(), binary(**{name: "x" * 1000})), Event)


@pytest.mark.parametrize("name", ["ce_id", "ce_source", "ce_correlationid", "ce_time"])
def test_envelope_headers_that_are_not_utf8_are_rejected_not_mapped_onto_each_other(name):
    headers = [(k, v) for k, v in binary() if k != name] + [(name, b"e\xff")]
    assert verdict(body(), headers).error == "invalid_utf8"


def test_a_key_longer_than_any_id_is_rejected():
    assert verdict(body(), key=b"k" * (KEY_BYTES_MAX + 1)).error == "too_large"
    assert isinstance(verdict(body(), key=b"k" * KEY_BYTES_MAX), Event)


@pytest.mark.parametrize(
    "time",
    ["2026-03-01T09:30:00.250Z", "2026-03-01t09:30:00.250z", "2026-03-01T11:30:00.25+02:00",
     "2026-03-01T09:30:00.250999999Z", 1_772_357_400.25, 1_772_357_400_250,
     1_772_357_400_250_000],
)  # fmt: skip
def test_times_are_read_as_rfc_3339_or_unix_time_of_any_unit(time):
    assert verdict(body(time=time)).time_ms // 10 == 177_235_740_025


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
    [result] = EventDecoder(topic, spec.types, spec.owner, PREFIX).decode(
        [record(value, headers, key)]
    )
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
