"""Stage C against a naive twin in plain Python, and its rules one by one."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.experts.neighbours import TOGETHER
from shopkeeper.services.recommender.core.knowledge import Knowledge
from shopkeeper.services.recommender.core.numeric.items import ItemIndex
from shopkeeper.services.recommender.core.ranking.blend import BlendTrainer
from shopkeeper.services.recommender.core.ranking.features import BASE, FEATURES
from shopkeeper.services.recommender.core.ranking.ranked_list import RankedList
from shopkeeper.services.recommender.core.ranking.ranker import Ranker
from shopkeeper.services.recommender.core.tables.base import BASES
from shopkeeper.services.recommender.core.tables.sessions import SessionItems
from shopkeeper.shared.contracts import outputs, reasons
from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.contracts.events.recommendation import (
    SimilarItem,
    SimilarItemsUpdated,
    TrendingItem,
    TrendingUpdated,
)
from shopkeeper.shared.contracts.events.sentiment import ProductSentimentUpdated
from shopkeeper.shared.contracts.events.shop import ProductCatalogued

MODEL = Model("test", "1")
NAMES = [f"p{i}" for i in range(8)]


class Shop:
    """Views filled through the records that they are fed with, and the same as plain dicts."""

    def __init__(self, settings: RecommenderConfig) -> None:
        self.items = ItemIndex()
        self.knowledge = Knowledge(self.items, settings)
        self.trainer = BlendTrainer(settings, FEATURES, BASE) if settings.blend else None
        self.ranker = Ranker(settings, self.items, self.knowledge, self.trainer)
        self.settings = settings
        self.rows: dict[str, list[tuple[str, float, int]]] = {}
        self.means: dict[str, float] = {}
        self.blocked: set[str] = set()
        self.sessions: list[list[str]] = []

    def similar(self, name: str, row: list[tuple[str, float, int]]) -> None:
        neighbours = [SimilarItem(n, s, 1, BASES[kind]) for n, s, kind in row]
        data = SimilarItemsUpdated(product_id=name, items=neighbours, count=1, model=MODEL)
        self.knowledge.similar_items.apply([(name.encode(), outputs.encode(data))])
        self.rows[name] = row

    def sentiment(self, name: str, mean: float) -> None:
        data = ProductSentimentUpdated(
            product_id=name, count=1, mean=mean, trend=0, positive=1, neutral=0, negative=0,
            model=MODEL,
        )  # fmt: skip
        self.knowledge.sentiment.apply([(name.encode(), outputs.encode(data))])
        self.means[name] = mean

    def catalogue(self, name: str, available: bool | None, category: str | None = None) -> None:
        data = ProductCatalogued(
            product_id=name, title=name, category=category, available=available
        )
        self.knowledge.catalogue.apply([(name.encode(), outputs.encode(data))])
        (self.blocked.add if available is False else self.blocked.discard)(name)

    def session(self, names: list[str]) -> None:
        """A session with these items, one after the other."""
        number, count = len(self.sessions), len(names)
        offsets = np.arange(count) + 100 * number
        items = self.items.intern_all(names)
        starts = np.full(count, 100 * number)
        self.knowledge.sessions.add(SessionItems(0, starts, items, offsets))
        self.sessions.append(list(dict.fromkeys(names)))

    def sessions_with(self, recent: list[str], own: int = -1) -> list[list[str]]:
        """Those that share an item with a list's recent ones."""
        return [s for n, s in enumerate(self.sessions) if n != own and set(s) & set(recent)]

    def vector(self, name: str) -> np.ndarray:
        """An item's, of length 1, or zeros."""
        item = self.items.intern(name)
        return self.knowledge.vectors.units(np.array([item]))[0]

    def trending(self, scope: str, names: list[str]) -> None:
        items = [TrendingItem(n, 1.0) for n in names]
        data = TrendingUpdated(scope=scope, items=items, as_of_ms=1, model=MODEL)
        self.knowledge.trending.apply([(scope.encode(), outputs.encode(data))])

    def rank(self, *users: tuple[list[str], list[str]], own: int = -1) -> list[RankedList]:
        recents = [[self.items.intern(n) for n in recent] for recent, _ in users]
        boughts = [[self.items.intern(n) for n in bought] for _, bought in users]
        return self.ranker.rank(recents, boughts, [own] * len(users))

    def names(self, ranked: RankedList) -> list[str]:
        return [self.items.product_ids[i] for i in ranked.items]


