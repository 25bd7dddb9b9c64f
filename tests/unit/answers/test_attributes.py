"""Questions about attributes: exact, with units, from the catalogue alone, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
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


@settings(deadline=None)  # correctness, not speed
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


STOVE = ProductCatalogued(
    product_id="stove",
    title="Emberwick Travel Kettle",
    title_zh="Emberwick 旅行水壶",
    brand="Emberwick",
    category="Kettles",
    price=64.0,
    currency="EUR",
    available=True,
    attributes={
        "dishwasherSafe": False,
        "netWeightG": 1240,
        "handle_material": "oak",
        "lead_length_cm": 85,
        "noiseLevelDb": 61,
        "capacity_l": 1.5,
        "nickel_free": True,
        "spare_gasket_included": False,
        "leak_proof": True,
        "finishes": ["brushed steel", "copper"],
        "warranty_years": 5,
        "最高温度": "100 °C",
    },
)


def told(text, language="en", product_id="stove"):
    found = answer_from(table(TENT, TUNNEL, STOVE), text, product_id, language)
    return None if found is None else found.answer


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        # by what it is good for
        ("Can I put it in the dishwasher?", "No, {} is not dishwasher safe."),
        ("how loud does it get", "{}: noise 61 dB."),
        ("How long is the guarantee?", "{}: warranty 5 years."),
        # keys of two parts
        ("What is the handle made of?", "{}: handle material oak."),
        ("is the handle wooden?", "Yes, {}: handle material oak."),
        ("how long is the cord?", "{}: lead length 85 cm."),
        # bounds, also in another unit
        ("Does it weigh under 1.5 kg?", "Yes, {}: weight 1240 g."),
        ("is it heavier than 1300 grams?", "No, {}: weight 1240 g."),
        ("Is it less than 60 euros?", "No, {}: price 64.00 EUR."),
        ("does it hold at least a litre?", "Yes, {}: capacity 1.5 l."),
        # the unit that is asked for
        ("What does it weigh in kg?", "{}: weight 1.24 kg (1240 g)."),
        ("How many ml fit in it?", "{}: capacity 1500 ml (1.5 l)."),
        # the opposite of the key
        ("Is there nickel in it?", "No, {} is nickel free."),
        ("is it free of nickel?", "Yes, {} is nickel free."),
        ("Does it leak?", "No, {} is leakproof."),
        # keys that nobody foresaw
        ("is a spare gasket included?", "No, {}: spare gasket included, no."),
        ("which finishes are there?", "{}: finish brushed steel and copper."),
        # two at once
        ("How heavy is it and how much is it?", "{0}: weight 1240 g. {0} costs 64.00 EUR."),
        # a slip of the pen
        ("what is the weigth?", "{}: weight 1240 g."),
    ],
)
def test_any_key_of_the_product_that_is_looked_at_is_asked_for_in_many_ways(question, answer):
    assert told(question) == answer.format(STOVE.title)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("能放洗碗机吗", "不能，{}：可用洗碗机清洗，否。"),
        ("大概多重呀", "{}的重量：1240克。"),
        ("有没有超过1.5公斤？", "没有，{}的重量：1240克。"),
        ("不到两公斤吧？重吗", "是的，{}的重量：1240克。"),
        ("多少公斤", "{}的重量：1.24公斤（1240克）。"),
        ("您好，我想了解一下价钱", "{}的价格是64.00欧元。"),
        ("会漏水吗？", "不会，{}：防漏，是。"),
        ("里面含镍吗", "不含，{}：无镍，是。"),
        ("手柄是什么材质的", "{}的手柄材质：oak。"),
        ("聲音大不大，多少分貝", "{}的噪音：61分贝。"),
        ("保修几年", "{}的保修：5年。"),
        ("多重，多少钱", "{0}的重量：1240克。{0}的价格是64.00欧元。"),
    ],
)
def test_chinese_particles_and_courtesy_do_not_matter(question, answer):
    assert told(question, "zh") == answer.format(STOVE.title_zh)


@pytest.mark.parametrize(
    "question",
    [
        "Can I return it if it is too heavy?",
        "how much is shipping for this?",
        "when will it arrive",
        "Can I pay for it by invoice?",
        "Are your products vegan?",
        "能退货吗",
        "这个包邮吗",
        "保修卡丢了怎么退款",
    ],
)
def test_the_shops_business_is_left_to_the_knowledge_on_a_products_page(question):
    assert answer_from(table(STOVE), question, "stove", "en") is None


@pytest.mark.parametrize("question", ["Can it go in the oven?", "is it gluten free", "能进烤箱吗"])
def test_what_the_product_does_not_say_is_declined_as_such(question):
    found = answer_from(table(STOVE), question, "stove", "en")
    assert found is not None
    assert (found.answer, found.product_id, found.several) == (None, "stove", False)


def test_a_product_that_the_words_name_goes_before_the_one_that_is_looked_at():
    assert told("How much is the Fjellhus dome tent?") == "Fjellhus Dome Tent 3 costs 249.00 EUR."
    assert told("does the emberwick kettle leak?", product_id=None) == (
        "No, Emberwick Travel Kettle is leakproof."
    )


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("Oui", "Yes,"),
        ("有", "Yes,"),
        ("支援", "Yes,"),
        ("Nein", "No,"),
        ("没有", "No,"),
        ("無", "No,"),
    ],
)
def test_yes_and_no_are_the_words_that_the_files_readers_know(said, answer):
    product = ProductCatalogued(product_id="p", title="Lamp", attributes={"waterproof": said})
    found = answer_from(table(product), "is it waterproof", "p", "en")
    assert found is not None
    assert found.answer is not None
    assert found.answer.startswith(answer)


@given(st.text(max_size=60), st.dictionaries(st.text(max_size=20), st.text(max_size=20)))
def test_no_question_and_no_key_raises(text, attributes):
    product = ProductCatalogued(product_id="p", title="Lamp", attributes=attributes)
    found = answer_from(table(product), f"is it {text} waterproof", "p", "en")
    assert found is None or found.product_id in ("p", None)
