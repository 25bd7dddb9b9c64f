"""New items by what the catalogue says of them, against naive twins in plain Python."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.cold_start import content as content_module
from shopkeeper.services.recommender.core.cold_start.attributes import Attributes, tokens_of, words
from shopkeeper.services.recommender.core.knowledge import Knowledge
from shopkeeper.services.recommender.core.numeric.items import ItemIndex
from shopkeeper.services.recommender.core.numeric.types import CLASS_COUNT, CLICK
from shopkeeper.services.recommender.core.ranking.ranked_list import RankedList
from shopkeeper.services.recommender.core.ranking.ranker import Ranker
from shopkeeper.services.recommender.core.tables.item_counts import CountsRecord
from shopkeeper.services.recommender.core.tables.sessions import SessionItems
from shopkeeper.shared.contracts import outputs, reasons
from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.contracts.events.recommendation import SimilarItem, SimilarItemsUpdated
from shopkeeper.shared.contracts.events.shop import ProductCatalogued

if TYPE_CHECKING:
    from collections.abc import Iterable

MODEL = Model("test", "1")
NAMES = [f"p{n}" for n in range(9)]
WORDS = ["red", "blue", "tea", "pot", "红", "茶壶"]
Token = tuple[str, str]
Vectors = dict[str, dict[Token, float]]
Rows = dict[str, list[tuple[str, float, int]]]  # neighbour, score, sessions with both


class Shop:
    """Views filled through their topics' records, and the same as plain dicts."""

    def __init__(self, settings: RecommenderConfig) -> None:
        self.settings = settings
        self.items = ItemIndex()
        self.items.intern_all(NAMES)
        self.knowledge = Knowledge(self.items, settings)
        self.content = self.knowledge.content
        self.ranker = Ranker(settings, self.items, self.knowledge)
        self.products: dict[str, ProductCatalogued] = {}
        self.rows: Rows = {}
        self.visits: dict[str, int] = {}

    def put(self, product: ProductCatalogued) -> None:
        self.products[product.product_id] = product
        key = product.product_id.encode()
        self.knowledge.catalogue.apply([(key, outputs.encode(product))])

    def remove(self, name: str) -> None:
        self.knowledge.catalogue.apply([(name.encode(), None)])
        self.products.pop(name, None)

    def similar(self, name: str, row: list[tuple[str, float, int]]) -> None:
        neighbours = [SimilarItem(*entry) for entry in row]
        data = SimilarItemsUpdated(product_id=name, items=neighbours, count=1, model=MODEL)
        self.knowledge.similar_items.apply([(name.encode(), outputs.encode(data))])
        self.rows[name] = row

    def visited(self, visits: dict[str, int]) -> None:
        self.visits = visits
        n = np.zeros((CLASS_COUNT, len(visits)), np.int32)
        n[CLICK] = list(visits.values())
        record = CountsRecord(1, list(visits), n.tobytes(), b"", b"", b"")
        self.knowledge.item_counts.apply([(b"0", msgspec.msgpack.encode(record))])
        assert self.knowledge.item_counts.junk == 0

    def new(self) -> set[str]:
        """Items that content may offer."""
        known = twin_vectors(self.products.values())
        return {
            name for name, product in self.products.items()
            if product.available is not False and known[name]
            and self.visits.get(name, 0) < self.settings.new_item_visits
        }  # fmt: skip

    def fits(self, name: str) -> dict[str, float]:
        fits = self.content.fits_of(np.array([self.items.number_of[name]]))
        new = [self.items.product_ids[item] for item in self.content.new_items.tolist()]
        return dict(zip(new, fits[0].tolist(), strict=True))

    def rank(self, recent: list[str]) -> dict[str, tuple[str, str | None]]:
        """Reason and its parameter by item of a list."""
        (ranked,) = self.ranker.rank([[self.items.intern(name) for name in recent]], [[]])
        return self.shown(ranked)

    def shown(self, ranked: RankedList) -> dict[str, tuple[str, str | None]]:
        assert set(ranked.codes) <= set(reasons.TEXTS)
        names = [self.items.product_ids[item] for item in ranked.items]
        return dict(zip(names, zip(ranked.codes, ranked.parameters, strict=True), strict=True))


