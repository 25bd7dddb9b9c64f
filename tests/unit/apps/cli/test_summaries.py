"""One line per record, chosen by the type that its headers name, never by the fields it has."""

from __future__ import annotations

from types import SimpleNamespace

import orjson
import pytest

from shopkeeper.apps.cli import dlq
from shopkeeper.apps.cli.summaries import SUMMARIES, masked_preview, summary, type_of
from shopkeeper.shared.contracts.decoder import KNOWN_TYPES

TITLES = {"p1": "Tent", "p2": "Lamp"}
REASON = {"code": "popular", "parameters": {}}


def line(event_type, data, language="en"):
    return summary(event_type, orjson.dumps(data), language, TITLES)


@pytest.mark.parametrize(
    ("event_type", "data", "expected"),
    [
        ("product.clicked.v1", {"product_id": "p1", "user_id": "u"}, "Tent"),
        ("product.added.v1", {"product_id": "p9"}, "p9"),
        (
            "order.completed.v1",
            {"products": [{"product_id": p} for p in ("p1", "p2", "a", "b")]},
            "ordered Tent, Lamp, a and 1 more",
        ),
        ("product.removed.v1", {"product_id": "p1"}, "taken out of the cart: Tent"),
        ("order.refunded.v1", {"order_id": "o7"}, "refunded order o7"),
        (
            "order.refunded.v1",
            {"order_id": "o7", "products": [{"product_id": "p2"}]},
            "refunded Lamp",
        ),
        (
            "review.withdrawn.v1",
            {"product_id": "p1", "review_id": "r"},
            "withdrawn: a review of Tent",
        ),
        ("products.searched.v1", {"query": "lamp"}, "“lamp”"),
        ("question.asked.v1", {"question": "when?", "product_id": "p1"}, "“when?”"),
        (
            "product.reviewed.v1",
            {"review_id": "r", "product_id": "p1", "rating": 4.5, "review_body": "good"},
            "4.5★ Tent: good",
        ),
        ("product.catalogued.v1", {"product_id": "p1", "title": "Dome tent"}, "Dome tent"),
        (
            "intent.recognised.v1",
            {"intent": "returns", "score": 0.912, "language": "en"},
            "returns 0.91 (en)",
        ),
        (
            "sentiment.scored.v1",
            {"label": "positive", "score": 0.9, "product_id": "p1", "basis": "text"},
            "positive 0.90 · Tent",
        ),
        (
            "product-sentiment.updated.v1",
            {"product_id": "p2", "mean": 0.5, "count": 7, "trend": -0.25},
            "Lamp: +0.50 from 7 reviews, trend -0.25",
        ),
        (
            "category-sentiment.updated.v1",
            {"category": "Home", "products": 3, "mean": 0.5, "count": 7, "trend": -0.25},
            "Home: +0.50 from 7 reviews of 3 products, trend -0.25",
        ),
        (
            "similar-items.updated.v1",
            {"product_id": "p1", "items": [{"product_id": "p2", "score": 0.5}]},
            "Tent → Lamp 0.500",
        ),
        (
            "trending.updated.v1",
            {"items": [{"product_id": p, "score": 1} for p in ("p1", "p2", "a", "b")]},
            "Tent 1.000; Lamp 1.000; a 1.000; and 1 more",
        ),
        ("user.erased.v1", {"user_id": "u"}, "user_id=u"),
        ("audit.done.v1", {"intent": "audit", "score": 1}, "intent=audit, score=1"),
        ("", {"product_id": "p1"}, "product_id=p1"),
    ],
)
def test_the_type_chooses_what_is_said(event_type, data, expected):
    assert line(event_type, data) == expected


def test_a_title_is_in_the_language_that_is_asked_for():
    product = {"title": "Tent", "title_zh": "帐篷"}
    assert line("product.catalogued.v1", product, "zh") == "帐篷"
    assert line("product.catalogued.v1", product, "en") == "Tent"


def test_what_is_not_shaped_as_its_type_says_is_shown_as_it_is():
    assert line("intent.recognised.v1", {"product_id": "p1"}) == '{"product_id":"p1"}'
    assert summary("intent.recognised.v1", b"\xff{", "en") == "(2 bytes that are not JSON)"
    assert summary("intent.recognised.v1", None, "en") == "(removed)"


def test_every_known_type_has_a_line_or_is_shown_field_by_field():
    assert KNOWN_TYPES - SUMMARIES.keys() == {
        "user.erased.v1",
        "assumptions.deleted.v1",
    }
    assert SUMMARIES.keys() <= KNOWN_TYPES


def test_the_type_is_the_headers_without_a_known_prefix():
    headers = [("ce_id", b"1"), ("ce_type", b"com.example.shop.product.clicked.v1")]
    assert type_of(headers, ("com.example.shop.",)) == "product.clicked.v1"
    assert type_of([], ("com.example.shop.",)) == ""


@pytest.mark.parametrize(
    ("event_type", "data", "expected"),
    [
        ("products.searched.v1", {"query": "a.b@example.com"}, "“[email]”"),
        ("question.asked.v1", {"question": "我电话13800001234"}, "“我电话[phone]”"),
        (
            "product.reviewed.v1",
            {"product_id": "p1", "rating": 1, "review_body": "call 303-555-0123"},
            "1★ Tent: call [phone]",
        ),
        ("a.type.nobody.knows", {"note": "a.b@example.com", "n": 3}, "note=[email], n=3"),
        ("question.asked.v1", {"text": "a.b@example.com"}, '{"text":"[email]"}'),
    ],
)
def test_personal_data_is_masked(event_type, data, expected):
    assert line(event_type, data) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "(none)"),
        (b'{"question": "nothing",  "n": 1}', '{"question": "nothing",  "n": 1}'),
        (
            '{"question": "电话\\n13800001234", "tel": 13800001234}'.encode(),
            '{"question":"电话\\\\n[phone]","tel":"[phone]"}',
        ),
        (b'{"question": "\\u7535\\u8bdd13800001234"}', '{"question":"电话[phone]"}'),
        (b'{"question": "a\\n13800001234', '{"question": "a\\\\n[phone]'),
        (b"\xff a.b@example.com", "\\xff [email]"),
        (b"[" * 100 + b"]" * 100, "[" * 65 + '"…"' + "]" * 32 + "… (33 more)"),
        (b"x" * 90 + b" 13800001234", "x" * 90 + " [phone]"),
    ],
)
def test_a_masked_preview(value, expected):
    assert masked_preview(value) == expected


def test_dead_letters_are_shown_masked_unless_asked_otherwise():
    record = SimpleNamespace(
        partition=0, offset=7, key=b"u", value=b'{"question": 1, "a": "a.b@example.com"}',
        headers=[("__connect.errors.exception.class.name", b"wrong_type")],
    )  # fmt: skip
    shown = dlq.as_text("shop.questions.v1.intent.dlq", record)
    assert "example.com" not in shown
    assert "[email]" in shown
    assert "a.b@example.com" in dlq.as_text("x.dlq", record, unmasked=True)
