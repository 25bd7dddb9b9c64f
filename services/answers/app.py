"""Wiring of the answers worker: questions, knowledge and the catalogue in, answers out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.api.service import Service, Source
from shopkeeper.shared.runtime.telemetry.predictions import Predictions

from .core.answerer import Answerer
from .core.attributes.route import CatalogueRoute
from .core.knowledge_base import KnowledgeBase
from .core.knowledge_route import KnowledgeRoute
from .core.product_table import ProductTable
from .core.ranking import LexicalRanker
from .processors import (
    KNOWLEDGE_WANTED,
    MODEL,
    SEARCHED_QUESTION,
    WANTED,
    KnowledgeProcessor,
    QuestionProcessor,
    SearchedQuestionProcessor,
)
from .spec import SETTINGS
from .tables import Tables

if TYPE_CHECKING:
    from shopkeeper.shared.runtime.settings import WorkerSettings
    from shopkeeper.shared.runtime.telemetry.metrics import Observer, Registry


def build(settings: WorkerSettings) -> Service:
    """The service. Raises SettingsError."""
    limits = {setting.name: int(setting.read(settings.environ)) for setting in SETTINGS}
    ranker = LexicalRanker()
    knowledge = KnowledgeBase(ranker, limits["KNOWLEDGE_MAX"])
    products = ProductTable(limits["ANSWER_PRODUCTS_MAX"])
    answerer = Answerer([CatalogueRoute(products)], KnowledgeRoute(knowledge, ranker))
    tables = Tables(knowledge, products)
    predictions = Predictions(MODEL.name)

    def metrics(registry: Registry) -> Observer:
        observers = [predictions.metrics(registry), tables.metrics(registry)]

        def observe() -> None:
            for each in observers:
                each()

        return observe

    def questions(partition: int) -> QuestionProcessor:
        return QuestionProcessor(partition, answerer, _now_ms, predictions.outcomes)

    def searched(partition: int) -> SearchedQuestionProcessor:
        return SearchedQuestionProcessor(partition, answerer, _now_ms, predictions.outcomes)

    return Service(
        name="answers",
        sources=[
            Source(topics.QUESTIONS, questions, WANTED),
            Source(topics.SEARCHED_QUESTIONS, searched, internal_type=SEARCHED_QUESTION),
            Source(topics.KNOWLEDGE, lambda partition: KnowledgeProcessor(), KNOWLEDGE_WANTED),
        ],
        tables={
            topics.KNOWLEDGE: tables.apply_knowledge,
            topics.CATALOGUE: tables.apply_catalogue,
        },
        metrics=metrics,
        models=[(MODEL.name, MODEL.version)],
    )


def _now_ms() -> int:
    return int(time.time() * 1000)
