"""Categories over several workers, against a naive twin that keeps every review in lists.

The topics are lists here; workers come, go, are killed and publish late in any order.
"""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from typing import NamedTuple

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.services.sentiment.aggregates import Aggregates, split
from shopkeeper.services.sentiment.aspects.quotes import HELD_PER_OPINION
from shopkeeper.services.sentiment.categories.catalogue import (
    LEVELS_MAX,
    NAME_CHARACTERS_MAX,
    ProductCategories,
    levels,
)
from shopkeeper.services.sentiment.categories.parts import key_of, place_of, unpacked
from shopkeeper.services.sentiment.categories.sums import CategorySums
from shopkeeper.services.sentiment.categories.views import CategoryTables
from shopkeeper.services.sentiment.tally import (
    PART_MIN,
    PRIOR_COUNT,
    UNIT,
    WEEK_MS,
    WEEKS_RECENT,
)
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.runtime.kafka.murmur2 import partitions_of

MODEL = Model("sentiment", "1")
PRODUCTS = [f"p{n}" for n in range(9)]
CATEGORIES = ["Home", "Home > Kitchen", "Home>Bath", "茶", None]
TABLES = (topics.CATALOGUE, topics.CATEGORY_PARTS, topics.CATEGORY_SENTIMENT)
NAMES = ("negative", "neutral", "positive")


class Review(NamedTuple):
    product: str
    review: str
    label: int
    value: int
    week: int
    told: int = 0  # of aspects: bits of opinions
    words: str = ""


class Gone(NamedTuple):
    product: str
    review: str | None


class Broker:
    """Topics as lists of (key, value); reviews by partition."""

    def __init__(self, count):
        self.reviews = [[] for _ in range(count)]
        self.order = []  # of all reviews and withdrawals
        self.logs = {name: [] for name in TABLES}
        self.checkpoints = {}

    def put(self, entry):
        (number,) = partitions_of([entry.product.encode()], len(self.reviews))
        self.reviews[number].append(entry)
        self.order.append(entry)

    def catalogue(self, product, category, removed=False):
        value = orjson.dumps({"product_id": product, "title": "t", "category": category})
        self.logs[topics.CATALOGUE].append((product.encode(), None if removed else value))

    def latest(self, topic):
        return {key.decode(): v for key, v in dict(self.logs[topic]).items() if v is not None}

    def grow(self, count):
        """As `shopkeeper topics grow`: everything was consumed, nobody runs."""
        held = {n: packed for n, (packed, _) in self.checkpoints.items()}
        after = split(held, count)
        self.reviews += [[] for _ in range(count - len(self.reviews))]
        self.checkpoints = {n: (packed, len(self.reviews[n])) for n, packed in after.items()}


class Worker:
    """The tables, and the partitions that it has. late: outputs not yet delivered."""

    def __init__(self, broker):
        self.broker, self.tables = broker, CategoryTables()
        self.tables.prepare(lambda topic: len(broker.reviews))
        self.at = dict.fromkeys(TABLES, 0)
        self.held, self.late = {}, []
        self.read()

    def read(self, topic=None, count=None):
        apply = {
            topics.CATALOGUE: self.tables.products.apply,
            topics.CATEGORY_PARTS: self.tables.apply_parts,
            topics.CATEGORY_SENTIMENT: self.tables.apply_records,
        }
        moved = False
        for name in TABLES if topic is None else (topic,):
            end = None if count is None else self.at[name] + count
            found = self.broker.logs[name][self.at[name] : end]
            self.at[name] += len(found)
            apply[name](found)
            moved |= bool(found)
        return moved

    def take(self, number):
        self.read()
        aggregates = Aggregates()
        packed, offset = self.broker.checkpoints.get(number, (None, 0))
        made = self.tables.partition(number, aggregates)
        if packed is not None:
            aggregates.restore(packed)
        self.held[number] = [aggregates, made, offset]

    def consume(self, number, count=None):
        held = self.held[number]
        end = None if count is None else held[2] + count
        entries = self.broker.reviews[number][held[2] : end]
        for entry in entries:
            fold(held[0], entry)
        held[2] += len(entries)
        held[1].folded()

    def tick(self, number, late=False):
        outputs = self.held[number][1].outputs(5, MODEL, b"/s")
        self.late += [(o.topic, o.key, o.value) for o in outputs]
        if not late:
            self.deliver()
        return bool(outputs)

    def deliver(self):
        for topic, key, value in self.late:
            self.broker.logs[topic].append((key, value))
        self.late = []

    def checkpoint(self, number):
        aggregates, _, offset = self.held[number]
        self.broker.checkpoints[number] = aggregates.snapshot(), offset


