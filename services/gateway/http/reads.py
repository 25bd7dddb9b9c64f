"""What is published, by GET: with an ETag, so that a page asks for little."""

from __future__ import annotations

from typing import Annotated, Any

import xxhash
from litestar import Request, Response, get
from litestar.params import Parameter

from .context import Context
from .problems import Problem

JSON = "application/json"
Id = Annotated[str, Parameter(min_length=1, max_length=512)]


@get("/v1/products/{product_id:str}/similar", summary="What is bought and seen with a product")
async def similar(
    request: Request[Any, Any, Any], product_id: Id, context: Context
) -> Response[bytes]:
    """The newest `similar-items.updated.v1` of the product."""
    context.caller(request)
    return answered(request, _there(context.similar.get(product_id), "neighbours", product_id))


@get("/v1/products/{product_id:str}/sentiment", summary="How a product's reviews feel")
async def sentiment(
    request: Request[Any, Any, Any], product_id: Id, context: Context
) -> Response[bytes]:
    """The newest `product-sentiment.updated.v1` of the product."""
    context.caller(request)
    return answered(request, _there(context.sentiment.get(product_id), "reviews", product_id))


@get("/v1/trending", summary="What is clicked most lately")
async def trending(
    request: Request[Any, Any, Any],
    context: Context,
    category: Annotated[str | None, Parameter(max_length=512)] = None,
) -> Response[bytes]:
    """The newest `trending.updated.v1`, of all products or of one category."""
    context.caller(request)
    scope = f"category/{category}" if category else "all"
    return answered(request, _there(context.trending.get(scope), "clicks", scope))


def _there(value: bytes | None, what: str, of: str) -> bytes:
    if value is None:
        raise Problem(404, "Not Found", f"no {what} of {of!r} yet")
    return value


def answered(request: Request[Any, Any, Any], value: bytes) -> Response[bytes]:
    """JSON with its ETag; 304 where that is known."""
    tag = f'"{xxhash.xxh3_64_hexdigest(value)}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Authorization"}
    known = request.headers.get("if-none-match", "")
    if known == "*" or tag in {each.strip().removeprefix("W/") for each in known.split(",")}:
        return Response(b"", status_code=304, headers=headers)
    return Response(value, media_type=JSON, headers=headers)
