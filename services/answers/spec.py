"""What the answers service is: questions, knowledge, catalogue, reviews and orders in; answers
out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.api.service import ServiceSpec
from shopkeeper.shared.runtime.settings import Setting

from .phrasing.settings import PHRASING_SETTINGS, PhrasingSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    Setting(
        "ORDERS_MAX",
        "500000",
        "orders of shop.orders.v1 held; beyond that the one changed longest ago makes room",
        "integer",
        1,
        5_000_000,
    ),
    Setting(
        "ANSWER_REVIEWS_MAX",
        "200000",
        "reviews that opinions are counted and quoted from; beyond that the one published longest "
        "ago makes room",
        "integer",
        1,
        5_000_000,
    ),
    Setting(
        "CONVERSATIONS_MAX",
        "10000",
        "conversations held per partition; beyond that the one asked in longest ago is forgotten",
        "integer",
        1,
        1_000_000,
    ),
)


def check(environ: Mapping[str, str]) -> None:
    """Raises SettingsError, naming the one, for a setting that is unusable."""
    for setting in SETTINGS:
        setting.read(environ)
    PhrasingSettings.from_env(environ)


SERVICE = ServiceSpec(
    name="answers",
    consumes=frozenset(
        {topics.QUESTIONS, topics.SEARCHED_QUESTIONS, topics.KNOWLEDGE, topics.ORDERS}
    ),
    by_key=frozenset({topics.QUESTIONS}),
    tables=frozenset(
        {
            topics.KNOWLEDGE,
            topics.CATALOGUE,
            topics.ORDERS,
            topics.ERASED_USERS,
            topics.REVIEW_DIGESTS,
            topics.ENTRY_VECTORS,
            topics.SIMILAR_ITEMS,
            topics.TRENDING,
        }
    ),
    publishes=frozenset(
        {
            topics.ANSWERS,
            topics.ORDERS,
            topics.REVIEWS,
            topics.REVIEW_DIGESTS,
            topics.ENTRY_VECTORS,
        }
    ),
    app="shopkeeper.services.answers.app:build",
    settings=(*SETTINGS, *PHRASING_SETTINGS),
    check=check,
    resharding="shopkeeper.services.answers.conversation_processor:RESHARD",
    evaluations={
        "retrieval": "shopkeeper.services.answers.evaluate:retrieval",
        "phrasing": "shopkeeper.services.answers.phrasing.evaluate:phrasing",
        "reading": "shopkeeper.services.answers.evaluate_reading:reading",
    },
)
