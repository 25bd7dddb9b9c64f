"""What real shops send: other vocabularies, odd spellings, and optional fields that are wrong."""

from __future__ import annotations

from types import SimpleNamespace

import orjson
import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.catalogue import products
from shopkeeper.shared.contracts.decoder import PARTS_MAX, EventDecoder
from shopkeeper.shared.contracts.envelope import PARTS, Event, Rejected, Several, Skipped
from shopkeeper.shared.contracts.repair import number

NOW_MS = 1_795_860_000_000
PREFIX = "com.example.shop."
CLICK = {"product_id": "p", "user_id": "u"}


def decoder(topic=topics.CLICKS, service=None):
    spec = topics.BY_NAME[topic]
    return EventDecoder(topic, spec.types, service or spec.owner, PREFIX)


def decoded(document, headers=(), topic=topics.CLICKS, key=b"k", of=None):
    value = document if isinstance(document, bytes) else orjson.dumps(document)
    record = SimpleNamespace(
        offset=5, partition=2, timestamp=NOW_MS, key=key, value=value, headers=list(headers)
    )
    [verdict] = (of or decoder(topic)).decode([record])
    return verdict


def test_a_field_of_segments_properties_is_never_taken_for_the_envelopes():
    def call(message, user):
        return decoded(
            {"type": "track", "event": "Product Viewed", "messageId": message, "userId": user,
             "properties": {"id": "S1", "product_id": "S1", "type": "shoe", "time": "1999-01-01",
                            "timestamp": 5, "message_id": "x", "source": "y"}}
        )  # fmt: skip

    first, second = call("m1", "sg1"), call("m4", "sg2")
    assert [(e.type, e.id, e.time_ms) for e in (first, second)] == [
        ("product.clicked.v1", "m1", NOW_MS), ("product.clicked.v1", "m4", NOW_MS)
    ]  # fmt: skip
    assert (first.data.product_id, second.data.user_id) == ("S1", "sg2")


def test_an_order_of_the_bigquery_export_is_an_order_at_its_time():
    order = decoded(
        {"event_name": "purchase", "event_timestamp": "1795850000000000", "user_pseudo_id": "g2",
         "items": [{"item_id": "b1"}, {"item_id": "b2"}]}
    )  # fmt: skip
    assert (order.type, order.time_ms) == ("order.completed.v1", 1_795_850_000_000)
    assert [line.product_id for line in order.data.products] == ["b1", "b2"]


@pytest.mark.parametrize("shape", [lambda i: {"ecommerce": {"items": i}}, lambda i: {"items": i},
                                   lambda i: {"params": {"items": i}},
                                   lambda i: {"ecommerce": {"items": i[0]}}])  # fmt: skip
def test_a_view_of_the_data_layer_is_a_click(shape):
    click = decoded({"event": "view_item", "user_pseudo_id": "g1"} | shape([{"item_id": "a1"}]))
    assert (click.type, click.data.product_id) == ("product.clicked.v1", "a1")
    assert click.data.anonymous_id == "g1"


@pytest.mark.parametrize(
    "time",
    ["1795850000", "1795850000000", "1795850000000000", "1795850000000000000", 1_795_850_000,
     1_795_850_000_000_000_000, "1795850000.0", "2026-11-28T08:13:20+01:00", "2026-11-28 07:13:20Z",
     "2026-11-28 07:13:20 +0000", "2026-11-28 07:13:20 UTC", "2026-11-28T07:13:20 GMT"],
)  # fmt: skip
def test_times_are_read_as_numbers_or_text_of_any_unit_and_with_any_zone(time):
    for document in (
        {**CLICK, "time": time},
        {"event": "view_item", "client_id": "g5", "timestamp_micros": time,
         "items": [{"item_id": "e1"}]},
        {"type": "track", "event": "Product Viewed", "userId": "u", "timestamp": time,
         "properties": {"product_id": "p"}},
    ):  # fmt: skip
        event = decoded(document)
        assert isinstance(event, Event), event
        assert event.time_ms == 1_795_850_000_000


@pytest.mark.parametrize("time", ["", "12", "20261128", "99999999999999999999", "now", [], {}, True,
                                  "2026-11-28T07:13:20"])  # fmt: skip
