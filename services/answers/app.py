"""Wiring of the answers worker: questions, knowledge, catalogue and orders in, answers out."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from shopkeeper.shared.contracts import searched_questions, topics
from shopkeeper.shared.contracts.erased_users import customer, named_in
from shopkeeper.shared.domains import pack
from shopkeeper.shared.domains.examples import examples_of
from shopkeeper.shared.runtime.api.service import Service, Source
from shopkeeper.shared.runtime.telemetry.predictions import Predictions
from shopkeeper.shared.text.embedder import load_embedders
from shopkeeper.shared.text.reading.reader import SpanReaders

from .conversation_erasures import ErasedUsers
from .conversation_processor import ConversationProcessor, owner_of_event
from .core.answerer import Answerer
from .core.attributes.named import NamedAttributes
from .core.attributes.route import CatalogueRoute
from .core.dialogue.conversation import Conversations
from .core.dialogue.dialogue import Dialogue
from .core.dialogue.suggestions import Suggestions
from .core.fused import FusedRanker
from .core.guarding import Guards
from .core.kept_vectors import KeptVectors
from .core.knowledge_base import KnowledgeBase
from .core.knowledge_route import KnowledgeRoute
from .core.opinions.review_table import ReviewTable
from .core.opinions.route import OpinionRoute
from .core.orders.route import OrdersRoute
from .core.orders.table import OrderTable
from .core.product_table import ProductTable
from .core.question_vectors import QuestionVectors
from .core.reading import SentenceReader
from .core.span_reading import SpanQuotes
from .core.vector_records import encoders_mark
from .embedding import EmbeddingThread
from .order_records import OrderRecords
from .phrasing.phraser import Phraser
from .phrasing.settings import PhrasingSettings
from .processors import (
    KNOWLEDGE_WANTED,
    MODEL,
    ORDERS_WANTED,
    SEARCHED_QUESTION,
    WANTED,
    KnowledgeProcessor,
    OrdersProcessor,
    SearchedQuestionProcessor,
)
from .ratings import Ratings
from .recommended import Recommended
from .spec import SETTINGS
from .tables import Tables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopkeeper.shared.contracts.envelope import KeyValue
    from shopkeeper.shared.runtime.settings import WorkerSettings
    from shopkeeper.shared.runtime.telemetry.metrics import Observer, Registry

    from .core.question import Route


class _Parts:
    """What the worker is made of, made once; and the processors of each partition."""

    def __init__(self, settings: WorkerSettings) -> None:
        limits = {setting.name: int(setting.read(settings.environ)) for setting in SETTINGS}
        self.conversations_max = limits["CONVERSATIONS_MAX"]
        # None: entries are found by words alone.
        self.embedders = load_embedders(settings.model_dir)
        kept = KeptVectors(
            encoders_mark((name, each.sha256) for name, each in self.embedders.items()),
            {name: each.dimensions for name, each in self.embedders.items()},
            limits["KNOWLEDGE_MAX"],
        )
        asked = {name: QuestionVectors(each) for name, each in self.embedders.items()}
        self.kept, ranker = kept, FusedRanker(self.embedders, kept=kept, asked=asked)
        self.embedding = EmbeddingThread(ranker)
        knowledge = KnowledgeBase(ranker, limits["KNOWLEDGE_MAX"])
        products = ProductTable(limits["ANSWER_PRODUCTS_MAX"])
        self.orders = OrderTable(limits["ORDERS_MAX"])
        self.reviews = ReviewTable(limits["ANSWER_REVIEWS_MAX"])
        domain = pack.load(settings.domain)
        routes: list[Route] = [
            OrdersRoute(self.orders, products),
            CatalogueRoute(products, NamedAttributes(domain.attributes, domain.asked)),
            OpinionRoute(products, self.reviews),
        ]
        self.spans = SpanReaders.load(settings.model_dir)  # none: sentences by their words
        reader = SpanQuotes(self.spans, SentenceReader(ranker.index.idf))
        guards = Guards(domain.guards, examples_of(settings.domain) if domain.guards else (), asked)
        self.answerer = Answerer(routes, KnowledgeRoute(knowledge, ranker, reader), guards)
        self.recommended = Recommended(limits["ANSWER_PRODUCTS_MAX"])
        suggestions = Suggestions(products, self.recommended.similar, self.recommended.trending)
        self.dialogue = Dialogue(self.answerer, products, suggestions, domain.words)
        self.tables = Tables(knowledge, products, self.reviews, domain.excluded)
        self.order_records, self.erased_users = OrderRecords(self.orders), ErasedUsers()
        self.order_partitions = 1
        self.predictions, self.ratings = Predictions(MODEL.name), Ratings()
        phrasing = PhrasingSettings.from_env(settings.environ)
        self.phraser = Phraser(phrasing) if phrasing is not None else None

    def metrics(self, registry: Registry) -> Observer:
        parts = (
            self.predictions,
            self.ratings,
            self.tables,
            self.order_records,
            self.recommended,
            self.erased_users,
            self.embedding,
        )
        observers = [each.metrics(registry) for each in parts]
        if self.phraser is not None:
            observers.append(self.phraser.metrics(registry))

        def observe() -> None:
            for each in observers:
                each()

        return observe

    def prepare(self, partition_count: Callable[[str], int]) -> None:
        self.order_partitions = partition_count(topics.ORDERS)
        self.kept.split(partition_count(topics.KNOWLEDGE))

    def refresh(self) -> None:
        self.embedding.refresh()
        if self.phraser is not None:
            self.phraser.refresh()

    def apply_knowledge(self, records: Sequence[KeyValue]) -> None:
        """Entries as they are now; what is new is embedded next."""
        self.tables.apply_knowledge(records)
        self.embedding.refresh()

    def apply_erased(self, records: Sequence[KeyValue]) -> None:
        """Users whose orders, reviews and conversations are to be forgotten."""
        self.order_records.apply_erased(records)
        self.tables.apply_erased(records)
        self.erased_users.apply(records)

    def apply_reviews(self, records: Sequence[KeyValue]) -> None:
        """Digests of reviews; what erased users wrote is gone from conversations too."""
        self.tables.apply_reviews(records)
        self.erased_users.forget_words(self.reviews.take_words_gone())

    def questions_of(self, partition: int) -> ConversationProcessor:
        return ConversationProcessor(
            partition,
            self.answerer,
            _now_ms,
            self.predictions.outcomes,
            self.ratings.counts,
            self.phraser,
            dialogue=self.dialogue,
            may_name=self.tables.may_name,
            conversations=self.erased_users.watched(
                Conversations(self.conversations_max, self.erased_users.erased_ms)
            ),
        )

    def searched_of(self, partition: int) -> SearchedQuestionProcessor:
        return SearchedQuestionProcessor(
            partition, self.answerer, _now_ms, self.predictions.outcomes, phraser=self.phraser
        )

    def knowledge_of(self, partition: int) -> KnowledgeProcessor:
        return KnowledgeProcessor(
            self.reviews.sweep if partition == 0 else list, partial(self.embedding.due, partition)
        )

    def orders_of(self, partition: int) -> OrdersProcessor:
        return OrdersProcessor(partition, self.order_partitions, self.orders)


def build(settings: WorkerSettings) -> Service:
    """The service; loads its models. Raises SettingsError, ModelError."""
    parts = _Parts(settings)
    return Service(
        name="answers",
        sources=[
            Source(
                topics.QUESTIONS,
                parts.questions_of,
                WANTED,
                key_of=owner_of_event,
                users_of=customer,
            ),
            Source(
                topics.SEARCHED_QUESTIONS,
                parts.searched_of,
                internal_type=SEARCHED_QUESTION,
                users_of=named_in(searched_questions.decode),
            ),
            Source(topics.KNOWLEDGE, parts.knowledge_of, KNOWLEDGE_WANTED),
            Source(topics.ORDERS, parts.orders_of, ORDERS_WANTED),
        ],
        tables={
            topics.KNOWLEDGE: parts.apply_knowledge,
            topics.CATALOGUE: parts.tables.apply_catalogue,
            topics.ORDERS: parts.order_records.apply_orders,
            topics.ERASED_USERS: parts.apply_erased,
            topics.REVIEW_DIGESTS: parts.apply_reviews,
            topics.ENTRY_VECTORS: parts.embedding.apply_kept,
            topics.SIMILAR_ITEMS: parts.recommended.apply_similar,
            topics.TRENDING: parts.recommended.apply_trending,
        },
        prepare=parts.prepare,
        metrics=parts.metrics,
        models=[
            (MODEL.name, MODEL.version),
            *((each.name, each.version) for each in parts.embedders.values()),
            *parts.spans.versions(),
        ],
        refresh=parts.refresh,
        remark=parts.embedding.remark,
        components=[
            parts.embedding,
            *([] if parts.phraser is None else [parts.phraser.endpoint]),
        ],
    )


def _now_ms() -> int:
    return int(time.time() * 1000)
