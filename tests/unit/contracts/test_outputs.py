"""What goes around an output: ids, times, provenance, reasons and their texts."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.shared.contracts import outputs, topics
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.contracts.events.intent import INTENT_RECOGNISED
from shopkeeper.shared.contracts.events.recommendation import (
    RECOMMENDATIONS_UPDATED,
    Reason,
    RecommendationsUpdated,
    RecommendedItem,
)
from shopkeeper.shared.contracts.events.sentiment import PRODUCT_SENTIMENT_UPDATED, SENTIMENT_SCORED
from shopkeeper.shared.contracts.outputs import headers_of, output_id, rfc3339, view_headers
from shopkeeper.shared.contracts.reasons import TEXTS, render

TIME_MS = 1_772_357_400_250
TRACE = b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"
MODEL = Model("item-cf", "1")


def event(**changes):
    fields = {
        "type": "product.clicked.v1", "data": None, "key": b"u", "offset": 41, "time_ms": TIME_MS,
        "id": "e-1", "source": "/web", "correlation_id": "c-1",
    }  # fmt: skip
    return Event(**fields | changes)


def test_the_id_of_an_output_is_where_its_cause_stands_and_which_output_it_is():
    assert output_id("shop.clicks.v1", 3, 41, "x.v1", 2) == "shop.clicks.v1/3/41/x.v1/2"


def test_an_output_names_its_cause_and_hands_correlation_and_trace_on():
    headers = dict(headers_of("x.v1", "id-1", "用户", event(traceparent=TRACE), b"/shopkeeper"))
    assert headers["ce_causationid"] == b"e-1"
    assert headers["ce_correlationid"] == b"c-1"
    assert headers["traceparent"] == TRACE
    assert headers["ce_time"] == b"2026-03-01T09:30:00.250Z", "the cause's, so replays are equal"
    assert headers["ce_subject"].decode() == "用户"
    assert (headers["ce_id"], headers["ce_type"]) == (b"id-1", b"org.shopkeeper.x.v1")
    assert "traceparent" not in dict(headers_of("x.v1", "id-1", "s", event(), b"/shopkeeper"))


@pytest.mark.parametrize("suffix", outputs.OUTPUT_TYPES)
def test_every_output_type_has_its_topic_and_the_headers_cloudevents_require(suffix):
    assert [t.name for t in topics.ALL if suffix in t.types]
    for headers in (
        headers_of(suffix, "i", "s", event(), b"/r"),
        view_headers(suffix, "s", b"/r", TIME_MS),
    ):
        names = [name for name, _ in headers]
        assert {"content-type", "ce_specversion", "ce_id", "ce_source", "ce_type"} <= set(names)
        assert len(names) == len(set(names))


@given(st.integers(946_684_800_000, 4_102_444_800_000))
def test_times_are_written_as_they_are_read(time_ms):
    read = datetime.fromisoformat(rfc3339(time_ms).decode())
    assert read - datetime(1970, 1, 1, tzinfo=UTC) == timedelta(milliseconds=time_ms)


def test_a_list_of_ten_with_its_reasons_is_at_most_2_kb():
    # Ids as long as a UUID, each with a reason that names another product.
    items = [
        RecommendedItem(f"{i:036d}", 0.1235, Reason("bought_together", {"product_id": "p" * 36}))
        for i in range(10)
    ]
    value = RecommendationsUpdated(
        recomm_id=output_id(topics.CLICKS, 3, 10**9, RECOMMENDATIONS_UPDATED),
        items=items, fallback="none", cause="c" * 36, model=MODEL,
        user_id="u" * 36, session_id="s" * 36,
    )  # fmt: skip
    assert len(outputs.encode(value)) <= 2048


def test_what_is_at_its_default_is_left_out():
    value = RecommendationsUpdated(
        recomm_id="r", items=[RecommendedItem("p", 1.0, Reason("trending"))], fallback="trending",
        cause="c", model=MODEL, anonymous_id="a",
    )  # fmt: skip
    document = orjson.loads(outputs.encode(value))
    assert "user_id" not in document
    assert document["items"][0]["reason"] == {"code": "trending"}
    assert outputs.decode(RECOMMENDATIONS_UPDATED, outputs.encode(value)) == value


@pytest.mark.parametrize(
    ("suffix", "change"),
    [
        (INTENT_RECOGNISED, {"score": 1.01}),
        (INTENT_RECOGNISED, {"language": "de"}),
        (INTENT_RECOGNISED, {"probabilities": {"x": -0.1}}),
        (SENTIMENT_SCORED, {"label": "mixed"}),
        (SENTIMENT_SCORED, {"basis": "stars"}),
        (PRODUCT_SENTIMENT_UPDATED, {"mean": -1.5}),
        (PRODUCT_SENTIMENT_UPDATED, {"positive": -1}),
        (RECOMMENDATIONS_UPDATED, {"fallback": "random"}),
    ],
)
def test_reading_an_output_checks_its_bounds(suffix, change):
    good = {
        "intent": "x", "score": 1.0, "language": "en", "probabilities": {"x": 1.0},
        "event_type": "products.searched.v1", "model": {"name": "m", "version": "1"},
        "product_id": "p", "review_id": "r", "label": "neutral", "basis": "text", "count": 0,
        "mean": 0, "trend": 0, "positive": 0, "neutral": 0, "negative": 0, "recomm_id": "r",
        "items": [], "fallback": "none", "cause": "c",
    }  # fmt: skip
    outputs.decode(suffix, orjson.dumps(good))
    with pytest.raises(msgspec.ValidationError):
        outputs.decode(suffix, orjson.dumps({**good, **change}))


@pytest.mark.parametrize("code", TEXTS)
def test_every_reason_says_the_same_in_both_languages(code):
    def fields(text):
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}

    assert set(TEXTS[code]) == {"en", "zh"}
    assert fields(TEXTS[code]["en"]) == fields(TEXTS[code]["zh"]) <= {"product", "category"}


def test_a_reason_names_the_product_by_its_title_or_else_by_its_id():
    reason = Reason("bought_together", {"product_id": "p-1"})
    assert render(reason, "en", {"p-1": "Red shoe"}) == "Often bought together with Red shoe"
    assert render(reason, "zh", {"p-1": "红鞋"}) == "常与红鞋一起购买"
    assert render(reason, "fr") == "Often bought together with p-1"


@given(
    code=st.one_of(st.sampled_from(sorted(TEXTS)), st.text(max_size=5)),
    parameters=st.dictionaries(
        st.sampled_from(["product_id", "category", "x", "{"]), st.text(max_size=8)
    ),
    language=st.sampled_from(["en", "zh", "fr", ""]),
)
def test_rendering_never_raises_and_puts_parameters_in_as_they_are(code, parameters, language):
    text = render(Reason(code, parameters), language, {})
    if code == "trending_category":
        assert parameters.get("category", "") in text
    if code.endswith("_together"):
        assert parameters.get("product_id", "") in text
