"""The cores of intent and sentiment, with the models that ship, in process."""

from __future__ import annotations

import numpy as np
import orjson
import pytest

from shopkeeper.services.intent.core import IntentProcessor
from shopkeeper.services.intent.decision import Decision
from shopkeeper.services.intent.model import load_model as load_intent
from shopkeeper.services.intent.policy import Policy
from shopkeeper.services.sentiment.core import SentimentProcessor
from shopkeeper.services.sentiment.model import load_model as load_sentiment
from shopkeeper.shared.contracts import searched_questions, topics
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.shop import (
    ProductReviewed,
    ProductsSearched,
    QuestionAsked,
    ReviewWithdrawn,
)
from shopkeeper.shared.text.personal_data import mask_all

from .planted import planted

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
    model, thresholds = load_intent("", 1)
    return lambda: IntentProcessor(topics.SEARCHES, 3, model, Policy(model.labels, thresholds))


@pytest.fixture(scope="module")
def sentiment():
    model = load_sentiment("", 1)
    return lambda: SentimentProcessor(3, model)


def values(outputs):
    return [orjson.loads(output.value) for output in outputs]


def sentiments(outputs):
    return [output for output in outputs if output.topic == topics.SENTIMENTS]


QUERIES = ["where is my order", "我要退货", "  ", "wireless headphones", "asdf qwer", "你好"]
BODIES = ["Works great, I love it", "质量太差了，第二天就坏了", "It is a box.", " ", "太棒了！"]


def test_intents_do_not_depend_on_their_neighbours(intent):
    events = [searched(n, query) for n, query in enumerate(QUERIES)]
    together, rejected = intent().process(events, NOW_MS)
    alone = [intent().process([one], NOW_MS)[0] for one in events]
    assert together == [output for outputs in alone for output in outputs]
    assert not rejected


def test_a_question_in_the_search_box_is_handed_to_the_answers_service_one_in_a_chat_is_not(intent):
    texts = ["where is my order", "wireless headphones", "我要退货"]
    found, _ = intent().process([searched(n, text) for n, text in enumerate(texts)], NOW_MS)
    handed = [output for output in found if output.topic == topics.SEARCHED_QUESTIONS]
    assert [orjson.loads(output.value)["text"] for output in handed] == [texts[0], texts[2]]
    first = searched_questions.decode(handed[0].value)
    assert first.id == f"{topics.SEARCHES}/3/0/answer.given.v1/0"
    assert (first.event_id, first.correlation_id, first.user_id) == ("e0", "c0", "u")
    assert (handed[0].key, handed[0].partition) == (b"k", None)
    asked_in_chat, _ = intent().process([asked(0, texts[0])], NOW_MS)
    assert {output.topic for output in asked_in_chat} == {topics.INTENTS}


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


@pytest.mark.parametrize(
    ("text", "secret", "masked"),
    [
        (
            "terrible service, I want to complain, write to mia.k@example.org",
            "mia.k@example.org",
            "terrible service, I want to complain, write to [email]",
        ),
        (
            "客服态度太差了，我要投诉，电话13900001234",
            "13900001234",
            "客服态度太差了，我要投诉，电话[phone]",
        ),
    ],
)
def test_personal_data_in_a_complaint_go_no_further(intent, text, secret, masked):
    outputs, _ = intent().process([searched(0, text)], NOW_MS)
    [complaint] = [o for o in outputs if o.topic == topics.COMPLAINTS]
    assert orjson.loads(complaint.value)["text"] == masked
    assert not [o for o in outputs if secret.encode() in o.value + repr(o.headers).encode()]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_masked_complaint_is_scored_as_well(language):
    """Angry before the number and masked after it: the label must not hang on the digits."""
    start = {"en": "terrible service, I want to complain. ", "zh": "客服态度太差了，我要投诉。"}
    texts = [start[language] + one.text for one in planted("develop", language, 60)]
    model = load_sentiment("", 1)
    negative = [
        float((model.probabilities(each).argmax(axis=1) == 0).mean())
        for each in (texts, mask_all(texts))
    ]
    assert negative[1] >= negative[0] - 0.02


def test_abstaining_gives_the_probability_of_what_is_said():
    decision = Decision(["a", "b", "out_of_scope"], abstain_below=0.5)
    sure, unsure = np.array([[0.7, 0.2, 0.1], [0.45, 0.35, 0.2]], np.float32)
    assert decision.of("x", sure, 2) == ("a", 0.7, {"a": 0.7, "b": 0.2}, None)
    assert decision.of("x", unsure, 1) == ("out_of_scope", 0.2, {"a": 0.45}, "confidence")
    for threshold in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match=r"abstain_below.*not a probability"):
            Decision(["out_of_scope"], threshold)
        with pytest.raises(ValueError, match=r"abstain_margin.*not a probability"):
            Decision(["out_of_scope"], 0.5, threshold)
    with pytest.raises(ValueError, match="out_of_scope"):
        Decision(["a"], 0.5)


def test_two_near_intents_are_an_abstention_only_with_a_margin():
    row = np.array([0.48, 0.44, 0.08], np.float32)
    labels = ["a", "b", "out_of_scope"]
    assert Decision(labels, 0.4).of("x", row, 3)[0::3] == ("a", None)
    assert Decision(labels, 0.4, 0.05).of("x", row, 3)[0::3] == ("out_of_scope", "margin")
    assert Decision(labels, 0.5, 0.05).of("x", row, 3)[0::3] == ("out_of_scope", "confidence")
    sure = np.array([0.05, 0.05, 0.9], np.float32)
    assert Decision(labels, 0.4, 0.05).of("x", sure, 3)[0::3] == ("out_of_scope", None)


def test_sentiments_do_not_depend_on_their_neighbours(sentiment):
    events = [reviewed(n, f"p{n}", body, 3.0) for n, body in enumerate(BODIES)]
    together, rejected = sentiment().process(events, NOW_MS)
    alone = [sentiment().process([one], NOW_MS)[0] for one in reversed(events)]
    assert together == [output for outputs in alone[::-1] for output in outputs]
    assert not rejected
    assert [v["label"] for v in values(sentiments(together))][:2] == ["positive", "negative"]


@pytest.mark.parametrize(
    ("rating", "label"), [(0, "negative"), (2.9, "negative"), (3, "neutral"), (5, "positive")]
)
def test_a_rating_counts_where_there_is_no_text(sentiment, rating, label):
    [found] = values(sentiments(sentiment().process([reviewed(0, "p", None, rating)], NOW_MS)[0]))
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


def test_a_withdrawn_review_leaves_its_product_and_has_no_sentiment(sentiment):
    processor = sentiment()
    outputs, rejected = processor.process(
        [reviewed(0, "p", "I love it", review="a"), reviewed(1, "p", "Awful", review="b"),
         withdrawn(2, "p", "b"), withdrawn(3, "p", "never seen")], NOW_MS
    )  # fmt: skip
    assert (len(sentiments(outputs)), rejected) == (2, [])
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
