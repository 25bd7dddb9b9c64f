"""What the answers service publishes."""

from __future__ import annotations

from typing import Annotated

import msgspec

from .base import Count, Data, Language, Model, Probability, one_of

ANSWER_GIVEN = "answer.given.v1"
# Who answers. person: nobody here does, and somebody who works there should.
ANSWER_ROUTES = ("catalogue", "knowledge", "person")
SOURCE_KINDS = ("faq", "policy", "page", "product")
# Why there is no answer: nothing like the question is known; what is known is too far from it; the
# product has no such attribute; or several products fit the question's words.
ABSTENTIONS = ("nothing_found", "confidence", "unknown_attribute", "several_products")


class AnswerSource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where an answer comes from: something that the shop said, or a product of its catalogue."""

    id: str  # knowledge_id, or the product_id of a product
    kind: Annotated[str, one_of(*SOURCE_KINDS)]
    quote: str  # its words that the answer rests on
    title: str | None = None
    url: str | None = None


class AnswerGiven(Data, frozen=True, kw_only=True):
    """The answer to one question, in plain text. The question is not repeated (privacy)."""

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
    user_id: str | None = None
    anonymous_id: str | None = None
    session_id: str | None = None
    product_id: str | None = None
    conversation_id: str | None = None