def fold(aggregates, entry):
    if isinstance(entry, Gone):
        if entry.review is None:
            aggregates.withdraw_product(entry.product)
        else:
            aggregates.withdraw(*entry)
        return
    aggregates.fold(
        entry.product, entry.review, entry.label, entry.value, entry.week * WEEK_MS,
        told=entry.told,
        quotes=[(n, entry.words) for n in range(24) if entry.told >> n & 1],
    )  # fmt: skip


def settle(broker, workers):
    """Until nothing is left to consume, publish or read."""
    for worker in workers:
        worker.deliver()
    for _ in range(20):
        busy = False
        for worker in workers:
            for number in worker.held:
                worker.consume(number)
                busy |= worker.tick(number)
        for worker in workers:
            busy |= worker.read()
        if not busy:
            return
    raise AssertionError("it does not come to rest")


def naive(broker, category_of):
    """{category: (products, figures, opinions, quotes)} of the reviews that are left."""
    left = defaultdict(dict)
    for entry in broker.order:
        if isinstance(entry, Review):
            left[entry.product][entry.review] = entry
        elif entry.review is None:
            left[entry.product].clear()
        else:
            left[entry.product].pop(entry.review, None)
    of = defaultdict(list)
    for product, reviews in left.items():
        if reviews and (name := category_of.get(product)):
            of[name].append(product)
            if name.startswith("Home") and name != "Home":
                of["Home"].append(product)
    return {
        category: (
            len(products),
            figures([r for p in products for r in left[p].values()]),
            Counter(n for p in products for r in left[p].values() for n in range(24)
                    if r.told >> n & 1),
            {r.words for p in products for r in left[p].values()},
        )
        for category, products in of.items()
    }  # fmt: skip


def figures(reviews):
    total = sum(r.value for r in reviews) / UNIT
    mean = total / (len(reviews) + PRIOR_COUNT)
    newest = max(r.week for r in reviews)
    newer = [r.value / UNIT for r in reviews if r.week > newest - WEEKS_RECENT]
    older = [r.value / UNIT for r in reviews if r.week <= newest - WEEKS_RECENT]
    trend = p_value = None
    if newer and older:
        trend = (sum(newer) + PRIOR_COUNT * mean) / (len(newer) + PRIOR_COUNT)
        trend -= (sum(older) + PRIOR_COUNT * mean) / (len(older) + PRIOR_COUNT)
    if len(newer) >= PART_MIN and len(older) >= PART_MIN:
        variance = 1 - (total / len(reviews)) ** 2
        error = math.sqrt(variance * (1 / len(newer) + 1 / len(older)))
        difference = sum(newer) / len(newer) - sum(older) / len(older)
        p_value = math.erfc(abs(difference) / error / math.sqrt(2)) if error else 1.0
    return {
        "count": len(reviews),
        **{name: sum(r.label == label for r in reviews) for label, name in enumerate(NAMES)},
        "mean": pytest.approx(mean, abs=1e-4),
        "trend": pytest.approx(trend or 0.0, abs=1e-4),
        "trend_p_value": p_value if p_value is None else pytest.approx(p_value, abs=1e-4),
    }


def assert_equal(broker, category_of):
    expected = naive(broker, category_of)
    found = {c: orjson.loads(v) for c, v in broker.latest(topics.CATEGORY_SENTIMENT).items()}
    assert set(found) == set(expected)
    for category, (products, of, opinions, words) in expected.items():
        said = found[category]
        assert said["category"] == category
        assert said["products"] == products
        assert {name: said.get(name) for name in of} == of
        counts = Counter()
        for row in said.get("aspects", ()):
            number = ("quality", "price").index(row["aspect"])
            counts[2 * number] += row["negative"]
            counts[2 * number + 1] += row["positive"]
            # One that is said stands there, and none of what was withdrawn or moved away.
            for side, quotes in (("positive", "praise"), ("negative", "criticism")):
                if row[side] <= HELD_PER_OPINION:
                    assert bool(row.get(quotes)) == bool(row[side])
            assert {*row.get("praise", ()), *row.get("criticism", ())} <= words
        assert +counts == opinions
    parts = broker.latest(topics.CATEGORY_PARTS)
    assert sum(unpacked(part).products for part in parts.values()) == sum(
        each[0] for each in expected.values()
    )


def entry_of(chance, turn):
    product = chance.choice(PRODUCTS)
    review = f"r{chance.randrange(6)}"
    if chance.random() < 0.15:
        return Gone(product, review if chance.random() < 0.7 else None)
    week = 3000 + chance.randrange(7)
    told = chance.choice([0, 0, 1, 2, 6, 9]) | chance.choice([0, 1, 2]) << 48
    value = chance.randrange(-UNIT, UNIT + 1)
    return Review(product, review, chance.randrange(3), value, week, told, f"words {turn}")


