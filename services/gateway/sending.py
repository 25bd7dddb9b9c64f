"""Events that the gateway publishes for a caller, whatever the protocol: one, confirmed."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from aiokafka.errors import KafkaError

from shopkeeper.shared.contracts.outputs import rfc3339
from shopkeeper.shared.datasets.admission import UnsentRecord

from .errors import Unconfirmed, Unsendable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .http.context import Context

Found = TypeVar("Found")

LOOK_S = 0.01
SOURCE = b"shopkeeper/gateway"


async def send(context: Context, topic: str, kind: str, user: str, data: Mapping[str, Any]) -> str:
    """Publish one event, keyed by its user; returns its id once the broker has confirmed it.

    Raises Unsendable, Unconfirmed.
    """
    event_id, now_ms = str(uuid.uuid4()), context.now_ms()
    headers = [
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id.encode()),
        ("ce_source", SOURCE),
        ("ce_type", f"{context.type_prefix}{kind}".encode()),
        ("ce_time", rfc3339(now_ms)),
    ]
    try:
        key = user.encode()
        value = orjson.dumps({k: v for k, v in data.items() if v is not None})
    except (UnicodeEncodeError, orjson.JSONEncodeError):
        raise Unsendable("it holds characters that are no text") from None
    verdict = context.admission.judge(UnsentRecord(now_ms, key, value, headers))
    if verdict.topic != topic:
        raise Unsendable(f"{verdict.error}: {verdict.message}")
    try:
        await context.producer.send([(topic, key, value, headers)])
    except (KafkaError, TimeoutError) as error:
        raise Unconfirmed(f"the broker did not confirm: {type(error).__name__}") from None
    return event_id


async def until(look: Callable[[], Found | None], wait_s: float) -> Found | None:
    """What `look` finds within so many seconds; None where it finds nothing."""
    loop = asyncio.get_running_loop()
    end = loop.time() + wait_s
    while (found := look()) is None and loop.time() < end:  # noqa: ASYNC110  # views are polled
        await asyncio.sleep(LOOK_S)
    return found
