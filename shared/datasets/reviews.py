"""Formats of ratings and reviews: our own, MovieLens, Amazon's."""

from __future__ import annotations

from collections.abc import Sequence

from .clicks import is_number
from .formats import EVENT_NAMES, REVIEWED, Context, Format, Made, without_none
from .tables import Row


def _rating(row: Row, context: Context) -> Made:
    user, item = row.need_id("user_id"), row.need_id("item_id")
    data = {
        "product_id": item,
        "review_id": f"{user}/{item}",
        "rating": context.rating(row),
        "user_id": user,
    }
    return Made(REVIEWED, item, data, context.old_time_ms(row))


def _numbers(cells: Sequence[str]) -> bool:
    return all(map(is_number, cells))


RATINGS = Format(
    "ratings",
    "user_id,item_id,rating,timestamp: reviews that have a rating and no text",
    {
        "user_id": ("user_id",),
        "item_id": ("item_id", "product_id"),
        "rating": ("rating",),
        "timestamp": ("timestamp",),
    },
    ("user_id", "item_id", "rating", "timestamp"),
    _rating,
    {
        ("user_id", "item_id", "rating", "timestamp"): lambda c: (
            _numbers(c[2:]) and not is_number(c[0])
        )
    },
    unless=EVENT_NAMES,
)


MOVIELENS = Format(
    "movielens",
    "userId,movieId,rating,timestamp; or ratings.dat (user::movie::rating::time) or u.data (tabs)",
    {
        "user_id": ("userId",),
        "item_id": ("movieId",),
        "rating": ("rating",),
        "timestamp": ("timestamp",),
    },
    ("user_id", "item_id", "rating", "timestamp"),
    _rating,
    {("user_id", "item_id", "rating", "timestamp"): _numbers},
)


def _amazon(row: Row, context: Context) -> Made:
    """A review; its headline where it has no text."""
    user, item = row.need_id("user_id"), row.need_id("item_id")
    text = row.get("review_body") or row.get("headline")
    data = {
        "product_id": item,
        "review_id": f"{user}/{row.id('asin') or item}",
        "rating": context.rating(row),
        "review_body": text,
        "user_id": user,
    }
    return Made(REVIEWED, item, without_none(data), context.old_time_ms(row))


AMAZON = Format(
    "amazon-reviews",
    "JSON lines: reviewerID, asin, reviewText, overall, unixReviewTime; "
    "or user_id, parent_asin, text, rating, timestamp",
    {
        "user_id": ("reviewerID", "user_id"),
        "item_id": ("parent_asin", "asin"),
        "asin": ("asin",),
        "review_body": ("reviewText", "text"),
        "headline": ("summary", "title"),
        "rating": ("overall", "rating"),
        "timestamp": ("unixReviewTime", "timestamp"),
    },
    ("user_id", "item_id", "rating", "timestamp"),
    _amazon,
)
