"""Every topic there is: name, key, cleanup policy, and who reads and writes it.

`TOPIC_PREFIX` (an environment setting) goes in front of each name when it meets a broker;
inside the code topics have the names below. Checkpoint and dead-letter topics follow from who
consumes what; tests/contract/test_services.py holds the columns against the services' own
specifications, since nothing in shared/ knows a service by more than its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .topic import CLEANED_BY_US, COMPACTED_DAILY, DAY_MS
from .topic import Topic as Topic

if TYPE_CHECKING:
    from collections.abc import Sequence

CLICKS = "shop.clicks.v1"
SEARCHES = "shop.searches.v1"
REVIEWS = "shop.reviews.v1"
QUESTIONS = "shop.questions.v1"
CATALOGUE = "shop.catalogue.v1"
PROFILES = "shop.profiles.v1"
PREFERENCES = "shop.preferences.v1"
KNOWLEDGE = "shop.knowledge.v1"
ORDERS = "shop.orders.v1"
CORRECTIONS = "shop.corrections.v1"

INTENTS = "personalisation.intents.v1"
COMPLAINTS = "personalisation.complaints.v1"
SEARCHED_QUESTIONS = "personalisation.searched-questions.v1"
ERASED_USERS = "personalisation.erased-users.v1"
ANSWERS = "personalisation.answers.v1"
COMPLAINT_SENTIMENTS = "personalisation.complaint-sentiments.v1"
SENTIMENTS = "personalisation.sentiments.v1"
PRODUCT_SENTIMENT = "personalisation.product-sentiment.v1"
CATEGORY_SENTIMENT = "personalisation.category-sentiment.v1"
CATEGORY_PARTS = "personalisation.category-parts.v1"
REVIEW_DIGESTS = "personalisation.review-digests.v1"
ENTRY_VECTORS = "personalisation.entry-vectors.v1"
RECOMMENDATIONS = "personalisation.recommendations.v1"
SEGMENTS = "personalisation.segments.v1"
PARAMETERS = "personalisation.ranking-parameters.v1"
SIMILAR_ITEMS = "personalisation.similar-items.v1"
TRENDING = "personalisation.trending.v1"
ITEM_PAIRS = "personalisation.item-pairs.v1"
ITEM_COUNTS = "personalisation.item-counts.v1"
SESSION_ITEMS = "personalisation.session-items.v1"
USER_GROUPS = "personalisation.user-groups.v1"
LAYOUT = "personalisation.partition-layout.v1"

PARTITIONS_DEFAULT = 4

SERVICES = ("intent", "sentiment", "recommender", "answers", "gateway")


def checkpoints(service: str) -> str:
    """The topic in which `service` keeps its state."""
    return f"personalisation.{service}-checkpoints.v1"


def dead_letters(topic: str, service: str) -> str:
    """The dead-letter topic of `topic` as read by `service`; several may read one topic."""
    return f"{topic}.{service}.dlq"


_INPUTS = (
    Topic(
        CLICKS,
        "user",
        "delete",
        (
            "product.clicked.v1",
            "product.added.v1",
            "product.removed.v1",
            "order.completed.v1",
            "order.refunded.v1",
            "user.erased.v1",
            "user.profiled.v1",
            "assumptions.deleted.v1",
        ),
        ("shop", "gateway"),
        ("recommender",),
        owner="recommender",
        default_type="product.clicked.v1",
    ),
    Topic(
        SEARCHES,
        "user",
        "delete",
        ("products.searched.v1",),
        ("shop", "gateway"),
        ("intent", "recommender"),
        owner="intent",
        default_type="products.searched.v1",
    ),
    Topic(
        REVIEWS,
        "product",
        "delete",
        ("product.reviewed.v1", "review.withdrawn.v1"),
        # The answers service withdraws those of erased users.
        ("shop", "answers", "gateway"),
        ("sentiment",),
        owner="sentiment",
        default_type="product.reviewed.v1",
    ),
    Topic(
        QUESTIONS,
        "user",
        "delete",
        ("question.asked.v1", "answer.rated.v1"),
        ("shop", "gateway"),
        ("intent", "answers"),
        owner="intent",
        default_type="question.asked.v1",
    ),
    Topic(
        CATALOGUE,
        "product",
        "compact",
        ("product.catalogued.v1",),
        ("shop", "gateway"),
        ("recommender",),
        tables_of=("recommender", "intent", "sentiment", "answers", "gateway"),
        retention_ms=None,
        owner="recommender",
        default_type="product.catalogued.v1",
    ),
    Topic(
        KNOWLEDGE,
        "knowledge",
        "compact",
        ("knowledge.published.v1",),
        ("shop", "gateway"),
        ("answers",),
        tables_of=("answers",),
        retention_ms=None,
        owner="answers",
        default_type="knowledge.published.v1",
    ),
    Topic(
        ORDERS,
        "order",
        "compact",
        ("order.updated.v1",),
        # The answers service removes those of erased users.
        ("shop", "answers", "gateway"),
        ("answers",),
        tables_of=("answers",),
        retention_ms=None,
        config=COMPACTED_DAILY,
        owner="answers",
        default_type="order.updated.v1",
    ),
    Topic(
        PROFILES,
        "user",
        "compact",
        ("user.profiled.v1",),
        # The recommender removes those of erased users, and moves here what came with clicks.
        ("shop", "recommender", "gateway"),
        ("recommender",),
        retention_ms=None,
        config=COMPACTED_DAILY,
        owner="recommender",
        default_type="user.profiled.v1",
    ),
    Topic(
        PREFERENCES,
        "user",
        "compact",
        ("preference.set.v1",),
        # The recommender removes those of erased users.
        ("shop", "recommender", "gateway"),
        ("subscribers",),
        tables_of=("recommender", "gateway"),
        retention_ms=None,
        config=COMPACTED_DAILY,
        default_type="preference.set.v1",
    ),
)


def _view(name: str, key: str, kind: str, producer: str, tables_of: tuple[str, ...]) -> Topic:
    """A compacted topic of the newest values, for subscribers too."""
    consumers = ("subscribers",)
    return Topic(
        name,
        key,
        "compact",
        (kind,),
        (producer,),
        consumers,
        tables_of=tables_of,
        retention_ms=None,
        config=CLEANED_BY_US,
    )


_LISTED = ("recommender", "answers", "gateway")  # who makes lists, or answers, of them
_OUTPUTS = (
    Topic(INTENTS, "user", "delete", ("intent.recognised.v1",), ("intent",), ("subscribers",)),
    Topic(
        SENTIMENTS, "product", "delete", ("sentiment.scored.v1",), ("sentiment",), ("subscribers",)
    ),
    Topic(
        COMPLAINT_SENTIMENTS,
        "user",
        "delete",
        ("complaint.scored.v1",),
        ("sentiment",),
        ("subscribers",),
    ),
    Topic(ANSWERS, "user", "delete", ("answer.given.v1",), ("answers",), ("subscribers",)),
    Topic(
        PRODUCT_SENTIMENT,
        "product",
        "compact",
        ("product-sentiment.updated.v1",),
        ("sentiment",),
        ("subscribers",),
        tables_of=("recommender", "gateway"),
        retention_ms=None,
        config=CLEANED_BY_US,
    ),
    Topic(
        CATEGORY_SENTIMENT,
        "category",
        "compact",
        ("category-sentiment.updated.v1",),
        ("sentiment",),
        ("subscribers",),
        tables_of=("sentiment",),  # which publishes what differs from it
        retention_ms=None,
        config=CLEANED_BY_US,
    ),
    Topic(
        RECOMMENDATIONS,
        "user",
        "compact",
        ("recommendations.updated.v1",),
        ("recommender",),
        ("subscribers",),
        retention_ms=None,
        config=CLEANED_BY_US,
    ),
    _view(SEGMENTS, "user", "segments.updated.v1", "recommender", ("gateway",)),
    _view(SIMILAR_ITEMS, "product", "similar-items.updated.v1", "recommender", _LISTED),
    _view(TRENDING, "scope", "trending.updated.v1", "recommender", _LISTED),
    _view(PARAMETERS, "partition of clicks", "parameters.updated.v1", "recommender", ()),
)


def _internal_table(
    name: str, key: str, producers: tuple[str, ...], tables_of: tuple[str, ...]
) -> Topic:
    """A compacted topic in a format of our own, without a limit of time."""
    return Topic(
        name,
        key,
        "compact",
        producers=producers,
        tables_of=tables_of,
        internal=True,
        retention_ms=None,
        config=CLEANED_BY_US,
    )


def _handed_on(name: str, to: str) -> Topic:
    """Customers' texts that intent hands on: kept for as long as an outage may last."""
    return Topic(name, "user", "delete", (), ("intent",), (to,), internal=True, retention_ms=DAY_MS)


