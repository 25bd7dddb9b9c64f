"""Events in: our JSON, CloudEvents, and what tag managers and shop systems send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from aiokafka.errors import KafkaError
from litestar import Request, Response, post

from shopkeeper.shared.datasets.admission import UnsentRecord

from ..core.admission import PAGE_TYPES, Verdict
from .answers import JSON
from .context import Context
from .problems import Problem
from .responses import response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .access import Caller

EVENTS_MAX = 1000
STRUCTURED = b"application/cloudevents+json"
_ENVELOPE = [("content-type", STRUCTURED)]
_OF_CLOUDEVENTS = "application/cloudevents"


@post(
    "/v1/events",
    status_code=202,
    operation_id="events",
    summary="Send one event, or a batch",
    responses={202: response(dict[str, Any], "What became of the events")},
)
async def events(request: Request[Any, Any, Any], context: Context) -> Response[bytes]:
    """202 once the broker has confirmed every event that is right; `errors` names the others.

    The body is one JSON object or an array of them: our events, CloudEvents (structured, batch, or
    binary with `ce-` headers), Segment's `batch`, GA4's Measurement Protocol, Shopify's and
    WooCommerce's webhooks, and whatever docs/vocabularies.md shows. `Idempotency-Key` becomes the
    id of events of ours that have none. A page's key, or a user's token, sends what a visitor does;
    catalogue, knowledge, profiles, erasures and where orders are take a secret key. 400 where
    nothing was right.
    """
    caller = context.caller(request)
    said = await accepted(context, caller, request.headers, await request.body())
    return Response(said, status_code=202, media_type=JSON)


async def accepted(context: Context, caller: Caller, said: Mapping[str, str], body: bytes) -> bytes:
    """Publishes what is right; returns what became of the events, as JSON. said: the request's
    headers, by their names in small letters. Raises Problem."""
    documents = _documents(body)
    verdicts: list[Verdict] = []
    records = []
    now_ms, beside = context.now_ms(), _headers(said)
    unsent = [
        UnsentRecord(
            now_ms,
            None,
            orjson.dumps(_with_id(said, document, len(documents), number)),
            _ENVELOPE if isinstance(document.get("specversion"), str) else beside,
        )
        for number, document in enumerate(documents)
    ]
    for sent, verdict in zip(unsent, context.admission.judge_all(unsent), strict=True):
        if verdict.topic is not None and not (caller.everything or verdict.types <= PAGE_TYPES):
            name = ", ".join(sorted(verdict.types - PAGE_TYPES))
            verdict = Verdict(None, error="forbidden", message=f"{name} takes a secret key")
        verdicts.append(verdict)
        if verdict.topic is not None:
            value = sent.value or b""
            records.append((verdict.topic, verdict.key.encode() or None, value, sent.headers))
    try:
        await context.producer.send(records)
    except (KafkaError, TimeoutError) as error:
        raise Problem(
            503, "Service Unavailable", f"the broker did not confirm: {type(error).__name__}"
        ) from None
    errors = [
        {"index": number, "error": verdict.error, "detail": verdict.message}
        for number, verdict in enumerate(verdicts)
        if verdict.error
    ]
    found = {
        "accepted": len(records),
        "skipped": sum(bool(verdict.skipped) for verdict in verdicts),
        "errors": errors,
    }
    if errors and not records and len(errors) == len(verdicts):
        detail = f"{errors[0]['error']}: {errors[0]['detail']}"
        raise Problem(400, "Bad Request", detail, **found)
    return orjson.dumps(found)


def _documents(body: bytes) -> Sequence[dict[str, Any]]:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem(400, "Bad Request", f"the body is no JSON: {error}") from None
    if isinstance(said, dict):
        batch = said.get("batch")  # Segment's
        found = _spread(said, batch) if isinstance(batch, list) else [said]
    else:
        found = said
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise Problem(400, "Bad Request", "the body is one event (an object) or an array of them")
    if not found:
        raise Problem(400, "Bad Request", "the body holds no event")
    if len(found) > EVENTS_MAX:
        raise Problem(413, "Content Too Large", f"{len(found)} events; at most {EVENTS_MAX}")
    return found


def _spread(outer: dict[str, Any], batch: list[Any]) -> list[Any]:
    """Segment's batch: what stands beside it holds for each message that does not say otherwise."""
    common = {name: outer[name] for name in ("context", "integrations", "sentAt") if name in outer}
    return [common | each if isinstance(each, dict) else each for each in batch]


def _headers(said: Mapping[str, str]) -> list[tuple[str, bytes]]:
    """What a record that is no envelope says beside its value."""
    headers = [("content-type", b"application/json")]
    if trace := said.get("traceparent"):  # the sender's trace goes on in the topics
        headers.append(("traceparent", trace.encode()))
    if not said.get("content-type", "").startswith(_OF_CLOUDEVENTS):
        headers += [
            (name.replace("ce-", "ce_", 1), value.encode())
            for name, value in said.items()
            if name.startswith("ce-")
        ]
        headers += [
            (name, value.encode())
            for name, value in said.items()
            if name.startswith(("x-shopify-", "x-wc-"))
        ]
    return headers


def _with_id(
    said: Mapping[str, str], document: dict[str, Any], count: int, number: int
) -> dict[str, Any]:
    """The document, with the request's `Idempotency-Key` for an id where it has none: sent again
    it is known as a repeat."""
    key = said.get("idempotency-key")
    named = ("id", "message_id", "messageId", "event_id", "specversion")
    if not key or "ce-id" in said or any(document.get(name) for name in named):
        return document
    return document | {"message_id": f"{key}/{number}" if count > 1 else key}