def recents(settings: RecommenderConfig, remembered: list[str]) -> list[str]:
    """The newest entries of what is remembered, which experts follow furthest."""
    return remembered[-settings.recent_items_max :]


def used(settings: RecommenderConfig, recent: list[str], seed: str) -> int:
    """How many neighbours of a recent item count."""
    new = recent[::-1].index(seed) < 2
    return (
        settings.neighbours_max
        if new
        else min(settings.neighbours_max, settings.old_neighbours_max)
    )


def two_steps(shop: Shop, recent: list[str]) -> dict[str, dict[str, float]]:
    """Neighbours of neighbours of the three newest distinct items: item -> seed -> weight."""
    found: dict[str, dict[str, float]] = {}
    for seed in list(dict.fromkeys(reversed(recent)))[:3]:
        weight = shop.settings.session_decay ** recent[::-1].index(seed)
        width = min(10, shop.settings.neighbours_max)
        for between, score, _ in shop.rows.get(seed, [])[:width]:
            for name, score_2, _ in shop.rows.get(between, [])[:width]:
                by_seed = found.setdefault(name, {})
                by_seed.setdefault(seed, 0.0)
                by_seed[seed] += weight * score * score_2
    return found


def whole_session(shop: Shop, remembered: list[str]) -> dict[str, list[tuple[float, str, int]]]:
    """Neighbours of all that is remembered, if any of it is not recent: item -> similarity, of
    which item, event class."""
    settings, recent = shop.settings, recents(shop.settings, remembered)
    found: dict[str, list[tuple[float, str, int]]] = {}
    if not set(remembered) - set(recent):
        return found
    for seed in set(remembered):
        most = min(settings.neighbours_max, settings.earlier_neighbours_max)
        if seed in recent:
            most = used(settings, recent, seed)
        for name, score, kind in shop.rows.get(seed, [])[:most]:
            found.setdefault(name, []).append((score, seed, kind))
    return found


@dataclass
class Expected:
    """What the twin knows of a candidate."""

    score: float = 0.0
    two_step: float = 0.0
    reasons: set[tuple[str, str | None]] = field(default_factory=set)  # code, product


def twin(
    shop: Shop, remembered: list[str], bought: list[str], own: int = -1
) -> dict[str, Expected]:
    """Every item on offer: its score without the blend, and the reasons that may be given."""
    s, recent = shop.settings, recents(shop.settings, remembered)
    parts: dict[str, list[tuple[float, tuple[str, str | None]]]] = {}
    for seed in set(recent):
        weight = s.session_decay ** recent[::-1].index(seed)
        for name, score, kind in shop.rows.get(seed, [])[: used(s, recent, seed)]:
            parts.setdefault(name, []).append((weight * score, (TOGETHER[kind], seed)))
    for seed in set(remembered):
        age = remembered[::-1].index(seed)
        weight = s.session_decay ** min(age, s.recent_items_max)
        if age > s.recent_items_max:
            weight *= s.recent_items_max / age
        if s.repeat_weight:
            parts.setdefault(seed, []).append((s.repeat_weight * weight, ("viewed_before", None)))
    for name, by_seed_kind in whole_session(shop, remembered).items():
        for score, seed, kind in by_seed_kind:
            parts.setdefault(name, []).append((s.session_weight * score, (TOGETHER[kind], seed)))
    steps = two_steps(shop, recent)
    for name, by_seed in steps.items():
        for seed, weight in by_seed.items():
            parts.setdefault(name, []).append((s.two_step_weight * weight, ("related", seed)))
    for session in shop.sessions_with(recent, own):
        for name in session:
            parts.setdefault(name, [])
    offered: dict[str, Expected] = {}
    for name in {*parts, *remembered}:
        if name in shop.blocked or name in bought:
            continue
        if name == recent[-1]:
            if not s.offer_current:
                continue
        elif name in remembered and not s.offer_seen:
            continue
        found = parts.get(name, [])
        mean = shop.means.get(name, 0)
        kept = 1 + s.sentiment_weight * min(0, mean) + s.sentiment_lift * max(0, mean)
        # A way by two steps is one part of the reason for each neighbour between: the largest of
        # them is not known here, so any may be named.
        direct = max((p for p, why in found if why[0] != "related"), default=0.0)
        reasons = {
            why for part, why in found if why[0] == "related" or part > direct * (1 - 1e-5)
        } | {("similar_sessions", seed) for seed in recent}
        offered[name] = Expected(
            sum(part for part, _ in found) * kept, sum(steps.get(name, {}).values()), reasons
        )
    return offered


