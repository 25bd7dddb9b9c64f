"""A price or the stock of something that no title names: said to be unknown, with what is near."""

from __future__ import annotations

import pytest

from tests.unit.answers.dialogue_shop import Shop

UNKNOWN = [
    "how much is the iPhone 15 Pro?",
    "what does the Dyson V15 cost",
    "is the Samsung Galaxy tablet in stock?",
    "what is the price of the Nikon camera",
    "how expensive are the Ray-Ban sunglasses",
    "do you have the Kindle Paperwhite in stock?",
    "how much for a Vespa",
    "华为Mate 60多少钱？",
    "小米手环有货吗",
    "戴森吹风机多少钱",
    "索尼耳机现货吗",
    "苹果手表什么价格",
    "任天堂游戏机卖多少",
]
OF_THE_SHOP = [
    ("how much is express delivery", "9.90"),
    ("how much does shipping cost", "3.90"),
    ("what does delivery cost", "3.90"),
    ("加急快递多少钱", "9.90"),
    ("运费多少钱", "3.90"),
]


@pytest.fixture(scope="module")
def shop():
    return Shop()


@pytest.mark.parametrize("question", UNKNOWN)
def test_an_unknown_product_is_said_to_be_unknown_and_a_person_is_told(shop, question):
    answer = shop.say(question, question)
    assert (answer.text, answer.route, answer.abstained) == (None, "person", "unknown_product")
    assert answer.handover is not None
    assert answer.handover.reason == "unanswered"
    assert all(shop.products.get(product_id) for product_id in answer.products)


def test_products_that_are_near_are_offered(shop):
    answer = shop.say("is the Samsung Galaxy tablet in stock?", "near")
    assert any("Tablet" in shop.products.get(each).title for each in answer.products)


BESIDE_TEA = [
    *UNKNOWN,
    "How much are the Bose headphones?",
    "what does the Dyson cost",
    "is the Bose in stock?",
    "索尼的音箱多少钱",
]
OF_THE_TEA = [
    "how much is this?",
    "what is the current price",
    "how much is the whole set",
    "how much is the gift box?",
    "how much is the tea",
    "多少钱",
    "礼盒装多少钱",
    "龙井现在什么价",
]


@pytest.mark.parametrize("question", BESIDE_TEA)
def test_the_product_looked_at_does_not_answer_for_another(shop, question):
    answer = shop.say(question, f"beside {question}", product_id="tea-01a")
    assert (answer.text, answer.abstained) == (None, "unknown_product")


@pytest.mark.parametrize("question", OF_THE_TEA)
def test_the_product_looked_at_answers_for_itself(shop, question):
    answer = shop.say(question, f"of {question}", product_id="tea-01a")
    assert "37.99" in answer.text


@pytest.mark.parametrize(("question", "said"), OF_THE_SHOP)
def test_what_the_shop_itself_charges_is_still_answered(shop, question, said):
    assert said in shop.say(question, question).text


def test_the_next_product_that_is_named_gets_the_same_question(shop):
    shop.say("how much is the Sony speaker?", "next")
    assert "57.99" in shop.say("and the Yuesheng portable bluetooth speaker", "next").text
