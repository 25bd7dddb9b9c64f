"""What the shop's people ask of lists, users and dead letters, from records as they stand."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from shopkeeper.shared.contracts import outputs, topics
from shopkeeper.shared.contracts.dead_letter import PREFIX, REFUSED_AT
from shopkeeper.shared.contracts.events.recommendation import RECOMMENDATIONS_UPDATED
from shopkeeper.shared.text.personal_data import mask

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TEXT_CHARACTERS_MAX = 400
FIELDS_MAX = 24
NESTED_MAX = 8


def shown_to(lists: Iterable[bytes], product_id: str) -> dict[str, Any]:
    """How often a product stands in users' lists now, at which place, and why. lists: as they were
    published; what cannot be read is passed over."""
    named = orjson.dumps(product_id)
    codes: Counter[str] = Counter()
    places: Counter[int] = Counter()
    fallbacks: Counter[str] = Counter()
    total = 0
    for value in lists:
        total += 1
        if named not in value:
            continue
        try:
            found = outputs.decode(RECOMMENDATIONS_UPDATED, value)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        for place, item in enumerate(found.items, 1):
            if item.product_id == product_id:
                codes[item.reason.code] += 1
                places[place] += 1
                fallbacks[found.fallback] += 1
                break
    return {
        "lists": total,
        "in_lists": sum(places.values()),
        "places": {str(place): places[place] for place in sorted(places)},
        "reasons": dict(codes.most_common()),
        "fallbacks": dict(fallbacks.most_common()),
    }


def masked(value: Any, depth: int = 0) -> Any:
    """A JSON value with personal data in its texts and numbers masked, long texts cut behind."""
    if depth > NESTED_MAX:
        return "…"
    if isinstance(value, dict):
        items = list(value.items())[:FIELDS_MAX]
        return {mask(name): masked(each, depth + 1) for name, each in items}
    if isinstance(value, list):
        return [masked(each, depth + 1) for each in value[:FIELDS_MAX]]
    if isinstance(value, str):
        hidden = mask(value[: 4 * TEXT_CHARACTERS_MAX])
        return hidden if len(hidden) <= TEXT_CHARACTERS_MAX else hidden[:TEXT_CHARACTERS_MAX] + "…"
    if isinstance(value, int) and not isinstance(value, bool):
        hidden = mask(str(value))
        return value if hidden == str(value) else hidden
    return value


def told(topic: str, record: Any, type_prefix: str) -> dict[str, Any]:
    """A record for a person: where it stands, when, of which type, and its value, masked."""
    headers = {
        name: (text or b"").decode("utf-8", "replace") for name, text in record.headers or ()
    }
    return {
        "topic": topic,
        "partition": record.partition,
        "offset": record.offset,
        "written_ms": record.timestamp,
        "type": headers.get("ce_type", "").removeprefix(type_prefix)
        or topics.BY_NAME[topic].default_type,
        "id": headers.get("ce_id", ""),
        "value": _value(record.value),
    }


def _value(value: bytes | None) -> Any:
    if value is None:
        return None
    try:
        return masked(orjson.loads(value))
    except orjson.JSONDecodeError:
        return masked(value[: 4 * TEXT_CHARACTERS_MAX].decode("utf-8", "replace"))


def letter(topic: str, record: Any, type_prefix: str) -> dict[str, Any]:
    """A dead letter for a person. error: a label of `parsing.ERRORS`."""
    errors = {
        name.removeprefix(PREFIX): (text or b"").decode("utf-8", "replace")
        for name, text in record.headers or ()
        if name.startswith(PREFIX)
    }
    source = errors.get("topic", "")
    return told(topic, record, type_prefix) | {
        "source": source,
        "service": errors.get("class.name", "").removeprefix("shopkeeper."),
        "error": errors.get("exception.class.name", "?"),
        "message": errors.get("exception.message", ""),
        "stage": errors.get("stage", ""),
        "refused_at": f"{errors.get('partition', '?')}/{errors.get('offset', '?')}",
        "replayed": any(name == REFUSED_AT for name, _ in record.headers or ()),
        "show": f"shopkeeper dlq show {topic} --partition {record.partition} "
        f"--offset {record.offset}",
        "replay": f"shopkeeper dlq replay {topic} --partition {record.partition} "
        f"--offset {record.offset}",
    }


def newest_first(records: Sequence[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """By the time of their writing."""
    key = lambda each: (-each["written_ms"], each["topic"], each["partition"], -each["offset"])  # noqa: E731
    return sorted(records, key=key)[:count]


def sources() -> dict[str, list[str]]:
    """Service -> the topics that its workers read record by record."""
    read = [topic for topic in topics.ALL if not topic.name.endswith(".dlq")]
    found = {name: [t.name for t in read if name in t.consumers] for name in topics.SERVICES}
    return {name: names for name, names in found.items() if names}
