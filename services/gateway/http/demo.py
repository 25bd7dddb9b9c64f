"""The switch of the demo's simulated shoppers, which only a gateway of the demo has."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import orjson
from litestar import Request, Response, get, put

from .context import Context
from .problems import Problem

if TYPE_CHECKING:
    from litestar.handlers import HTTPRouteHandler

ANSWER_S_MAX = 5.0


def handlers(address: str) -> list[HTTPRouteHandler]:
    """Routes that pass on to the demo's process at `address`."""

    async def passed_on(request: Request[Any, Any, Any], context: Context) -> Response[bytes]:
        if not context.caller(request).everything:
            raise Problem(403, "Forbidden", "the shoppers' switch takes a secret key")
        body = await request.body() if request.method == "PUT" else None
        status, said = await asyncio.to_thread(_ask, address, body)
        if status != 200:
            detail = orjson.loads(said).get("detail", "") if said else "the demo has ended"
            raise Problem(status, "Bad Request" if status < 500 else "Bad Gateway", detail)
        return Response(said, media_type="application/json", headers={"Cache-Control": "no-store"})

    @get("/v1/demo/shoppers", summary="Whether simulated shoppers are in the demo's shop")
    async def shoppers(request: Request[Any, Any, Any], context: Context) -> Response[bytes]:
        """`on`, `events_per_s`, and the most that may be asked for."""
        return await passed_on(request, context)

    @put("/v1/demo/shoppers", summary="Switch simulated shoppers on or off")
    async def switch(request: Request[Any, Any, Any], context: Context) -> Response[bytes]:
        """`{"on": true, "events_per_s": 20}`, or one of the two."""
        return await passed_on(request, context)

    return [shoppers, switch]


def _ask(address: str, body: bytes | None) -> tuple[int, bytes]:
    method = "GET" if body is None else "PUT"
    request = urllib.request.Request(address, data=body, method=method)
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_S_MAX) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 502, b""