def test_a_time_that_is_none_is_refused_in_our_words(time):
    assert decoded({**CLICK, "time": time}).error == "invalid_time"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("add_to_cart", "product.added.v1"), ("view_item", "product.clicked.v1"),
     ("remove_from_cart", "product.removed.v1")],
)  # fmt: skip
def test_an_event_of_several_items_is_one_for_each(name, kind):
    items = [{"item_id": "d1"}, {"item_id": "d2"}, {"item_id": "d3"}]
    several = decoded({"event": name, "user_pseudo_id": "g4", "items": items})
    assert isinstance(several, Several)
    assert [(e.type, e.data.product_id, e.part) for e in several.verdicts] == [
        (kind, "d1", 0), (kind, "d2", 1), (kind, "d3", 2)
    ]  # fmt: skip
    assert [e.id for e in several.verdicts] == [f"shop.clicks.v1/2/5#{n}" for n in range(3)]
    assert {e.correlation_id for e in several.verdicts} == {"shop.clicks.v1/2/5"}


def test_a_batch_of_events_has_a_verdict_for_each_and_those_meant_can_be_named():
    document = {"client_id": "c", "user_id": "u", "events": [
        {"name": "view_item", "params": {"items": [{"item_id": "a"}]}}, {"name": "page_view"},
        {"name": "teleport"}, {"name": "add_to_cart", "params": {"items": [{"item_id": 7}]}}, 3,
    ]}  # fmt: skip
    verdicts = decoded(document).verdicts
    assert [type(v) for v in verdicts] == [Event, Skipped, Rejected, Event, Rejected]
    assert [v.part for v in verdicts if isinstance(v, Rejected)] == [2, 4]
    only = decoded(document, [(PARTS, b"2,3")]).verdicts
    assert only == verdicts[2:4]
    assert decoded({"client_id": "c", "events": [{"name": "scroll"}] * 2}) == Skipped(5, "not_ours")
    assert decoded({"client_id": "c", "events": []}) == Skipped(5, "not_ours")
    many = {"client_id": "c", "events": [{"name": "scroll"}] * (PARTS_MAX + 1)}
    assert decoded(many).error == "too_many"


def test_numbers_as_text_do_not_cost_the_order():
    order = decoded(
        {"event": "purchase", "client_id": "g7", "transaction_id": "T9", "value": "1,299.00",
         "items": [{"item_id": "e1", "price": "11.99", "quantity": "1"}]}
    )  # fmt: skip
    [line] = order.data.products
    assert (line.product_id, line.price, line.quantity, order.data.total) == ("e1", 11.99, 1, 1299)


@pytest.mark.parametrize("text", ["11.99", "1,299.00", "1.299,00", "11,99", "-3", "1e3", ".5"])
def test_a_number_is_read_where_its_marks_mean_one_thing(text):
    expected = {"11.99": 11.99, "1,299.00": 1299, "1.299,00": 1299, "11,99": 11.99, "-3": -3,
                "1e3": 1000, ".5": 0.5}  # fmt: skip
    assert number(text) == expected[text]


@pytest.mark.parametrize("text", ["", "1,299", "1.299.000", "$5", "5 EUR", "nan", "inf", "1_0",
                                  "٣", "0x1", "1.2.3", "9" * 30])  # fmt: skip
def test_a_number_is_not_guessed(text):
    assert number(text) is None


@pytest.mark.parametrize(
    ("fields", "dropped"),
    [
        ({"position": "third"}, {"position": 1}),
        ({"position": "3"}, {}),
        ({"session_id": 17}, {"session_id": 1}),
        ({"session_id": ""}, {}),
        ({"recomm_id": []}, {"recomm_id": 1}),
        ({"anonymous_id": ""}, {}),
        ({"position": {}, "recomm_id": False, "session_id": "x" * 600},
         {"position": 1, "recomm_id": 1, "session_id": 1}),
    ],
)  # fmt: skip
def test_an_optional_field_that_is_wrong_costs_that_field_and_is_counted(fields, dropped):
    of = decoder()
    event = decoded(CLICK | fields, of=of)
    assert isinstance(event, Event)
    assert (event.data.user_id, event.data.product_id) == ("u", "p")
    assert of.take_dropped() == dropped
    assert not of.take_dropped()


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ({"user_id": "u", "product_id": 5, "position": "x"}, "wrong_type"),
        ({"user_id": 5, "anonymous_id": "a", "product_id": "p"}, "wrong_type"),
        ({"user_id": "", "product_id": "p"}, "empty_field"),
        ({"product_id": "p", "position": "x"}, "missing_field"),
        ({"type": "order.refunded.v1", "user_id": "u", "order_id": "o", "products": 5},
         "wrong_type"),
        ({"type": "order.refunded.v1", "user_id": "u", "order_id": "o", "products": [{}]},
         "missing_field"),
    ],
)  # fmt: skip
def test_who_it_was_and_what_it_was_about_is_never_guessed(document, error):
    of = decoder()
    assert decoded(document, of=of).error == error
    assert not of.take_dropped()