def assert_evidence(
    shop: Shop,
    remembered: list[str],
    offered: dict[str, Expected],
    ranked: RankedList,
    own: int = -1,
) -> None:
    """The features of every candidate, computed one by one."""
    recent, whole = recents(shop.settings, remembered), whole_session(shop, remembered)
    assert ranked.candidates is not None
    assert ranked.features is not None
    names = [shop.items.product_ids[i] for i in ranked.candidates.tolist()]
    assert len(set(names)) == len(names)
    distinct = list(dict.fromkeys(reversed(recent)))  # newest first
    sessions = shop.sessions_with(recent, own)
    newest = len(shop.sessions) - 1
    seen_after = dict.fromkeys(NAMES, 0.0)
    votes = dict.fromkeys(NAMES, 0.0)
    for seed in distinct[:3]:
        age = recent[::-1].index(seed)
        having = [session for session in sessions if seed in session]
        for session in having:
            for place, name in enumerate(session):
                if place > session.index(seed):
                    seen_after[name] += 0.5**age / (place - session.index(seed)) / (len(having) + 2)
    for session in sessions:
        ages = [recent[::-1].index(seed) for seed in distinct if seed in session]
        near = sum((len(recent) - age) / len(recent) for age in ages)
        for name in session:
            votes[name] += near / (1 + min(ages))
    expected_names = {
        name for name in offered
        if offered[name].score > 0 or offered[name].two_step > 0 or name in remembered
        or votes[name] > 0 or name in whole
    }  # fmt: skip
    assert set(names) <= set(offered)
    assert expected_names - set(names) <= {
        # an item in every session is worth nothing to neighbour sessions
        name
        for name in offered
        if offered[name].score == 0 and seen_after[name] == 0
    }
    base_of = {name: offered[name].score for name in names}
    best = max(base_of.values())
    for name, features in zip(names, ranked.features.tolist(), strict=True):
        found = dict(zip(FEATURES, features, strict=True))
        near_by = {
            seed: score
            for seed in distinct
            for other, score, _ in shop.rows.get(seed, [])[: used(shop.settings, recent, seed)]
            if other == name
        }
        base = base_of[name]
        close = {"rel": 1e-3, "abs": 1e-4}
        last = near_by.get(distinct[0], 0)
        assert found["share_base"] == pytest.approx(base / max(best, 1e-3), **close)
        assert found["base"] == pytest.approx(math.sqrt(base), **close)
        assert found["base_log"] == pytest.approx(math.log(base + 1e-3), rel=1e-3, abs=1e-2)
        assert found["similarity_last"] == pytest.approx(last**0.5, **close)
        if len(distinct) > 1:
            assert found["similarity_second"] == pytest.approx(
                near_by.get(distinct[1], 0) ** 0.5, **close
            )
        assert found["similarity_max"] == pytest.approx(
            max(near_by.values(), default=0) ** 0.5, **close
        )
        assert found["votes"] == pytest.approx(math.log1p(len(near_by)), **close)
        assert found["two_step"] == pytest.approx(offered[name].two_step ** 0.5, **close)
        assert found["followed"] == pytest.approx(seen_after[name] ** 0.5, **close)
        rarity = max(0.0, math.log((newest + 2) / 1))  # no counts were published in this shop
        assert found["sessions"] == pytest.approx(math.log1p(votes[name] * rarity), **close)
        assert found["count_last"] == pytest.approx(
            math.log1p(distinct[0] in near_by), **close
        )  # the rows of this shop say 1 of every pair
        session_sum = sum(score for score, _, _ in whole.get(name, []))
        assert found["session_sum"] == pytest.approx(session_sum**0.5, **close)
        ages = [age for age, item in enumerate(reversed(remembered)) if item == name]
        assert found["age_seen"] == pytest.approx(math.log1p(ages[0]) if ages else 0, **close)
        assert found["seen"] == bool(ages)
        assert found["recency"] == pytest.approx(1 / (1 + ages[0]) if ages else 0, **close)
        assert found["times"] == min(len(ages), 5)
        assert found["twice"] == (len(ages) > 1)
        assert found["seen_last"] == (name == recent[-1])
        assert found["only_item"] == (set(remembered) == {name})
        assert found["length"] == pytest.approx(math.log1p(len(remembered)), **close)
        assert found["distinct"] == pytest.approx(math.log1p(len(set(remembered))), **close)
        assert found["sentiment"] == pytest.approx(shop.means.get(name, 0), **close)
        mine = shop.vector(name)
        last_vector = shop.vector(recent[-1])
        decay = shop.settings.session_decay
        pointed = sum(decay ** recent[::-1].index(seed) * shop.vector(seed) for seed in distinct)
        alike = {"rel": 1e-3, "abs": 1e-3}
        assert found["vector_last"] == pytest.approx(mine @ last_vector, **alike)
        assert found["vector_recent"] * np.linalg.norm(pointed) == pytest.approx(
            mine @ pointed, **alike
        )
        better = sum(score > base * (1 + 1e-5) for score in base_of.values())
        level = sum(score >= base * (1 - 1e-5) for score in base_of.values())
        place = round(math.expm1(found["place_base"]))
        assert better <= place < max(level, better + 1)
        assert found["place_base_top"] == (place < 20)


