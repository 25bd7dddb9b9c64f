"""What the answers service is: questions, knowledge and the catalogue in; answers out."""

from __future__ import annotations

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.api.service import ServiceSpec
from shopkeeper.shared.runtime.settings import Setting

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "KNOWLEDGE_MAX",
        "100000",
        "entries of shop.knowledge.v1 held; beyond that the one published longest ago makes room",
        "integer",
        1,
        1_000_000,
    ),
    Setting(
        "ANSWER_PRODUCTS_MAX",
        "200000",
        "products that questions are answered about; beyond that the one changed longest ago makes "
        "room",
        "integer",
        1,
        5_000_000,
    ),
)

SERVICE = ServiceSpec(
    name="answers",
    consumes=frozenset({topics.QUESTIONS, topics.SEARCHED_QUESTIONS, topics.KNOWLEDGE}),
    tables=frozenset({topics.KNOWLEDGE, topics.CATALOGUE}),
    publishes=frozenset({topics.ANSWERS}),
    app="shopkeeper.services.answers.app:build",
    settings=SETTINGS,
    evaluations={"retrieval": "shopkeeper.services.answers.evaluate:retrieval"},
)