_INTERNAL = (
    # Not by an event of schemas/: operators write it, for the models alone.
    _internal_table(CORRECTIONS, "correction", ("operators",), ("intent", "sentiment")),
    _handed_on(COMPLAINTS, "sentiment"),
    # What the products of one partition of reviews add to a category.
    _internal_table(
        CATEGORY_PARTS, "partition of reviews, category", ("sentiment",), ("sentiment",)
    ),
    # What reviews say, without their authors' names; answers removes what erased users wrote.
    _internal_table(REVIEW_DIGESTS, "review", ("sentiment", "answers"), ("answers", "gateway")),
    # Vectors of the shop's knowledge, by what they were made of: a cache of the answers workers.
    _internal_table(ENTRY_VECTORS, "encoders, title and text", ("answers",), ("answers",)),
    _handed_on(SEARCHED_QUESTIONS, "answers"),
    # Whom the recommender, which reads the clicks, was told to forget. Besides those named here,
    # every worker that keeps state reads it.
    Topic(
        ERASED_USERS,
        "number of a user",
        "delete",
        (),
        ("recommender", "operators"),
        tables_of=("answers",),
        internal=True,
    ),
    Topic(
        ITEM_PAIRS,
        "item partition",
        "delete",
        (),
        ("recommender",),
        ("recommender",),
        internal=True,
    ),
    _internal_table(ITEM_COUNTS, "item bucket", ("recommender",), ("recommender",)),
    # Read whole at start, and only its newest sessions are used: a million events a partition.
    Topic(
        SESSION_ITEMS,
        "origin partition",
        "delete",
        (),
        ("recommender",),
        tables_of=("recommender",),
        internal=True,
        config={"retention.bytes": "16777216", "segment.bytes": "4194304"},
    ),
    _internal_table(
        USER_GROUPS, "model, or partition of clicks", ("recommender",), ("recommender",)
    ),
)


