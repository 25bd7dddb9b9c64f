"""How a user wants lists to be ranked: read, and set where the list is shown."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, put

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.events.shop import Ranking
from shopkeeper.shared.contracts.preferences import PREFERENCE_SET

from ..core.shown import encode, own_list
from ..sending import send, until
from .context import Context
from .problems import sending
from .reads import Id, answered
from .responses import response

OBEYED_S_MAX = 5.0


class Preference(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How lists are ranked: for the user, by what is clicked most, or by what came last."""

    ranking: Ranking


@get(
    "/v1/users/{user_id:str}/preference",
    summary="How the user wants lists to be ranked",
    responses={200: response(Preference, "What the user chose")},
)
async def preference(
    request: Request[Any, Any, Any], user_id: Id, context: Context
) -> Response[bytes]:
    """`personalised` where nothing was chosen."""
    context.reader_of(request, user_id)
    return answered(request, encode(Preference(ranking=context.preferences.ranking(user_id))))


@put(
    "/v1/users/{user_id:str}/preference",
    summary="Choose how lists are ranked",
    responses={
        200: response(Preference, "This gateway obeys"),
        202: response(Preference, "Confirmed; this gateway has not read it yet"),
    },
)
async def set_preference(
    request: Request[Any, Any, Any], user_id: Id, data: Preference, context: Context
) -> Response[bytes]:
    """200 once the broker has confirmed it and this gateway obeys; other gateways and the
    recommender follow within a second. It stays until it is changed, or the user erased."""
    context.reader_of(request, user_id)
    name = "anonymous_id" if _anonymous(context, user_id) else "user_id"
    with sending():
        said = {name: user_id, "ranking": data.ranking}
        await send(context, topics.PREFERENCES, PREFERENCE_SET, user_id, said)

    def obeyed() -> bool | None:
        return context.preferences.ranking(user_id) == data.ranking or None

    status = 200 if await until(obeyed, OBEYED_S_MAX) else 202
    return Response(encode(data), status_code=status, media_type="application/json")


def _anonymous(context: Context, user_id: str) -> bool:
    """Whether the id is one of before a login, as far as the user's list says so."""
    own = own_list(context.feed.latest(user_id.encode()))
    return own is not None and own.value.user_id is None and own.value.anonymous_id == user_id
