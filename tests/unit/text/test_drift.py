"""Drift with the models that ship: what an operator must see rises, what is no drift does not."""

from __future__ import annotations

from random import Random

import msgspec
import pytest

from shopkeeper.services.intent.core import IntentProcessor
from shopkeeper.services.intent.model import load_model
from shopkeeper.services.intent.policy import Policy
from shopkeeper.services.sentiment.complaints import ComplaintProcessor
from shopkeeper.services.sentiment.core import SentimentProcessor
from shopkeeper.services.sentiment.model import load_model as load_sentiment
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.complaints import Complaint
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.shop import (
    ProductReviewed,
    ProductsSearched,
    ReviewWithdrawn,
)
from shopkeeper.shared.runtime.telemetry.metrics import Registry
from shopkeeper.shared.text.drift import Drift
from shopkeeper.shared.text.drift_metrics import DriftMetrics

from .drift_texts import broken, fashion, french, gibberish

START_MS = 1_790_000_000_000
MINUTE_MS = 60_000
SHIFTED = 0.25  # where the alert fires
MODEL = load_model("", 1)


class Searches:
    """An intent worker's core, that is sent searches, and its metrics."""

    def __init__(self):
        self.random = Random(7)
        model, thresholds = MODEL
        self.drift = DriftMetrics(model)
        policy = Policy(model.labels, thresholds)
        self.core = IntentProcessor(topics.SEARCHES, 0, model, policy, drift=self.drift.drift)
        self.registry = Registry()
        self.observe = self.drift.metrics(self.registry)
        self.sent = 0
        self.time_ms = START_MS

    def send(self, number, text_of, every_ms=5000):
        for first in range(0, number, 250):
            events = []
            for _ in range(min(250, number - first)):
                self.sent += 1
                data = ProductsSearched(query=text_of(self.random), user_id="u")
                self.time_ms += every_ms
                events.append(
                    Event(
                        "products.searched.v1", data, b"k", self.sent, self.time_ms, "e", "s", "c"
                    )
                )
            self.core.process(events, START_MS + 10**10)
        self.observe()

    def psi(self, language, feature):
        labels = {"model": "intent", "language": language, "feature": feature}
        return self.registry.get_sample_value("shopkeeper_text_drift_psi", labels)

    def texts(self, language, window):
        labels = {"model": "intent", "language": language, "window": window}
        return self.registry.get_sample_value("shopkeeper_text_drift_texts", labels)


FEATURES = [("en", "label"), ("en", "confidence"), ("en", "length"), ("en", "characters")]


def test_without_a_shift_every_index_is_low_and_before_there_are_texts_enough_there_is_none():
    searches = Searches()
    searches.send(1400, fashion)
    everything = [*FEATURES, ("all", "language")]
    assert {searches.psi(*each) for each in everything} == {None}
    assert searches.texts("en", "recent") + searches.texts("en", "reference") == pytest.approx(
        1400, abs=40
    )
    searches.send(1000, fashion)
    for each in everything:
        assert 0 <= searches.psi(*each) < 0.1, each
    assert searches.psi("zh", "label") is None
    assert searches.texts("zh", "recent") == 0


@pytest.mark.parametrize(
    ("text_of", "shifted"),
    [
        (gibberish, [("en", "label"), ("en", "confidence")]),
        (broken, [("en", "characters")]),
        (french, [("all", "language")]),
    ],
)
def test_a_real_shift_raises_the_index_over_the_alerts_threshold(text_of, shifted):
    searches = Searches()
    searches.send(2400, fashion)
    searches.send(500, text_of)
    for each in shifted:
        assert searches.psi(*each) > SHIFTED, each


def test_an_index_goes_when_its_language_is_no_longer_written():
    searches = Searches()
    searches.send(2400, fashion)
    assert searches.psi("en", "label") is not None
    searches.send(1700, lambda random: "红色连衣裙", every_ms=8 * MINUTE_MS)
    assert searches.psi("en", "label") is None
    assert searches.psi("zh", "label") is not None
    assert searches.texts("en", "recent") < 500


def test_reviews_and_complaints_are_watched_but_not_what_has_no_words():
    drift = Drift(3)
    model = load_sentiment("", 1)
    reviews = SentimentProcessor(0, model, drift=drift)

    def event(kind, data):
        return Event(kind, data, b"p", 1, START_MS, "e", "s", "c")

    bodies = ["Broke after a week.", "质量很好，很喜欢", "👍", None, "  "]
    events = [
        event(
            "product.reviewed.v1",
            ProductReviewed(product_id="p", review_id=f"r{number}", review_body=body, rating=4),
        )
        for number, body in enumerate(bodies)
    ]
    events.append(event("review.withdrawn.v1", ReviewWithdrawn(product_id="p", review_id="r0")))
    reviews.process(events, START_MS)
    assert [each.recent for each in drift.held()] == [1, 1, 0, 2]
    complaint = Complaint(
        text="my parcel is broken",
        id="i",
        event_type="t",
        event_id="e",
        correlation_id="c",
        time_ms=START_MS,
    )
    said = Event("complaint", msgspec.json.encode(complaint), b"u", 1, START_MS, "e", "s", "c")
    ComplaintProcessor(model, drift=drift).process([said], START_MS)
    assert [each.recent for each in drift.held()] == [2, 1, 0, 3]