def twin_vectors(products: Iterable[ProductCatalogued]) -> Vectors:
    """(1 + log tf) * log(items / df), made as long as 1."""
    counts = {
        product.product_id: Counter(
            (field, value) for field, values in tokens_of(product) for value in values
        )
        for product in products
    }
    counts = {name: count for name, count in counts.items() if count}
    df = Counter(token for count in counts.values() for token in count)
    values = Counter(field for count in counts.values() for field, _ in count)
    different = Counter(field for field, _ in df)
    vectors: Vectors = {product.product_id: {} for product in products}
    for name, count in counts.items():
        weights = {}
        for (field, value), tf in count.items():
            is_id = (
                field != "title" and values[field] >= 20 and different[field] > values[field] / 2
            )
            weight = (1 + math.log(tf)) * math.log(len(counts) / df[field, value])
            if weight > 0 and df[field, value] > 1 and not is_id:
                weights[field, value] = weight
        length = math.sqrt(sum(weight**2 for weight in weights.values()))
        vectors[name] = {token: weight / length for token, weight in weights.items()}
    return vectors


def vectors_of(attributes: Attributes, items: ItemIndex) -> Vectors:
    """The matrix, by names."""
    matrix = attributes.matrix(len(items)).tocoo()
    assert matrix.dtype == np.float32
    tokens = {
        number: (field, value)
        for field, ids in attributes._ids.items()
        for value, number in ids.items()
    }
    found: Vectors = {name: {} for name in items.product_ids}
    for item, token, value in zip(matrix.row, matrix.col, matrix.data, strict=True):
        found[items.product_ids[item]][tokens[token]] = float(value)
    return found


def assert_same(found: Vectors, expected: Vectors) -> None:
    for name, vector in found.items():
        assert vector == pytest.approx(expected.get(name, {}), rel=1e-4)
        if vector:
            assert sum(value**2 for value in vector.values()) == pytest.approx(1, rel=1e-4)


def dot(one: dict[Token, float], other: dict[Token, float]) -> float:
    return sum(value * other.get(token, 0.0) for token, value in one.items())


def combined(parts: Iterable[tuple[float, dict[Token, float]]]) -> dict[Token, float]:
    found: dict[Token, float] = {}
    for weight, vector in parts:
        for token, value in vector.items():
            found[token] = found.get(token, 0.0) + weight * value
    return found


def twin_fits(shop: Shop) -> dict[str, dict[str, float]]:
    """fit(i, j) by content.py's formula, of every item i and new item j."""
    vectors = {name: {} for name in NAMES} | twin_vectors(shop.products.values())
    new = sorted(shop.new())
    tokens = sorted({token for vector in vectors.values() for token in vector})
    sums = {
        t: combined(
            (vectors[x].get(t, 0.0) * math.sqrt(count), vectors[y])
            for x, row in shop.rows.items() for y, _, count in row
        )
        for t in tokens
    }  # fmt: skip
    supply = combined((1.0, vectors[y]) for y in shop.rows)
    demand = {t: sum(sums[t].values()) for t in tokens}
    # Of what hardly leads anywhere, little is believed.
    prior = sum(demand.values()) / max(1, len(tokens)) / 1000 + 1e-9
    leads = {
        t: {u: value / (demand[t] + prior) / (1 + supply.get(u, 0)) for u, value in sums[t].items()}
        for t in tokens
    }
    like: dict[str, dict[str, float]] = {}
    led: dict[str, dict[str, float]] = {}
    for name in NAMES:
        near = combined((score, vectors[k]) for k, score, _ in shop.rows.get(name, []))
        mine = vectors[name]
        if not mine and near:
            length = math.sqrt(dot(near, near))
            mine = {token: value / length for token, value in near.items()}
        both = combined([(1.0, mine), (shop.settings.content_neighbours_weight, near)])
        ahead = combined((value, leads[token]) for token, value in mine.items())
        like[name] = {j: dot(both, vectors[j]) for j in new}
        led[name] = {j: dot(ahead, vectors[j]) for j in new}
    scale = 0.0
    if new and (most := sum(max(led[i].values()) for i in shop.rows)) > 1e-9:
        scale = sum(max(like[i].values()) for i in shop.rows) / most
    return {i: {j: 0.0 if i == j else like[i][j] + scale * led[i][j] for j in new} for i in NAMES}


