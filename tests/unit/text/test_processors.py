"""The cores of intent and sentiment, with the models that ship, in process."""

from __future__ import annotations

import numpy as np
import orjson
import pytest

from shopkeeper.services.intent.core import Decision, IntentProcessor
from shopkeeper.services.intent.model import load_model as load_intent
from shopkeeper.services.sentiment.core import SentimentProcessor
from shopkeeper.services.sentiment.model import load_model as load_sentiment
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.shop import (
    ProductReviewed,
    ProductsSearched,
    QuestionAsked,
    ReviewWithdrawn,
)

NOW_MS = 1_700_000_000_000


def event(offset, kind, data, key=b"k"):
    return Event(kind, data, key, offset, NOW_MS + offset, f"e{offset}", "s", f"c{offset}")


def searched(offset, query, **other):
    data = ProductsSearched(query=query, user_id="u", **other)
    return event(offset, "products.searched.v1", data)


def asked(offset, question, key=b"k", **other):
    return event(offset, "question.asked.v1", QuestionAsked(question=question, **other), key)


def reviewed(offset, product, body=None, rating=None, review=None):
    data = ProductReviewed(
        product_id=product, review_id=review or f"r{offset}", review_body=body, rating=rating
    )
    return event(offset, "product.reviewed.v1", data)


@pytest.fixture(scope="module")
def intent():
    model, abstain_below = load_intent("", 1)
    return lambda: IntentProcessor(topics.SEARCHES, 3, model, abstain_below)


@pytest.fixture(scope="module")
def sentiment():
    model = load_sentiment("", 1)
    return lambda: SentimentProcessor(3, model)


def values(outputs):
    return [orjson.loads(output.value) for output in outputs]


QUERIES = ["where is my order", "我要退货", "  ", "wireless headphones", "asdf qwer", "你好"]
BODIES = ["Works great, I love it", "质量太差了，第二天就坏了", "It is a box.", " ", "太棒了！"]


def test_intents_do_not_depend_on_their_neighbours(intent):
    events = [searched(n, query) for n, query in enumerate(QUERIES)]
    together, rejected = intent().process(events, NOW_MS)
    alone = [intent().process([one], NOW_MS)[0][0] for one in reversed(events)]
    assert together == alone[::-1]
    assert not rejected


def test_an_intent_names_its_cause_and_stays_in_its_partition(intent):
    data = {"user_id": None, "anonymous_id": None, "product_id": "p", "conversation_id": "c"}
    [output], _ = intent().process([asked(7, "where is my order?", None, **data)], NOW_MS)
    assert (output.topic, output.partition, output.key) == (topics.INTENTS, 3, None)
    headers = dict(output.headers)
    assert headers["ce_id"].decode().startswith(f"{topics.SEARCHES}/3/7/")
    assert headers["ce_causationid"] == b"e7"
    assert headers["ce_correlationid"] == b"c7"
    [found] = values([output])
    assert found["intent"] == "track_order"
    assert (found["product_id"], found["conversation_id"]) == ("p", "c")
    assert found["language"] == "en"


def test_a_blank_text_is_out_of_scope(intent):
    [found] = values(intent().process([searched(0, " \t")], NOW_MS)[0])
    assert (found["intent"], found["score"]) == ("out_of_scope", 1.0)


def test_abstaining_gives_the_probability_of_what_is_said():
    decision = Decision(["a", "b", "out_of_scope"], abstain_below=0.5)
    sure, unsure = np.array([[0.7, 0.2, 0.1], [0.45, 0.35, 0.2]], np.float32)
    assert decision.of("x", sure, 2) == ("a", 0.7, {"a": 0.7, "b": 0.2})
    assert decision.of("x", unsure, 1) == ("out_of_scope", 0.2, {"a": 0.45})
    for threshold in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="not a probability"):
            Decision(["out_of_scope"], threshold)
    with pytest.raises(ValueError, match="out_of_scope"):
        Decision(["a"], 0.5)


