"""Aspects of reviews: what the words say, and when the model is asked."""

from __future__ import annotations

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.sentiment import aspect_figures
from shopkeeper.services.sentiment.aspects.extraction import (
    ASKED_MAX,
    CHARACTERS_MAX,
    QUOTE_MAX,
    read,
    settle,
)
from shopkeeper.services.sentiment.core import SentimentProcessor
from shopkeeper.services.sentiment.model import load_model
from shopkeeper.services.sentiment.reading import judge, published
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.sentiment import ASPECTS
from shopkeeper.shared.contracts.events.shop import ProductReviewed
from shopkeeper.shared.text.labelled import BadFile


@pytest.fixture(scope="module")
def model():
    return load_model("", 1)


def said(text, language):
    return {(ASPECTS[each.aspect], each.sign) for each in read(text, language).said}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The battery is terrible, but the screen great.", {("battery", -1), ("performance", 1)}),
        ("Sturdy and easy to clean", {("quality", 1), ("ease", 1)}),
        ("It is not easy to use", {("ease", -1)}),
        ("Never had a problem with the delivery", {("delivery", 1)}),
        ("arrived late and the box was damaged", {("delivery", -1), ("packaging", -1)}),
        ("Please don’t waste your money", {("price", -1)}),
        ("If the price were good, I'd buy it", set()),
        ("I bought two of these in May", set()),
    ],
)  # fmt: skip
def test_english_aspects(text, expected):
    assert said(text, "en") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("味道很好，就是送得太慢了", {("taste", 1), ("delivery", -1)}),
        ("很好吃", {("taste", 1)}),
        ("一点都不好吃", {("taste", -1)}),
        ("质量不错，价格也不贵", {("quality", 1), ("price", 1)}),
        ("手机开机速度太慢", {("performance", -1)}),
        ("快递小哥态度特别好", {("service", 1)}),
        ("产品还可以", set()),
        ("ＬＯＧＯ漂亮！包装破了", {("looks", 1), ("packaging", -1)}),
    ],
)
def test_chinese_aspects(text, expected):
    assert said(text, "zh") == expected


def test_of_another_language_nothing_is_said():
    assert read("la batería es excelente", "other").said == []


def test_a_quote_is_the_clause_as_it_was_written():
    [taste, delivery] = read("味道很好！但是送餐很慢。", "zh").said
    assert (taste.quote, delivery.quote) == ("味道很好", "但是送餐很慢")
    [battery] = read("Nice. The Battery drains, alas", "en").said
    assert battery.quote == "The Battery drains"


def test_the_model_is_asked_where_words_do_not_decide():
    reading = read("Price", "en")
    assert (reading.said, len(reading.asked)) == ([], 1)
    sure, unsure = np.float32([0.05, 0.05, 0.9]), np.float32([0.4, 0.2, 0.4])
    [found] = settle(reading, [sure])
    assert (ASPECTS[found.aspect], found.sign) == ("price", 1)
    assert settle(reading, [unsure]) == []


@given(
    text=st.text(st.sampled_from("价格好不,。 battery'good never!\u0130\u200b"), max_size=300),
    language=st.sampled_from(["en", "zh"]),
)
def test_any_text_has_bounded_aspects_and_quotes_that_it_holds(text, language):
    reading = read(text, language)
    pairs = [each[:2] for each in reading.said]
    assert len(pairs) == len(set(pairs))
    assert len(reading.asked) <= ASKED_MAX
    for each in reading.said:
        assert 0 <= each.aspect < len(ASPECTS)
        assert len(each.quote) <= QUOTE_MAX


@pytest.mark.parametrize("unit", ["不", "a", "battery ", "质量很好，", "!", "\U0001f600"])
def test_of_a_long_text_the_beginning_is_read(unit):
    text = unit * 100_000
    for language in ("en", "zh"):
        reading = read(text, language)
        assert reading.said == read(text[:CHARACTERS_MAX], language).said


def test_a_text_is_read_for_itself(model):
    texts = ["Price", "味道很好，送得慢", "Battery life, price", "The seller was rude"]
    together = judge(model, texts)
    for text, one in zip(texts, together, strict=True):
        [alone] = judge(model, [text])
        assert (alone.said, alone.language) == (one.said, one.language)


def reviewed(offset, review, body, rating=None):
    data = ProductReviewed(product_id="p", review_id=review, review_body=body, rating=rating)
    return Event("product.reviewed.v1", data, b"p", offset, 10**12, f"e{offset}", "s", "c")


