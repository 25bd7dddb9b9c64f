"""What the answers service publishes."""

from __future__ import annotations

from typing import Annotated

import msgspec

from .base import Count, Data, Language, Model, Probability, one_of

ANSWER_GIVEN = "answer.given.v1"
# Who answers. person: somebody who works there should. clarify: nobody yet, the shop asks back.
ANSWER_ROUTES = (
    "orders",
    "catalogue",
    "opinions",
    "knowledge",
    "clarify",
    "smalltalk",
    "person",
)
# product: of the catalogue; reviews: what all of one say together; review: one of them, quoted.
SOURCE_KINDS = ("faq", "policy", "page", "product", "order", "reviews", "review")
# Why there is no answer: nothing like the question is known; what is known is too far from it; the
# product has no such attribute; several products fit the question's words; no product has its name;
# the customer has no such order (it may be another's, or there may be none: nobody learns which);
# or who asks for an order is not signed in; or no review says.
ABSTENTIONS = (
    "nothing_found",
    "confidence",
    "unknown_attribute",
    "several_products",
    "unknown_product",
    "unknown_order",
    "not_signed_in",
    "no_reviews",
)
# The customer asked for a person; or two questions in a row were not answered.
HANDOVER_REASONS = ("requested", "unanswered")


class AnswerSource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where an answer comes from: something that the shop said, a product of its catalogue, the
    reviews of one, or an order of the customer who asks."""

    id: str  # knowledge_id, review_id, order_id, or the product_id of a product and its reviews
    kind: Annotated[str, one_of(*SOURCE_KINDS)]
    quote: str  # its words that the answer rests on
    title: str | None = None
    url: str | None = None


class Handover(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person needs to go on with a conversation. Personal data in it is masked."""

    reason: Annotated[str, one_of(*HANDOVER_REASONS)]
    summary: str  # the last lines of both sides, and what they are about; a line each
    product_id: str | None = None  # that is spoken of
    order_id: str | None = None  # that was asked for


class AnswerGiven(Data, frozen=True, kw_only=True):
    """The answer to one question, in plain text. The question is not repeated (privacy), but, with
    personal data masked, for a person who is to take over."""

    answer: str | None  # None: a person should answer
    confidence: Probability  # that the answer is right; without one, of the best that was found
    route: Annotated[str, one_of(*ANSWER_ROUTES)]
    language: Language  # of the question
    model: Model
    latency_ms: Count  # from the question's event time to the answer
    cause: str  # id of the question's event
    event_type: str  # what was answered: question.asked.v1 or products.searched.v1
    sources: tuple[AnswerSource, ...] = ()  # empty without an answer
    abstained: Annotated[str, one_of(*ABSTENTIONS)] | None = None  # why there is no answer
    phrased_by: str | None = None  # name of the large model whose words `answer` is, if any
    local_answer: str | None = None  # then: the answer before, which stands behind it
    user_id: str | None = None
    anonymous_id: str | None = None
    session_id: str | None = None
    product_id: str | None = None
    conversation_id: str | None = None
    handover: Handover | None = None  # a person is to go on
    next: tuple[str, ...] = ()  # questions that the customer may ask next and get an answer
    products: tuple[str, ...] = ()  # ids of products that go with the one in question, best first
