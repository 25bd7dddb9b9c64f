"""Lists and answers as they come: server-sent events that resume where they were cut off."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from litestar import Request, Response, get

from shopkeeper.shared.contracts.preferences import PERSONALISED

from ..core.feed import LISTS, Place, Published
from ..core.shown import own_list
from ..core.withheld import value_of
from .context import Context
from .reads import Id

if TYPE_CHECKING:
    from litestar.types import Receive, Scope, Send

KEEP_ALIVE_S = 15.0
RETRY_MS = 1000
EVENT_STREAM = "text/event-stream; charset=utf-8"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class EventStream(Response[None]):
    """A user's events until the client goes, falls behind, or the gateway stops.

    Litestar's own stream takes a group of tasks and four events for each client; this one a task
    that waits for the client to go, so that an open stream takes half the memory
    (benchmarks/bench_gateway.py).
    """

    def __init__(self, context: Context, key: bytes, last: Place | None) -> None:
        super().__init__(None)
        self._context, self._key, self._last = context, key, last
        self._waiter: asyncio.Future[bool] | None = None
        self._gone = False

    def to_asgi_response(self, *_: Any, **__: Any) -> EventStream:  # type: ignore[override]
        """Itself."""
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve."""
        feed, key = self._context.feed, self._key
        partitions = self._context.partitions_of(key)
        subscription = feed.subscribe(key, partitions, self._last, self._wake)
        watching = asyncio.create_task(self._watch(receive))
        try:
            said = {"Content-Type": EVENT_STREAM, **HEADERS, **self.headers}
            headers = [(name.lower().encode(), value.encode()) for name, value in said.items()]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            opening = b"retry: %d\nid: %s\n\n" % (RETRY_MS, str(subscription.place).encode())
            await _send(send, opening)
            while not (subscription.behind or self._gone or self._context.stopping.is_set()):
                if taken := subscription.take():
                    await _send(send, b"".join(map(self._event, taken)))
                elif not await self._woken():
                    await _send(send, b": still here\n\n")
            if not self._gone:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            watching.cancel()
            feed.leave(subscription)

    def _event(self, seen: tuple[Place, Published]) -> bytes:
        """Nothing for a list of before its user wanted none that is personalised."""
        place, record = seen
        context = self._context
        if record.kind == LISTS and record.value is not None and len(context.preferences):
            ranking = context.preferences.ranking(record.key.decode("utf-8", "replace"))
            if ranking != PERSONALISED and own_list(record) is not None:
                return b""
        return _event(place, record._replace(value=value_of(record, context.catalogue)))

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        self._wake()

    def _wake(self, *, something: bool = True) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(something)

    async def _woken(self) -> bool:
        """Wait for something to do; False where there is nothing for KEEP_ALIVE_S."""
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = loop.call_later(KEEP_ALIVE_S, partial(self._wake, something=False))
        try:
            return await self._waiter
        finally:
            timer.cancel()
            self._waiter = None


@get("/v1/users/{user_id:str}/stream", summary="The user's lists and answers as they come")
async def stream(request: Request[Any, Any, Any], user_id: Id, context: Context) -> EventStream:
    """Events `recommendations`, `answer` and `delete` (the user was erased). Each has an id; send
    the last one as `Last-Event-ID`, as EventSource does by itself, and none in between is lost."""
    context.reader_of(request, user_id)
    last = Place.parse(
        request.headers.get("last-event-id") or request.query_params.get("last_event_id") or ""
    )
    return EventStream(context, user_id.encode(), last)


async def _send(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


def _event(place: Place, record: Published) -> bytes:
    kind = "delete" if record.value is None else record.kind
    lines = (record.value or b"{}").replace(b"\r", b"").split(b"\n")
    data = b"".join(b"data: " + line + b"\n" for line in lines)
    return b"event: %s\nid: %s\n%s\n" % (kind.encode(), str(place).encode(), data)