def test_a_rating_that_is_wrong_costs_the_rating_only_where_there_is_a_text():
    review = {"product_id": "p", "review_id": "r", "rating": 8}
    assert decoded(review, topic=topics.REVIEWS).error == "out_of_range"
    with_text = decoded(review | {"review_body": "Good."}, topic=topics.REVIEWS)
    assert (with_text.data.rating, with_text.data.review_body) == (None, "Good.")


@pytest.mark.parametrize(
    ("user", "anonymous", "expected"),
    [("", "g8", (None, "g8")), (None, "g8", (None, "g8")), ("u", "", ("u", None)),
     (97_980, "", ("97980", None)), (0, None, ("0", None))],
)  # fmt: skip
def test_an_empty_id_beside_another_is_none(user, anonymous, expected):
    call = {"type": "track", "event": "Product Clicked", "userId": user, "anonymousId": anonymous,
            "properties": {"product_id": "e2"}}  # fmt: skip
    data = decoded(call).data
    assert (data.user_id, data.anonymous_id) == expected
    ours = {"user_id": "", "anonymous_id": "g8", "product_id": "e2"}
    assert decoded(ours).data.anonymous_id == "g8"


STRUCTURED = {"specversion": "1.0", "id": "1", "source": "/a", "type": PREFIX + "product.added.v1",
              "data": CLICK}  # fmt: skip


@pytest.mark.parametrize(
    "headers",
    [[], [("Content-Type", b"application/cloudevents+json")], [("x", b"y")],
     [("CONTENT-TYPE", b"Application/CloudEvents+JSON; charset=utf-8")],
     [("contentType", b"application/cloudevents+json")], [("content-type", b"application/json")]],
)  # fmt: skip
def test_a_structured_cloudevent_is_known_without_its_header_or_by_an_oddly_spelled_one(headers):
    event = decoded(STRUCTURED, headers)
    assert (event.type, event.id, event.source) == ("product.added.v1", "1", "/a")


@pytest.mark.parametrize("spell", [str.upper, str.title, lambda n: n.replace("_", "-"),
                                   lambda n: n.replace("_", "-").title()])  # fmt: skip
def test_binary_headers_are_known_in_any_case(spell):
    fields = {"ce_type": PREFIX + "product.added.v1", "ce_id": "9", "ce_source": "/w",
              "ce_time": "2026-11-28T07:13:20Z"}  # fmt: skip
    event = decoded(CLICK, [(spell(name), text.encode()) for name, text in fields.items()])
    assert (event.type, event.id, event.source) == ("product.added.v1", "9", "/w")
    assert event.time_ms == 1_795_850_000_000


def test_a_payload_that_only_says_specversion_is_no_envelope():
    for extra in ({"specversion": "1.0"}, {"specversion": 3, "data": {}}):
        assert isinstance(decoded({"type": "product.clicked.v1", **CLICK, **extra}), Event)


def test_cloudevents_batch_mode_is_refused_by_its_name():
    headers = [("content-type", b"application/cloudevents-batch+json")]
    for value in (b"[]", orjson.dumps([STRUCTURED]), orjson.dumps(STRUCTURED)):
        refused = decoded(value, headers)
        assert refused.error == "batch_mode"
        assert "record of its own" in refused.message


