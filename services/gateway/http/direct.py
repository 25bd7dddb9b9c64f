"""The short way of the two routes that are asked most: a list, and events in.

Requests that are plainly right are answered here, by the same functions as Litestar's handlers and
with the same bytes, without Litestar's routing, validation and middleware, which take most of such
a request's time. Whatever is not plainly right (another parameter, an origin, a value that Litestar
may read otherwise, a caller who may not, a broker that is away) goes to Litestar as it came: its
handlers stay the description of the routes (docs/decisions/0068-hot-routes-before-litestar.md).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, get_args
from urllib.parse import parse_qsl

import msgspec

from .. import reading
from ..core.languages import language_of
from ..core.lists import Placement, Wanted
from .answers import Answer, encoded
from .events import accepted
from .held import HeldLists
from .lists import COUNT_MAX, EXCLUDED_MAX, positions
from .problems import PROBLEM, Problem, described

if TYPE_CHECKING:
    from collections.abc import Mapping

    from litestar.types import ASGIApp, Receive, Scope, Send

    from .access import Caller
    from .context import Context
    from .guards import Guards
    from .held import Raw

USERS, LISTS, EVENTS = "/v1/users/", "/recommendations", "/v1/events"
ID_MAX, LANGUAGE_MAX = 512, 64  # as the handler has them
QUERY_BYTES_MAX = 2048  # of what is read here, and held as it was read
HEADER_MAX = 256  # of an Accept-Language that is held as it was read
# Read here. Of one that comes twice, Litestar decides which counts.
READ = frozenset(
    {
        b"authorization",
        b"accept-language",
        b"content-length",
        b"content-type",
        b"idempotency-key",
        b"if-none-match",
        b"traceparent",
    }
)
UNUSUAL = (b"ce-", b"x-shopify-", b"x-wc-")  # events that headers say something of
PLACEMENTS = frozenset(get_args(Placement))


class Asked(NamedTuple):
    """A query string as it was read."""

    wanted: Wanted
    language: str | None


class Direct:
    """An ASGI application in front of another, which has all routes."""

    def __init__(
        self, context: Context, guards: Guards, others: ASGIApp, body_bytes_max: int
    ) -> None:
        self._context, self._guards, self._others = context, guards, others
        self._body_bytes_max, self._held = body_bytes_max, HeldLists(context)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer, or have the other application do it."""
        if scope["type"] == "http":
            path, method = scope["path"], scope["method"]
            if method == "GET" and path.endswith(LISTS) and path.startswith(USERS):
                answer = self._list(scope, path[len(USERS) : -len(LISTS)])
                if answer is not None:
                    await _send(send, *answer)
                    return
            elif method == "POST" and path == EVENTS:
                said = _headers(scope)
                if said is not None and self._is_body_plain(said):
                    caller = self._let_in(scope, said)
                    if caller is not None:
                        await self._events(caller, said, receive, send)
                        return
        await self._others(scope, receive, send)

    def _list(self, scope: Scope, user_id: str) -> Raw | None:
        """None where this is not plainly right."""
        if not 0 < len(user_id) <= ID_MAX or "/" in user_id:
            return None
        said, asked = _headers(scope), asked_by(scope["query_string"])
        if said is None or asked is None:
            return None
        context = self._context
        if self._let_in(scope, said, user_id) is None:
            return None
        reader = _reader(asked.language, said.get("accept-language"))
        known, key = said.get("if-none-match", ""), (user_id, scope["query_string"], reader)
        answer = self._held.get(key, known)
        if answer is None:
            # Taken before the list is made: it is of no older record than it is held with.
            own, views = context.feed.latest(user_id.encode()), positions(context)
            found = reading.list_for(context, user_id, asked.wanted, reader)
            answer = self._held.put(key, own, found, views, known)
        return answer

    async def _events(
        self, caller: Caller, said: Mapping[str, str], receive: Receive, send: Send
    ) -> None:
        # From here on the request counts as one of its caller's, so nobody else may answer it.
        body = await _whole(receive)
        if body is None:
            return
        try:
            found = await accepted(self._context, caller, said, body)
            answer = Answer(202, self._guards.stale(), found)
        except Exception as error:
            status, document, headers = described("POST", EVENTS, error)
            answer = Answer(status, headers, msgspec.json.encode(document), PROBLEM)
        await _send(send, answer.status, encoded(answer), answer.body)

    def _is_body_plain(self, said: Mapping[str, str]) -> bool:
        length = said.get("content-length", "")
        return (
            length.isascii()
            and length.isdigit()
            and len(length) < 12
            and int(length) <= self._body_bytes_max
        )

    def _let_in(
        self, scope: Scope, said: Mapping[str, str], user_id: str | None = None
    ) -> Caller | None:
        """Who asks, once that is counted; None where Litestar is to say why not.

        user_id: whose list it is, if it is one.
        """
        context = self._context
        if not context.ready()[0]:
            return None
        try:
            caller = context.access.caller(said.get("authorization"))
        except Problem:
            return None
        if user_id is not None and not caller.may_read(user_id):
            return None
        client = scope.get("client")
        address = client[0] if client else ""
        return None if self._guards.wait_s(caller, address) > 0 else caller


def _headers(scope: Scope) -> dict[str, str] | None:
    """What is read of the headers; None where there is something of which Litestar makes more."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name in READ:
            text = name.decode()
            if text in found:
                return None
            found[text] = value.decode("latin-1")
        elif name == b"origin" or name.startswith(UNUSUAL):
            return None
    return found


def asked_by(query: bytes) -> Asked | None:
    """What a query string asks for; None where Litestar is to read it."""
    return _asked_by(query) if len(query) <= QUERY_BYTES_MAX else None


@lru_cache(1024)
def _asked_by(query: bytes) -> Asked | None:
    single: dict[str, str] = {}
    exclude: list[str] = []
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if not value or value.lower() == "null":  # which Litestar may take for nothing said
            return None
        if name == "exclude":
            exclude.append(value)
        elif name in ("product", "category", "count", "placement", "language"):
            if name in single:
                return None
            single[name] = value
        else:
            return None
    count, place = single.get("count", "10"), single.get("placement")
    plain = (
        count.isascii()
        and count.isdigit()
        and not count.startswith("0")
        and len(count) <= 3
        and int(count) <= COUNT_MAX
        and (place is None or place in PLACEMENTS)
        and len(exclude) <= EXCLUDED_MAX
        and len(single.get("product", "")) <= ID_MAX
        and len(single.get("category", "")) <= ID_MAX
        and len(single.get("language", "")) <= LANGUAGE_MAX
    )
    if not plain:
        return None
    placement: Any = place
    wanted = Wanted(
        int(count), single.get("product"), single.get("category"), frozenset(exclude), placement
    )
    return Asked(wanted, single.get("language"))


def _reader(asked: str | None, accepted: str | None) -> str:
    if accepted is not None and len(accepted) > HEADER_MAX:
        return language_of(asked, accepted)
    return _language_of(asked, accepted)


_language_of = lru_cache(1024)(language_of)


async def _whole(receive: Receive) -> bytes | None:
    """The body; None where the caller has gone."""
    parts: list[bytes] = []
    while True:
        message: Any = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts) if len(parts) > 1 else bytes(parts[0])


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
