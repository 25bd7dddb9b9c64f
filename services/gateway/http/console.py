"""What the console asks beyond what pages may: for secret keys alone, and read-only."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from litestar import Request, Response, get
from litestar.params import Parameter

from ..console_sources import NotThere, Unavailable
from ..core.console import shown_to
from .answers import JSON
from .context import Context
from .problems import Problem
from .reads import Id

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from litestar.handlers import HTTPRouteHandler

    from ..console_sources import ConsoleSources

FOUND_MAX = 20
Query = Annotated[str, Parameter(query="q", min_length=1, max_length=200)]


def handlers(sources: ConsoleSources) -> list[HTTPRouteHandler]:
    """Routes below /v1/console."""

    @get("/v1/console/overview", summary="Workers, lag, rates and dead letters")
    async def overview(request: Request[Any, Any, Any], context: Context) -> Response[bytes]:
        """As `shopkeeper status --json` has them, over the last minute."""
        return await _answer(request, context, sources.overview)

    @get("/v1/console/products", summary="Products whose title or id holds a text")
    async def products(
        request: Request[Any, Any, Any], context: Context, text: Query
    ) -> Response[bytes]:
        """At most 20, as the catalogue has them."""
        _check(request, context)
        found = await asyncio.to_thread(context.catalogue.holding, text, FOUND_MAX)
        said = {"products": [orjson.Fragment(each) for each in context.products.some(found)]}
        return _said(said)

    @get("/v1/console/products/{product_id:str}/shown", summary="In whose lists a product stands")
    async def shown(
        request: Request[Any, Any, Any], product_id: Id, context: Context
    ) -> Response[bytes]:
        """How many of the lists that stand now show it, at which place, and for what reasons."""
        _check(request, context)
        lists = context.feed.values()
        return _said(await asyncio.to_thread(shown_to, lists, product_id))

    @get("/v1/console/users/{user_id:str}", summary="What a user did lately, and was told")
    async def user(
        request: Request[Any, Any, Any], user_id: Id, context: Context
    ) -> Response[bytes]:
        """Newest first, personal data in texts masked."""
        return await _answer(request, context, lambda: sources.user(user_id))

    @get("/v1/console/dead-letters", summary="What workers refused, newest first")
    async def dead_letters(request: Request[Any, Any, Any], context: Context) -> Response[bytes]:
        """The newest of each topic, with the error and the way out, values masked."""
        return await _answer(request, context, sources.dead_letters)

    @get("/v1/console/report", summary="Fairness, answers and unanswered questions")
    async def report(request: Request[Any, Any, Any], context: Context) -> Response[bytes]:
        """As `shopkeeper report` computes them, at most once a minute."""
        return await _answer(request, context, sources.report)

    @get("/v1/console/experiment", summary="The A/B test")
    async def experiment(request: Request[Any, Any, Any], context: Context) -> Response[bytes]:
        """As `shopkeeper experiment` computes it, at most once a minute."""
        return await _answer(request, context, sources.experiment)

    return [overview, products, shown, user, dead_letters, report, experiment]


def _check(request: Request[Any, Any, Any], context: Context) -> None:
    if not context.caller(request).everything:
        raise Problem(403, "Forbidden", "the console takes a secret key")


async def _answer(request: Request[Any, Any, Any], context: Context, ask: Any) -> Response[bytes]:
    _check(request, context)
    work: Awaitable[dict[str, Any]] = ask()
    try:
        return _said(await work)
    except NotThere as error:
        raise Problem(404, "Not Found", str(error)) from None
    except Unavailable as error:
        raise Problem(503, "Service Unavailable", str(error)) from None


def _said(said: dict[str, Any]) -> Response[bytes]:
    body = orjson.dumps(said, option=orjson.OPT_NON_STR_KEYS)
    return Response(body, media_type=JSON, headers={"Cache-Control": "no-store"})
