"""What the recommender publishes."""

from __future__ import annotations

from typing import Annotated

import msgspec

from .base import Count, Data, Model, Probability, one_of

RECOMMENDATIONS_UPDATED = "recommendations.updated.v1"
SIMILAR_ITEMS_UPDATED = "similar-items.updated.v1"
TRENDING_UPDATED = "trending.updated.v1"
SEGMENTS_UPDATED = "segments.updated.v1"
PARAMETERS_UPDATED = "parameters.updated.v1"


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
    # As the user wants it; of other than personalised lists nothing of the user's was used.
    ranking: Annotated[str, one_of("personalised", "popular", "newest")] = "personalised"


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


class Segment(msgspec.Struct, frozen=True):
    """One category or brand, and its share of what the user did lately (newer counts more)."""

    name: str
    share: Probability


class SegmentsUpdated(Data, frozen=True, kw_only=True):
    """What a user's last events say of the user: categories and brands, the largest share first,
    and the group of users alike. Shares are of the events whose product has one."""

    categories: list[Segment]
    brands: list[Segment]
    signals: Count  # events that this was made from, the newest that are remembered
    model: Model
    user: str  # a user_id, or an anonymous_id
    group: Count | None = None  # id of the group of users alike; None where none is known
    as_of_ms: int = 0  # event time of the newest of them


Signed = Annotated[float, msgspec.Meta(ge=-1, le=1)]


class Parameter(msgspec.Struct, frozen=True):
    """One number that the ranker is told of an item, and what it weighs: negative where more of it
    lowers the item's score. Sizes of all weights of a ranker sum to 1."""

    name: str
    expert: str  # the source of evidence that it comes from
    weight: Signed


class ParametersUpdated(Data, frozen=True, kw_only=True):
    """What decides the order of lists (Article 27 of the Digital Services Act asks for the main
    parameters and their relative importance), as the worker of one partition of users ranks now.

    Weights are of the learned ranker; as long as `model` is another, it has not learned enough, or
    does not do better than that other, which then orders lists.
    """

    partition: Count  # of the clicks topic
    model: Model  # that orders lists now
    parameters: list[Parameter]
    examples: Count  # lists that were clicked, and taught it
    missed: Count  # clicks on what was no candidate
    reciprocal_rank: Probability  # mean of 1 / place of the clicked item, by the learned ranker,
    reciprocal_rank_base: Probability  # and by the order that it starts from
    explore_share: Probability = 0.0  # of lists, whose last item is drawn by chance
    diversity: Probability = 0.0  # what an item loses whose category the list has already
    same_category_max: Count = 0  # items of one category in a list; 0: any number
    boosts: Count = 0  # rules of the shop that multiply scores,
    exclusions: Count = 0  # and that keep products out of lists
    as_of_ms: int = 0  # when the worker said so, Unix milliseconds
