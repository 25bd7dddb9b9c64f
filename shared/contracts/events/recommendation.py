"""What the recommender publishes."""

from __future__ import annotations

from typing import Annotated

import msgspec

from .base import Count, Data, Model, Probability, one_of

RECOMMENDATIONS_UPDATED = "recommendations.updated.v1"
SIMILAR_ITEMS_UPDATED = "similar-items.updated.v1"
TRENDING_UPDATED = "trending.updated.v1"


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


class RecommendationsUpdated(Data, frozen=True, kw_only=True):
    """A user's list, best first. `recomm_id` is to be echoed in clicks that come from it."""

    recomm_id: str
    items: list[RecommendedItem]
    fallback: Annotated[
        str, one_of("none", "cluster", "trending", "newest", "empty")
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
    basis: Annotated[str, one_of("viewed", "added", "bought")] = "viewed"


class SimilarItemsUpdated(Data, frozen=True, kw_only=True):
    """An item's nearest neighbours, best first."""

    product_id: str
    items: list[SimilarItem]
    count: Count  # sessions with the item itself
    model: Model


class TrendingItem(msgspec.Struct, frozen=True):
    """One item and its decayed count."""

    product_id: str
    score: float


class TrendingUpdated(Data, frozen=True, kw_only=True):
    """What is clicked most lately. scope: "all", or "category/<name>"."""

    scope: str
    items: list[TrendingItem]
    as_of_ms: int  # event time that the window ends at
    model: Model
