"""Exploration: what is logged is how often it happens, and so estimates from it have no bias."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.knowledge import Knowledge
from shopkeeper.services.recommender.core.numeric.items import ItemIndex
from shopkeeper.services.recommender.core.ranking.exploration import chance_of, draw_of
from shopkeeper.services.recommender.core.ranking.ranked_list import RankedList
from shopkeeper.services.recommender.core.ranking.ranker import Ranker
from shopkeeper.services.recommender.core.rules import Explore, Rules
from shopkeeper.shared.contracts import outputs
from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.contracts.events.recommendation import SimilarItem, SimilarItemsUpdated
from shopkeeper.shared.contracts.events.shop import ProductCatalogued

LISTS = 20_000
SHARE = 0.3


def ranker_of(rules: Rules) -> tuple[Ranker, ItemIndex]:
    """Twelve neighbours of one item, of three categories, and three new products."""
    items = ItemIndex()
    settings = replace(RecommenderConfig(), rules=rules, list_items_max=4)
    knowledge = Knowledge(items, settings)
    for n in range(1, 16):
        product = ProductCatalogued(product_id=f"p{n}", title="t", category=f"c{n % 3}")
        knowledge.catalogue.apply([(b"", outputs.encode(product))])
    row = SimilarItemsUpdated(
        product_id="p0", items=[SimilarItem(f"p{n}", 1 / n, 1) for n in range(1, 13)],
        count=1, model=Model("test", "1"),
    )  # fmt: skip
    knowledge.similar_items.apply([(b"p0", outputs.encode(row))])
    return Ranker(settings, items, knowledge), items


def lists_of(ranker: Ranker, items: ItemIndex, count: int = LISTS) -> list[RankedList]:
    draws = [chance_of(f"shop.clicks.v1/0/{n}/recommendations.updated.v1/0") for n in range(count)]
    item = items.intern("p0")
    return ranker.rank([[item]] * count, [[]] * count, draws=draws)


@pytest.mark.parametrize("same_category_max", [0, 1])
def test_logged_propensities_are_the_frequencies(same_category_max: int) -> None:
    explore = Explore(share=SHARE, candidates=3, newest=3)
    ranker, items = ranker_of(Rules(explore=explore, same_category_max=same_category_max))
    lists = lists_of(ranker, items)
    plain = ranker.rank([[items.intern("p0")]], [[]])[0]
    assert plain.propensity is None
    assert {tuple(ranked.items[:-1]) for ranked in lists} == {tuple(plain.items[:-1])}
    last = Counter(ranked.items[-1] for ranked in lists)
    logged = {ranked.items[-1]: ranked.propensity for ranked in lists}
    assert len(last) >= 3
    for item, propensity in logged.items():
        assert propensity is not None
        error = (propensity * (1 - propensity) / LISTS) ** 0.5
        assert abs(last[item] / LISTS - propensity) < 4 * error
        assert all(r.propensity == propensity for r in lists if r.items[-1] == item)
    assert sum(p for p in logged.values() if p is not None) == pytest.approx(1.0)
    assert logged[plain.items[-1]] == 1 - SHARE
    for ranked in lists:
        assert (ranked.codes[-1] == "explore") == (ranked.items[-1] != plain.items[-1])
        assert len(set(ranked.items)) == len(ranked.items)
    if same_category_max:
        for ranked in lists[:500]:
            held = Counter(int(items.product_ids[i][1:]) % 3 for i in ranked.items)
            assert max(held.values()) <= same_category_max
    names = {items.product_ids[item] for item in last}
    assert names & {"p13", "p14", "p15"}, "new products are among those drawn"


def test_inverse_propensity_estimates_have_no_bias() -> None:
    """Clicks by a model that we know; the value of another policy, from what this one logged."""
    ranker, items = ranker_of(Rules(explore=Explore(share=SHARE, candidates=6, newest=2)))
    chance = np.random.default_rng(7)
    lists = lists_of(ranker, items)
    shown = sorted({ranked.items[-1] for ranked in lists})
    clicks = dict(zip(shown, chance.uniform(0.02, 0.6, len(shown)).tolist(), strict=True))
    ranked_last = ranker.rank([[items.intern("p0")]], [[]])[0].items[-1]
    clicks[ranked_last] = 0.02  # what the ranker likes, nobody clicks
    target = dict(zip(shown, chance.dirichlet(np.ones(len(shown))).tolist(), strict=True))
    truth = sum(target[item] * clicks[item] for item in shown)
    estimates, naive = [], []
    for ranked in lists:
        item = ranked.items[-1]
        clicked = chance.random() < clicks[item]
        assert ranked.propensity is not None
        estimates.append(clicked * target[item] / ranked.propensity)
        naive.append(float(clicked))
    error = np.std(estimates) / len(estimates) ** 0.5
    assert abs(np.mean(estimates) - truth) < 4 * error
    assert abs(np.mean(naive) - truth) > 8 * error, "what was clicked says little of another policy"


def test_the_same_list_explores_alike_whenever_it_is_made_again() -> None:
    rules = Rules(explore=Explore(share=0.5))
    one, other = (lists_of(*ranker_of(rules), 200) for _ in range(2))
    assert one == other
    assert {ranked.codes[-1] == "explore" for ranked in one} == {True, False}


def test_nothing_explores_by_default() -> None:
    settings = RecommenderConfig()
    assert settings.rules.explore.share == 0


@given(st.integers(0, 2**64 - 1), st.floats(0, 1), st.integers(0, 300))
def test_a_draw_is_among_the_others_and_its_propensity_a_probability(
    chance: int, share: float, others: int
) -> None:
    drawn, propensity = draw_of(chance, share, others)
    assert 0 <= propensity <= 1
    if drawn is not None:
        assert 0 <= drawn < others
        assert propensity == pytest.approx(share / others)
        assert share > 0
    elif others:
        assert share < 1
