"""Which topic an event is for, and whether a worker would take it: asked before it is published."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import orjson

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.decoder import EventDecoder
from shopkeeper.shared.contracts.envelope import Event, Rejected, Several, Skipped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.contracts.envelope import Decoded
    from shopkeeper.shared.datasets.admission import UnsentRecord

# Why a topic's decoder passes an event on to others.
_ANOTHERS = frozenset({"other_type", "unknown_type"})
SHOP_TOPICS = tuple(topic.name for topic in topics.ALL if topic.default_type)
# What a page may say, whose key everybody can read: what its visitor does. Not what the shop knows
# or sells, not where an order is (it is told to its customer as the shop's own word), and not that
# a user is to be forgotten.
PAGE_TYPES = frozenset(
    {
        "product.clicked.v1",
        "product.added.v1",
        "product.removed.v1",
        "order.completed.v1",
        "products.searched.v1",
        "product.reviewed.v1",
        "question.asked.v1",
        "answer.rated.v1",
    }
)


class Verdict(NamedTuple):
    """What becomes of one event. topic: where it goes; None: nowhere, for `error` or because there
    is nothing to learn from it (`skipped`)."""

    topic: str | None
    key: str = ""
    event_id: str = ""
    error: str = ""
    message: str = ""
    skipped: str = ""
    types: frozenset[str] = frozenset()  # of the events in it


_NONE = Verdict(None)
_OF_WORKERS = Verdict(
    None, error="other_type", message="workers publish events of this type; shops send none"
)


class Admission:
    """The decoders of the shop's topics, as the topics' workers have them."""

    def __init__(self, type_prefix: str) -> None:
        self._decoders = {
            name: EventDecoder(
                name, topics.BY_NAME[name].types, topics.BY_NAME[name].owner, type_prefix
            )
            for name in SHOP_TOPICS
        }

    def judge(self, sent: UnsentRecord) -> Verdict:
        """The first topic whose decoder does not call the event another topic's decides."""
        return self.judge_all([sent])[0]

    def judge_all(self, sent: Sequence[UnsentRecord]) -> list[Verdict]:
        """As `judge`, of each: a topic's decoder is asked once for all that came so far."""
        found = [_NONE] * len(sent)
        passed_on: dict[int, Decoded] = {}
        left = list(range(len(sent)))
        for topic, decoder in self._decoders.items():
            if not left:
                break
            further = []
            records = [_under_its_key(topic, sent[number]) for number in left]
            for number, decoded in zip(left, decoder.decode(records), strict=True):
                if _reason(decoded) not in _ANOTHERS:
                    found[number] = _verdict(topic, decoded)
                    continue
                further.append(number)
                if isinstance(decoded, Rejected) or number not in passed_on:
                    passed_on[number] = decoded
            decoder.take_dropped()
            left = further
        for number in left:
            verdict = _verdict(None, passed_on[number])
            # Dropped in silence, whoever sent it would wait for what never comes of it.
            found[number] = _OF_WORKERS if verdict.skipped == "other_type" else verdict
        return found


def _under_its_key(topic: str, sent: UnsentRecord) -> UnsentRecord:
    """The record with the key that it will be published under, where its topic demands one: an
    order's id."""
    if topic != topics.ORDERS or sent.key is not None or not sent.value:
        return sent
    document = orjson.loads(sent.value)
    data = document.get("data") if "specversion" in document else document
    order_id = data.get("order_id") if isinstance(data, dict) else None
    return replace(sent, key=order_id.encode()) if isinstance(order_id, str) else sent


def _reason(decoded: object) -> str:
    if isinstance(decoded, Rejected):
        return decoded.error
    return decoded.reason if isinstance(decoded, Skipped) else ""


def _verdict(topic: str | None, decoded: Decoded | None) -> Verdict:
    if isinstance(decoded, Event):  # first, as most are
        return Verdict(topic, _key(topic, decoded), decoded.id, types=_types(decoded.type))
    if isinstance(decoded, Several):
        found = [_verdict(topic, each) for each in decoded.verdicts]
        refused = [each for each in found if each.error]
        first = (refused or [each for each in found if each.topic] or found)[0]
        return first._replace(types=frozenset().union(*(each.types for each in found)))
    if isinstance(decoded, Rejected):
        return Verdict(None, error=decoded.error, message=decoded.message)
    return Verdict(None, skipped=_reason(decoded))


@cache
def _types(kind: str) -> frozenset[str]:
    return frozenset({kind})


def _key(topic: str | None, event: Event) -> str:
    """What the topic is keyed by; "" where the event names none."""
    data, by = event.data, topics.BY_NAME[topic].key if topic else ""
    if data is None:  # removed: the key says what
        return (event.key or b"").decode()
    if by == "user":
        return str(getattr(data, "user", "") or getattr(data, "user_id", "") or "")
    if by == "product":
        return str(getattr(data, "product_id", "") or "")
    if by == "order":
        return str(getattr(data, "order_id", "") or "")
    if by == "knowledge":
        return str(getattr(data, "knowledge_id", "") or "")
    return ""