def test_reviews_come_out_with_aspects_and_so_does_their_product(model):
    processor = SentimentProcessor(0, model)
    bodies = ["味道很好，送得太慢"] * 20 + ["很好吃，很满意，下次还来"] * 15
    outputs, _ = processor.process(
        [reviewed(n, f"r{n}", body, 5.0) for n, body in enumerate(bodies)], 0
    )
    first = orjson.loads(outputs[0].value)
    assert first["aspects"] == [
        {"aspect": "taste", "polarity": "positive", "score": 0.68, "quote": "味道很好"},
        {"aspect": "delivery", "polarity": "negative", "score": 0.68, "quote": "送得太慢"},
    ]
    [product] = processor.on_timer(10_000)
    told = orjson.loads(product.value)
    assert (told["praised"], told["criticised"]) == (["taste"], ["delivery"])
    by_name = {row["aspect"]: row for row in told["aspects"]}
    assert by_name["taste"]["positive"] == 35
    assert by_name["delivery"]["criticism"] == ["送得太慢"]
    assert told["summary"].startswith("35条评价中")
    assert "20条批评配送（“送得太慢”）" in told["summary"]


@pytest.mark.parametrize(
    ("body", "rating", "disagrees"),
    [
        ("Terrible quality, broke after a day, do not buy this", 5.0, True),
        ("Terrible quality, broke after a day, do not buy this", 1.0, False),
        ("Terrible quality, broke after a day, do not buy this", None, False),
        ("Excellent, I love it, works great", 1.0, True),
        ("N/A", 1.0, False),
    ],
)
def test_a_text_that_contradicts_its_stars_is_flagged(model, body, rating, disagrees):
    [output, _], _ = SentimentProcessor(0, model).process([reviewed(0, "r", body, rating)], 0)
    assert orjson.loads(output.value).get("rating_disagrees", False) is disagrees


def test_figures_of_labelled_aspects(tmp_path):
    path = tmp_path / "aspects.jsonl"
    rows = [
        {"text": "味道很好", "aspects": [{"aspect": "taste", "polarity": "positive"}]},
        {"text": "Battery: terrible", "aspects": [{"aspect": "price", "polarity": "positive"}]},
    ]  # fmt: skip
    path.write_bytes(b"\n".join(orjson.dumps(row) for row in rows))
    assert aspect_figures.are_labelled(path)
    figures = aspect_figures.run(path)
    assert (figures["precision"], figures["recall"]) == (0.5, 0.5)
    assert (figures["zh"]["precision"], figures["en"]["recall"]) == (1.0, 0.0)
    for wrong, why in (
        ({"text": "x", "aspects": [{"aspect": "smell", "polarity": "positive"}]}, "'smell' is not"),
        ({"text": "x", "aspects": [{"aspect": "taste", "polarity": "good"}]}, "'good' is not"),
        ({"aspects": []}, "line 1 is not"),
    ):
        path.write_bytes(orjson.dumps(wrong))
        with pytest.raises(BadFile, match=why):
            aspect_figures.run(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("送餐小哥很热情", {("service", 1)}),
        ("没说明书，不会装", {("ease", -1)}),
        ("味道好差", {("taste", -1)}),
        ("没几天就到了", {("delivery", 1)}),
        ("还没用，显卡也还没装", set()),
        ("麻烦下次多放点筷子", set()),
    ],
)
def test_a_word_that_means_something_else_in_a_phrase(text, said):
    found = read(text, "zh").said
    assert {(ASPECTS[each.aspect], each.sign) for each in found} == said


@pytest.mark.parametrize(
    ("text", "expected", "absent"),
    [
        ("It works right out of the box.", {("performance", "positive")}, {"packaging"}),
        ("They could be more comfortable.", {("fit", "negative")}, set()),
        ("It is bright purple.", set(), {"looks"}),
        ("The remote gets lost easily.", set(), {"ease"}),
        ("It won't turn on.", {("performance", "negative")}, set()),
        ("I never received it.", {("delivery", "negative")}, set()),
        # The guideline: of the box it is packaging, of goods damaged on their way delivery.
        ("The box was damaged.", {("packaging", "negative")}, {"delivery"}),
    ],
)
def test_phrases_whose_words_say_something_else(model, text, expected, absent):
    [one] = judge(model, [text])
    found = {(each.aspect, each.polarity) for each in published(one.said)}
    assert expected <= found
    assert not absent & {aspect for aspect, _ in found}
