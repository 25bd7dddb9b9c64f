"""What Shopkeeper publishes: the data of every output type, and the envelope around it.

Output ids and times are functions of the causing event, so a replay publishes the same record
again, byte for byte where the content is a function of the log.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopkeeper.shared.contracts.event import Event, Headers

INTENT_RECOGNISED = "intent.recognised.v1"
SENTIMENT_SCORED = "sentiment.scored.v1"
PRODUCT_SENTIMENT_UPDATED = "product-sentiment.updated.v1"
RECOMMENDATIONS_UPDATED = "recommendations.updated.v1"
SIMILAR_ITEMS_UPDATED = "similar-items.updated.v1"
TRENDING_UPDATED = "trending.updated.v1"

# Bounds and choices that the schemas state; they are checked when read, not when written.
Probability = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]


def _one_of(*choices: str) -> msgspec.Meta:
    return msgspec.Meta(pattern=f"^({'|'.join(choices)})$")


Language = Annotated[str, _one_of("en", "zh", "other")]
Label = Annotated[str, _one_of("positive", "neutral", "negative")]

OUTPUT_TYPE_PREFIX = "org.shopkeeper."
JSON = b"application/json"


class _Data(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Fields that are at their default are left out of the JSON."""


class Model(msgspec.Struct, frozen=True):
    """Which model said so."""

    name: str
    version: str


class IntentRecognised(_Data, frozen=True, kw_only=True):
    """What a search or a question wants. The text itself is not repeated (privacy)."""

    intent: str  # "out_of_scope" is the explicit abstention
    score: Probability  # of `intent`
    language: Language
    model: Model
    probabilities: dict[str, Probability]  # the most probable few, by intent
    event_type: str  # what was understood: products.searched.v1 or question.asked.v1
    user_id: str | None = None
    anonymous_id: str | None = None
    session_id: str | None = None
    product_id: str | None = None
    conversation_id: str | None = None


class SentimentScored(_Data, frozen=True, kw_only=True):
    """How a review feels."""

    product_id: str
    review_id: str
    label: Label
    score: Probability  # of `label`
    probabilities: dict[str, Probability]  # all three
    language: Language
    basis: Annotated[str, _one_of("text", "rating")]  # what the label was made from
    model: Model
    rating: float | None = None


class ProductSentimentUpdated(_Data, frozen=True, kw_only=True):
    """What all reviews of a product say together."""

    product_id: str
    count: Count
    # Bayesian mean of sentiment, -1 (negative) to 1 (positive)
    mean: Annotated[float, msgspec.Meta(ge=-1, le=1)]
    # mean of the newer part minus mean of the older part
    trend: Annotated[float, msgspec.Meta(ge=-2, le=2)]
    positive: Count
    neutral: Count
    negative: Count
    model: Model