def test_sentiments_do_not_depend_on_their_neighbours(sentiment):
    events = [reviewed(n, f"p{n}", body, 3.0) for n, body in enumerate(BODIES)]
    together, rejected = sentiment().process(events, NOW_MS)
    alone = [sentiment().process([one], NOW_MS)[0][0] for one in reversed(events)]
    assert together == alone[::-1]
    assert not rejected
    assert [v["label"] for v in values(together)][:2] == ["positive", "negative"]


@pytest.mark.parametrize(
    ("rating", "label"), [(0, "negative"), (2.9, "negative"), (3, "neutral"), (5, "positive")]
)
def test_a_rating_counts_where_there_is_no_text(sentiment, rating, label):
    [found] = values(sentiment().process([reviewed(0, "p", None, rating)], NOW_MS)[0])
    assert (found["label"], found["score"], found["basis"]) == (label, 1.0, "rating")
    assert found["model"] == {"name": "rating", "version": "1"}


def test_a_product_is_published_once_per_change_and_again_after_a_restart(sentiment):
    processor = sentiment()
    processor.process([reviewed(0, "p", "I love it"), reviewed(1, "q", "Awful"),
                       reviewed(2, "p", "Great")], NOW_MS)  # fmt: skip
    first = processor.on_timer(NOW_MS)
    assert [(o.key, v["count"]) for o, v in zip(first, values(first), strict=True)] == [
        (b"p", 2), (b"q", 1)
    ]  # fmt: skip
    assert values(first)[0]["mean"] > 0 > values(first)[1]["mean"]
    assert processor.on_timer(NOW_MS + 5000) == []
    restarted = sentiment()
    restarted.restore(processor.snapshot())
    again = sorted(values(restarted.on_timer(NOW_MS)), key=lambda value: value["product_id"])
    assert again == values(first)


def test_an_edited_review_replaces_what_it_counted(sentiment):
    processor = sentiment()
    processor.process([reviewed(0, "p", "I love it", review="r")], NOW_MS)
    processor.process([reviewed(1, "p", "Awful, broken", review="r")], NOW_MS)
    [found] = values(processor.on_timer(NOW_MS))
    assert (found["count"], found["positive"], found["negative"]) == (1, 0, 1)


def withdrawn(offset, product, review=None):
    if review is None:
        return event(offset, "product.reviewed.v1", None, product.encode())
    data = ReviewWithdrawn(product_id=product, review_id=review)
    return event(offset, "review.withdrawn.v1", data)


def test_a_withdrawn_review_leaves_its_product_and_has_no_output(sentiment):
    processor = sentiment()
    outputs, rejected = processor.process(
        [reviewed(0, "p", "I love it", review="a"), reviewed(1, "p", "Awful", review="b"),
         withdrawn(2, "p", "b"), withdrawn(3, "p", "never seen")], NOW_MS
    )  # fmt: skip
    assert (len(outputs), rejected) == (2, [])
    [found] = values(processor.on_timer(NOW_MS))
    assert (found["count"], found["positive"], found["negative"]) == (1, 1, 0)


@pytest.mark.parametrize("last", [withdrawn(9, "p", "a"), withdrawn(9, "p")])
def test_a_product_without_a_review_left_is_removed_and_again_after_a_restart(sentiment, last):
    processor = sentiment()
    processor.process([reviewed(0, "p", "I love it", review="a"), reviewed(1, "q", "Fine")], NOW_MS)
    processor.on_timer(NOW_MS)
    processor.process([last], NOW_MS)
    [removal] = processor.on_timer(NOW_MS + 5000)
    assert (removal.topic, removal.key, removal.value) == (topics.PRODUCT_SENTIMENT, b"p", None)
    restarted = sentiment()
    restarted.restore(processor.snapshot())
    again = {output.key: output.value for output in restarted.on_timer(NOW_MS)}
    assert again.keys() == {b"p", b"q"}
    assert again[b"p"] is None
    restarted.process([reviewed(10, "p", "Awful", review="a")], NOW_MS)
    [back] = values(restarted.on_timer(NOW_MS + 5000))
    assert (back["product_id"], back["count"], back["negative"]) == ("p", 1, 1)