def step(chance, broker, workers, category_of, turn):
    kind = chance.choice(
        ("review",) * 8 + ("catalogue",) * 2 + ("consume", "tick", "read") * 4
        + ("late", "deliver", "checkpoint", "rebalance")
    )  # fmt: skip
    worker = chance.choice(workers)
    number = chance.choice(list(worker.held)) if worker.held else None
    if kind == "review":
        broker.put(entry_of(chance, turn))
    elif kind == "catalogue":
        product, category = chance.choice(PRODUCTS), chance.choice(CATEGORIES)
        removed = category is None and chance.random() < 0.5
        broker.catalogue(product, category, removed)
        category_of[product] = category
    elif kind == "read":
        worker.read(chance.choice(TABLES), chance.randrange(1, 4))
    elif kind == "deliver":
        worker.deliver()
    elif kind == "rebalance":
        rebalance(chance, broker, workers)
    elif number is not None and kind == "consume":
        worker.consume(number, chance.randrange(1, 6))
    elif number is not None and kind in ("tick", "late"):
        worker.tick(number, late=kind == "late")
    elif number is not None:
        worker.checkpoint(number)


def rebalance(chance, broker, workers):
    """A worker is killed or not; partitions go anywhere, back to their checkpoint. What one had
    published and not delivered comes later, behind the others' records."""
    late = [each for worker in workers for each in worker.late]
    if chance.random() < 0.5:
        workers[chance.randrange(len(workers))] = Worker(broker)
    for worker in workers:
        worker.held, worker.late = {}, []
    for number in range(len(broker.reviews)):
        chance.choice(workers).take(number)
    if chance.random() < 0.5:
        workers[0].late += late  # of a worker that had not noticed


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_categories_are_of_the_reviews_that_are_left_whoever_works(seed):
    chance = random.Random(seed)
    broker, category_of = Broker(3), {}
    workers = [Worker(broker), Worker(broker)]
    rebalance(chance, broker, workers)
    for turn in range(150):
        step(chance, broker, workers, category_of, turn)
    settle(broker, workers)
    assert_equal(broker, category_of)
    # Nobody publishes anything any more, a worker that starts now neither.
    size = {name: len(log) for name, log in broker.logs.items()}
    for worker in workers:
        for number in worker.held:
            worker.checkpoint(number)
    rebalance(random.Random(0), broker, workers)
    for worker in workers:
        worker.late = []
    settle(broker, workers)
    assert_equal(broker, category_of)
    parts = {k: unpacked(v) for k, v in broker.latest(topics.CATEGORY_PARTS).items()}
    if not any(part.quotes for part in parts.values()):  # whose order is of the last reviews
        assert size == {name: len(log) for name, log in broker.logs.items()}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_categories_stay_as_they_are_when_partitions_grow(seed):
    chance = random.Random(seed)
    broker, category_of = Broker(2), {}
    workers = [Worker(broker)]
    rebalance(chance, broker, workers)
    for turn in range(80):
        step(chance, broker, workers, category_of, turn)
    settle(broker, workers)
    for number in range(2):
        workers[0].checkpoint(number)
    broker.grow(5)
    before = {c: orjson.loads(v)["count"]
              for c, v in broker.latest(topics.CATEGORY_SENTIMENT).items()}  # fmt: skip
    workers = [Worker(broker), Worker(broker)]
    rebalance(chance, broker, workers)
    settle(broker, workers)
    after = {c: orjson.loads(v)["count"]
             for c, v in broker.latest(topics.CATEGORY_SENTIMENT).items()}  # fmt: skip
    assert after == before
    for turn in range(80):
        step(chance, broker, workers, category_of, 100 + turn)
    settle(broker, workers)
    assert_equal(broker, category_of)


# -- one by one


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Home", ("Home",)),
        (" Home > Kitchen ", ("Home", "Home > Kitchen")),
        ("A>B>C", ("A", "A>B", "A>B>C")),
        ("电器 » 手机", ("电器", "电器 » 手机")),
        ("Books / Crime", ("Books", "Books / Crime")),
        ("TV/Video", ("TV/Video",)),
        ("Computers&Accessories|Cables", ("Computers&Accessories", "Computers&Accessories|Cables")),
        ("> 100 EUR", ("> 100 EUR",)),
        ("Home >", ("Home", "Home >")),
        ("A > > B", ("A", "A > > B")),
    ],
)
def test_a_path_belongs_to_what_lies_above_it(name, expected):
    assert levels(name) == expected


@given(st.text("ab >|/»", max_size=60))
def test_levels_are_few_different_and_end_with_the_name(name):
    found = levels(name)
    assert found[-1] == name.strip()
    assert len(found) == len(set(found)) <= LEVELS_MAX
    assert all(level and name.strip().startswith(level) for level in found[:-1])


