"""Records as Kafka Connect, Debezium and serialisers write them, and what no shop means."""

from __future__ import annotations

import contextlib
import gzip
import json
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.catalogue import products
from shopkeeper.shared.contracts.connectors import text_of_key, unwrapped
from shopkeeper.shared.contracts.decoder import EventDecoder
from shopkeeper.shared.contracts.envelope import Event, Rejected, Skipped
from shopkeeper.shared.datasets.admission import UnsentRecord

PREFIX = "com.example.shop."
NOW_MS = 1_790_000_000_000
CLICK = {"user_id": "u", "product_id": "p"}
ROW = {"id": 7, "user_id": 12, "product_id": 34}
SCHEMA = {"type": "struct", "fields": []}
SOURCE = {"db": "shop", "table": "clicks"}


def decoded(value, *headers, topic=topics.CLICKS, key=b"k"):
    """(verdict, decoder)."""
    spec = topics.BY_NAME[topic]
    decoder = EventDecoder(topic, spec.types, spec.owner, PREFIX)
    content = value if isinstance(value, bytes | None) else json.dumps(value).encode()
    [verdict] = decoder.decode([UnsentRecord(NOW_MS, key, content, headers)])
    return verdict, decoder


def said(event):
    return {k: v for k, v in msgspec.to_builtins(event.data).items() if v is not None}


@pytest.mark.parametrize(
    "value",
    [
        {"schema": SCHEMA, "payload": CLICK},
        {"schema": {"type": "string"}, "payload": json.dumps(CLICK)},
        {"schema": None, "payload": CLICK},
        {"before": None, "after": CLICK, "source": SOURCE, "op": "c", "ts_ms": NOW_MS},
        {"after": CLICK, "source": SOURCE, "op": "r"},
        {"schema": SCHEMA, "payload": {"before": None, "after": CLICK, "op": "u"}},
        {**CLICK, "__op": "c", "__deleted": "false"},
        b"\x00\x00\x00\x00\x05" + json.dumps(CLICK).encode(),
        b"\x00" + bytes(7) + b"\x05" + json.dumps(CLICK).encode(),
        b"\x03\x00" + bytes(16) + json.dumps(CLICK).encode(),
    ],
)
def test_a_click_is_read_in_every_envelope(value):
    event, _ = decoded(value)
    assert isinstance(event, Event)
    assert (event.type, said(event)) == ("product.clicked.v1", CLICK)


def test_a_rows_numbers_are_ids_and_its_own_is_no_events():
    event, _ = decoded({"before": None, "after": ROW, "source": SOURCE, "op": "c"})
    assert said(event) == {"user_id": "12", "product_id": "34"}
    assert not event.source, "two tables have a row 7 each"
    verdict, _ = decoded(ROW)
    assert verdict.error == "wrong_type", "without an envelope numbers are refused as ever"


@pytest.mark.parametrize(
    "value",
    [{"before": CLICK, "after": None, "source": SOURCE, "op": "d"}, {**CLICK, "__deleted": "true"},
     {"schema": SCHEMA, "payload": {**CLICK, "__deleted": True}}],
)  # fmt: skip
def test_a_deleted_row_is_no_click(value):
    assert decoded(value)[0] == Skipped(0, "not_ours")


@pytest.mark.parametrize(
    "value",
    [{"before": {"product_id": "p", "title": "T"}, "after": None, "source": SOURCE, "op": "d"},
     {"product_id": "p", "title": "T", "__deleted": "true"}],
)  # fmt: skip
def test_a_deleted_row_of_a_catalogue_removes_its_product_everywhere(value):
    event, _ = decoded(value, topic=topics.CATALOGUE, key=b"17")
    assert (event.data, event.key) == (None, b"p")
    assert list(products(json.dumps(value).encode())) == [("p", None)]


@pytest.mark.parametrize(
    "key",
    [b"p", b'"p"', b'{"product_id":"p"}', b'{"product_id":"p","shop":1}', b'{"id":"p"}',
     b'{"schema":{"type":"string"},"payload":"p"}', b"\x00\x00\x00\x00\x05" + b'"p"',
     b'{"schema":{},"payload":{"product_id":"p"}}'],
)  # fmt: skip
def test_a_removal_is_of_the_product_whatever_wrote_its_key(key):
    event, _ = decoded(None, topic=topics.CATALOGUE, key=key)
    assert (event.data, event.key) == (None, b"p")
    assert text_of_key(key) == "p"


@pytest.mark.parametrize("key", [b"\0\0\0\7", b"\0" * 7 + b"\7", b"\0\0\0\0\1\2p"])
def test_a_key_that_is_no_text_removes_nothing_in_silence(key):
    verdict, _ = decoded(None, topic=topics.CATALOGUE, key=key)
    assert (verdict.error, "not text" in verdict.message) == ("missing_key", True)


@pytest.mark.parametrize("key", [b"{p}", b'"p', b"{}", b'{"a":1,"b":2}', b'{"a":null}', b"p{}"])
def test_a_key_that_only_looks_like_json_stays_as_it_is(key):
    assert text_of_key(key) == key.decode()


