"""Searches, and the lists that the recommender makes for them: within a deadline, or later."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, Annotated, Any

from litestar import Request, Response, get
from litestar.params import Parameter

from shopkeeper.shared.contracts import topics

from .. import reading, searching
from ..core.languages import language_of
from ..core.lists import Wanted
from ..core.shown import ListShown, encode
from ..sending import send
from .context import Context
from .lists import Count, Language, OptionalId
from .problems import Problem, sending
from .reads import Id
from .responses import response

if TYPE_CHECKING:
    from ..searching import Outcome

SEARCHED = "products.searched.v1"
WAIT_S_MAX = 30.0
# Whoever searches without an id is given one of so many in turn: lists are kept by id, and ids that
# never came again would fill their topic.
NOBODIES = 1 << 16
_turn = itertools.count(random.randrange(NOBODIES))

Query = Annotated[str, Parameter(min_length=1, max_length=2000, query="q")]
Wait = Annotated[float, Parameter(ge=0, le=WAIT_S_MAX, query="wait")]


@get(
    "/v1/search",
    summary="The list for a search",
    responses={
        200: response(ListShown, "What fits"),
        202: response(None, "It is under way: look at `Location`"),
    },
)
async def search(
    request: Request[Any, Any, Any],
    q: Query,
    context: Context,
    user: OptionalId = None,
    category: OptionalId = None,
    count: Count = 10,
    wait_s: Wait = 2.0,
    language: Language = None,
) -> Response[bytes]:
    """The search is published for the recommender, which answers it; 200 with its list where that
    comes within `wait` seconds, else 202 with its `Location`. A question gets its `answer`, and
    where it asks for no product nothing but that. `user`: whose search it is, and whose history
    counts; without, nobody's does.
    """
    caller = context.caller(request)
    if user is not None and not caller.may_read(user):
        raise Problem(403, "Forbidden", "to search as a user takes a secret key or their token")
    wanted = Wanted(count, category=category)
    reader = language_of(language, request.headers.get("accept-language"))
    if user is None:
        name, by = f"gateway-search-{next(_turn) % NOBODIES}", "anonymous_id"
    else:
        name, by = user, "user_id"
    with sending():
        event_id = await send(context, topics.SEARCHES, SEARCHED, name, {by: name, "query": q})
    found = await searching.within(context, event_id, wait_s)
    if found is None:
        location = f"/v1/searches/{event_id}"
        return Response(b"", status_code=202, headers={"Location": location})
    return _answered(context, found, wanted, reader, q)


@get(
    "/v1/searches/{event_id:str}",
    summary="The list for a search of before",
    responses={200: response(ListShown, "What fits")},
)
async def searched(
    request: Request[Any, Any, Any],
    event_id: Id,
    context: Context,
    category: OptionalId = None,
    count: Count = 10,
    language: Language = None,
) -> Response[bytes]:
    """404 where it has not come yet, or came long ago."""
    caller = context.caller(request)
    found = searching.outcome(context, event_id)
    if found is None or not (_nobodys(found.owner) or caller.may_read(_user(found.owner))):
        # The same for both: that somebody searched is nobody else's.
        raise Problem(404, "Not Found", "no list yet, or it came long ago")
    reader = language_of(language, request.headers.get("accept-language"))
    return _answered(context, found, Wanted(count, category=category), reader, None)


def _answered(
    context: Context, found: Outcome, wanted: Wanted, language: str, query: str | None
) -> Response[bytes]:
    shown = reading.searched(context, found, wanted, language, query)
    if shown is None:
        raise Problem(404, "Not Found", "the list that came cannot be read")
    headers = {"Cache-Control": "no-store", "Content-Language": language}
    return Response(encode(shown), media_type="application/json", headers=headers)


def _user(key: bytes) -> str:
    return key.decode("utf-8", "replace")


def _nobodys(key: bytes) -> bool:
    return key.startswith(b"gateway-search-")
