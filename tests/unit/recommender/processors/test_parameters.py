"""Weights of the blend as they are published: derivatives at the mean candidate, by the clock."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.ranking.blend import BlendTrainer
from shopkeeper.services.recommender.core.ranking.features import BASE, FEATURES, PRIOR
from shopkeeper.services.recommender.core.rules import Explore, Rules
from shopkeeper.services.recommender.publishers.parameters import (
    INTERVAL_MS,
    ParametersPublisher,
    weights_of,
)
from shopkeeper.shared.contracts import outputs, topics
from shopkeeper.shared.contracts.events.recommendation import PARAMETERS_UPDATED


def learned(config, lists=4000):
    """A trainer whose users click what has the largest `heat`."""
    chance = np.random.default_rng(1)
    trainer = BlendTrainer(config, FEATURES, BASE, PRIOR)
    heat = FEATURES.index("heat")
    for number in range(lists):
        features = chance.normal(size=(8, len(FEATURES))).astype(np.float32)
        trainer.remember(f"u{number}", np.arange(8), features, number * 1000)
        trainer.clicked(f"u{number}", int(features[:, heat].argmax()))
    return trainer


def test_weights_are_how_scores_move_at_the_mean_candidate():
    trainer = learned(RecommenderConfig())
    blend, weights = trainer.blend, weights_of(trainer.blend)
    assert np.abs(weights).sum() == pytest.approx(1.0)
    mean, step = blend._mean.astype(np.float64), 1e-3 * blend._scale()
    moved = []
    for feature in range(len(FEATURES)):
        both = np.tile(mean, (2, 1))
        both[0, feature] -= step[feature]
        both[1, feature] += step[feature]
        low, high = blend._forward(blend._scaled(both))[0]
        moved.append((high - low) / 2e-3)
    expected = np.array(moved) / np.abs(moved).sum()
    assert weights == pytest.approx(expected, abs=2e-3)
    assert FEATURES[int(np.abs(weights).argmax())] == "heat"
    assert weights.max() > 0


def test_a_record_comes_when_the_blend_has_learned_and_it_is_time():
    rules = Rules(explore=Explore(share=0.1), diversity=0.2, same_category_max=3)
    config = replace(RecommenderConfig(), rules=rules, blend_examples_min=10)
    trainer = learned(config)
    publisher = ParametersPublisher(partition=3, config=config, trainer=trainer)
    (output,) = publisher.due(1_000)
    assert (output.topic, output.key) == (topics.PARAMETERS, b"clicks/3")
    said = outputs.decode(PARAMETERS_UPDATED, output.value)
    assert said.model.name == "blend"
    assert [p.name for p in said.parameters] == list(FEATURES)
    assert [p.weight for p in said.parameters] == pytest.approx(
        weights_of(trainer.blend).tolist(), abs=1e-6
    )
    assert (said.explore_share, said.diversity, said.same_category_max) == (0.1, 0.2, 3)
    assert said.examples == trainer.examples
    assert publisher.due(1_000 + INTERVAL_MS) == [], "it has learned nothing since"
    trainer.blend.steps += 1
    assert publisher.due(1_000 + INTERVAL_MS - 1) == []
    assert len(publisher.due(1_000 + INTERVAL_MS)) == 1


def test_until_the_blend_is_trusted_another_model_orders_lists():
    config = replace(RecommenderConfig(), blend_examples_min=10_000)
    publisher = ParametersPublisher(partition=0, config=config, trainer=learned(config))
    said = outputs.decode(PARAMETERS_UPDATED, publisher.due(0)[0].value)
    assert said.model.name == "item-cf"