def test_a_byte_order_mark_is_read_over_and_utf16_is_named():
    assert isinstance(decoded(b"\xef\xbb\xbf" + orjson.dumps(CLICK)), Event)
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        refused = decoded(orjson.dumps(CLICK).decode().encode(encoding))
        assert refused.error == "not_utf8", encoding
        assert "UTF-16" in refused.message
    assert decoded('{"product_id":"红色跑步鞋"}'.encode("gbk")).error == "invalid_utf8"


KINDS = ("type", "event", "event_name", "event_type", "action", "topic", "name")


@pytest.mark.parametrize("field", KINDS)
@pytest.mark.parametrize("name", ["wishlist_opened", "order.teleported", "productTeleported",
                                  "Wishlist Opened"])  # fmt: skip
def test_a_kind_that_nobody_knows_is_never_a_click(field, name):
    refused = decoded({**CLICK, field: name})
    assert refused.error == "unknown_type"
    assert f"`{name}`" in refused.message
    assert "TYPE_PREFIX" in refused.message
    others = decoded({"query": "q", field: name}, topic=topics.SEARCHES, of=EventDecoder(
        topics.SEARCHES, {"products.searched.v1"}, "recommender", PREFIX))  # fmt: skip
    if field in KINDS[:4]:
        assert others == Skipped(5, "unknown_type"), "the owner's to bury"


@pytest.mark.parametrize(("name", "kind"), [("refund", "order.refunded.v1"),
                                            ("remove_from_cart", "product.removed.v1"),
                                            ("addtocart", "product.added.v1")])  # fmt: skip
@pytest.mark.parametrize("field", KINDS)
def test_a_kind_is_found_in_whatever_field_names_it(field, name, kind):
    assert decoded({**CLICK, "order_id": "o", field: name}).type == kind


def test_a_type_that_could_be_payload_is_not_written_into_a_message():
    for name in ("anna@example.com", "x" * 81, "鞋", "a\nb"):
        message = decoded({**CLICK, "type": name}).message
        assert name not in message
        assert f"{len(name)} characters" in message
    assert "not text" in decoded({**CLICK, "type": {"a": 1}}).message


def test_a_product_with_a_name_is_still_a_click():
    for name in ("Red Shoes", "laptop", "iPhone 17", "Used Book"):
        assert isinstance(decoded({**CLICK, "name": name}), Event), name


def test_an_order_that_is_told_twice_by_a_shops_webhooks_has_one_id():
    order = {"id": 1001, "order_number": 1, "financial_status": "pending", "customer": {"id": 5},
             "line_items": [{"product_id": 7}]}  # fmt: skip
    found = [
        decoded(order | {"financial_status": status}, [("X-Shopify-Topic", topic)])
        for status, topic in (("pending", b"orders/create"), ("paid", b"orders/paid"))
    ]
    assert len({(event.source, event.id) for event in found}) == 1
    assert found[0].data.user_id == "5"


def test_the_catalogues_table_reads_what_the_decoder_reads():
    shopify = {"id": 7, "title": "Shoe", "variants": [{"price": "9.90"}], "status": "active"}
    for document in (
        shopify,
        {"product_id": "7", "title": "Shoe", "price": "9.90"},
        {"id": 7, "name": "Shoe", "stock_status": "instock", "price": "9.90"},
        {**STRUCTURED, "type": PREFIX + "product.catalogued.v1",
         "data": {"product_id": "7", "title": "Shoe", "price": "9.90", "locale": 3}},
    ):  # fmt: skip
        value = orjson.dumps(document)
        [(name, product)] = products(b"\xef\xbb\xbf" + value)
        assert (name, product.title, product.price) == ("7", "Shoe", 9.9)
        assert decoded(value, topic=topics.CATALOGUE).data == product
    assert list(products(b'{"id":7}')) == [("7", None)]
    removed = decoded({"id": 7}, topic=topics.CATALOGUE)
    assert (removed.data, removed.key) == (None, b"7")


KIND_NAMES = (
    "eventName", "eventType", "EventName", "EVENT", "Event", "kind", "verb", "behavior",
    "behaviour", "behavior_type", "action_type", "actionType", "interaction_type",
    "interactionType", "activity", "event_action", "Action",
)  # fmt: skip