config = st.builds(
    RecommenderConfig,
    session_decay=st.sampled_from([1.0, 0.8, 0.5]),
    repeat_weight=st.sampled_from([0.0, 1.0]),
    offer_current=st.booleans(),
    offer_seen=st.booleans(),
    sentiment_weight=st.sampled_from([0.0, 0.8, 1.0]),
    sentiment_lift=st.sampled_from([0.0, 0.2]),
    list_items_max=st.integers(1, 9),
    neighbours_max=st.integers(1, 5),
    old_neighbours_max=st.integers(1, 5),
    recent_items_max=st.sampled_from([2, 4, 10]),
    earlier_neighbours_max=st.integers(1, 5),
    session_weight=st.sampled_from([0.0, 0.1]),
    two_step_weight=st.sampled_from([0.0, 0.3]),
    blend=st.booleans(),  # which only looks on as long as it is not trusted
)
name = st.sampled_from(NAMES)
rows = st.dictionaries(
    name,
    st.lists(
        st.tuples(name, st.floats(0.01, 1), st.integers(0, 2)),
        max_size=5, unique_by=lambda entry: entry[0],
    ),
)  # fmt: skip
users = st.lists(
    st.tuples(st.lists(name, min_size=1, max_size=16), st.lists(name, max_size=2)), max_size=5
)


@given(
    config,
    rows,
    st.dictionaries(name, st.floats(-1, 1, width=32)),
    st.sets(name, max_size=3),
    users,
    st.lists(st.lists(name, min_size=1, max_size=6), max_size=6),
    st.integers(-1, 5),
)
def test_lists_equal_those_of_a_naive_twin(
    settings: RecommenderConfig,
    rows: dict[str, list[tuple[str, float, int]]],
    means: dict[str, float],
    blocked: set[str],
    users: list[tuple[list[str], list[str]]],
    sessions: list[list[str]],
    own: int,
) -> None:
    shop = Shop(settings)
    for product, row in rows.items():
        shop.similar(product, sorted((e for e in row if e[0] != product), key=lambda e: -e[1]))
    for product, mean in means.items():
        shop.sentiment(product, mean)
    for product in blocked:
        shop.catalogue(product, False)
    for session in sessions:
        shop.session(session)
    lists = shop.rank(*users, own=own)
    assert len(lists) == len(users)
    for (remembered, bought), ranked in zip(users, lists, strict=True):
        expected = twin(shop, remembered, bought, own)
        names = shop.names(ranked)
        worth = {n: e.score for n, e in expected.items() if e.score > 0}
        assert len(names) == len(set(names)) == min(settings.list_items_max, len(worth))
        assert ranked.scores == pytest.approx(
            [worth[n] for n in names], rel=1e-5, abs=1e-6
        )  # the view keeps means in 32 bits
        if ranked.candidates is not None:
            assert_evidence(shop, remembered, expected, ranked, own)
        assert ranked.scores == sorted(ranked.scores, reverse=True)
        left_out = [score for n, score in worth.items() if n not in names]
        assert not left_out or max(left_out) <= ranked.scores[-1] * (1 + 1e-5)
        for n, code, parameter in zip(names, ranked.codes, ranked.parameters, strict=True):
            assert code in reasons.TEXTS
            assert (code, parameter) in expected[n].reasons
        assert ranked.fallback == ("none" if names else "empty")


