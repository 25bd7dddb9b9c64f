"""Questions in, and their answers, within a deadline or later."""

from __future__ import annotations

import asyncio
import uuid
from typing import Annotated, Any

import msgspec
import orjson
from aiokafka.errors import KafkaError
from litestar import Request, Response, get, post
from litestar.params import Parameter

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.events.answers import AnswerGiven
from shopkeeper.shared.contracts.outputs import rfc3339
from shopkeeper.shared.datasets.admission import UnsentRecord

from ..core.withheld import value_of
from .context import Context
from .problems import Problem
from .responses import response

LOOK_S = 0.01
WAIT_S_MAX = 30.0


class Asked(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A question, as a page asks it."""

    question: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    user_id: str | None = None
    anonymous_id: str | None = None
    session_id: str | None = None
    product_id: str | None = None
    conversation_id: str | None = None


@post(
    "/v1/questions",
    status_code=200,
    summary="Ask a question",
    responses={
        200: response(AnswerGiven, "The answer"),
        202: response(None, "It is under way: look at `Location`"),
    },
)
async def ask(
    request: Request[Any, Any, Any],
    data: Asked,
    context: Context,
    wait_s: Annotated[float, Parameter(ge=0, le=WAIT_S_MAX, query="wait")] = 5.0,
) -> Response[bytes]:
    """200 with the answer where it comes within `wait` seconds, else 202 with its `Location`."""
    caller = context.caller(request)
    if data.user_id is not None and not caller.may_read(data.user_id):
        raise Problem(403, "Forbidden", "to ask as a user takes a secret key or the user's token")
    user = data.user_id or data.anonymous_id
    if not user:
        raise Problem(400, "Bad Request", "name the `user_id` or an `anonymous_id` of the page")
    event_id = str(uuid.uuid4())
    now_ms = context.now_ms()
    value = orjson.dumps({k: v for k, v in msgspec.to_builtins(data).items() if v is not None})
    headers = [
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id.encode()),
        ("ce_source", b"shopkeeper/gateway"),
        ("ce_type", f"{context.type_prefix}question.asked.v1".encode()),
        ("ce_time", rfc3339(now_ms)),
    ]
    verdict = context.admission.judge(UnsentRecord(now_ms, user.encode(), value, headers))
    if verdict.topic != topics.QUESTIONS:
        raise Problem(400, "Bad Request", f"{verdict.error}: {verdict.message}")
    try:
        await context.producer.send([(topics.QUESTIONS, user.encode(), value, headers)])
    except (KafkaError, TimeoutError) as error:
        raise Problem(
            503, "Service Unavailable", f"the broker did not confirm: {type(error).__name__}"
        ) from None
    until = asyncio.get_running_loop().time() + wait_s
    while (found := context.feed.answer_to(event_id)) is None:
        if asyncio.get_running_loop().time() >= until:
            return Response(
                b"", status_code=202, headers={"Location": f"/v1/questions/{event_id}/answer"}
            )
        await asyncio.sleep(LOOK_S)
    told = value_of(found, context.catalogue)
    return Response(told or b"null", media_type="application/json")


@get(
    "/v1/questions/{event_id:str}/answer",
    summary="The answer to a question asked before",
    responses={200: response(AnswerGiven, "The answer")},
)
async def answer(
    request: Request[Any, Any, Any], event_id: str, context: Context
) -> Response[bytes]:
    """404 where it has not come yet, or came long ago."""
    caller = context.caller(request)
    found = context.feed.answer_to(event_id)
    value = None if found is None else value_of(found, context.catalogue)
    if value is not None:
        owner = orjson.loads(value).get("user_id")
        if owner is not None and not caller.may_read(owner):
            raise Problem(403, "Forbidden", "it is another user's")
    if value is None:
        raise Problem(404, "Not Found", "no answer yet, or it came long ago")
    return Response(value, media_type="application/json")
