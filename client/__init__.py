"""The gateway's client in Python: publish events, follow a user's lists and answers, read.

`Client` and `AsyncClient` have the same methods. Importing this loads httpx and msgspec, none of
what the workers need.
"""

from __future__ import annotations

from .aio import AsyncClient
from .documents import (
    Answer,
    AnswerUpdate,
    Erased,
    Item,
    ListUpdate,
    Pending,
    Reason,
    RecommendationList,
    Sentiment,
    SimilarItems,
    Trending,
    Update,
)
from .errors import (
    EventsRefused,
    NotAllowed,
    NotConfirmed,
    NotFound,
    Overloaded,
    Problem,
    ProblemError,
    ShopkeeperError,
    Unreachable,
)
from .events import (
    AnswerRated,
    Event,
    EventError,
    KnowledgePublished,
    OrderCompleted,
    OrderLine,
    OrderRefunded,
    ProductAdded,
    ProductCatalogued,
    ProductClicked,
    ProductRemoved,
    ProductReviewed,
    ProductsSearched,
    QuestionAsked,
    Receipt,
    ReviewWithdrawn,
    UserErased,
    UserProfiled,
)
from .retrying import Policy
from .sync import Client

__all__ = [
    "Answer",
    "AnswerRated",
    "AnswerUpdate",
    "AsyncClient",
    "Client",
    "Erased",
    "Event",
    "EventError",
    "EventsRefused",
    "Item",
    "KnowledgePublished",
    "ListUpdate",
    "NotAllowed",
    "NotConfirmed",
    "NotFound",
    "OrderCompleted",
    "OrderLine",
    "OrderRefunded",
    "Overloaded",
    "Pending",
    "Policy",
    "Problem",
    "ProblemError",
    "ProductAdded",
    "ProductCatalogued",
    "ProductClicked",
    "ProductRemoved",
    "ProductReviewed",
    "ProductsSearched",
    "QuestionAsked",
    "Reason",
    "Receipt",
    "RecommendationList",
    "ReviewWithdrawn",
    "Sentiment",
    "ShopkeeperError",
    "SimilarItems",
    "Trending",
    "Unreachable",
    "Update",
    "UserErased",
    "UserProfiled",
]