def products_of(names: st.SearchStrategy[str]) -> st.SearchStrategy[ProductCatalogued]:
    return st.builds(
        ProductCatalogued,
        product_id=names,
        title=st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join),
        category=st.sampled_from([None, "a", "a > b", "c/d"]),
        brand=st.sampled_from([None, "x", "y"]),
        price=st.sampled_from([None, 0.0, 1.0, 9.5, 10.0]),
        available=st.sampled_from([None, True, True, False]),
        attributes=st.sampled_from([None, {"size": 4}, {"size": ["4", "5"]}, {"size": {"no": 1}}]),
    )


name = st.sampled_from(NAMES)
products = st.lists(products_of(name), min_size=1, max_size=9)
rows = st.dictionaries(
    name,
    st.lists(
        st.tuples(name, st.floats(0.0625, 1, width=32), st.integers(1, 9)),
        max_size=4, unique_by=lambda entry: entry[0],
    ),
    max_size=6,
)  # fmt: skip
visits = st.dictionaries(name, st.integers(0, 30))


def shop_of(
    products: list[ProductCatalogued],
    rows: Rows,
    visits: dict[str, int],
    settings: RecommenderConfig,
) -> Shop:
    shop = Shop(settings)
    shop.visited(visits)
    for product in products:
        shop.put(product)
    for product_id, row in rows.items():
        entries = [entry for entry in row if entry[0] != product_id]
        shop.similar(product_id, sorted(entries, key=lambda entry: -entry[1]))
    return shop


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Red Tea-Pot 2", ["red", "tea", "pot", "2"]),
        ("红茶壶", ["红", "茶", "壶", "红茶", "茶壶"]),
        ("iPhone15手机壳pro", ["iphone15", "手", "机", "壳", "手机", "机壳", "pro"]),
        ("茶 pot", ["茶", "pot"]),
        ("", []),
        ("_ -!。", []),
    ],
)
def test_words_of_mixed_text(text: str, expected: list[str]) -> None:
    assert list(words(text)) == expected


@given(products)
def test_the_matrix_equals_a_naive_twin(products: list[ProductCatalogued]) -> None:
    items, attributes, last = ItemIndex(), Attributes(), {}
    for product in products:
        attributes.put(items.intern(product.product_id), product)
        last[product.product_id] = product
    assert_same(vectors_of(attributes, items), twin_vectors(last.values()))


@pytest.mark.parametrize(("different", "said"), [(10, True), (11, False), (18, False)])
def test_a_field_of_identifiers_says_nothing(different: int, said: bool) -> None:
    items, attributes, made = ItemIndex(), Attributes(), []
    for number in range(20):
        product = ProductCatalogued(
            product_id=f"p{number}", title="red" if number % 3 else "blue",
            attributes={"sku": f"s{number % different}"},
        )  # fmt: skip
        made.append(product)
        attributes.put(items.intern(product.product_id), product)
    found = vectors_of(attributes, items)
    assert_same(found, twin_vectors(made))
    assert any(field == "attributes.sku" for v in found.values() for field, _ in v) == said
    assert ("title", "red") in found["p1"]


@given(products, st.lists(name, max_size=5), products)
def test_changes_lead_to_the_matrix_built_at_once(
    before: list[ProductCatalogued], removed: list[str], after: list[ProductCatalogued]
) -> None:
    items, changed = ItemIndex(), Attributes()
    items.intern_all(NAMES)
    last = {}
    for product in before:
        changed.put(items.number_of[product.product_id], product)
        last[product.product_id] = product
    for product_id in removed:
        changed.remove(items.number_of[product_id])
        last.pop(product_id, None)
    for product in after:
        changed.put(items.number_of[product.product_id], product)
        last[product.product_id] = product
    at_once = Attributes()
    for product in last.values():
        at_once.put(items.number_of[product.product_id], product)
    assert len(changed) == len(at_once)
    assert_same(vectors_of(changed, items), vectors_of(at_once, items))
    version = changed.version
    for product in last.values():
        changed.put(items.number_of[product.product_id], product)
    assert changed.version == version  # nothing new was said


@given(products, rows, visits, st.sampled_from([0.0, 0.5, 2.0]))
def test_fits_equal_a_naive_twin(
    products: list[ProductCatalogued], rows: Rows, visits: dict[str, int], weight: float
) -> None:
    shop = shop_of(
        products, rows, visits, RecommenderConfig(content_neighbours_weight=weight, blend=False)
    )
    shop.content.settle()
    expected = twin_fits(shop)
    for product_id in NAMES:
        found = shop.fits(product_id)
        assert set(found) == shop.new()
        assert found == pytest.approx(expected[product_id], rel=2e-3, abs=1e-5)


