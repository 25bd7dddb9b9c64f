"""Who speaks for an item: shares against sums and differences that they must come to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.knowledge import Knowledge
from shopkeeper.services.recommender.core.numeric.items import ItemIndex
from shopkeeper.services.recommender.core.ranking.attribution import (
    labels,
    shares_of_base,
    shares_of_blend,
)
from shopkeeper.services.recommender.core.ranking.blend import CLIP, BlendRanker, BlendTrainer
from shopkeeper.services.recommender.core.ranking.candidates import Candidates
from shopkeeper.services.recommender.core.ranking.features import (
    BASE,
    EXPERT_OF,
    EXPERTS,
    FEATURES,
    RAW,
)
from shopkeeper.services.recommender.core.ranking.ranker import Ranker
from shopkeeper.shared.contracts import outputs
from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.contracts.events.recommendation import SimilarItem, SimilarItemsUpdated


def taught(seed: int, hidden: int = 4) -> tuple[BlendRanker, np.ndarray]:
    """A blend after some steps, and candidates."""
    chance = np.random.default_rng(seed)
    blend = BlendRanker(FEATURES, hidden, 0.05)
    x = chance.normal(0, 1, (24, len(FEATURES))).astype(np.float32)
    starts = np.array([0, 8, 16])
    for _ in range(20):
        blend.learn(x, starts, chance.integers(8, size=3) + starts)
    return blend, x


def active(blend: BlendRanker, x: np.ndarray) -> np.ndarray:
    """(candidates, hidden): which units are."""
    into, bias, _, _, factor, mean = blend.in_32_bits()
    found: np.ndarray = np.clip((x - mean) * factor, -CLIP, CLIP) @ into + bias > 0
    return found


def contributions(blend: BlendRanker, x: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """(candidates, features): by how much each puts a candidate above its `centre`."""
    into, bias, out, linear, factor, mean = blend.in_32_bits()
    scaled = np.clip((x - mean) * factor, -CLIP, CLIP)
    away = scaled - np.clip((centre - mean) * factor, -CLIP, CLIP)
    return (((scaled @ into + bias > 0) * out) @ into.T + linear) * away


@given(st.integers(0, 50))
def test_contributions_are_slopes_times_differences(seed: int) -> None:
    blend, x = taught(seed)
    # Not the mean of what was learned from: from there all differences are scaled features.
    centre = np.broadcast_to(x.mean(axis=0) + 0.5, x.shape).astype(np.float32)
    found = contributions(blend, x, centre)
    near = centre + np.float32(1e-3) * (x - centre)
    same = (active(blend, near) == active(blend, centre)).all(axis=1)  # else there is a bend
    assert same.any()
    assert contributions(blend, near, centre).sum(axis=1)[same] == pytest.approx(
        (blend.scores(near) - blend.scores(centre))[same], abs=1e-4
    )
    assert not contributions(blend, x, x).any()
    # A change of one feature alone is that feature's, as far as the score is linear there.
    step = np.float32(1e-2)
    for feature in (0, 17, len(FEATURES) - 1):
        moved = x.copy()
        moved[:, feature] += step
        slope = (blend.scores(moved) - blend.scores(x)) / step
        expected = slope * (x - centre)[:, feature]
        same = np.abs(found[:, feature] - expected) < 0.02 * (1 + np.abs(expected))
        assert same.mean() > 0.8, "but where a unit switches on or off on the way"


@given(st.integers(0, 50))
def test_shares_of_the_blend_are_what_raises_an_item_above_its_list(seed: int) -> None:
    blend, x = taught(seed)
    bounds = np.array([0, 8, 8, 24])  # the second list is empty
    places, ends = np.array([3, 1, 20, 9]), np.array([2, 2, 4])
    found = shares_of_blend(blend, x, bounds, places, ends)
    for row, place in enumerate(places.tolist()):
        members = x[:8] if place < 8 else x[8:]
        pulls = contributions(blend, x[[place]], members.mean(axis=0, keepdims=True))[0]
        by_expert = [
            max(0.0, sum(p for p, of in zip(pulls, EXPERT_OF, strict=True) if of == name))
            for name in EXPERTS
        ]
        expected = np.array(by_expert) / max(sum(by_expert), 1e-12)
        assert found[row] == pytest.approx(expected, abs=1e-4)


row = st.lists(st.floats(0, 1), min_size=len(EXPERTS), max_size=len(EXPERTS))


@given(st.lists(row, min_size=1))
def test_labels_name_the_two_foremost(rows: list[list[float]]) -> None:
    for label, row in zip(labels(np.array(rows)), rows, strict=True):
        named = dict(part.split(":") for part in label.split())
        assert set(named) <= set(EXPERTS)
        assert len(named) <= 2
        top = sorted(row, reverse=True)[:2]
        assert sorted((int(p) for p in named.values()), reverse=True) == [
            percent for percent in (int(np.rint(100 * share)) for share in top) if percent
        ]


def test_shares_of_the_base_order_are_the_parts_of_its_sum() -> None:
    settings = replace(RecommenderConfig(blend=False), repeat_weight=0.1)
    items = ItemIndex()
    knowledge = Knowledge(items, settings)
    rows = {"a": {"b": 0.5, "c": 0.4}, "b": {"c": 0.6, "d": 0.2}}
    for name, row in rows.items():
        neighbours = [SimilarItem(n, s, 1) for n, s in row.items()]
        data = SimilarItemsUpdated(
            product_id=name, items=neighbours, count=1, model=Model("t", "1")
        )
        knowledge.similar_items.apply([(name.encode(), outputs.encode(data))])
    ranker = Ranker(settings, items, knowledge)
    recent = [items.intern("d"), items.intern("a")]  # d was seen one entry before
    [ranked] = ranker.rank([recent], [[]])
    found = {items.product_ids[i]: e for i, e in zip(ranked.items, ranked.experts, strict=True)}
    step = settings.two_step_weight
    near, far = 0.4, step * 0.5 * 0.6
    assert found["b"] == "neighbours:100"
    assert found["c"] == f"neighbours:{round(100 * near / (near + far))} two_step:" + str(
        round(100 * far / (near + far))
    )
    itself, far = 0.1 * settings.session_decay, step * 0.5 * 0.2
    assert found["d"] == f"repeats:{round(100 * itself / (itself + far))} two_step:" + str(
        round(100 * far / (itself + far))
    )


def test_reviews_that_sink_an_item_take_nothing_from_who_speaks_for_it() -> None:
    raw = np.zeros((2, len(RAW)), np.float32)
    raw[:, RAW.index("two_step")] = 1.0
    nothing = np.zeros(2, np.int64)
    kept = np.array([1.0, 0.25])
    found = Candidates(
        np.array([0, 2]), nothing, raw, 0.6 * kept, kept, nothing, nothing, nothing
    )  # fmt: skip
    one, other = shares_of_base(RecommenderConfig(two_step_weight=0.3), found, np.array([0, 1]))
    assert one == pytest.approx(other)
    assert one[EXPERTS.index("two_step")] == pytest.approx(0.5)


def test_a_trusted_blend_names_its_experts() -> None:
    settings = replace(RecommenderConfig(), blend_examples_min=1)
    items = ItemIndex()
    knowledge = Knowledge(items, settings)
    trainer = BlendTrainer(settings, FEATURES, BASE)
    trainer.examples, trainer.blend_rank = 10, 1.0
    neighbours = [SimilarItem(f"p{n}", 1 / n, 1) for n in range(1, 9)]
    data = SimilarItemsUpdated(product_id="a", items=neighbours, count=1, model=Model("t", "1"))
    knowledge.similar_items.apply([(b"a", outputs.encode(data))])
    ranker = Ranker(settings, items, knowledge, trainer)
    a, new = items.intern("a"), items.intern("new")
    for _ in range(100):  # what is nearest is what is wanted
        [ranked] = ranker.rank([[a]], [[]])
        assert ranked.candidates is not None
        assert ranked.features is not None
        nearest = np.flatnonzero(ranked.candidates == items.intern("p1"))
        trainer.blend.learn(ranked.features, np.array([0]), nearest)
    empty, ranked = ranker.rank([[new], [a]], [[], []])
    assert ranked.blended
    assert items.product_ids[ranked.items[0]] == "p1"
    assert ranked.experts[0].startswith("neighbours:")
    # The neighbours prefer all others to the farthest. (What rises and falls with them, the whole
    # session's neighbours, may have got a slope against them.)
    assert "neighbours" not in ranked.experts[-1]
    assert len(ranked.experts) == len(ranked.items)
    assert empty.experts == []
