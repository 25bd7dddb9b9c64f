"""What the sentiment service publishes."""

from __future__ import annotations

from typing import Annotated

import msgspec

from .base import Count, Data, Language, Model, Probability, one_of

SENTIMENT_SCORED = "sentiment.scored.v1"
COMPLAINT_SCORED = "complaint.scored.v1"
PRODUCT_SENTIMENT_UPDATED = "product-sentiment.updated.v1"
CATEGORY_SENTIMENT_UPDATED = "category-sentiment.updated.v1"
Label = Annotated[str, one_of("positive", "neutral", "negative")]
# The order is part of the state of products: append, never insert.
ASPECTS = (
    "quality",
    "price",
    "delivery",
    "service",
    "packaging",
    "fit",
    "taste",
    "looks",
    "performance",
    "battery",
    "ease",
    "content",
)
Aspect = Annotated[str, one_of(*ASPECTS)]


class AspectSaid(msgspec.Struct, frozen=True, kw_only=True):
    """What a review says of one aspect."""

    aspect: Aspect
    polarity: Annotated[str, one_of("positive", "negative")]
    score: Probability  # how sure that is
    quote: str  # the words that show it


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
    rating_disagrees: bool = False  # the text is clearly of one side, the rating of the other
    aspects: tuple[AspectSaid, ...] = ()


class AspectOpinions(Data, frozen=True, kw_only=True):
    """What the reviews of a product say of one aspect."""

    aspect: Aspect
    positive: Count  # reviews that praise it
    negative: Count
    # Bayesian mean of praise less criticism, -1 to 1
    mean: Annotated[float, msgspec.Meta(ge=-1, le=1)]
    praise: tuple[str, ...] = ()  # quotes, newest first
    criticism: tuple[str, ...] = ()


class ComplaintScored(Data, frozen=True, kw_only=True):
    """How a complaint in the search box or a chat feels. The text is not repeated (privacy)."""

    label: Label
    score: Probability  # of `label`
    probabilities: dict[str, Probability]  # all three
    language: Language
    model: Model
    event_type: str  # of the text: products.searched.v1 or question.asked.v1
    user_id: str | None = None
    anonymous_id: str | None = None
    session_id: str | None = None
    product_id: str | None = None
    conversation_id: str | None = None


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
    # of the trend, two-sided, at most; absent where either part is too small to tell
    trend_p_value: Probability | None = None
    aspects: tuple[AspectOpinions, ...] = ()  # the most spoken of first
    praised: tuple[Aspect, ...] = ()  # the most praised first
    criticised: tuple[Aspect, ...] = ()
    summary: str | None = None  # sentences in the language of most reviews


class CategorySentimentUpdated(Data, frozen=True, kw_only=True):
    """What all reviews of a category's products say together, and of those of the categories
    within it."""

    category: str  # as the catalogue writes it: "Home", "Home > Kitchen"
    products: Count  # that have reviews
    count: Count  # reviews
    # Bayesian mean of sentiment, -1 (negative) to 1 (positive)
    mean: Annotated[float, msgspec.Meta(ge=-1, le=1)]
    # mean of the newer part minus mean of the older part
    trend: Annotated[float, msgspec.Meta(ge=-2, le=2)]
    positive: Count
    neutral: Count
    negative: Count
    model: Model
    # of the trend, two-sided, at most; absent where either part is too small to tell
    trend_p_value: Probability | None = None
    aspects: tuple[AspectOpinions, ...] = ()  # the most spoken of first
    praised: tuple[Aspect, ...] = ()  # the most praised first
    criticised: tuple[Aspect, ...] = ()
    summary: str | None = None  # sentences in the language of most reviews
