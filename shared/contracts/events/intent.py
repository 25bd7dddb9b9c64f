"""What the intent service publishes."""

from __future__ import annotations

from .base import Data, Language, Model, Probability

INTENT_RECOGNISED = "intent.recognised.v1"


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
