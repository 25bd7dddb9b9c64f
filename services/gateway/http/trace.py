"""How events pass through topics and services, as it happens: server-sent events."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from litestar import Request, get
from litestar.params import Parameter
from litestar.response import Stream

from ..core.trace import Watch, graph
from .context import Context
from .problems import Problem
from .stream import EVENT_STREAM, HEADERS, KEEP_ALIVE_S, RETRY_MS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from litestar.handlers import HTTPRouteHandler

    from ..core.trace import Trace
    from ..trace_reader import TraceReader

TELL_S = 0.1  # records are told together this often
FIGURES_S = 1.0
Asked = Annotated[str | None, Parameter(max_length=1024)]


def handlers(reader: TraceReader, trace: Trace) -> list[HTTPRouteHandler]:
    """The route of `GET /v1/trace`."""

    @get("/v1/trace", summary="How events pass, as it happens")
    async def watch(
        request: Request[Any, Any, Any],
        context: Context,
        user: Asked = None,
        event: Asked = None,
    ) -> Stream:
        """Events `graph` (once), `records` (a few together) and `figures` (each second). `user`:
        what this user does and what that causes; `event`: one event and what it causes. Takes a
        secret key. Values are never told, keys as pseudonyms but the asked user's."""
        if not context.caller(request).everything:
            raise Problem(403, "Forbidden", "the trace takes a secret key")
        told = _events(reader, trace, context, user or "", event or "")
        return Stream(told, media_type=EVENT_STREAM, headers=HEADERS)

    return [watch]


async def _events(
    reader: TraceReader, trace: Trace, context: Context, user: str, event: str
) -> AsyncIterator[bytes]:
    waiting = asyncio.Event()
    watch = Watch(waiting.set, user=user, event=event)
    reader.watch(watch)
    try:
        yield b"retry: %d\n\n" % RETRY_MS
        yield _event("graph", graph())
        figures_s = silent_s = 0.0
        while not watch.failed and not context.stopping.is_set():
            now_s = time.monotonic()
            if records := watch.take():
                told = [trace.told(each, user=user) for each in records]
                yield _event("records", {"records": told, "left_out": watch.left_out})
            if now_s - figures_s >= FIGURES_S:
                figures_s = now_s
                yield _event("figures", trace.figures(now_s))
            elif now_s - silent_s >= KEEP_ALIVE_S:
                silent_s = now_s
                yield b": still here\n\n"
            waiting.clear()
            await asyncio.sleep(TELL_S)
            try:
                async with asyncio.timeout(FIGURES_S):
                    await waiting.wait()
            except TimeoutError:
                pass
        if watch.failed:
            yield _event("problem", {"detail": watch.failed})
    finally:
        reader.leave(watch)


def _event(name: str, data: dict[str, Any]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps(data))