@pytest.mark.parametrize("field", KIND_NAMES)
@pytest.mark.parametrize(
    ("name", "kind"),
    [("purchase", "order.completed.v1"), ("removeFromCart", "product.removed.v1"),
     ("refund", "order.refunded.v1"), ("view", "product.clicked.v1")],
)  # fmt: skip
def test_a_kind_is_heeded_under_whatever_field_it_stands(field, name, kind):
    event = decoded({field: name, **CLICK, "order_id": "o"})
    assert event.type == kind


@pytest.mark.parametrize("field", [f for f in KIND_NAMES if "_" in f or f[:5].lower() == "event"])
@pytest.mark.parametrize("name", ["teleported", 4, {"name": "purchase"}])
def test_a_kind_that_nobody_knows_is_refused_under_every_field(field, name):
    assert decoded({field: name, **CLICK}).error == "unknown_type"


@pytest.mark.parametrize("field", ["kind", "verb", "behavior", "activity", "name"])
def test_what_may_be_the_products_is_no_kind_unless_it_reads_like_one(field):
    assert decoded({field: "Leather sofa", **CLICK}).type == "product.clicked.v1"
    assert decoded({field: "sofa.teleported", **CLICK}).error == "unknown_type"


def test_other_spellings_of_ids_beside_a_kind():
    event = decoded({"EventName": "AddToCart", "UserId": "u", "ProductId": "p"})
    assert (event.data.user_id, event.data.product_id) == ("u", "p")


@pytest.mark.parametrize(
    "field",
    ["event_time", "eventTime", "event_timestamp", "ts", "timestamp_ms", "occurred_at", "createdAt",
     "time", "timestamp", "timestamp_micros"],
)  # fmt: skip
@pytest.mark.parametrize("kind", [{}, {"event": "view"}])
def test_a_time_counts_under_whatever_field_it_stands(field, kind):
    event = decoded({**CLICK, **kind, field: NOW_MS - 10_000})
    assert event.time_ms == NOW_MS - 10_000


@pytest.mark.parametrize("zone", ["+08:00[Asia/Shanghai]", "+0800", " +08:00"])
def test_offsets_as_programs_write_them(zone):
    event = decoded({**CLICK, "time": f"2026-11-28T18:00:00{zone}"})
    assert event.time_ms == NOW_MS
    assert decoded({**CLICK, "time": "2026-11-28T18:00:00[Asia/Shanghai]"}).error == "invalid_time"


NOBODIES = ["", " ", "\u3000", "null", "NULL", "None", "undefined", "nil", "NaN", "(not set)"]


@pytest.mark.parametrize("nobody", NOBODIES)
def test_a_word_for_nothing_is_no_user_beside_an_anonymous_one(nobody):
    ours = {"user_id": nobody, "anonymous_id": "a", "product_id": "p"}
    segment = {
        "type": "track",
        "event": "Product Clicked",
        "userId": nobody,
        "anonymousId": "a",
        "properties": {"product_id": "p"},
    }
    google = {
        "event": "view_item",
        "user_id": nobody,
        "client_id": "a",
        "items": [{"item_id": "p"}],
    }
    gtag = [
        "event",
        "view_item",
        {"user_id": nobody, "client_id": "a", "items": [{"item_id": "p"}]},
    ]
    own = {"eventType": "view", **ours}
    for document in (ours, segment, google, gtag, own):  # fmt: skip
        event = decoded(document)
        assert (event.data.user_id, event.data.user) == (None, "a")


@pytest.mark.parametrize("nobody", NOBODIES)
def test_visitors_whom_a_vocabulary_does_not_name_are_not_all_one(nobody):
    document = {"type": "track", "event": "Product Clicked", "userId": nobody,
                "properties": {"product_id": "p"}}  # fmt: skip
    assert decoded(document).error == "missing_field"


@pytest.mark.parametrize("prefix", ["ce_", "ce-", "Ce-", "ce:", "cloudEvents:", "cloudevents_"])
def test_binary_mode_under_every_prefix(prefix):
    names = {"type": PREFIX + "product.added.v1", "id": "9", "source": "/s", "specversion": "1.0"}
    event = decoded(CLICK, [(prefix + name, value.encode()) for name, value in names.items()])
    assert (event.type, event.id, event.source) == ("product.added.v1", "9", "/s")
