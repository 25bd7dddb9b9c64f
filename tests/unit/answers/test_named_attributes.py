"""Questions for a pack's own attributes, by the names that the pack gives them."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from shopkeeper.services.answers.core.attributes.named import NamedAttributes
from shopkeeper.services.answers.core.attributes.route import CatalogueRoute
from shopkeeper.services.answers.core.product_table import ProductTable
from shopkeeper.services.answers.core.question import Question
from shopkeeper.shared.contracts.events.shop import ProductCatalogued
from shopkeeper.shared.domains import pack

PACKS = Path(__file__).resolve().parents[3] / "shared/domains/packs"


class Shop:
    def __init__(self, domain):
        self.pack = pack.load(domain)
        text = (PACKS / domain / "catalogue.jsonl").read_text("utf-8")
        self.products = [
            ProductCatalogued(**orjson.loads(line)) for line in text.splitlines() if line.strip()
        ]
        table = ProductTable(1000)
        table.change({each.product_id: each for each in self.products})
        named = NamedAttributes(self.pack.attributes, self.pack.asked)
        self.with_names, self.without = CatalogueRoute(table, named), CatalogueRoute(table)

    def ask(self, text, product_id=None, language="en"):
        return self.with_names.answer(Question(text, product_id), language)


@pytest.fixture(scope="module", params=["finance", "health", "social"])
def shop(request):
    return Shop(request.param)


def test_each_named_attribute_of_each_product_is_answered_in_both_languages(shop):
    asked = 0
    for product in shop.products:
        for key, value in (product.attributes or {}).items():
            named = shop.pack.attributes.get(key)
            if named is None:
                continue
            questions = [
                (f"What is the {named.en}?", "en", named.en),
                (f"{named.zh}是多少？", "zh", named.zh),
            ]
            for text, language, label in questions:
                answer = shop.ask(text, product.product_id, language)
                assert answer is not None, (text, product.title)
                assert answer.text is not None, (text, product.title)
                assert answer.route == "catalogue"
                [source] = answer.sources
                assert source.id == product.product_id
                assert source.quote.startswith(f"{key}: ")
                assert label in answer.text
                if isinstance(value, int | float) and not isinstance(value, bool):
                    assert f"{value:g}" in answer.text
                    unit = named.unit_zh if language == "zh" else named.unit_en
                    assert unit in answer.text
                asked += 1
    assert asked > 50


def test_each_further_name_means_its_attribute(shop):
    for key, names in shop.pack.asked.items():
        product = next(each for each in shop.products if key in (each.attributes or {}))
        for name in names:
            language = "en" if name.isascii() else "zh"
            answer = shop.ask(
                f"{name}?" if name.isascii() else f"{name}？", product.product_id, language
            )
            assert answer is not None, name
            assert answer.text is not None, name
            assert answer.sources[0].quote.startswith(f"{key}: "), (name, answer.text)


def test_a_product_that_says_nothing_of_it_is_not_made_to(shop):
    for key, named in shop.pack.attributes.items():
        for product in shop.products:
            said = product.attributes or {}
            if key in said:
                continue
            for text in (f"What is the {named.en}?", f"{named.zh}是多少？"):
                answer = shop.ask(text, product.product_id)
                if answer is not None and answer.text is not None:  # of another, which it has
                    [source] = answer.sources
                    assert source.quote.partition(":")[0] in {*said, "price"} - {key}


def test_other_questions_are_as_ever(shop):
    for text in (
        "Where is my order?",
        "How do I close my account?",
        "怎么挂失银行卡？",
        "Should I take the one with the lowest annual fee in the long run?",
        "Why did my neighbour pay a higher fee last year than I did at another bank?",
    ):
        for product_id in (None, shop.products[0].product_id):
            question = Question(text, product_id)
            assert shop.with_names.answer(question, "en") == shop.without.answer(question, "en")


def test_a_product_is_named_in_the_question_where_none_is_looked_at():
    bank = Shop("finance")
    product = next(p for p in bank.products if "annual_fee_eur" in (p.attributes or {}))
    fee = f"{product.attributes['annual_fee_eur']:g}"
    for text, language in (
        (f"What is the annual fee of the {product.title}?", "en"),
        (f"how much is the yearly fee for {product.title.lower()}", "en"),
        (f"{product.title_zh}的年费多少？", "zh"),
        (f"{product.title_zh}年费要多少", "zh"),
    ):
        answer = bank.ask(text, None, language)
        assert answer is not None, text
        assert answer.text is not None, text
        assert fee in answer.text
        assert answer.product_id == product.product_id
