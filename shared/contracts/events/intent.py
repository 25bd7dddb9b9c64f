"""What the intent service publishes."""

from __future__ import annotations

from typing import Annotated

import msgspec

from .base import Count, Data, Language, Model, Probability, one_of

INTENT_RECOGNISED = "intent.recognised.v1"
ROUTES = ("answer", "sentiment", "recommend", "person", "none")
SLOTS = ("brand", "category", "price", "order_number", "quantity", "colour", "size")
Amount = Annotated[float, msgspec.Meta(ge=0)]


class Slot(Data, frozen=True, kw_only=True):
    """Something that a text names. An order number is an identifier, and is given as it is."""

    name: Annotated[str, one_of(*SLOTS)]
    value: str  # in its normal form, e.g. "Nike", "navy", "20..50 EUR", "EU 38", "256 GB"
    text: str  # as it was written
    start: Count  # characters [start, end) of the text, in Unicode code points
    end: Count
    minimum: Amount | None = None  # of a price; None: no lower end
    maximum: Amount | None = None
    currency: str | None = None  # of a price, ISO 4217; None: not said


class IntentRecognised(Data, frozen=True, kw_only=True):
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
    top: tuple[str, ...] = ()  # the three most probable intents, best first; see `probabilities`
    # Why the most probable intent is not the one given: it is improbable, or another is as near.
    abstained: Annotated[str, one_of("confidence", "margin")] | None = None
    slots: tuple[Slot, ...] = ()  # what the text names, in its order
    route: Annotated[str, one_of(*ROUTES)] | None = None  # who is to deal with it
