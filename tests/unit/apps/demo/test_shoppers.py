"""The simulated shoppers and the catalogues: deterministic, believable, and valid events."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict

import msgspec
import pytest

from shopkeeper.apps.demo import catalogue, shoppers, texts
from shopkeeper.shared.contracts.events.shop import SHOP_TYPES
from shopkeeper.shared.datasets.products import catalogue_events, load
from shopkeeper.shared.datasets.readers import FormatError

PRODUCTS = catalogue.built_in()
START_MS = 1_750_000_000_000


def simulate(count, seed=1, products=PRODUCTS, events_per_s=40.0, start_ms=START_MS):
    events = shoppers.shop_events(products, seed=seed, start_ms=start_ms, events_per_s=events_per_s)
    return list(itertools.islice(events, count))


def test_a_seed_says_everything():
    assert simulate(2000) == simulate(2000)
    assert [e.data for e in simulate(2000, seed=2)] != [e.data for e in simulate(2000)]


def test_every_event_is_valid_unique_and_in_order():
    events = simulate(5000)
    for event in events:
        data = msgspec.convert(event.data, SHOP_TYPES[event.type])
        keys = {"product.reviewed.v1": "product_id", "order.updated.v1": "order_id"}
        expected = getattr(data, keys.get(event.type, "user"))
        assert event.key == expected
    assert len({e.id for e in events}) == len(events)
    assert all(a.time_ms <= b.time_ms for a, b in itertools.pairwise(events))
    assert {e.type for e in events} == set(SHOP_TYPES) - {
        "product.catalogued.v1",
        "knowledge.published.v1",
        "product.removed.v1",
        "order.refunded.v1",
        "answer.rated.v1",
        "assumptions.deleted.v1",
        "preference.set.v1",
        "review.withdrawn.v1",
        "user.erased.v1",
        "user.profiled.v1",
    }
    assert {e.data["locale"] for e in events if "locale" in e.data} == {"en", "zh"}


def test_the_rate_is_what_was_asked_for():
    events = [e for e in simulate(30_000) if e.time_ms >= START_MS + 300_000]
    seconds = (events[-1].time_ms - events[0].time_ms) / 1000
    assert len(events) / seconds == pytest.approx(40.0, rel=0.15)


def test_carts_and_orders_hold_what_was_clicked_in_the_visit():
    clicked, added = defaultdict(set), defaultdict(set)
    orders = 0
    for event in simulate(20_000):
        session = event.data.get("session_id")
        if event.type == "product.clicked.v1":
            clicked[session].add(event.data["product_id"])
        elif event.type == "product.added.v1":
            assert event.data["product_id"] in clicked[session]
            added[session].add(event.data["product_id"])
        elif event.type == "order.completed.v1":
            orders += 1
            assert {p["product_id"] for p in event.data["products"]} == added[session]
    assert orders > 100


def test_an_order_is_placed_sent_and_delivered_and_some_customers_ask_where_it_is():
    told, numbers = defaultdict(list), {}
    asked = []
    for event in simulate(20_000):
        if event.type == "order.updated.v1":
            told[event.key].append(event.data["status"])
            numbers[event.data["order_number"]] = event.data["user_id"]
            assert ("expected_on" in event.data) == (event.data["status"] != "delivered")
        elif event.type == "question.asked.v1":
            asked.append(event.data)
    steps = ["placed", "shipped", "delivered"]
    assert all(statuses == steps[: len(statuses)] for statuses in told.values())
    assert sum(statuses == steps for statuses in told.values()) > 100
    own = [
        question
        for question in asked
        for number, user in numbers.items()
        if number in question["question"] and user == question["user_id"]
    ]
    assert len(own) > 20


def test_visits_stay_within_what_goes_together():
    category = {p.product_id: p.category for p in PRODUCTS}
    visits = defaultdict(set)
    for event in simulate(10_000):
        if event.type == "product.clicked.v1":
            visits[event.data["session_id"]].add(category[event.data["product_id"]])
    together = [set(theme) for theme in shoppers.THEMES]
    assert all(any(v <= theme for theme in together) for v in visits.values())
    assert max(len(v) for v in visits.values()) > 1


def test_some_products_are_much_more_popular():
    counts = Counter(
        e.data["product_id"] for e in simulate(20_000) if e.type == "product.clicked.v1"
    )
    top = sum(c for _, c in counts.most_common(len(PRODUCTS) // 10))
    assert 0.25 < top / counts.total() < 0.9


def test_the_catalogue_is_of_a_few_hundred_products_in_two_languages():
    assert 300 <= len(PRODUCTS) <= 400
    assert len({p.title for p in PRODUCTS}) == len(PRODUCTS)
    assert {c for theme in shoppers.THEMES for c in theme} == {p.category for p in PRODUCTS}
    for product in PRODUCTS:
        assert any("\u4e00" <= c <= "\u9fff" for c in product.title_zh), product
        assert product.price > 0
        for language in texts.LANGUAGES:
            wanted = shoppers.want(product, language)
            assert wanted
            assert product.brand not in wanted


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("mood", texts.MOODS)
def test_reviews_differ_and_leave_no_placeholder(language, mood):
    chance = shoppers.Random(3)
    reviews = {texts.review(language, mood, "tent", chance) for _ in range(300)}
    assert len(reviews) > 150
    assert not any("{" in text for text in reviews)


def test_a_users_own_catalogue_without_categories_works():
    products = [msgspec.structs.replace(PRODUCTS[0], product_id=f"p{i}", title=f"Thing {i}",
                                        title_zh=None, brand=None, category=None, price=None)
                for i in range(45)]  # fmt: skip
    events = simulate(3000, products=products)
    assert {e.data["product_id"] for e in events if "product_id" in e.data} <= {
        p.product_id for p in products
    }
    assert len({e.type for e in events}) == 7


def test_a_catalogue_of_one_product_is_enough():
    assert len(simulate(200, products=PRODUCTS[:1])) == 200


def write(tmp_path, text):
    path = tmp_path / "products"
    path.write_text(text, "utf-8")
    return path


def test_other_shops_column_names_are_understood(tmp_path):
    [first, second] = load(
        write(
            tmp_path,
            "Stock_Code,Name,vendor,price,in_stock,colour\n"
            'A1,"Mug, blue",Kiln,4.50,yes,blue\nA2,Cup,,,no,\n',
        )
    )
    assert (first.product_id, first.title, first.brand) == ("A1", "Mug, blue", "Kiln")
    assert (first.price, first.available) == (4.5, True)
    assert (second.brand, second.price, second.available) == (None, None, False)


def test_json_lines_are_understood(tmp_path):
    [product] = load(
        write(tmp_path, '{"item_id": "x", "title": "Mug", "price": 2, "other": [1]}\n\n')
    )
    assert (product.product_id, product.title, product.price) == ("x", "Mug", 2.0)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("code,label\n1,2\n", "no column product_id"),
        ("product_id,label\n1,2\n", "no column title"),
        ("product_id,title\n", "no products"),
        ("product_id,title\n1\n", ":2: too few columns"),
        ("product_id,title\n1, \n", ":2: title is empty"),
        ('{"product_id": 1.5e30, "title": "Mug"}\n', ":1: .*product_id"),
        ('{"product_id": "1", "title": "Mug"}\n{oops\n', ":2: not JSON"),
        ("", "no products"),
    ],
)
def test_a_bad_catalogue_is_refused_with_its_line(tmp_path, text, problem):
    with pytest.raises(FormatError, match=problem):
        load(write(tmp_path, text))


def test_catalogue_events_are_valid_and_leave_out_what_is_unknown():
    events = list(catalogue_events(PRODUCTS, START_MS))
    assert len(events) == len(PRODUCTS)
    for event, product in zip(events, PRODUCTS, strict=True):
        assert msgspec.convert(event.data, SHOP_TYPES[event.type]) == product
        assert None not in event.data.values()