CLICKED = json.dumps(CLICK).encode()


@pytest.mark.parametrize(
    ("value", "words"),
    [(gzip.compress(CLICKED, mtime=0), "gzip"), (zlib.compress(CLICKED), "zlib"),
     (b"\x04\x22\x4d\x18", "lz4"),
     (b"\x28\xb5\x2f\xfd\x00", "zstd"), (b"\0\0\0\0\5\2u\2p", "Avro or Protobuf"),
     (b"\0\0\0\0\5\0\x0a\1u", "Avro or Protobuf"), (b"\xc3\x0112345678", "Avro"),
     (b"Obj\1abc", "an Avro file"), (b"\xac\xed\0\5sr", "Java"), (b"<event/>", "XML"),
     (json.dumps(CLICKED.decode()).encode(), "inside a JSON string"),
     (b'{"schema":null,"payload":null}', "without a payload")],
)  # fmt: skip
def test_what_is_no_json_is_named_with_the_way_out(value, words):
    verdict, _ = decoded(value)
    assert isinstance(verdict, Rejected)
    assert words in verdict.message


@pytest.mark.parametrize("document", [
    {"payload": CLICK}, {"schema": SCHEMA, "payload": 7}, {"schema": SCHEMA, "payload": "{"},
    {"after": CLICK}, {"after": CLICK, "op": "c"}, {"after": None, "op": "c", "source": SOURCE},
    {"after": CLICK, "before": None, "op": "zz"}, {"op": ["c"], "after": CLICK, "source": 1},
])  # fmt: skip
def test_what_is_no_envelope_stays_as_it_is(document):
    assert unwrapped(document) == document


@pytest.mark.parametrize(
    "name", [b'"com.example.shop.product.clicked.v1"', b" product.clicked.v1 "]
)
def test_a_header_that_was_written_as_json_is_read(name):
    headers = ("ce_type", name), ("ce_id", b"1"), ("ce_time", b'"2023-11-14T22:13:20Z"')
    event, _ = decoded(CLICK, *headers)
    assert (event.type, event.time_ms) == ("product.clicked.v1", 1_700_000_000_000)


@pytest.mark.parametrize(
    "nothing", ["null", "undefined", "NaN", "None", "[object Object]", "(not set)", "  ", "<null>"]
)
@pytest.mark.parametrize("kind", ["product.clicked.v1", "product.added.v1", "product.removed.v1"])
def test_a_word_for_nothing_is_no_product(kind, nothing):
    verdict, _ = decoded({"type": kind, "user_id": "u", "product_id": nothing})
    assert (verdict.error, verdict.message) == (
        "missing_field", "`product_id` is a word for nothing"
    )  # fmt: skip


@pytest.mark.parametrize(
    "document",
    [{"event": "product_viewed", "distinct_id": "u", "timestamp": "2023-11-14T22:13:20Z",
      "properties": {"product_id": "p"}},
     {"event": "Product Viewed", "properties": {"distinct_id": "u", "time": 1700000000,
                                                "$insert_id": "x", "product_id": "p"}},
     {"event_type": "Product Viewed", "time": 1700000000000, "device_id": "u", "insert_id": "x",
      "event_properties": {"product_id": "p"}}],
)  # fmt: skip
def test_posthog_mixpanel_and_amplitude_have_visitors_and_times(document):
    event, _ = decoded(document)
    assert (event.type, event.time_ms) == ("product.clicked.v1", 1_700_000_000_000)
    assert said(event) == {"anonymous_id": "u", "product_id": "p"}


ORDER = {"type": "order.completed.v1", "user_id": "u", "order_id": "o"}


def test_what_comes_back_or_is_nothing_was_not_bought():
    lines = [{"product_id": "a", "quantity": -1}, {"product_id": "undefined"}, {"product_id": "b"}]
    event, decoder = decoded({**ORDER, "products": lines})
    assert [line.product_id for line in event.data.products] == ["b"]
    assert decoder.take_dropped() == {"products": 1}
    zero = [{"product_id": "a", "quantity": 0}]
    assert isinstance(decoded({**ORDER, "products": zero})[0], Event), "some write 0 for unknown"


@pytest.mark.parametrize(
    ("document", "words"),
    [({**ORDER, "products": [{"product_id": "a", "quantity": -1}]}, "order.refunded.v1"),
     ({"event": "purchase", "client_id": "g", "transaction_id": "T",
       "items": [{"item_id": "e", "quantity": -1}]}, "order.refunded.v1"),
     ({"event": "add_to_cart", "client_id": "g", "items": [{"item_id": "e", "quantity": -2}]},
      "product.removed.v1"),
     ({**ORDER, "products": [{"product_id": "null"}]}, "a word for nothing")],
)  # fmt: skip
def test_a_return_is_never_learned_as_a_purchase(document, words):
    verdict, _ = decoded(document)
    assert isinstance(verdict, Rejected)
    assert words in verdict.message


@given(st.binary(max_size=40))
def test_any_key_is_text_or_none(key):
    with contextlib.suppress(ValueError):
        assert isinstance(text_of_key(key), str)
