"""Serving rules against naive twins: what is matched, what is boosted, how lists are mixed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.knowledge import Knowledge
from shopkeeper.services.recommender.core.numeric.items import ItemIndex
from shopkeeper.services.recommender.core.ranking.diversity import diverse
from shopkeeper.services.recommender.core.ranking.ranked_list import RankedList
from shopkeeper.services.recommender.core.ranking.ranker import Ranker
from shopkeeper.services.recommender.core.ranking.top import best
from shopkeeper.services.recommender.core.rules import Match, Rules, RulesError, parse
from shopkeeper.services.recommender.core.tables.catalogue import CatalogueTable
from shopkeeper.shared.contracts import outputs
from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.contracts.events.recommendation import (
    SimilarItem,
    SimilarItemsUpdated,
    TrendingItem,
    TrendingUpdated,
)
from shopkeeper.shared.contracts.events.shop import ProductCatalogued

MODEL = Model("test", "1")
NAMES = [f"p{i}" for i in range(8)]
CATEGORIES, BRANDS = ["hats", "shoes", "gift-cards"], ["acme", "other"]


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (b"{", "truncated"),
        (b"[]", "Expected `object`"),
        (b'{"excluded": []}', "excluded"),
        (b'{"exclude": [{"category": "a"}, {}]}', r"at least one condition.*\$.exclude\[1\]"),
        (b'{"exclude": [{"colour": "red"}]}', r"colour.*\$.exclude\[0\]"),
        (b'{"exclude": [{"category": ""}]}', r"\$.exclude\[0\].category"),
        (b'{"exclude": [{"price_above": "9"}]}', r"\$.exclude\[0\].price_above"),
        (b'{"exclude": [{"price_above": 1e300}]}', r"\$.exclude\[0\].price_above"),
        (b'{"boost": [{"brand": "a"}]}', r"factor.*\$.boost\[0\]"),
        (b'{"boost": [{"brand": "a", "factor": 0}]}', r"\$.boost\[0\].factor"),
        (b'{"boost": [{"factor": 2}]}', r"at least one condition.*\$.boost\[0\]"),
        (b'{"same_category_max": -1}', r"\$.same_category_max"),
        (b'{"diversity": 1.5}', r"\$.diversity"),
        (b'{"explore": {"share": 2}}', r"\$.explore.share"),
        (b'{"explore": {"share": 0.1, "candidates": 1.5}}', r"\$.explore.candidates"),
    ],
)
def test_a_wrong_rule_is_refused_and_its_place_named(document: bytes, place: str) -> None:
    with pytest.raises(RulesError, match=place):
        parse(document)


def test_no_rules_are_the_default() -> None:
    assert parse(b"{}") == Rules() == RecommenderConfig().rules


prices = st.none() | st.sampled_from([0.0, 1.0, 5.0, 10.0, 19.99])
conditions: dict[str, Any] = {
    "product_id": st.none() | st.sampled_from(NAMES),
    "category": st.none() | st.sampled_from([*CATEGORIES, "unheard-of"]),
    "brand": st.none() | st.sampled_from([*BRANDS, "unheard-of"]),
    "price_above": prices,
    "price_below": prices,
}
matches = st.fixed_dictionaries(conditions).filter(lambda c: any(v is not None for v in c.values()))
boosts = st.tuples(matches, st.sampled_from([0.5, 1.2, 2.0]))
products = st.fixed_dictionaries(
    {
        "product_id": st.sampled_from(NAMES),
        "category": st.none() | st.sampled_from(CATEGORIES),
        "brand": st.none() | st.sampled_from(BRANDS),
        "price": prices | st.sampled_from([-1e300, 1e300]),
        "available": st.none() | st.booleans(),
        "attributes": st.none() | st.fixed_dictionaries({"replenishable": st.booleans()}),
    }
)


def meets(product: dict[str, Any], rule: dict[str, Any]) -> bool:
    """One product, one rule, in plain Python."""
    for name in ("product_id", "category", "brand"):
        if rule[name] is not None and product.get(name) != rule[name]:
            return False
    price = product.get("price")
    if rule["price_above"] is not None and not (price is not None and price > rule["price_above"]):
        return False
    return rule["price_below"] is None or (price is not None and price < rule["price_below"])


@given(
    st.lists(matches, max_size=3),
    st.lists(boosts, max_size=3),
    st.lists(st.tuples(products, st.booleans()), max_size=12),
    st.booleans(),
)
def test_what_rules_match_is_what_a_naive_twin_says(
    exclude: list[dict[str, Any]],
    boost: list[tuple[dict[str, Any], float]],
    records: list[tuple[dict[str, Any], bool]],
    ask_in_between: bool,
) -> None:
    document: dict[str, Any] = {
        "exclude": [{k: v for k, v in rule.items() if v is not None} for rule in exclude],
        "boost": [
            {k: v for k, v in rule.items() if v is not None} | {"factor": factor}
            for rule, factor in boost
        ],
    }
    items = ItemIndex()
    view = CatalogueTable(items, parse(outputs.msgspec.json.encode(document)))
    known: dict[str, dict[str, Any]] = {}
    for product, removed in records:
        name = product["product_id"]
        value = None if removed else ProductCatalogued(title="t", **product)
        view.apply([(name.encode(), None if value is None else outputs.encode(value))])
        known[name] = {"product_id": name, "available": False} if removed else product
        if ask_in_between:
            view.blocked(), view.boost()
    assert view.junk == 0
    for name in NAMES:  # also those that the catalogue never named
        item = items.intern(name)
        product = known.get(name, {"product_id": name})
        out = product.get("available") is False or any(meets(product, rule) for rule in exclude)
        assert view.blocked()[item] == out
        factor = np.prod([f for rule, f in boost if meets(product, rule)])
        factors = view.boost()
        assert (1.0 if factors is None else factors[item]) == pytest.approx(factor)
        again = (product.get("attributes") or {}).get("replenishable", False)
        assert view.used_up([[item]]) == ([[]] if again else [[item]])


def test_masks_and_factors_are_computed_only_when_the_catalogue_moved() -> None:
    rules = parse(b'{"exclude": [{"price_above": 5}], "boost": [{"brand": "acme", "factor": 2}]}')
    items = ItemIndex()
    view = CatalogueTable(items, rules)

    def put(**about: Any) -> None:
        product = ProductCatalogued(product_id="p0", title="t", **about)
        view.apply([(b"p0", outputs.encode(product))])

    put(price=4, brand="acme")
    before = view.blocked(), view.boost()
    put(price=4, brand="acme", attributes={"colour": "red"})
    assert view.blocked() is before[0]
    assert view.boost() is before[1]
    put(price=6, brand="acme")
    assert view.blocked() is not before[0]
    assert view.boost() is not before[1]


def twin(
    scores: list[float], order: list[int], category: list[int], count: int, most: int, mix: float
) -> list[int]:
    """Maximal marginal relevance of one list, from its definition."""
    chosen: list[int] = []
    top = max(scores, default=0.0)
    while len(chosen) < count:
        held = Counter(category[i] for i in chosen if category[i] >= 0)
        offered = [
            i for i, score in enumerate(scores)
            if i not in chosen and score > 0 and not (most and held[category[i]] >= most)
        ]  # fmt: skip
        if not offered:
            break

        def rank(i: int, held: Counter[int] = held) -> tuple[float, float, int]:
            worth = (1 - mix) * scores[i] / top - (mix if held[category[i]] else 0.0)
            return (-(worth if mix else scores[i]), -scores[i], order[i])

        chosen.append(min(offered, key=rank))
    return chosen


lists = st.lists(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.1, 0.2, 0.5, 1.0, 3.0]), st.integers(-1, 3)), max_size=9
    ),
    max_size=4,
)  # fmt: skip


@given(
    lists, st.integers(1, 6), st.integers(0, 3), st.sampled_from([0.0, 0.1, 0.5, 1.0]), st.randoms()
)
def test_mixed_lists_equal_those_of_a_naive_twin(
    asked: list[list[tuple[float, int]]], count: int, most: int, mix: float, chance: Any
) -> None:
    flat = [entry for entries in asked for entry in entries]
    scores = np.array([score for score, _ in flat], np.float64)
    category = np.array([number for _, number in flat], np.int32)
    order = np.array(chance.sample(range(100), len(flat)), np.int64)
    bounds = np.cumsum([0, *(len(entries) for entries in asked)])
    places, ends = diverse(bounds, scores, order, category, count, most, mix)
    start = 0
    for number, end in enumerate(ends.tolist()):
        first, last = int(bounds[number]), int(bounds[number + 1])
        expected = twin(
            scores[first:last].tolist(), order[first:last].tolist(), category[first:last].tolist(),
            count, most, mix,
        )  # fmt: skip
        assert (places[start:end] - first).tolist() == expected
        start = end
    assert start == len(places)


@given(lists, st.integers(1, 6))
def test_with_every_knob_off_or_no_category_known_lists_are_the_best(
    asked: list[list[tuple[float, int]]], count: int
) -> None:
    flat = [entry for entries in asked for entry in entries]
    scores = np.array([score for score, _ in flat], np.float64)
    category = np.array([number for _, number in flat], np.int32)
    order = np.arange(len(flat))
    bounds = np.cumsum([0, *(len(entries) for entries in asked)])
    expected = [part.tolist() for part in best(bounds, scores, order, count)]
    unknown = np.full_like(category, -1)
    for found in (
        diverse(bounds, scores, order, category, count, 0, 0.0),
        diverse(bounds, scores, order, unknown, count, 1, 0.0),
        diverse(bounds, scores, order, unknown, count, 1, 0.7),
    ):
        assert [part.tolist() for part in found] == expected


class Shop:
    """A ranker with rules, and its views."""

    def __init__(self, **rules: Any) -> None:
        self.settings = replace(
            RecommenderConfig(), rules=parse(outputs.msgspec.json.encode(rules)), list_items_max=5
        )
        self.items = ItemIndex()
        self.knowledge = Knowledge(self.items, self.settings)
        self.ranker = Ranker(self.settings, self.items, self.knowledge)

    def catalogue(self, name: str, **about: Any) -> None:
        product = ProductCatalogued(product_id=name, title=name, **about)
        self.knowledge.catalogue.apply([(name.encode(), outputs.encode(product))])

    def similar(self, name: str, **scores: float) -> None:
        neighbours = [SimilarItem(n, s, 1) for n, s in scores.items()]
        row = SimilarItemsUpdated(product_id=name, items=neighbours, count=1, model=MODEL)
        self.knowledge.similar_items.apply([(name.encode(), outputs.encode(row))])

    def rank(self, recent: list[str], bought: list[str] | None = None) -> RankedList:
        intern = self.items.intern
        return self.ranker.rank([[intern(n) for n in recent]], [[intern(n) for n in bought or []]])[
            0
        ]

    def names(self, recent: list[str], bought: list[str] | None = None) -> list[str]:
        return [self.items.product_ids[item] for item in self.rank(recent, bought).items]


def test_rules_hold_wherever_an_item_comes_from() -> None:
    shop = Shop(exclude=[{"category": "gift-cards"}, {"price_above": 500}, {"product_id": "p7"}])
    shop.similar("p0", p1=0.9, p2=0.8, p3=0.7, p7=0.6)
    for name in ("p1", "p4", "p8"):
        shop.catalogue(name, category="gift-cards")
    for name in ("p2", "p5"):
        shop.catalogue(name, price=500.01)
    shop.catalogue("p3", price=500)
    shop.catalogue("p6", brand="acme")
    trending = TrendingUpdated(
        scope="all", items=[TrendingItem(n, 1.0) for n in ("p4", "p5", "p9")],
        as_of_ms=1, model=MODEL,
    )  # fmt: skip
    shop.knowledge.trending.apply([(b"all", outputs.encode(trending))])
    assert shop.names(["p0"]) == ["p3", "p9", "p6"]
    shop.catalogue("p3", price=501)
    shop.catalogue("p2", price=1)
    assert shop.names(["p0"]) == ["p2", "p9", "p6"]


def test_a_boost_multiplies_scores_and_brings_nothing_back() -> None:
    shop = Shop(boost=[{"brand": "acme", "factor": 0.5}, {"product_id": "p3", "factor": 2}])
    shop.similar("p0", p1=0.8, p2=0.7, p3=0.6)
    shop.catalogue("p1", brand="acme")
    ranked = shop.rank(["p0"])
    assert [shop.items.product_ids[i] for i in ranked.items] == ["p3", "p2", "p1"]
    assert ranked.scores == pytest.approx([1.2, 0.7, 0.4])
    shop.catalogue("p3", available=False)
    assert shop.names(["p0"]) == ["p2", "p1"]


def test_what_is_bought_again_and_again_may_come_back() -> None:
    shop = Shop()
    shop.similar("p0", p1=0.8, p2=0.7)
    assert shop.names(["p0"], ["p1", "p2"]) == []
    shop.catalogue("p1", attributes={"replenishable": True})
    assert shop.names(["p0"], ["p1", "p2"]) == ["p1"]
    shop.catalogue("p1", attributes={"replenishable": "yes"})
    assert shop.names(["p0"], ["p1", "p2"]) == []


def test_a_list_holds_no_more_of_a_category_wherever_items_come_from() -> None:
    shop = Shop(same_category_max=2)
    for n in range(1, 5):
        shop.catalogue(f"p{n}", category="hats")
    shop.catalogue("q1", category="shoes")
    shop.similar("p0", p1=0.9, p2=0.8, p3=0.7, x=0.1, y=0.1, z=0.1)
    assert shop.names(["p0"])[:2] == ["p1", "p2"]
    assert set(shop.names(["p0"])[2:]) == {"x", "y", "z"}
    shop.similar("p0", p1=0.9)
    trending = TrendingUpdated(
        scope="all", items=[TrendingItem(n, 1.0) for n in ("p3", "p4", "q1")],
        as_of_ms=1, model=MODEL,
    )  # fmt: skip
    shop.knowledge.trending.apply([(b"all", outputs.encode(trending))])
    assert shop.names(["p0"]) == ["p1", "p3", "q1"]


def test_a_rule_needs_no_catalogue_to_name_a_product() -> None:
    shop = Shop(exclude=[{"product_id": "p1"}])
    shop.similar("p0", p1=0.9, p2=0.8)
    assert shop.names(["p0"]) == ["p2"]
    assert Match(product_id="p1") in shop.settings.rules.exclude
