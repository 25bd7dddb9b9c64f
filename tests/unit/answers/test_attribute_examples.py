"""The questions about attributes that the grammar was mended with."""

from __future__ import annotations

import pytest

from shopkeeper.apps.demo import catalogue
from shopkeeper.services.answers.core.answerer import Answerer
from shopkeeper.services.answers.core.attributes.route import CatalogueRoute
from shopkeeper.services.answers.core.knowledge_base import KnowledgeBase
from shopkeeper.services.answers.core.knowledge_route import KnowledgeRoute
from shopkeeper.services.answers.core.product_table import ProductTable
from shopkeeper.services.answers.core.question import Question
from shopkeeper.services.answers.core.ranking import LexicalRanker
from tests.unit.answers.attribute_examples import CHINESE, ENGLISH

EVERY = [
    pytest.param(*row, id=f"{kind}: {row[0]}")
    for examples in (ENGLISH, CHINESE)
    for kind, rows in examples.items()
    for row in rows
]


@pytest.fixture(scope="module")
def answerer() -> Answerer:
    ranker, products = LexicalRanker(), ProductTable(10_000)
    products.change({product.product_id: product for product in catalogue.built_in()})
    return Answerer([CatalogueRoute(products)], KnowledgeRoute(KnowledgeBase(ranker, 10), ranker))


@pytest.mark.parametrize(("question", "product_id", "words"), EVERY)
def test_a_question_is_answered_from_the_catalogue(answerer, question, product_id, words):
    text = answerer.answer(Question(question, product_id or None)).text
    if words == "-":
        assert text is None
    else:
        assert all(word.strip() in (text or "").replace("：", "") for word in words.split(", ")), (
            text
        )
