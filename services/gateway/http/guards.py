"""What is asked before any handler: how often the caller came, and whether the broker is there."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from litestar import Response, get

from .problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from litestar import Request

    from ..core.rate_limits import RateLimits
    from .access import Caller
    from .context import Context

READS = frozenset({"GET", "HEAD", "OPTIONS"})
SENDING_READS = ("/v1/search",)  # that publish an event
AGAIN_S = 2
STALE = "Shopkeeper-Stale"


class Guards:
    """Before and after each request of one application."""

    def __init__(self, context: Context, *, of_users: RateLimits, of_keys: RateLimits) -> None:
        """of_users: of one user's token, or one address with a page's key or with none that is
        valid. of_keys: of one secret key; without any keys, of one address."""
        self._context, self._of_users, self._of_keys = context, of_users, of_keys

    async def before(self, request: Request[Any, Any, Any]) -> None:
        """Raises Problem 429, or 503 for what is to be published while the broker is away."""
        path = request.url.path
        if not path.startswith("/v1/") or request.method == "OPTIONS":
            return
        self.slow_down(request)
        ready, why = self._context.ready()
        if not ready and (request.method not in READS or path in SENDING_READS):
            raise _later(503, "Service Unavailable", f"nothing can be published: {why}", AGAIN_S)

    def slow_down(self, request: Request[Any, Any, Any]) -> None:
        """Raises Problem 429 for a caller who came too often."""
        wait_s = self._wait_s(request)
        if wait_s > 0:
            self._context.refused += 1
            raise _later(429, "Too Many Requests", "more requests than one caller may make", wait_s)

    async def after(self, response: Response[Any]) -> Response[Any]:
        """Says of reads that nothing newer comes in at present."""
        response.headers |= self.stale()
        return response

    def stale(self) -> dict[str, str]:
        """The header of an answer while nothing newer comes in; empty while all is well."""
        ready, why = self._context.ready()
        return {} if ready else {STALE: why.encode("ascii", "replace").decode()}

    def _wait_s(self, request: Request[Any, Any, Any]) -> float:
        address = request.client.host if request.client else ""
        try:
            caller = self._context.caller(request)
        except Problem:  # the handler says so; who guesses keys is slowed down
            return self._of_users.wait_s(f"address {address}", self._context.monotonic_s())
        return self.wait_s(caller, address)

    def wait_s(self, caller: Caller, address: str) -> float:
        """0 where the caller may go on, which counts; else seconds until it may."""
        now_s = self._context.monotonic_s()
        if caller.everything:
            return self._of_keys.wait_s(caller.key or f"address {address}", now_s)
        if caller.user_id is not None:
            return self._of_users.wait_s(f"user {caller.user_id}", now_s)
        return self._of_users.wait_s(f"address {address}", now_s)


def _later(status: int, title: str, detail: str, wait_s: float) -> Problem:
    problem = Problem(status, title, detail)
    problem.headers = {"Retry-After": str(max(1, math.ceil(wait_s)))}
    return problem


def probes(ready: Callable[[], tuple[bool, str]]) -> Any:
    """`/readyz` for whoever sends requests here, as the worker's own has it."""

    @get("/readyz", include_in_schema=False, media_type="text/plain")
    async def readyz() -> Response[str]:
        """503 where writes would be refused."""
        fine, why = ready()
        return Response(f"{why}\n", status_code=200 if fine else 503, media_type="text/plain")

    return readyz
