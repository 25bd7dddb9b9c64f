"""What the decoder will say of an event before it is published: asked of the decoder itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.decoder import EventDecoder
from shopkeeper.shared.contracts.envelope import Rejected
from shopkeeper.shared.contracts.outputs import rfc3339

from .base import BadRow, ShopEvent

# A field of an event -> the reader's field that it comes from, for the message.
_FIELDS = {
    "product_id": "item_id",
    "user_id": "user_id",
    "session_id": "session_id",
    "anonymous_id": "anonymous_id",
    "order_id": "order_id",
    "rating": "rating",
    "review_body": "review_body",
}
_OF_TIME = frozenset(("invalid_time", "time_too_old", "time_ahead"))


@dataclass(slots=True)
class UnsentRecord:
    """A record as a consumer would see it, of an event that no broker has."""

    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    offset: int = 0
    partition: int = 0


class Admission:
    """A decoder per topic, each as its owner has it. now_ms: when the records are published."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms
        self._decoders: dict[str, EventDecoder] = {}

    def check(self, event: ShopEvent) -> None:
        """Raises BadRow, with the decoder's label, where this event would be a dead letter."""
        decoder = self._decoders.get(event.topic)
        if decoder is None:
            topic = topics.BY_NAME[event.topic]
            decoder = EventDecoder(event.topic, topic.types, topic.owner, "")
            self._decoders[event.topic] = decoder
        try:
            headers = [
                ("ce_type", event.type.encode()),
                ("ce_id", event.id.encode()),
                ("ce_time", rfc3339(event.time_ms)),
            ]
            record = UnsentRecord(
                self._now_ms, event.key.encode(), orjson.dumps(event.data), headers
            )
        except (ValueError, OverflowError, TypeError) as error:
            raise BadRow("", "wrong_type", f"is no event: {error}") from None
        verdict = decoder.decode((record,))[0]
        if isinstance(verdict, Rejected):
            at = verdict.message.rpartition("`$.")[2].rstrip("`")
            field = "timestamp" if verdict.error in _OF_TIME else _FIELDS.get(at, "")
            raise BadRow(field, verdict.error, f"would be refused: {verdict.message}")
