"""What is published, by GET: with an ETag, so that a page asks for little."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import orjson
from litestar import Request, Response, get
from litestar.params import Parameter

from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.contracts.events.recommendation import (
    SimilarItemsUpdated,
    TrendingItem,
    TrendingUpdated,
)
from shopkeeper.shared.contracts.events.sentiment import ProductSentimentUpdated

from ..core.lists import ListRanking
from .answers import Answer, read
from .context import Context
from .problems import Problem
from .responses import response

NEWEST = Model("newest", "1")
OptionalCount = Annotated[int | None, Parameter(ge=1, le=100)]
Id = Annotated[str, Parameter(min_length=1, max_length=512)]


@get(
    "/v1/products/{product_id:str}/similar",
    summary="What is bought and seen with a product",
    responses={200: response(SimilarItemsUpdated, "Nearest first")},
)
async def similar(
    request: Request[Any, Any, Any], product_id: Id, context: Context, count: OptionalCount = None
) -> Response[bytes]:
    """The newest `similar-items.updated.v1` of the product; of its items at most `count`."""
    context.caller(request)
    value = _there(context.similar.get(product_id), "neighbours", product_id)
    return answered(request, _cut(value, count, context))


@get(
    "/v1/products/{product_id:str}/sentiment",
    summary="How a product's reviews feel",
    responses={200: response(ProductSentimentUpdated, "Of all reviews")},
)
async def sentiment(
    request: Request[Any, Any, Any], product_id: Id, context: Context
) -> Response[bytes]:
    """The newest `product-sentiment.updated.v1` of the product."""
    context.caller(request)
    return answered(request, _there(context.sentiment.get(product_id), "reviews", product_id))


@get(
    "/v1/trending",
    summary="What is clicked most lately, or what is new",
    responses={200: response(TrendingUpdated, "Best first")},
)
async def trending(
    request: Request[Any, Any, Any],
    context: Context,
    category: Annotated[str | None, Parameter(max_length=512)] = None,
    ranking: ListRanking = "popular",
    count: OptionalCount = None,
) -> Response[bytes]:
    """The newest `trending.updated.v1`, of all products or of one category; or, with `ranking`
    `newest`, the available products that came to the catalogue last, in the same form."""
    context.caller(request)
    scope = f"category/{category}" if category else "all"
    if ranking == "popular":
        value = context.trending.get(scope)
        if value is None:
            raise missing_category(context, category, f"no clicks of {scope!r} yet")
        return answered(request, _cut(value, count, context))
    items = [TrendingItem(each, 0.0) for each in context.catalogue.newest(category, count or 20)]
    if not items:
        raise missing_category(context, category, f"no products of {scope!r} in the catalogue")
    found = TrendingUpdated(scope=scope, items=items, as_of_ms=0, model=NEWEST)
    return answered(request, msgspec.json.encode(found))


def missing_category(context: Context, category: str | None, why: str) -> Problem:
    """404 of what there is not of a category; where there is no such category, with the names that
    may be meant. why: what is missing otherwise."""
    more = unknown_category(context, category)
    if not more:
        return Problem(404, "Not Found", why)
    near = ", ".join(more["nearest_categories"])
    told = f"no category {category!r}; " + (f"nearest: {near}; " if near else "")
    return Problem(404, "Not Found", f"{told}/v1/categories has all", **more)


def unknown_category(context: Context, category: str | None) -> dict[str, Any]:
    """What is said of a category that the catalogue does not have; nothing of any other."""
    if not category or not context.catalogue.lacks(category):
        return {}
    near = context.catalogue.categories_near(category)
    return {"unknown_category": category, "nearest_categories": near}


def _cut(value: bytes, count: int | None, context: Context) -> bytes:
    """The value with its first `count` items, less what a domain withholds; as it was published
    where neither says anything."""
    withholds = context.catalogue.withholds if context.catalogue.exclusions else None
    if count is None and withholds is None:
        return value
    try:
        said = orjson.loads(value)
        items = said["items"]
        if withholds is not None:
            if withholds(said.get("product_id", "")) and "product_id" in said:
                items = []
            items = [item for item in items if not withholds(item["product_id"])]
        said["items"] = items[:count]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return value
    return orjson.dumps(said)


def _there(value: bytes | None, what: str, of: str) -> bytes:
    if value is None:
        raise Problem(404, "Not Found", f"no {what} of {of!r} yet")
    return value


def answered(request: Request[Any, Any, Any], value: bytes) -> Response[bytes]:
    """JSON with its ETag; 304 where that is known."""
    return response_of(read(value, request.headers.get("if-none-match", "")))


def response_of(answer: Answer) -> Response[bytes]:
    """An answer for Litestar to send."""
    status, headers, body, media_type = answer
    if status == 304:
        return Response(b"", status_code=status, headers=headers)
    return Response(body, status_code=status, media_type=media_type, headers=headers)