def test_of_what_the_catalogue_does_not_know_neighbours_tell() -> None:
    shop = Shop(RecommenderConfig(blend=False))
    for product_id, title in (("p1", "red"), ("p2", "red"), ("p3", "blue"), ("p4", "blue")):
        shop.put(ProductCatalogued(product_id=product_id, title=title))
    shop.similar("p0", [("p1", 0.5, 3)])
    shop.content.settle()
    fits = shop.fits("p0")
    assert fits["p2"] > 0 == fits["p3"] == fits["p4"]
    assert fits == pytest.approx(twin_fits(shop)["p0"], rel=1e-3)


def test_what_led_nowhere_yet_is_not_blown_up() -> None:
    # A first row alone, and no new item has the tokens that it leads to: then one comes.
    shop = Shop(RecommenderConfig(blend=False, new_item_visits=1))
    shop.visited({"p0": 9, "p1": 9, "p2": 9})
    for product_id, title in (("p0", "red"), ("p1", "blue"), ("p2", "blue"), ("p3", "red")):
        shop.put(ProductCatalogued(product_id=product_id, title=title))
    shop.similar("p0", [("p1", 0.5, 3)])
    for now_ms in range(2 + content_module.SOLVE_STEPS):
        shop.content.refresh(now_ms)
    assert set(shop.fits("p0")) == {"p3"}
    shop.put(ProductCatalogued(product_id="p4", title="blue"))
    shop.content.refresh(2000)
    fits = shop.fits("p0")
    assert set(fits) == {"p3", "p4"}
    assert 0 < fits["p4"] < 10


def test_a_new_item_lies_where_behaviour_put_those_with_its_attributes() -> None:
    shop = Shop(RecommenderConfig(blend=False, new_item_visits=1, content_vectors_weight=0.5))
    # Who looks at red things looks at round ones next, and at square ones after blue ones; rows of
    # neighbours do not know it yet, but for one that says what a fit is worth.
    shop.visited({"p0": 9, "p1": 9, "p2": 9, "p3": 9})
    for product_id, title in (
        ("p0", "red"), ("p1", "round"), ("p2", "blue"), ("p3", "square"), ("p4", "round"),
        ("p5", "square"), ("p6", "red"), ("p7", "blue"),
    ):  # fmt: skip
        shop.put(ProductCatalogued(product_id=product_id, title=title))
    shop.similar("p0", [("p0", 0.5, 3)])
    for number in range(300):
        pair = ("p0", "p1") if number % 2 else ("p2", "p3")
        starts, offsets = np.full(2, 2 * number), 2 * number + np.arange(2)
        shop.knowledge.sessions.add(SessionItems(0, starts, shop.items.intern_all(pair), offsets))
    shop.content.settle()
    fits = shop.fits("p0")
    assert fits["p4"] > 0.05 > fits["p5"]  # no attribute is shared with either
    assert fits["p6"] > fits["p4"]
    assert set(shop.rank(["p0"])) >= {"p4", "p6"}
    # Without vectors nothing is known of where they lie.
    bare = Shop(RecommenderConfig(blend=False, new_item_visits=1, vector_dimensions=0))
    for product in shop.products.values():
        bare.put(product)
    bare.visited(shop.visits)
    bare.similar("p0", [("p0", 0.5, 3)])
    bare.content.settle()
    assert bare.fits("p0")["p4"] == 0 < bare.fits("p0")["p6"]


@given(products, rows, visits, st.integers(1, 4), st.lists(name, min_size=1, unique=True))
def test_rows_hold_the_best_fits(
    products: list[ProductCatalogued],
    rows: Rows,
    visits: dict[str, int],
    width: int,
    seeds: list[str],
) -> None:
    shop = shop_of(
        products, rows, visits, RecommenderConfig(content_neighbours_max=width, blend=False)
    )
    content = shop.content
    content.settle()
    content.prepare(shop.items.intern_all(seeds))
    for product_id in seeds:
        row = content.row_of[shop.items.number_of[product_id]]
        if not shop.new():
            assert row == -1
            continue
        fits = shop.fits(product_id)
        best = sorted((fit for fit in fits.values() if fit > 0), reverse=True)[:width]
        neighbours = [item for item in content.neighbours[row].tolist() if item >= 0]
        names = [shop.items.product_ids[item] for item in neighbours]
        assert product_id not in names
        assert len(set(names)) == len(names) == len(best)
        assert content.fits[row][: len(best)].tolist() == pytest.approx(best, rel=1e-4)
        assert [fits[other] for other in names] == pytest.approx(best, rel=1e-4)


