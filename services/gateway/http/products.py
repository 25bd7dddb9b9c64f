"""What the shop sells, and what its customers say of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from litestar import Request, Response, get
from litestar.params import Parameter
from litestar.response import Stream

from .context import Context
from .problems import Problem
from .reads import Id, answered, unknown_category
from .stream import EVENT_STREAM, HEADERS, KEEP_ALIVE_S, RETRY_MS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

COUNT_MAX = 200
Category = Annotated[str | None, Parameter(max_length=512)]
After = Annotated[str, Parameter(max_length=512)]
Count = Annotated[int, Parameter(ge=1, le=COUNT_MAX)]
Ids = Annotated[list[str] | None, Parameter(query="id", max_items=COUNT_MAX)]


@get("/v1/products", summary="Products of the catalogue")
async def products(
    request: Request[Any, Any, Any],
    context: Context,
    ids: Ids = None,
    category: Category = None,
    after: After = "",
    count: Count = 48,
) -> Response[bytes]:
    """Those with the given `id`s (several may be given), in that order; else a page of the
    catalogue, or of one category, in the order of ids: `next` is what to give as `after`. Where
    there is no such category, `unknown_category` and `nearest_categories` say so."""
    context.caller(request)
    if ids is not None:
        found, following = context.products.some(ids), None
    else:
        found, following = context.products.after(category, after, count)
    said = {"products": [orjson.Fragment(each) for each in found], "next": following}
    if category and not found:
        said |= unknown_category(context, category)
    return answered(request, orjson.dumps(said))


@get("/v1/products/{product_id:str}", summary="A product of the catalogue")
async def product(
    request: Request[Any, Any, Any], product_id: Id, context: Context
) -> Response[bytes]:
    """The product as the catalogue has it now."""
    context.caller(request)
    found = context.products.get(product_id)
    if found is None:
        raise Problem(404, "Not Found", f"no product {product_id!r} in the catalogue")
    return answered(request, found)


@get("/v1/categories", summary="The categories of the catalogue")
async def categories(request: Request[Any, Any, Any], context: Context) -> Response[bytes]:
    """Each with its number of products, by name."""
    context.caller(request)
    found = [{"category": name, "products": count} for name, count in context.products.categories()]
    return answered(request, orjson.dumps({"categories": found}))


@get("/v1/products/{product_id:str}/reviews", summary="A product's newest reviews")
async def reviews(
    request: Request[Any, Any, Any], product_id: Id, context: Context
) -> Response[bytes]:
    """What at most 20 reviews say, newest first: sentiment, aspects, and sentences with personal
    data masked. What was withdrawn, or written by an erased user, is gone."""
    context.caller(request)
    return answered(request, _reviews(context, product_id))


@get("/v1/products/{product_id:str}/stream", summary="A product's newest reviews as they change")
async def review_stream(
    request: Request[Any, Any, Any], product_id: Id, context: Context
) -> Stream:
    """An event `reviews` at once, and whenever a review was judged or withdrawn: each has what
    `/reviews` answers, whole, so that who was away misses nothing."""
    context.caller(request)
    return Stream(_events(context, product_id), media_type=EVENT_STREAM, headers=HEADERS)


def _reviews(context: Context, product_id: str) -> bytes:
    return orjson.dumps({"product_id": product_id, "reviews": context.reviews.of(product_id)})


async def _events(context: Context, product_id: str) -> AsyncIterator[bytes]:
    loop, changed = asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        loop.call_soon_threadsafe(changed.set)

    context.reviews.subscribe(product_id, wake)
    try:
        yield b"retry: %d\n\n" % RETRY_MS
        changed.set()
        while not context.stopping.is_set():
            try:
                async with asyncio.timeout(KEEP_ALIVE_S):
                    await changed.wait()
            except TimeoutError:
                yield b": still here\n\n"
                continue
            changed.clear()
            yield b"event: reviews\ndata: %s\n\n" % _reviews(context, product_id)
    finally:
        context.reviews.leave(product_id, wake)
