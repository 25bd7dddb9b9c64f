"""Lists and answers as they come: server-sent events that resume where they were cut off."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from litestar import Request, get
from litestar.response import Stream

from shopkeeper.shared.contracts.preferences import PERSONALISED

from ..core.feed import LISTS, Place, Published
from ..core.shown import own_list
from .context import Context
from .reads import Id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEEP_ALIVE_S = 15.0
RETRY_MS = 1000
EVENT_STREAM = "text/event-stream; charset=utf-8"


@get("/v1/users/{user_id:str}/stream", summary="The user's lists and answers as they come")
async def stream(request: Request[Any, Any, Any], user_id: Id, context: Context) -> Stream:
    """Events `recommendations`, `answer` and `delete` (the user was erased). Each has an id; send
    the last one as `Last-Event-ID`, as EventSource does by itself, and none in between is lost."""
    context.reader_of(request, user_id)
    last = Place.parse(
        request.headers.get("last-event-id") or request.query_params.get("last_event_id") or ""
    )
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Stream(
        _events(context, user_id.encode(), last), media_type=EVENT_STREAM, headers=headers
    )


async def _events(context: Context, key: bytes, last: Place | None) -> AsyncIterator[bytes]:
    waiting = asyncio.Event()
    subscription = context.feed.subscribe(key, context.partitions_of(key), last, waiting.set)
    try:
        yield b"retry: %d\nid: %s\n\n" % (RETRY_MS, str(subscription.place).encode())
        while not subscription.behind and not context.stopping.is_set():
            for place, record in subscription.take():
                if _wanted(context, record):
                    yield _event(place, record)
            waiting.clear()
            try:
                async with asyncio.timeout(KEEP_ALIVE_S):
                    await waiting.wait()
            except TimeoutError:
                yield b": still here\n\n"
    finally:
        context.feed.leave(subscription)


def _wanted(context: Context, record: Published) -> bool:
    """Whether a user who wants no personalised lists is not sent one of before that."""
    if record.kind != LISTS or record.value is None or not len(context.preferences):
        return True
    ranking = context.preferences.ranking(record.key.decode("utf-8", "replace"))
    return ranking == PERSONALISED or own_list(record) is None


def _event(place: Place, record: Published) -> bytes:
    kind = "delete" if record.value is None else record.kind
    lines = (record.value or b"{}").replace(b"\r", b"").split(b"\n")
    data = b"".join(b"data: " + line + b"\n" for line in lines)
    return b"event: %s\nid: %s\n%s\n" % (kind.encode(), str(place).encode(), data)