def test_many_lists_are_the_same_as_one_at_a_time() -> None:
    shop = Shop(RecommenderConfig())
    for i, product in enumerate(NAMES):
        shop.similar(product, [(NAMES[(i + k) % 8], 1 / (k + 1), 0) for k in range(1, 4)])
    users = [([NAMES[(i * j) % 8] for j in range(1 + i % 5)], []) for i in range(1_200)]
    assert shop.rank(*users) == [shop.rank(user)[0] for user in users]


def test_a_list_may_be_made_from_more_than_a_user_s_memory_holds() -> None:
    """All that was seen are candidates, however many: there is room for them."""
    settings = RecommenderConfig(
        recent_items_max=2, offer_current=True, repeat_weight=1.0, candidates_base_max=1,
        candidates_two_step_max=1, candidates_followed_max=1, candidates_sessions_max=1,
        candidates_session_max=1, list_items_max=200,
    )  # fmt: skip
    shop = Shop(settings)
    seen = [f"seen{n}" for n in range(150)]
    [ranked, other] = shop.rank((seen, []), (["p0"], []))
    assert shop.names(ranked) == seen[::-1]
    assert shop.names(other) == ["p0"]


def test_the_chain_from_personal_to_empty() -> None:
    shop = Shop(replace(RecommenderConfig(), list_items_max=4))
    assert shop.rank((["p0"], []))[0].fallback == "empty"
    shop.catalogue("p6", True)
    shop.catalogue("p7", None)
    shop.catalogue("p0", True, "shoes")
    newest = shop.rank((["p0"], []))[0]
    assert (shop.names(newest), newest.fallback) == (["p7", "p6"], "newest")
    shop.trending("all", ["p0", "p3", "p4", "p5"])
    shop.trending("category/shoes", ["p5"])
    trending = shop.rank((["p0"], ["p4"]))[0]
    assert shop.names(trending) == ["p5", "p3", "p7", "p6"]
    assert trending.codes == ["trending_category", "trending", "newest", "newest"]
    assert trending.parameters == ["shoes", None, None, None]
    shop.similar("p0", [("p1", 0.5, 0), ("p2", 0.4, 2)])
    mixed = shop.rank((["p0"], []))[0]
    assert shop.names(mixed) == ["p1", "p2", "p5", "p3"]
    assert mixed.fallback == "trending"
    assert mixed.codes[:2] == ["viewed_together", "bought_together"]
    shop.similar("p0", [(n, 0.5, 0) for n in ("p1", "p2", "p3", "p4")])
    assert shop.rank((["p0"], []))[0].fallback == "none"


def test_a_well_reviewed_item_rises() -> None:
    shop = Shop(RecommenderConfig())
    shop.similar("p0", [("p1", 0.9, 0), ("p2", 0.8, 0)])
    shop.sentiment("p2", 0.9)
    assert shop.names(shop.rank((["p0"], []))[0]) == ["p2", "p1"]


def test_a_badly_reviewed_item_sinks_and_a_removed_one_goes() -> None:
    shop = Shop(RecommenderConfig())
    shop.similar("p0", [("p1", 0.9, 0), ("p2", 0.8, 0), ("p3", 0.7, 0)])
    assert shop.names(shop.rank((["p0"], []))[0]) == ["p1", "p2", "p3"]
    shop.sentiment("p1", -0.9)
    assert shop.names(shop.rank((["p0"], []))[0]) == ["p2", "p3", "p1"]
    shop.knowledge.sentiment.apply([(b"p1", None)])
    shop.knowledge.catalogue.apply([(b"p2", None)])
    assert shop.names(shop.rank((["p0"], []))[0]) == ["p1", "p3"]
    shop.knowledge.similar_items.apply([(b"p0", None)])
    assert shop.rank((["p0"], []))[0].fallback == "empty"


@given(st.lists(st.tuples(st.none() | st.binary(max_size=8), st.none() | st.binary(max_size=40))))
def test_views_pass_over_junk(records: list[tuple[bytes | None, bytes | None]]) -> None:
    shop = Shop(RecommenderConfig())
    shop.similar("p0", [("p1", 0.9, 0)])
    knowledge = shop.knowledge
    for view in (
        knowledge.similar_items,
        knowledge.item_counts,
        knowledge.catalogue,
        knowledge.sentiment,
        knowledge.trending,
    ):
        view.apply(records)
        unreadable = [(b"p5", b"\xff\xfe"), (b"p5", b"[1]"), (b"p5", b'{"product_id": 5}')]
        before = view.junk
        view.apply(unreadable)
        assert view.junk == before + 3
    assert shop.names(shop.rank((["p0"], []))[0]) == ["p1"]
