"""The learned blend: gradients against differences, what it learns, what it keeps, its bounds."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.ranking.blend import (
    CLIP,
    BlendRanker,
    BlendTrainer,
    softmax_by_list,
)
from shopkeeper.services.recommender.core.ranking.unnamed_features import UNNAMED

NAMES = ("a", "b", "c", "d")
FEATURES = len(NAMES)
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
    blend = BlendRanker(NAMES, 3, 0.01)
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
    blend = BlendRanker(NAMES, 3, 0.01)
    for _ in range(3):
        x, starts, targets = lists(chance, [3, 5])
        blend.learn(x * 40, starts, targets)
        x = x * chance.choice([1, 100])  # beyond what scaling clips, too
        assert blend.scores(x) == pytest.approx(blend._forward(blend._scaled(x))[0], abs=1e-4)


def test_it_learns_which_feature_decides():
    chance = np.random.default_rng(3)
    blend = BlendRanker(NAMES, 8, 0.01)
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
    original, restored = BlendRanker(NAMES, 3, 0.01), BlendRanker(NAMES, 3, 0.01)
    first, second = lists(chance, [3, 2]), lists(chance, [4, 1])
    original.learn(*first)
    assert restored.restore(original.snapshot())
    original.learn(*second)
    restored.learn(*second)
    assert restored.snapshot() == original.snapshot()


def without_names(packed):
    """A snapshot as it was before snapshots named the features."""
    state = msgspec.msgpack.decode(packed)
    return msgspec.msgpack.encode({k: v for k, v in state.items() if k not in ("names", "counts")})


def learned(chance, names=NAMES, steps=3):
    """A blend after some steps."""
    blend = BlendRanker(names, 3, 0.01)
    for _ in range(steps):
        starts = np.array([0, 3])
        x = chance.normal(size=(8, len(names))).astype(np.float32)
        blend.learn(x, starts, starts + chance.integers(0, 3, 2))
    return blend


@given(st.integers(0, 100), st.permutations(range(FEATURES)))
def test_weights_follow_the_names_where_features_change_places(seed, order):
    chance = np.random.default_rng(seed)
    original = learned(chance)
    moved = BlendRanker([NAMES[n] for n in order], 3, 0.01)
    assert moved.restore(original.snapshot())
    for _ in range(2):
        x, starts, targets = lists(chance, [4, 3])
        assert moved.scores(x[:, order]) == pytest.approx(original.scores(x), abs=1e-5)
        original.learn(x, starts, targets)
        moved.learn(x[:, order], starts, targets)
    back = BlendRanker(NAMES, 3, 0.01)
    assert back.restore(moved.snapshot())
    assert back.scores(x) == pytest.approx(original.scores(x), abs=1e-5)


@given(st.integers(0, 100), st.integers(0, FEATURES))
def test_a_new_feature_changes_no_score_until_it_has_taught_something(seed, at):
    chance = np.random.default_rng(seed)
    original = learned(chance)
    names = (*NAMES[:at], "new", *NAMES[at:])
    grown = BlendRanker(names, 3, 0.01)
    assert grown.restore(original.snapshot())
    x, starts, targets = lists(chance, [6, 5])
    value = chance.normal(7.0, 2.0, len(x)).astype(np.float32)
    with_new = np.insert(x, at, value, axis=1)
    assert grown.scores(with_new) == pytest.approx(original.scores(x), abs=1e-5)
    grown.learn(with_new, starts, targets)
    _, _, _, linear, factor, mean = grown.in_32_bits()
    assert mean[at] == pytest.approx(value.mean(), rel=1e-4), "not drawn to 0 by older candidates"
    assert 1 / factor[at] == pytest.approx(value.std(), rel=1e-4)
    assert linear[at] != 0.0
    restored = BlendRanker(names, 3, 0.01)
    assert restored.restore(grown.snapshot()), "counts that differ by feature are kept, too"
    assert restored.snapshot() == grown.snapshot()


def test_a_new_feature_with_a_prior_starts_at_it():
    chance = np.random.default_rng(2)
    original = learned(chance)
    grown = BlendRanker((*NAMES, "new"), 3, 0.01, {"new": 0.5, "a": 9.0})
    assert grown.restore(original.snapshot())
    x = chance.normal(size=(2, FEATURES)).astype(np.float32)
    absent, present = (np.insert(x, FEATURES, value, axis=1) for value in (0.0, 1.0))
    assert grown.scores(absent) == pytest.approx(original.scores(x), abs=1e-5)
    above = grown.scores(present) - grown.scores(absent)
    assert above == pytest.approx(0.5 * CLIP, abs=1e-4)


@given(st.integers(0, 100), st.integers(0, FEATURES - 1))
def test_a_feature_that_is_no_more_is_dropped(seed, gone):
    chance = np.random.default_rng(seed)
    original = learned(chance)
    less = BlendRanker([name for name in NAMES if name != NAMES[gone]], 3, 0.01)
    assert less.restore(original.snapshot())
    x, starts, targets = lists(chance, [6])
    x[:, gone] = original.in_32_bits()[5][gone]  # its mean: where it says nothing
    rest = np.delete(x, gone, axis=1)
    assert less.scores(rest) == pytest.approx(original.scores(x), abs=1e-5)
    less.learn(rest, starts, targets)
    assert less.steps == original.steps + 1


def test_a_snapshot_without_names_is_read_as_of_before_there_were_any():
    chance = np.random.default_rng(5)
    original = learned(chance, UNNAMED)
    reversed_names = UNNAMED[::-1]
    same, moved = BlendRanker(UNNAMED, 3, 0.01), BlendRanker(reversed_names, 3, 0.01)
    old = without_names(original.snapshot())
    assert same.restore(old)
    assert same.snapshot() == original.snapshot()
    assert moved.restore(old)
    x = chance.normal(size=(5, len(UNNAMED))).astype(np.float32)
    assert moved.scores(x[:, ::-1]) == pytest.approx(original.scores(x), abs=1e-5)


def test_a_snapshot_that_cannot_be_read_changes_nothing():
    chance = np.random.default_rng(6)
    original = learned(chance)
    for other, packed in (
        (BlendRanker(NAMES, 4, 0.01), original.snapshot()),  # other units
        (BlendRanker(NAMES, 3, 0.01), without_names(original.snapshot())),  # of nobody knows what
    ):
        before = other.snapshot()
        assert not other.restore(packed)
        assert other.snapshot() == before


def remembered(trainer, user, chance, count=4):
    items = np.arange(count)
    features = chance.random((count, FEATURES)).astype(np.float32)
    trainer.remember(user, items, features, now_ms=0)
    return features


def test_a_list_is_answered_once_and_bounded_lists_wait():
    chance = np.random.default_rng(0)
    trainer = BlendTrainer(CONFIG, NAMES, base=0)
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
    trainer = BlendTrainer(CONFIG, NAMES, base=0)
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
    right, wrong = (BlendTrainer(CONFIG, NAMES, base=0) for _ in range(2))
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
    restored = BlendTrainer(CONFIG, NAMES, base=0)
    restored.restore(right.snapshot())
    assert restored.trusted()
    right.restore(wrong.snapshot())  # of as many examples: ours stays
    assert right.trusted()


def test_of_very_many_lists_in_one_second_only_some_are_remembered():
    trainer = BlendTrainer(replace(CONFIG, blend_lists_per_second=2, blend_lists_max=100), NAMES, 0)
    features = np.zeros((2, FEATURES), np.float32)
    for now_ms in (1000, 1500, 1999, 2000):
        trainer.remember(f"u{now_ms}", np.arange(2), features, now_ms)
    for now_ms in (1000, 1500, 1999, 2000):
        trainer.clicked(f"u{now_ms}", 99)
    assert trainer.missed == 3