class Reason(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why an item is in a list: a code of `reasons.TEXTS` and its parameters."""

    code: str
    parameters: dict[str, str] = {}


class RecommendedItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One item of a list. `propensity`: where lists explore, of the last item, the probability that
    it is this item that stands there: what was chosen by chance can be told from what was not."""

    product_id: str
    score: float  # write six decimals: then ten items with UUIDs for ids fit into 2 kB
    reason: Reason
    propensity: Probability | None = None


class RecommendationsUpdated(_Data, frozen=True, kw_only=True):
    """A user's list, best first. `recomm_id` is to be echoed in clicks that come from it."""

    recomm_id: str
    items: list[RecommendedItem]
    fallback: Annotated[
        str, _one_of("none", "cluster", "trending", "newest", "empty")
    ]  # how far down the chain it had to go
    cause: str  # id of the event that made it due
    model: Model
    user_id: str | None = None
    anonymous_id: str | None = None
    session_id: str | None = None
    experiment: str | None = None  # that the user takes part in,
    variant: str | None = None  # and which way of making lists the user was drawn into


class SimilarItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One neighbour. `count`: sessions with both. `basis`: what was done most with the two."""

    product_id: str
    score: float
    count: Count
    basis: Annotated[str, _one_of("viewed", "added", "bought")] = "viewed"


class SimilarItemsUpdated(_Data, frozen=True, kw_only=True):
    """An item's nearest neighbours, best first."""

    product_id: str
    items: list[SimilarItem]
    count: Count  # sessions with the item itself
    model: Model


class TrendingItem(msgspec.Struct, frozen=True):
    """One item and its decayed count."""

    product_id: str
    score: float


class TrendingUpdated(_Data, frozen=True, kw_only=True):
    """What is clicked most lately. scope: "all", or "category/<name>"."""

    scope: str
    items: list[TrendingItem]
    as_of_ms: int  # event time that the window ends at
    model: Model


OUTPUT_TYPES: dict[str, type[msgspec.Struct]] = {
    INTENT_RECOGNISED: IntentRecognised,
    SENTIMENT_SCORED: SentimentScored,
    PRODUCT_SENTIMENT_UPDATED: ProductSentimentUpdated,
    RECOMMENDATIONS_UPDATED: RecommendationsUpdated,
    SIMILAR_ITEMS_UPDATED: SimilarItemsUpdated,
    TRENDING_UPDATED: TrendingUpdated,
}

_encoder = msgspec.json.Encoder()


def encode(data: msgspec.Struct) -> bytes:
    """The JSON value of an output."""
    return _encoder.encode(data)


def output_id(topic: str, partition: int, offset: int, suffix: str, ordinal: int = 0) -> str:
    """The id of an output: where its cause stands in the log, and which output of it this is."""
    return f"{topic}/{partition}/{offset}/{suffix}/{ordinal}"


@lru_cache(maxsize=4096)
def rfc3339(time_ms: int) -> bytes:
    """Unix milliseconds as RFC 3339 in UTC, e.g. 2026-01-31T12:00:00.123Z."""
    seconds, milliseconds = divmod(time_ms, 1000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{milliseconds:03d}Z".encode()


def headers_of(suffix: str, event_id: str, subject: str, cause: Event, source: bytes) -> Headers:
    """CloudEvents headers of one output of `cause`.

    ce_time is the cause's time; correlation id and traceparent are handed on.
    """
    headers = [
        ("content-type", JSON),
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id.encode()),
        ("ce_source", source),
        ("ce_type", (OUTPUT_TYPE_PREFIX + suffix).encode()),
        ("ce_time", rfc3339(cause.time_ms)),
        ("ce_subject", subject.encode()),
        ("ce_dataschema", f"schemas/{suffix}.json".encode()),
        ("ce_causationid", cause.id.encode()),
        ("ce_correlationid", cause.correlation_id.encode()),
    ]
    if cause.traceparent is not None:
        headers.append(("traceparent", cause.traceparent))
    return headers


def provenance_headers(views: Mapping[str, int], experts: Sequence[str]) -> Headers:
    """CloudEvents extensions that say what a list was made from. They are in the envelope, for a
    list of ten UUIDs fills its 2 kB.

    views: by view topic, the sum of the next offsets over its partitions. experts: by item, who
    speaks for it and how much; empty where nobody does.
    """
    headers: Headers = []
    if any(experts):
        headers.append(("ce_experts", ",".join(experts).encode()))
    if views:
        headers.append(("ce_views", _views_text(tuple(views.items()))))
    return headers


@lru_cache(maxsize=16)
def _views_text(views: tuple[tuple[str, int], ...]) -> bytes:
    """similar-items=4711,trending=12: all lists of a batch are made from the same views."""
    return ",".join(f"{topic.split('.')[1]}={at}" for topic, at in views).encode()


def view_headers(suffix: str, subject: str, source: bytes, time_ms: int) -> Headers:
    """CloudEvents headers of a view's record, which has no single cause.

    Its id names the key and the time: the latest record of a key is what counts.
    """
    return [
        ("content-type", JSON),
        ("ce_specversion", b"1.0"),
        ("ce_id", f"{suffix}/{subject}/{time_ms}".encode()),
        ("ce_source", source),
        ("ce_type", (OUTPUT_TYPE_PREFIX + suffix).encode()),
        ("ce_time", rfc3339(time_ms)),
        ("ce_subject", subject.encode()),
        ("ce_dataschema", f"schemas/{suffix}.json".encode()),
    ]


def decode(suffix: str, value: bytes) -> Any:
    """The struct of an output's value. Raises msgspec.DecodeError, msgspec.ValidationError."""
    return msgspec.json.decode(value, type=OUTPUT_TYPES[suffix])
