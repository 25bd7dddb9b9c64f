"""How many requests were answered, how fast and how: counted on the loop, shown by the metrics."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from litestar.types import ASGIApp, Receive, Send

WAITING_MAX = 100_000  # answers between two observations; further ones are not measured
# What `route` may be, by the path's first part and, where there is one, its last.
ROUTES = frozenset(
    {
        "events",
        "questions",
        "search",
        "searches",
        "segments",
        "trending",
        "categories",
        "products",
        "products/similar",
        "products/sentiment",
        "products/reviews",
        "products/stream",
        "users/recommendations",
        "users/preference",
        "users/assumptions",
        "users/stream",
        "trace",
    }
)
OTHER = "other"


class Answered(NamedTuple):
    """One request whose answer has begun."""

    route: str
    status: int
    seconds: float  # from the request's arrival to the first byte of its answer


class Measured:
    """An ASGI application that notes how another one answers."""

    def __init__(
        self, inner: ASGIApp, answers: Answers, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._inner, self._answers, self._clock = inner, answers, clock

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        started, note = self._clock(), self._answers.note

        async def noting(message: Any) -> None:
            if message["type"] == "http.response.start":
                note(scope["path"], message["status"], self._clock() - started)
            await send(message)

        await self._inner(scope, receive, noting)


class Answers:
    """Answers that no metric shows yet. Filled on the loop, emptied on the state thread."""

    def __init__(self) -> None:
        self._waiting: deque[Answered] = deque(maxlen=WAITING_MAX)

    def note(self, path: str, status: int, seconds: float) -> None:
        """One more."""
        self._waiting.append(Answered(route_of(path), status, seconds))

    def take(self) -> Iterator[Answered]:
        """What came since this was asked last."""
        for _ in range(len(self._waiting)):
            yield self._waiting.popleft()


def route_of(path: str) -> str:
    """A label of `ROUTES`, whatever ids the path names; else `other`."""
    parts = path.split("/", 3)
    if len(parts) < 3 or parts[1] != "v1":
        return OTHER
    first = parts[2]
    if len(parts) == 4:
        last = parts[3].rpartition("/")[2]
        whole = f"{first}/{last}"
        if whole in ROUTES:
            return whole
        if first == "users":
            return OTHER
    return first if first in ROUTES else OTHER