def records(*pairs):
    return [
        (p.encode(), orjson.dumps({"product_id": p, "title": "t", "category": c})) for p, c in pairs
    ]


@given(st.permutations([f"c{n} > d{n % 3}" for n in range(12)]))
def test_of_too_many_categories_all_workers_keep_the_same(names):
    def kept(order):
        told = []
        found = ProductCategories(lambda *_: None, told.append, categories_max=5)
        for name in order:
            found.apply(records((name, name)))
        return {name: found.of(name) for name in order}, told

    found, dropped = kept(names)
    assert found == kept(sorted(names))[0]
    shown = {category for of in found.values() for category in of}
    assert len(shown) == 5
    assert not shown & {*dropped}


def test_products_and_names_beyond_the_limits_belong_to_no_category():
    found = ProductCategories(lambda *_: None, lambda _: None, products_max=2)
    found.apply(records(("a", "X"), ("b", "X"), ("c", "X"), ("a", "Y")))
    assert [found.of(product) for product in "abc"] == [("Y",), ("X",), ()]
    assert found.products_refused == 1
    found.apply([(b"b", None), *records(("c", "X"), ("a", "n" * (NAME_CHARACTERS_MAX + 1)))])
    assert [found.of(product) for product in "abc"] == [(), (), ("X",)]


def test_a_record_of_the_catalogue_that_cannot_be_read_changes_nothing():
    found = ProductCategories(lambda *_: None, lambda _: None)
    found.apply(records(("a", "X")))
    found.apply([(b"a", b"{"), (b"a", b"[]"), (None, None), (b"\xff", None), (None, b"\xff")])
    assert found.of("a") == ("X",)


def test_a_category_that_gives_way_takes_its_reviews_along():
    aggregates, moves, dropped = Aggregates(), [], []

    def drop(name):
        dropped.append(name)
        moves[0].drop(name)

    products = ProductCategories(lambda *move: moves[0].move(*move), drop, categories_max=2)
    sums = CategorySums(aggregates, products.of)
    moves.append(sums)
    names = [f"c{n}" for n in range(20)]
    for n, name in enumerate(names):
        products.apply(records((f"p{n}", name)))
        aggregates.fold(f"p{n}", "r", 2, 500, WEEK_MS)
        sums.refresh()
    assert set(sums.names()) == {level for n in range(20) for level in products.of(f"p{n}")}
    assert len(sums) == sums.products == 2
    assert {sums.get(name).tally.count for name in sums.names()} == {1}
    assert dropped
    assert {*dropped} <= {*sums.due}  # they are to be removed from the topic


def test_parts_beyond_the_limit_are_counted_and_never_let_in_half():
    tables = CategoryTables(categories_max=1)
    of = tables.partition(0, Aggregates())
    of.outputs(0, MODEL, b"/s")
    values = {}
    for name in "abc":
        aggregates = Aggregates()
        aggregates.fold("p", "r", 2, 500, WEEK_MS)
        other = CategoryTables()
        other.products.apply(records(("p", name)))
        made = other.partition(0, aggregates)
        values[name] = made.outputs(0, MODEL, b"/s")[0].value
    tables.apply_parts([(key_of(0, name), values[name]) for name in "abc"])
    assert (tables.held, tables.refused) == (2, 1)
    tables.apply_parts([(key_of(0, "a"), None), (key_of(0, "c"), values["c"])])
    assert (tables.held, tables.refused) == (1, 2), "of c, other parts may be missing"
    assert tables.whole("c") is None


def test_what_is_no_part_is_counted_and_written_anew():
    tables = CategoryTables()
    aggregates = Aggregates()
    aggregates.fold("p", "r", 2, 500, WEEK_MS)
    tables.products.apply(records(("p", "Home")))
    of = tables.partition(0, aggregates)
    part, *_ = of.outputs(0, MODEL, b"/s")
    tables.apply_parts([(part.key, part.value), (b"no", b""), (b"\xff/x", b""), (None, b"")])
    assert tables.junk == 3
    tables.apply_parts([(part.key, b"something else")])
    again = [o for o in of.outputs(0, MODEL, b"/s") if o.topic == topics.CATEGORY_PARTS]
    assert [(o.key, o.value) for o in again] == [(part.key, part.value)]
    assert place_of(part.key) == (0, "Home")


def test_a_part_of_a_partition_that_is_no_more_does_not_count():
    tables = CategoryTables()
    aggregates = Aggregates()
    aggregates.fold("p", "r", 2, 500, WEEK_MS)
    tables.products.apply(records(("p", "Home")))
    part, *_ = tables.partition(0, aggregates).outputs(0, MODEL, b"/s")
    tables.apply_parts([(part.key, part.value), (key_of(7, "Home"), part.value)])
    assert tables.whole("Home").tally.count == 1
