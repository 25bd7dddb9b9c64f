"""Questions about attributes: exact, with units, from the catalogue alone, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.answers.core.answerer import Answerer
from shopkeeper.services.answers.core.attributes.answering import answer_from
from shopkeeper.services.answers.core.attributes.route import CatalogueRoute
from shopkeeper.services.answers.core.entries import entry_of
from shopkeeper.services.answers.core.knowledge_base import KnowledgeBase
from shopkeeper.services.answers.core.knowledge_route import KnowledgeRoute
from shopkeeper.services.answers.core.product_table import ProductTable
from shopkeeper.services.answers.core.question import Question
from shopkeeper.services.answers.core.ranking import LexicalRanker
from shopkeeper.shared.contracts.events.shop import KnowledgePublished, ProductCatalogued

TENT = ProductCatalogued(
    product_id="tent",
    title="Fjellhus Dome Tent 3",
    title_zh="峰屋 圆顶帐篷 3人",
    brand="Fjellhus",
    category="Tents",
    price=249.0,
    currency="EUR",
    available=True,
    attributes={
        "colour": ["Red", "Navy Blue"],
        "weight_kg": 3.2,
        "material": "ripstop nylon",
        "waterproof": True,
        "setup_time_min": 5,
        "size": "210 x 180 cm",
    },
)
TUNNEL = ProductCatalogued(
    product_id="tunnel",
    title="Fjellhus Tunnel Tent 5",
    price=399.5,
    currency="USD",
    available=False,
)
BARE = ProductCatalogued(product_id="mug", title="Enamel Mug", title_zh="搪瓷杯")


def table(*products):
    found = ProductTable(1000)
    found.change({product.product_id: product for product in products or (TENT, TUNNEL, BARE)})
    return found


def asked(text, product_id=None, language="en"):
    return answer_from(table(), text, product_id, language)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How much is the dome tent?", "Fjellhus Dome Tent 3 costs 249.00 EUR."),
        ("what's the price of the Fjellhus dome tent 3", "Fjellhus Dome Tent 3 costs 249.00 EUR."),
        ("Is the tunnel tent in stock?", "Fjellhus Tunnel Tent 5 is out of stock at the moment."),
        ("is the dome tent waterproof?", "Yes, Fjellhus Dome Tent 3 is waterproof."),
        ("Does the dome tent come in red?", "Yes, Fjellhus Dome Tent 3 comes in red."),
        ("do you have the dome tent in blue", "Yes, Fjellhus Dome Tent 3 comes in blue."),
        (
            "Does the dome tent come in green?",
            "No, Fjellhus Dome Tent 3 does not come in green, only in Red and Navy Blue.",
        ),
        (
            "what colours does the dome tent come in",
            "Fjellhus Dome Tent 3 comes in Red and Navy Blue.",
        ),
        ("How heavy is the dome tent?", "Fjellhus Dome Tent 3: weight 3.2 kg."),
        ("what is the dome tent made of", "Fjellhus Dome Tent 3: material ripstop nylon."),
        ("who makes the dome tent?", "Fjellhus Dome Tent 3: brand Fjellhus."),
        ("how big is the dome tent", "Fjellhus Dome Tent 3: size 210 x 180 cm."),
    ],
)
def test_a_product_is_named_by_words_of_its_title(question, answer):
    found = asked(question)
    assert found is not None
    assert found.answer == answer


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("这个多少钱？", "峰屋 圆顶帐篷 3人的价格是249.00欧元。"),
        ("請問這個多少錢", "峰屋 圆顶帐篷 3人的价格是249.00欧元。"),
        ("有货吗", "峰屋 圆顶帐篷 3人有货。"),
        ("防水吗？", "峰屋 圆顶帐篷 3人防水。"),
        ("有红色的吗", "有，峰屋 圆顶帐篷 3人有红色。"),
        ("有没有绿色的？", "没有绿色，峰屋 圆顶帐篷 3人的颜色：Red、Navy Blue。"),
        ("多重", "峰屋 圆顶帐篷 3人的重量：3.2公斤。"),
        ("什么牌子的", "峰屋 圆顶帐篷 3人的品牌：Fjellhus。"),
        ("这款帐篷是什么材质的？", "峰屋 圆顶帐篷 3人的材质：ripstop nylon。"),
    ],
)
def test_a_product_that_is_looked_at_needs_no_name(question, answer):
    found = asked(question, "tent", "zh")
    assert found is not None
    assert found.answer == answer


def test_an_attribute_of_the_shops_own_is_asked_for_by_its_key():
    found = asked("what is the setup time?", "tent")
    assert found is not None
    assert found.answer == "Fjellhus Dome Tent 3: setup time 5 minutes."
    assert found.quote == "setup_time_min: 5 minutes"


@pytest.mark.parametrize(
    ("question", "product_id"),
    [
        ("How much is express delivery?", "tent"),
        ("How much is express delivery?", None),
        ("Is support available on Sundays?", "tent"),
        ("where is the size chart", "tent"),
        ("尺码表", None),
        ("can I pay by invoice", "tent"),
        ("加急快递多少钱", "tent"),
    ],
)
def test_what_asks_for_more_than_an_attribute_is_left_to_the_knowledge(question, product_id):
    assert asked(question, product_id) is None


def test_several_products_and_what_the_catalogue_does_not_say_are_no_answers():
    several = asked("how much is the Fjellhus tent")
    assert several is not None
    assert (several.answer, several.several) == (None, True)
    unknown = asked("how much is the mug?")
    assert unknown is not None
    assert (unknown.answer, unknown.product_id) == (None, "mug")
    removed = asked("how much is it?", "gone")
    assert removed is not None
    assert (removed.answer, removed.product_id) == (None, None)


def answerer(products, *said):
    ranker = LexicalRanker()
    knowledge = KnowledgeBase(ranker, 100)
    knowledge.change({entry.knowledge_id: entry_of(entry) for entry in said})
    return Answerer([CatalogueRoute(products)], KnowledgeRoute(knowledge, ranker))


def test_a_page_never_tells_a_price_but_what_else_it_says_of_the_very_product():
    old = KnowledgePublished(
        knowledge_id="old", title="How much is the enamel mug?", text="9 EUR", product_id="mug"
    )
    wash = KnowledgePublished(
        knowledge_id="wash", title="Is it waterproof?", text="It is a mug.", product_id="mug"
    )
    found = answerer(table(), old, wash)
    price = found.answer(Question("How much is the enamel mug?", "mug"))
    assert (price.text, price.abstained) == (None, "unknown_attribute")
    water = found.answer(Question("Is it waterproof?", "mug"))
    assert (water.text, water.route) == ("It is a mug.", "knowledge")


PRICES = st.one_of(st.none(), st.integers(1, 10_000).map(float))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from("ab"), st.just("price"), PRICES, st.booleans()),
        st.tuples(st.sampled_from("ab"), st.just("removed")),
        st.tuples(st.sampled_from("ab"), st.just("asked"), st.booleans()),
    ),
    max_size=30,
)


@given(STEPS)
def test_a_price_or_stock_is_that_of_the_newest_event_whatever_came_before(steps):
    products, newest = ProductTable(10), {}
    shop = answerer(products)
    for name, what, *rest in steps:
        title = f"Kettle {name}{name}{name}"
        if what == "removed":
            products.change({name: None})
            newest.pop(name, None)
        elif what == "price":
            price, available = rest
            product = ProductCatalogued(
                product_id=name, title=title, price=price, currency="EUR", available=available
            )
            products.change({name: product})
            newest[name] = price, available
        else:
            by_id = name if rest[0] else None
            costs = shop.answer(Question(f"how much is the {title}?", by_id)).text
            stock = shop.answer(Question(f"is the {title} in stock?", by_id)).text
            if name not in newest:
                assert costs is None
                assert stock is None
                continue
            price, available = newest[name]
            assert costs == (None if price is None else f"{title} costs {price:.2f} EUR.")
            assert (
                stock == f"{title} is {'in stock' if available else 'out of stock at the moment'}."
            )
