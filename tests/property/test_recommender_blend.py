"""The learned blend: gradients against differences, what it learns, what it keeps, its bounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.ranking.blend import (
    BlendRanker,
    BlendTrainer,
    softmax_by_list,
)

FEATURES = 4
CONFIG = replace(
    RecommenderConfig(),
    blend_batch_lists=2,
    blend_lists_max=3,
    blend_candidates_max=5,
    blend_examples_min=4,
    blend_lists_per_second=10_000,
)


def lists(chance, sizes):
    """(x, starts, targets) of random lists."""
    sizes = np.array(sizes)
    starts = np.cumsum(sizes) - sizes
    x = chance.normal(size=(sizes.sum(), FEATURES)).astype(np.float32)
    return x, starts, starts + chance.integers(0, sizes)


def loss(blend, scaled, starts, targets):
    scores = blend._forward(scaled)[0]
    return -np.log(softmax_by_list(scores, starts)[targets]).mean()


@given(st.integers(0, 1000), st.lists(st.integers(1, 6), min_size=1, max_size=4))
def test_gradients_are_those_of_the_loss(seed, sizes):
    chance = np.random.default_rng(seed)
    blend = BlendRanker(FEATURES, 3, 0.01)
    x, starts, targets = lists(chance, sizes)
    scaled = x.astype(np.float64)
    gradients = blend.gradients(scaled, starts, targets)
    for weights, gradient in zip(blend.weights, gradients, strict=True):
        place = tuple(chance.integers(0, size) for size in weights.shape)
        kept, step = weights[place], 1e-6
        weights[place] = kept + step
        above = loss(blend, scaled, starts, targets)
        weights[place] = kept - step
        below = loss(blend, scaled, starts, targets)
        weights[place] = kept
        # A unit may be switched on or off within the step: then the difference is no derivative.
        pre = scaled @ blend.weights[0] + blend.weights[1]
        if np.abs(pre).min() > 1e-4:
            assert gradient[place] == pytest.approx((above - below) / (2 * step), abs=1e-6)


@given(st.integers(0, 1000))
def test_scores_are_those_it_learns_with_to_32_bits(seed):
    chance = np.random.default_rng(seed)
    blend = BlendRanker(FEATURES, 3, 0.01)
    for _ in range(3):
        x, starts, targets = lists(chance, [3, 5])
        blend.learn(x * 40, starts, targets)
        x = x * chance.choice([1, 100])  # beyond what scaling clips, too
        assert blend.scores(x) == pytest.approx(blend._forward(blend._scaled(x))[0], abs=1e-4)


def test_it_learns_which_feature_decides():
    chance = np.random.default_rng(3)
    blend = BlendRanker(FEATURES, 8, 0.01)
    for _ in range(300):
        x, starts, _ = lists(chance, [8] * 16)
        decisive = x[:, 2].reshape(16, 8)
        blend.learn(x, starts, starts + decisive.argmax(axis=1))
    x, starts, _ = lists(chance, [8] * 200)
    found = blend.scores(x).reshape(200, 8).argmax(axis=1)
    assert (found == x[:, 2].reshape(200, 8).argmax(axis=1)).mean() > 0.95
    shares = blend.shares(x)
    assert shares.sum() == pytest.approx(1.0)
    assert shares.argmax() == 2


@given(st.integers(0, 100))
def test_a_restored_blend_goes_on_as_the_original(seed):
    chance = np.random.default_rng(seed)
    original, restored = BlendRanker(FEATURES, 3, 0.01), BlendRanker(FEATURES, 3, 0.01)
    first, second = lists(chance, [3, 2]), lists(chance, [4, 1])
    original.learn(*first)
    assert restored.restore(original.snapshot())
    original.learn(*second)
    restored.learn(*second)
    assert restored.snapshot() == original.snapshot()
    other = BlendRanker(FEATURES + 1, 3, 0.01)
    before = other.snapshot()
    assert not other.restore(original.snapshot())
    assert other.snapshot() == before


def remembered(trainer, user, chance, count=4):
    items = np.arange(count)
    features = chance.random((count, FEATURES)).astype(np.float32)
    trainer.remember(user, items, features, now_ms=0)
    return features


def test_a_list_is_answered_once_and_bounded_lists_wait():
    chance = np.random.default_rng(0)
    trainer = BlendTrainer(CONFIG, FEATURES, base=0)
    for user in ("a", "b", "c", "d"):
        remembered(trainer, user, chance)
    trainer.clicked("a", 1)  # the oldest: no longer there
    trainer.clicked("b", 99)  # was no candidate
    assert (trainer.examples, trainer.missed) == (0, 1)
    trainer.clicked("c", 1)
    trainer.clicked("c", 2)  # answered already
    trainer.forget("d")
    trainer.clicked("d", 1)
    assert (trainer.examples, trainer.blend.steps) == (0, 0), "one example waits for another"
    remembered(trainer, "e", chance)
    trainer.clicked("e", 3)
    assert (trainer.examples, trainer.blend.steps) == (2, 1)


def test_the_best_candidates_by_the_base_order_are_remembered():
    trainer = BlendTrainer(CONFIG, FEATURES, base=0)
    features = np.zeros((9, FEATURES), np.float32)
    features[:, 0] = [5, 1, 7, 2, 9, 3, 8, 4, 6]
    trainer.remember("u", np.arange(9), features, now_ms=0)
    for item in (1, 3, 5, 7):  # base 1 to 4
        trainer.clicked("u", item)
        trainer.remember("u", np.arange(9), features, now_ms=0)
    assert trainer.missed == 4
    for item in (0, 2, 4, 6, 8):
        trainer.clicked("u", item)
        trainer.remember("u", np.arange(9), features, now_ms=0)
    assert trainer.missed == 4


def test_it_is_trusted_only_where_it_does_better():
    chance = np.random.default_rng(1)
    right, wrong = (BlendTrainer(CONFIG, FEATURES, base=0) for _ in range(2))
    assert not right.trusted()
    for number in range(600):
        features = remembered(right, "u", chance)
        right.clicked("u", int(features[:, 1].argmax()))  # feature 1 decides, the base is feature 0
        features = remembered(wrong, "u", chance)
        wrong.clicked("u", int(features[:, 0].argmax()))  # the base is perfect
        if number == 1:
            assert not right.trusted(), "too few examples"
    assert right.trusted()
    assert right.blend_rank > 0.9 > right.base_rank
    assert wrong.base_rank == pytest.approx(1.0)
    assert not wrong.trusted()
    restored = BlendTrainer(CONFIG, FEATURES, base=0)
    restored.restore(right.snapshot())
    assert restored.trusted()
    right.restore(wrong.snapshot())  # of as many examples: ours stays
    assert right.trusted()


def test_of_very_many_lists_in_one_second_only_some_are_remembered():
    trainer = BlendTrainer(
        replace(CONFIG, blend_lists_per_second=2, blend_lists_max=100), FEATURES, 0
    )
    features = np.zeros((2, FEATURES), np.float32)
    for now_ms in (1000, 1500, 1999, 2000):
        trainer.remember(f"u{now_ms}", np.arange(2), features, now_ms)
    for now_ms in (1000, 1500, 1999, 2000):
        trainer.clicked(f"u{now_ms}", 99)
    assert trainer.missed == 3