@given(products, rows, visits, st.integers(1, 4))
def test_a_sweep_in_slices_equals_one_at_once(
    products: list[ProductCatalogued], rows: Rows, visits: dict[str, int], size: int
) -> None:
    settings = RecommenderConfig(blend=False)
    at_once, sliced = (shop_of(products, rows, visits, settings) for _ in range(2))
    at_once.content.settle()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(content_module, "LEARN_ROWS", size)
        for now_ms in range(len(NAMES) + 2 + content_module.SOLVE_STEPS):
            sliced.content.refresh(now_ms)
    for product_id in NAMES:
        assert sliced.fits(product_id) == pytest.approx(
            at_once.fits(product_id), rel=1e-3, abs=1e-5
        )


# -- in lists


def small_shop(visits: int = 0) -> Shop:
    """p0, seen often; p1 and p2, two new ones like it; others."""
    shop = Shop(RecommenderConfig(blend=False, new_item_visits=5))
    shop.visited({"p0": 40, "p1": visits, "p3": 40, "p4": 40})
    for product_id, title in (("p0", "red pot"), ("p1", "red pot"), ("p2", "red"), ("p3", "blue"),
                              ("p4", "blue")):  # fmt: skip
        shop.put(ProductCatalogued(product_id=product_id, title=title))
    shop.similar("p0", [("p3", 0.5, 9)])
    return shop


def test_a_new_product_is_in_lists_within_two_seconds() -> None:
    shop = small_shop()
    shop.content.refresh(10_000)
    assert "p5" not in shop.rank(["p0"])
    shop.put(ProductCatalogued(product_id="p5", title="red pot"))
    shop.content.refresh(12_000)
    assert shop.rank(["p0"])["p5"] == ("new_like", "p0")


def test_what_some_visited_by_now_is_not_new() -> None:
    for before in (4, 5):
        shop = small_shop(before)
        shop.content.refresh(0)
        assert (shop.rank(["p0"])["p1"][0] == "new_like") == (before < 5)
    shop = small_shop()
    shop.content.refresh(0)
    assert shop.rank(["p0"])["p1"][0] == "new_like"
    shop.visited({"p1": 5})  # the row that is kept still has it
    assert shop.rank(["p0"])["p1"][0] != "new_like"
    assert shop.rank(["p0"])["p2"][0] == "new_like"


def test_what_cannot_be_had_is_never_offered() -> None:
    shop = small_shop()
    shop.content.refresh(0)
    assert {"p1", "p2"} <= set(shop.rank(["p0"]))
    shop.remove("p1")
    shop.put(ProductCatalogued(product_id="p2", title="red", available=False))
    for now_ms in (1, 5_000, 10_000):  # at once, and after the catalogue was read
        assert not {"p1", "p2"} & set(shop.rank(["p0"]))
        shop.content.refresh(now_ms)
    shop.put(ProductCatalogued(product_id="p2", title="red", available=True))
    shop.content.refresh(20_000)
    assert shop.rank(["p0"])["p2"] == ("new_like", "p0")


@given(products, rows, visits, st.lists(name, min_size=1, max_size=5))
def test_only_new_and_available_items_are_said_to_be_new(
    products: list[ProductCatalogued], rows: Rows, visits: dict[str, int], recent: list[str]
) -> None:
    shop = shop_of(products, rows, visits, RecommenderConfig(blend=False))
    shop.content.settle()
    for product_id, (code, parameter) in shop.rank(recent).items():
        assert product_id not in shop.products or shop.products[product_id].available is not False
        if code == "new_like":
            assert product_id in shop.new()
            assert parameter in recent


def test_what_was_searched_for_is_in_a_list_without_history() -> None:
    shop = small_shop()
    item, gone = shop.items.number_of["p3"], shop.items.number_of["p4"]
    shop.remove("p4")
    found, nothing = shop.ranker.rank(
        [[], []], [[], []], searched=[((item, gone), (0.9, 1.0)), ((), ())]
    )
    assert found.items[0] == item
    assert shop.shown(found)["p3"] == ("searched", None)
    assert found.scores[0] == pytest.approx(0.9)
    assert gone not in found.items
    assert "searched" not in nothing.codes
