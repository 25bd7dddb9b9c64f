"""What is assumed of a user: seen and deleted by the user's own token, or a secret key."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, delete, get
from litestar.params import Parameter

from shopkeeper.shared.contracts import topics

from .. import reading
from ..core.segments import Assumptions, SegmentsShown
from ..core.shown import encode
from ..sending import send, until
from .context import Context
from .lists import Count, OptionalId
from .problems import sending
from .reads import Id, answered
from .responses import response

DELETED = "assumptions.deleted.v1"
Wait = Annotated[float, Parameter(ge=0, le=30, query="wait")]


@get(
    "/v1/users/{user_id:str}/assumptions",
    summary="What is assumed of the user",
    responses={200: response(Assumptions, "All of it")},
)
async def assumptions(
    request: Request[Any, Any, Any], user_id: Id, context: Context
) -> Response[bytes]:
    """Categories and brands with their shares, the group of users alike, from how many events of
    the user's that are remembered, and how the user wants lists to be ranked."""
    context.reader_of(request, user_id)
    return answered(request, encode(reading.assumptions(context, user_id)))


@delete(
    "/v1/users/{user_id:str}/assumptions",
    status_code=204,
    summary="Have it forgotten",
    responses={202: response(None, "It is under way")},
)
async def delete_assumptions(
    request: Request[Any, Any, Any], user_id: Id, context: Context, wait_s: Wait = 5.0
) -> Response[None]:
    """What behaviour said of the user (and of the ids that logins linked) is forgotten: the list,
    the segments, sessions and groups; the stream says `delete`. Profile, orders and preference
    stay: erase the user for those. 204 once it is done, 202 where that takes over `wait` seconds.
    """
    context.reader_of(request, user_id)
    before = context.feed.latest(user_id.encode())
    with sending():
        await send(context, topics.CLICKS, DELETED, user_id, {"user_id": user_id})

    def forgotten() -> bool | None:
        now = context.feed.latest(user_id.encode())
        gone = now is None or (before is None or now.offset > before.offset)
        return (gone and context.segments.get(user_id) is None) or None

    if before is None and forgotten():
        return Response(None, status_code=202)  # there was nothing here to see it by
    done = await until(forgotten, wait_s)
    return Response(None, status_code=204 if done else 202)


@get(
    "/v1/segments",
    summary="Brands and categories for a user",
    responses={200: response(SegmentsShown, "Largest share first")},
)
async def segments(
    request: Request[Any, Any, Any],
    context: Context,
    user: OptionalId = None,
    count: Count = 10,
) -> Response[bytes]:
    """Of what the user's last events were about; without a user, or where nothing is known or to be
    used of the user, of what all visitors click most."""
    if user is None:
        context.caller(request)
    else:
        context.reader_of(request, user)
    return answered(request, encode(reading.segments(context, user, count)))
