"""What the gateway answers, as structs.

Fields that this version does not know are left out, and every field has a default: a newer gateway
does not break an older client. `tests/unit/client` holds them against the contracts.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Document(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Base of what is read."""


class Model(Document, frozen=True, kw_only=True, gc=False):
    """Which model said so."""

    name: str = ""
    version: str = ""


class Reason(Document, frozen=True, kw_only=True, gc=False):
    """Why an item is in a list: a code, its parameters, and the sentence for a page if asked for
    in a language."""

    code: str = ""
    parameters: dict[str, str] = {}
    text: str | None = None


class Item(Document, frozen=True, kw_only=True, gc=False):
    """A product of a list. score: of a personal list, the probability of a click. count, basis: of
    a neighbour, the sessions with both, and what was done most with the two. source, experts: of a
    list for a request, where the item comes from, and percentages by who speaks for it."""

    product_id: str = ""
    score: float = 0.0
    reason: Reason | None = None
    propensity: float | None = None
    count: int | None = None
    basis: str = "viewed"
    source: str = ""
    experts: dict[str, int] = {}


class RecommendationList(Document, frozen=True, kw_only=True, gc=False):
    """A user's list, best first. Echo `recomm_id` in the clicks that come from it; "": nobody's
    own list, for instance what is trending."""

    recomm_id: str = ""
    items: tuple[Item, ...] = ()
    fallback: str = "none"
    cause: str = ""
    model: Model | None = None
    user_id: str | None = None
    anonymous_id: str | None = None
    session_id: str | None = None
    experiment: str | None = None
    variant: str | None = None
    ranking: str = "personalised"
    language: str | None = None
    made_from: dict[str, Any] = {}  # the published list that a list for a request comes from
    query: str | None = None  # of a search
    unknown_category: str | None = None  # that was asked for, and the catalogue does not have
    nearest_categories: tuple[str, ...] = ()  # that may be meant by it
    answer: Answer | None = None  # of a search that is a question


class SimilarItems(Document, frozen=True, kw_only=True, gc=False):
    """A product's neighbours, best first. count: sessions with the product itself."""

    product_id: str = ""
    items: tuple[Item, ...] = ()
    count: int = 0
    model: Model | None = None


class Trending(Document, frozen=True, kw_only=True, gc=False):
    """What is clicked most lately. scope: "all", or "category/<name>"."""

    scope: str = "all"
    items: tuple[Item, ...] = ()
    as_of_ms: int = 0
    model: Model | None = None


class Sentiment(Document, frozen=True, kw_only=True, gc=False):
    """What all reviews of a product say. mean: -1 to 1; trend: newer less older part, -2 to 2;
    positive, neutral, negative: counts of reviews."""

    product_id: str = ""
    count: int = 0
    mean: float = 0.0
    trend: float = 0.0
    positive: int = 0
    neutral: int = 0
    negative: int = 0
    model: Model | None = None
    trend_p_value: float | None = None
    aspects: tuple[dict[str, Any], ...] = ()
    praised: tuple[str, ...] = ()
    criticised: tuple[str, ...] = ()
    summary: str | None = None


class Source(Document, frozen=True, kw_only=True, gc=False):
    """Where an answer comes from, and its words."""

    id: str = ""
    kind: str = ""
    quote: str = ""
    title: str | None = None
    url: str | None = None


class Handover(Document, frozen=True, kw_only=True, gc=False):
    """What a person needs to go on with the conversation."""

    reason: str = ""
    summary: str = ""
    product_id: str | None = None
    order_id: str | None = None


class Answer(Document, frozen=True, kw_only=True, gc=False):
    """The answer to a question. answer: plain text; None where a person should answer, and
    `abstained` says why. confidence: a probability."""

    answer: str | None = None
    confidence: float = 0.0
    route: str = ""
    language: str = ""
    model: Model | None = None
    latency_ms: int = 0
    cause: str = ""
    event_type: str = ""
    sources: tuple[Source, ...] = ()
    abstained: str | None = None
    phrased_by: str | None = None
    local_answer: str | None = None
    user_id: str | None = None
    anonymous_id: str | None = None
    session_id: str | None = None
    product_id: str | None = None
    conversation_id: str | None = None
    handover: Handover | None = None
    next: tuple[str, ...] = ()
    products: tuple[str, ...] = ()


class Pending(Document, frozen=True, kw_only=True, gc=False):
    """A question or a search that is under way: ask `answer_to` or `found` for what comes of it.
    location: a path."""

    location: str


class ListUpdate(Document, frozen=True, kw_only=True, gc=False):
    """A list arrived. id: resume behind it."""

    id: str
    list: RecommendationList


class AnswerUpdate(Document, frozen=True, kw_only=True, gc=False):
    """An answer arrived. id: resume behind it."""

    id: str
    answer: Answer


class Erased(Document, frozen=True, kw_only=True, gc=False):
    """The user was erased: forget what was shown. id: resume behind it."""

    id: str


Update = ListUpdate | AnswerUpdate | Erased
