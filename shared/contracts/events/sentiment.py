"""What the sentiment service publishes."""

from __future__ import annotations

from typing import Annotated

import msgspec

from .base import Count, Data, Language, Model, Probability, one_of

SENTIMENT_SCORED = "sentiment.scored.v1"
PRODUCT_SENTIMENT_UPDATED = "product-sentiment.updated.v1"
Label = Annotated[str, one_of("positive", "neutral", "negative")]


class SentimentScored(Data, frozen=True, kw_only=True):
    """How a review feels."""

    product_id: str
    review_id: str
    label: Label
    score: Probability  # of `label`
    probabilities: dict[str, Probability]  # all three
    language: Language
    basis: Annotated[str, one_of("text", "rating")]  # what the label was made from
    model: Model
    rating: float | None = None


class ProductSentimentUpdated(Data, frozen=True, kw_only=True):
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
