"""Intents of a pack's own labels, learned while the worker starts."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.services.intent.core import IntentProcessor
from shopkeeper.services.intent.decision import Decision
from shopkeeper.services.intent.model import load_cascade, thresholds_of
from shopkeeper.services.intent.own_labels import OwnLabels, own_labels
from shopkeeper.services.intent.policy import Policy
from shopkeeper.services.intent.rules import IntentRules
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.domains import pack
from shopkeeper.shared.domains.examples import Example, read_examples, read_file
from shopkeeper.shared.text.manifest import ModelError
from tests.unit.text.test_processors import searched

HELD_OUT = Path(__file__).parents[3] / "training" / "data" / "domains"


@cache
def model(name):
    return own_labels(name, pack.load(name).intents)("", 1)


def labels_of(found, texts):
    decision = Decision(found.labels, *thresholds_of(found.parameters))
    return [found.labels[column] for column in decision.columns(found.probabilities(texts))]


@pytest.mark.parametrize("name", pack.names())
def test_labels_are_the_packs_and_most_are_right_where_a_shops_would_not_be(name):
    texts = read_file(HELD_OUT / f"{name}.jsonl")
    said, wanted = [each.text for each in texts], [each.intent for each in texts]
    like = pack.load(name).intents.like
    own = np.mean([a == b for a, b in zip(labels_of(model(name), said), wanted, strict=True)])
    shop = labels_of(load_cascade(), said)
    mapped = np.mean([a == like.get(b, b) for a, b in zip(shop, wanted, strict=True)])
    assert own >= 0.8
    assert own >= mapped + 0.4


def test_a_report_of_a_post_is_a_report():
    assert labels_of(model("social"), ["How do I report a post?"]) == ["report"]


@pytest.mark.parametrize("name", pack.names())
def test_probabilities_are_of_each_text_alone(name):
    texts = ["hello", "where is my order", "你好", "怎么联系你们", "", "¿dónde está?", "x" * 5000]
    rows = model(name).probabilities(texts)
    np.testing.assert_allclose(rows.sum(axis=1), 1.0, atol=1e-5)
    alone = np.concatenate([model(name).probabilities([text]) for text in texts])
    np.testing.assert_allclose(rows, alone, atol=1e-5)
    assert model(name).probabilities([]).shape == (0, len(model(name).labels))


def test_without_encoders_it_learns_from_words_and_the_shops_model():
    found = OwnLabels(load_cascade(), read_examples("finance"), {})
    assert labels_of(found, ["my card was stolen on the train"]) == ["card_problem"]


def test_versions_tell_examples_apart():
    examples = read_examples("finance")
    one, other = (OwnLabels(load_cascade(), part, {}) for part in (examples, examples[:-1]))
    assert one.version != other.version
    assert one.version == OwnLabels(load_cascade(), examples, {}).version
    assert one.version.startswith(load_cascade().version)


@pytest.mark.parametrize(
    ("examples", "problem"),
    [
        ([Example("hi", "chitchat", "en"), Example("你好", "chitchat", "zh")], "out_of_scope"),
        ([Example("hi", "out_of_scope", "en"), Example("a", "b", "en")], "language zh"),
    ],
)
def test_examples_that_cannot_serve_are_refused(examples, problem):
    with pytest.raises(ModelError, match=problem):
        OwnLabels(load_cascade(), examples, {})


def test_routes_and_slots_are_those_of_the_label_that_it_is_like():
    said = pack.load("finance").intents
    policy = Policy(
        model("finance").labels, thresholds_of(model("finance").parameters), domain=said
    )
    assert policy.route_of("find_product") == "recommend"
    assert policy.route_of("card_problem") == "answer"
    assert policy.route_of("complaint") == "sentiment"
    assert policy.route_of("contact_person") == "person"
    assert policy.route_of("out_of_scope") == "none"
    ruled = Policy(
        policy.decision.labels, (0.3, 0.0), IntentRules(routes={"complaint": "person"}), said
    )
    assert ruled.route_of("complaint") == "person", "a shop's own rules go first"
    processor = IntentProcessor(topics.SEARCHES, 0, model("finance"), policy)
    outputs, rejected = processor.process([searched(1, "travel credit card under 50 euros")], 0)
    assert not rejected
    assert b'"intent":"find_product"' in outputs[0].value
    assert b'"name":"price"' in outputs[0].value
