"""The demo's shop as the dialogue sees it."""

from __future__ import annotations

from shopkeeper.apps.demo import faq
from shopkeeper.apps.demo.catalogue import built_in
from shopkeeper.services.answers.core.answerer import Answerer
from shopkeeper.services.answers.core.attributes.route import CatalogueRoute
from shopkeeper.services.answers.core.dialogue.conversation import Asked, Conversations
from shopkeeper.services.answers.core.dialogue.dialogue import Dialogue
from shopkeeper.services.answers.core.dialogue.suggestions import Suggestions
from shopkeeper.services.answers.core.entries import entry_of
from shopkeeper.services.answers.core.fused import FusedRanker
from shopkeeper.services.answers.core.knowledge_base import KnowledgeBase
from shopkeeper.services.answers.core.knowledge_route import KnowledgeRoute
from shopkeeper.services.answers.core.orders.order import order_of
from shopkeeper.services.answers.core.orders.route import OrdersRoute
from shopkeeper.services.answers.core.orders.table import OrderTable
from shopkeeper.services.answers.core.product_table import ProductTable
from shopkeeper.services.answers.core.question import Question
from shopkeeper.services.answers.core.ranking import LexicalRanker
from shopkeeper.shared.text.embedder import load_embedders


class Shop:
    """Catalogue and frequent questions, and the conversations about them."""

    def __init__(self, most=1000, orders=(), vectors=False):
        """vectors: entries are found as a worker finds them, by words and by the encoders."""
        ranker = FusedRanker(load_embedders()) if vectors else LexicalRanker()
        knowledge = KnowledgeBase(ranker, 1000)
        knowledge.change({said.knowledge_id: entry_of(said) for said in faq.built_in()})
        if vectors:
            ranker.catch_up()
        self.products = ProductTable(1000)
        self.products.change({product.product_id: product for product in built_in()})
        table = OrderTable(1000)
        table.change({said.order_id: order_of(said) for said in orders})
        routes = [OrdersRoute(table, self.products), CatalogueRoute(self.products)]
        answerer = Answerer(routes, KnowledgeRoute(knowledge, ranker))
        suggestions = Suggestions(self.products, lambda name: (), lambda category: ())
        self.answerer = answerer
        self.dialogue = Dialogue(answerer, self.products, suggestions)
        self.conversations = Conversations(most)
        self.time_ms = 1_000_000

    def say(self, text, conversation="c", user="u", product_id=None, later_ms=1000):
        self.time_ms += later_ms
        anonymous = None if user else f"anonymous {conversation}"
        question = Question(text, product_id, user, anonymous, conversation)
        return self.dialogue.answer_all([Asked(question, self.time_ms)], self.conversations)[0]
