"""What Shopkeeper publishes: the data of every output type, and the envelope around it.

Output ids and times are functions of the causing event, so a replay publishes the same record
again, byte for byte where the content is a function of the log.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from .events.answers import ANSWER_GIVEN, AnswerGiven
from .events.intent import INTENT_RECOGNISED, IntentRecognised
from .events.recommendation import (
    PARAMETERS_UPDATED,
    RECOMMENDATIONS_UPDATED,
    SEGMENTS_UPDATED,
    SIMILAR_ITEMS_UPDATED,
    TRENDING_UPDATED,
    ParametersUpdated,
    RecommendationsUpdated,
    SegmentsUpdated,
    SimilarItemsUpdated,
    TrendingUpdated,
)
from .events.sentiment import (
    CATEGORY_SENTIMENT_UPDATED,
    COMPLAINT_SCORED,
    PRODUCT_SENTIMENT_UPDATED,
    SENTIMENT_SCORED,
    CategorySentimentUpdated,
    ComplaintScored,
    ProductSentimentUpdated,
    SentimentScored,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .envelope import Event, Headers


OUTPUT_TYPE_PREFIX = "org.shopkeeper."
JSON = b"application/json"


OUTPUT_TYPES: dict[str, type[msgspec.Struct]] = {
    INTENT_RECOGNISED: IntentRecognised,
    SENTIMENT_SCORED: SentimentScored,
    COMPLAINT_SCORED: ComplaintScored,
    PRODUCT_SENTIMENT_UPDATED: ProductSentimentUpdated,
    CATEGORY_SENTIMENT_UPDATED: CategorySentimentUpdated,
    RECOMMENDATIONS_UPDATED: RecommendationsUpdated,
    SIMILAR_ITEMS_UPDATED: SimilarItemsUpdated,
    TRENDING_UPDATED: TrendingUpdated,
    SEGMENTS_UPDATED: SegmentsUpdated,
    PARAMETERS_UPDATED: ParametersUpdated,
    ANSWER_GIVEN: AnswerGiven,
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
    minutes, milliseconds = divmod(time_ms, 60_000)
    seconds, milliseconds = divmod(milliseconds, 1000)
    return f"{_minute(minutes)}:{seconds:02d}.{milliseconds:03d}Z".encode()


@lru_cache(maxsize=4096)
def _minute(minutes: int) -> str:
    """A minute since 1970; formatting a date takes longer than all else that is in a header."""
    return datetime.fromtimestamp(60 * minutes, UTC).strftime("%Y-%m-%dT%H:%M")


def headers_of(suffix: str, event_id: str, subject: str, cause: Event, source: bytes) -> Headers:
    """CloudEvents headers of one output of `cause`.

    ce_time is the cause's time; correlation id and traceparent are handed on.
    """
    content_type, version, output_type, schema = _headers_by_type(suffix)
    headers = [
        content_type,
        version,
        ("ce_id", event_id.encode()),
        ("ce_source", source),
        output_type,
        ("ce_time", rfc3339(cause.time_ms)),
        ("ce_subject", subject.encode()),
        schema,
        ("ce_causationid", cause.id.encode()),
        ("ce_correlationid", cause.correlation_id.encode()),
    ]
    if cause.traceparent is not None:
        headers.append(("traceparent", cause.traceparent))
    return headers


@lru_cache(maxsize=64)
def _headers_by_type(suffix: str) -> Headers:
    """What all outputs of one type say alike."""
    return [
        ("content-type", JSON),
        ("ce_specversion", b"1.0"),
        ("ce_type", (OUTPUT_TYPE_PREFIX + suffix).encode()),
        ("ce_dataschema", f"schemas/{suffix}.json".encode()),
    ]


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