def layout(services: Sequence[str]) -> Topic:
    """By how many partitions the state of all services is split."""
    return Topic(
        LAYOUT,
        "layout",
        "compact",
        producers=("topics",),
        tables_of=tuple(services),
        internal=True,
        retention_ms=None,
    )


def checkpoint_topic(service: str) -> Topic:
    """Where a service keeps its state. A worker deletes what is superseded; a broker frees whole
    segments of it only."""
    return Topic(
        checkpoints(service),
        "chunk",
        "delete",
        producers=(service,),
        tables_of=(service,),
        internal=True,
        retention_ms=None,
        message_bytes_max=2_097_152,
        config={"segment.bytes": "4194304"},
    )


def dead_letter_topics(declared: Sequence[Topic], services: Sequence[str]) -> tuple[Topic, ...]:
    """One for each service that consumes a topic; those of one owner stand together."""
    consumed = [t for t in declared if not {*t.consumers}.isdisjoint(services)]
    owners = list(dict.fromkeys(t.owner or t.consumers[0] for t in consumed))
    return tuple(
        Topic(
            dead_letters(topic.name, service),
            "as in the source topic",
            "delete",
            producers=(service,),
            consumers=("operators",),
            internal=True,
            # Inputs and 2 MiB more: headers are added, nothing may be refused for its size.
            message_bytes_max=3_145_728,
        )
        for owner in owners
        for topic in consumed
        if (topic.owner or topic.consumers[0]) == owner
        for service in topic.consumers
        if service in services
    )


def complete(declared: Sequence[Topic], services: Sequence[str]) -> tuple[Topic, ...]:
    """The topics that are declared, and those that follow from them and from who consumes them."""
    return (
        *declared,
        layout(services),
        *(checkpoint_topic(service) for service in services),
        *dead_letter_topics(declared, services),
    )


DECLARED: tuple[Topic, ...] = (*_INPUTS, *_OUTPUTS, *_INTERNAL)
ALL: tuple[Topic, ...] = complete(DECLARED, SERVICES)
BY_NAME: dict[str, Topic] = {topic.name: topic for topic in ALL}

# Keyed by user or product: their state is split as they are, and they grow together.
KEYED = (CLICKS, SEARCHES, REVIEWS, QUESTIONS, PROFILES)
# With them: what is written to the partition number of a source.
GROWING = (*KEYED, SESSION_ITEMS, *(checkpoints(s) for s in SERVICES))
# Whose partition numbers mean something; the items' own count stays as it was at the beginning.
NUMBERED = (*KEYED, SESSION_ITEMS, ITEM_PAIRS)
