"""Events to publish, as CloudEvents: each has its id before it is sent, so that a repeat is known.

The shop's event types are the contract's own.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from shopkeeper.shared.contracts.events.shop import (
    SHOP_TYPES,
    AnswerRated,
    KnowledgePublished,
    OrderCompleted,
    OrderLine,
    OrderRefunded,
    ProductAdded,
    ProductCatalogued,
    ProductClicked,
    ProductRemoved,
    ProductReviewed,
    ProductsSearched,
    QuestionAsked,
    ReviewWithdrawn,
    UserErased,
    UserProfiled,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = [
    "AnswerRated",
    "Event",
    "EventError",
    "KnowledgePublished",
    "OrderCompleted",
    "OrderLine",
    "OrderRefunded",
    "ProductAdded",
    "ProductCatalogued",
    "ProductClicked",
    "ProductRemoved",
    "ProductReviewed",
    "ProductsSearched",
    "Publishable",
    "QuestionAsked",
    "Receipt",
    "ReviewWithdrawn",
    "UserErased",
    "UserProfiled",
]

SOURCE = "/shopkeeper-client"
BATCH_EVENTS_MAX = 500
BATCH_BYTES_MAX = 524_288  # half of what a gateway takes by default
_TYPE_OF = {struct: name for name, struct in SHOP_TYPES.items()}


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A CloudEvent. data: one of the contract's structs, or a mapping of the same fields. Two
    events of one source with one id count as one."""

    type: str
    data: Any
    id: str = msgspec.field(default_factory=lambda: str(uuid.uuid4()))
    source: str = SOURCE
    time: datetime = msgspec.field(default_factory=lambda: datetime.now(UTC))

    @classmethod
    def of(cls, what: Publishable) -> Event:
        """An event of a contract's struct, now; an `Event` as it is; a mapping in structured mode
        (`specversion`) or with `type` and our fields. Raises TypeError or ValueError."""
        if isinstance(what, Event):
            return what
        if isinstance(what, Mapping):
            return _of_mapping(what)
        name = _TYPE_OF.get(type(what))
        if name is None:
            raise TypeError(f"{type(what).__name__} is no event of the shop; see schemas/")
        return cls(type=name, data=what)

    def encode(self) -> bytes:
        """JSON of the structured mode, without the fields that say nothing."""
        data = self.data if isinstance(self.data, Mapping) else msgspec.to_builtins(self.data)
        return msgspec.json.encode(
            {
                "specversion": "1.0",
                "id": self.id,
                "source": self.source,
                "type": self.type,
                "time": self.time,
                "data": {name: value for name, value in data.items() if value is not None},
            }
        )


Publishable = Event | msgspec.Struct | Mapping[str, Any]


class EventError(msgspec.Struct, frozen=True, kw_only=True):
    """Why one event was refused. index: its place among those given, from 0."""

    index: int
    event_id: str
    error: str
    detail: str


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the events that were sent. accepted: the broker has them. skipped: right, but
    there is nothing to learn from them."""

    accepted: int = 0
    skipped: int = 0
    errors: tuple[EventError, ...] = ()

    @property
    def sent(self) -> int:
        """All of them."""
        return self.accepted + self.skipped + len(self.errors)

    def plus(self, other: Receipt) -> Receipt:
        """Both together."""
        return Receipt(
            accepted=self.accepted + other.accepted,
            skipped=self.skipped + other.skipped,
            errors=self.errors + other.errors,
        )


class Batch(msgspec.Struct, frozen=True):
    """Events of one request. first: the place of the first among all."""

    first: int
    events: tuple[Event, ...]
    encoded: tuple[bytes, ...]

    @property
    def body(self) -> bytes:
        """A JSON array."""
        return b"[" + b",".join(self.encoded) + b"]"

    def halves(self) -> tuple[Batch, Batch]:
        """The same as two; of two events or more."""
        middle = len(self.events) // 2
        return (
            Batch(self.first, self.events[:middle], self.encoded[:middle]),
            Batch(self.first + middle, self.events[middle:], self.encoded[middle:]),
        )

    def receipt(self, said: Mapping[str, Any]) -> Receipt:
        """What the gateway said of this batch."""
        return Receipt(
            accepted=said.get("accepted", 0),
            skipped=said.get("skipped", 0),
            errors=tuple(self._error(each) for each in said.get("errors", ())),
        )

    def _error(self, said: Mapping[str, Any]) -> EventError:
        index = int(said["index"])
        return EventError(
            index=self.first + index,
            event_id=self.events[index].id,
            error=str(said.get("error", "")),
            detail=str(said.get("detail", "")),
        )


def batches(given: Iterable[Publishable]) -> Iterator[Batch]:
    """Events in batches that a gateway takes; read as they are needed."""
    first, events, encoded, size = 0, list[Event](), list[bytes](), 0
    for each in given:
        event = Event.of(each)
        text = event.encode()
        if events and (len(events) == BATCH_EVENTS_MAX or size + len(text) > BATCH_BYTES_MAX):
            yield Batch(first, tuple(events), tuple(encoded))
            first, events, encoded, size = first + len(events), [], [], 0
        events.append(event)
        encoded.append(text)
        size += len(text) + 1
    if events:
        yield Batch(first, tuple(events), tuple(encoded))


def unsent(batch: Batch, rest: Sequence[Batch]) -> list[Event]:
    """The events of a batch and of those that were split off it."""
    return [event for each in (batch, *rest) for event in each.events]


def _of_mapping(what: Mapping[str, Any]) -> Event:
    known = {name: what[name] for name in ("id", "source", "type") if what.get(name)}
    if "type" not in known:
        raise ValueError("an event names its `type`, for instance product.clicked.v1")
    time = what.get("time")
    if time is not None:
        known["time"] = msgspec.convert(time, datetime)
    if what.get("specversion"):
        return Event(data=what.get("data") or {}, **known)
    return Event(
        data={k: v for k, v in what.items() if k not in ("id", "source", "type", "time")}, **known
    )
