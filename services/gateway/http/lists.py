"""The user's list, for this request: by GET, with an ETag."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.params import Parameter

from .. import reading
from ..core.languages import language_of
from ..core.lists import Placement, Wanted
from ..core.shown import ListShown, encode
from .answers import Answer, read
from .context import Context
from .reads import Id, response_of
from .responses import response

COUNT_MAX = 100
EXCLUDED_MAX = 1000
Count = Annotated[int, Parameter(ge=1, le=COUNT_MAX)]
OptionalId = Annotated[str | None, Parameter(min_length=1, max_length=512)]
Excluded = Annotated[list[str] | None, Parameter(max_items=EXCLUDED_MAX)]
Language = Annotated[str | None, Parameter(max_length=64)]
VIEWS = "Shopkeeper-Views"


@get(
    "/v1/users/{user_id:str}/recommendations",
    summary="The user's list, for this request",
    responses={200: response(ListShown, "The list, best first")},
)
async def recommendations(
    request: Request[Any, Any, Any],
    user_id: Id,
    context: Context,
    product: OptionalId = None,
    category: OptionalId = None,
    exclude: Excluded = None,
    count: Count = 10,
    placement: Placement | None = None,
    language: Language = None,
) -> Response[bytes]:
    """From the user's newest list and the request's context: the `product` and the `category` that
    the page shows. Filled up with neighbours, what is trending and what is new, so that it is
    empty only where there is nothing to show; without what is removed or not available.

    Reasons are sentences in `language`, else by Accept-Language (en, zh). The header
    `Shopkeeper-Views` says how far the gateway had read the topics that the list was made from.
    Where the user wants no personalised list, nothing of the user's is used.
    """
    context.reader_of(request, user_id)
    wanted = Wanted(count, product, category, frozenset(exclude or ()), placement)
    reader = language_of(language, request.headers.get("accept-language"))
    value = encode(reading.list_for(context, user_id, wanted, reader))
    known = request.headers.get("if-none-match", "")
    return response_of(list_answer(value, positions(context), reader, known))


def list_answer(value: bytes, views: str, reader: str, known: str) -> Answer:
    """A list with its headers; 304 where the caller knows it."""
    answer = read(value, known)
    answer.headers[VIEWS] = views
    answer.headers["Vary"] = "Authorization, Accept-Language"
    answer.headers["Content-Language"] = reader
    return answer


def positions(context: Context) -> str:
    """similar-items=4711,trending=12: next offsets, summed over partitions, as in `ce_views`."""
    return ",".join(
        f"{topic.split('.')[1]}={at}" for topic, at in sorted(context.positions.items())
    )
