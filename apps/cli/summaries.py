"""One line about any record of any topic, for people at a terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import orjson

from shopkeeper.shared.contracts import reasons
from shopkeeper.shared.contracts.events.answers import ANSWER_GIVEN
from shopkeeper.shared.contracts.events.intent import INTENT_RECOGNISED
from shopkeeper.shared.contracts.events.recommendation import (
    PARAMETERS_UPDATED,
    RECOMMENDATIONS_UPDATED,
    SEGMENTS_UPDATED,
    SIMILAR_ITEMS_UPDATED,
    TRENDING_UPDATED,
    Reason,
)
from shopkeeper.shared.contracts.events.sentiment import (
    CATEGORY_SENTIMENT_UPDATED,
    COMPLAINT_SCORED,
    PRODUCT_SENTIMENT_UPDATED,
    SENTIMENT_SCORED,
)
from shopkeeper.shared.text.personal_data import mask

TEXT_CHARACTERS_MAX = 100
ITEMS_SHOWN = 3
NESTED_MAX = 64
_ESCAPE = re.compile(r"""(\\(?:u[0-9a-fA-F]{4}|.))""")
_NO_TITLES: Mapping[str, str] = {}


def printable(text: str, characters_max: int = TEXT_CHARACTERS_MAX) -> str:
    """At most so many characters, without line breaks or terminal control sequences."""
    cut = text if len(text) <= characters_max else text[: characters_max - 1] + "…"
    return "".join(c if c.isprintable() else "�" if not c.isspace() else " " for c in cut)


def preview(value: bytes | None, characters_max: int = TEXT_CHARACTERS_MAX) -> str:
    """Any bytes, escaped so that a terminal takes no harm; says how much is left out."""
    if value is None:
        return "(none)"
    try:
        text = value.decode("utf-8")
        escaped = "".join(
            c if c.isprintable() and c != "\\" else c.encode("unicode_escape").decode()
            for c in text[:characters_max]
        )
    except UnicodeDecodeError:
        text = value.decode("latin-1")
        escaped = repr(value[:characters_max])[2:-1]
    rest = len(text) - characters_max
    return escaped + (f"… ({rest} more)" if rest > 0 else "")


def masked_preview(value: bytes | None, characters_max: int = TEXT_CHARACTERS_MAX) -> str:
    """`preview` with personal data masked: in each string and number of a JSON value, else in the
    text as it is. Masked before it is cut, so that no half of a number is left."""
    if value is None:
        return preview(value)
    try:
        data = orjson.loads(value)
    except orjson.JSONDecodeError:
        try:
            text, encoding = value.decode("utf-8"), "utf-8"
        except UnicodeDecodeError:
            text, encoding = value.decode("latin-1"), "latin-1"
        # Cut at escapes: the n of a line break would make one word with the number behind it.
        pieces = [
            mask(piece) if i % 2 == 0 else piece for i, piece in enumerate(_ESCAPE.split(text))
        ]
        return preview("".join(pieces).encode(encoding), characters_max)
    hidden = _masked(data)
    return preview(value if hidden == data else orjson.dumps(hidden), characters_max)


def _masked(data: Any, depth: int = 0) -> Any:
    if depth > NESTED_MAX:
        return "…"
    if isinstance(data, dict):
        return {mask(name): _masked(value, depth + 1) for name, value in data.items()}
    if isinstance(data, list):
        return [_masked(value, depth + 1) for value in data]
    if isinstance(data, str):
        return mask(data)
    if isinstance(data, int) and not isinstance(data, bool):
        hidden = mask(str(data))
        return data if hidden == str(data) else hidden
    return data


def place_of(record: Any, topic: str) -> dict[str, Any]:
    """Where a record stands, as fields of a JSON object."""
    return {
        "topic": topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp_ms": record.timestamp,
    }


def content_of(record: Any, headers: Any) -> dict[str, Any]:
    """What a record holds, as fields of a JSON object: the value as JSON, else as text with what is
    not printable escaped."""
    try:
        value = orjson.loads(record.value) if record.value is not None else None
    except orjson.JSONDecodeError:
        value = preview(record.value, 1000)
    return {
        "key": None if record.key is None else record.key.decode("utf-8", "replace"),
        "headers": {name: (text or b"").decode("utf-8", "replace") for name, text in headers},
        "value": value,
    }


def type_of(headers: Any, prefixes: tuple[str, ...]) -> str:
    """The event type that the headers name, without its prefix, or ""."""
    for name, value in headers or ():
        if name == "ce_type":
            text: str = printable((value or b"").decode("utf-8", "replace"))
            for prefix in prefixes:
                text = text.removeprefix(prefix)
            return text
    return ""


def summary(
    event_type: str, value: bytes | None, language: str, titles: Mapping[str, str] = _NO_TITLES
) -> str:
    """What a JSON record says, in one line, personal data masked.

    event_type: without its prefix; one that is not known is shown field by field.
    titles: product id -> title.
    """
    if value is None:
        return "(removed)"
    try:
        data = orjson.loads(value)
    except orjson.JSONDecodeError:
        return f"({len(value)} bytes that are not JSON)"
    if not isinstance(data, dict):
        return printable(mask(str(data)))
    try:
        line = SUMMARIES.get(event_type, _fields)(data, Words(language, titles))
        return printable(line, 4 * TEXT_CHARACTERS_MAX)
    except (AttributeError, KeyError, TypeError, ValueError):  # not shaped as its type says
        return masked_preview(value)


@dataclass(frozen=True, slots=True)
class Words:
    """The language of a line, and what products are called in it."""

    language: str
    titles: Mapping[str, str]

    def title(self, product_id: str) -> str:
        """The product's title, or its id where there is none."""
        return self.titles.get(product_id, product_id)


def _fields(data: dict[str, Any], words: Words) -> str:
    return ", ".join(f"{name}={_masked(value)}" for name, value in data.items())


def _product(data: dict[str, Any], words: Words) -> str:
    return words.title(data["product_id"])


def _ordered(data: dict[str, Any], words: Words) -> str:
    lines = [words.title(line["product_id"]) for line in data["products"]]
    return f"ordered {', '.join(lines[:ITEMS_SHOWN])}" + (
        f" and {len(lines) - ITEMS_SHOWN} more" if len(lines) > ITEMS_SHOWN else ""
    )


def _removed(data: dict[str, Any], words: Words) -> str:
    return f"taken out of the cart: {words.title(data['product_id'])}"


def _refunded(data: dict[str, Any], words: Words) -> str:
    lines = [words.title(line["product_id"]) for line in data.get("products") or ()]
    return f"refunded {', '.join(lines[:ITEMS_SHOWN]) or 'order ' + data['order_id']}"


def _withdrawn(data: dict[str, Any], words: Words) -> str:
    return f"withdrawn: a review of {words.title(data['product_id'])}"


def _searched(data: dict[str, Any], words: Words) -> str:
    return f"“{mask(data['query'])}”"


def _asked(data: dict[str, Any], words: Words) -> str:
    return f"“{mask(data['question'])}”"


def _rated(data: dict[str, Any], words: Words) -> str:
    route = f" ({data['route']})" if data.get("route") else ""
    return f"{'helpful' if data['helpful'] else 'not helpful'}{route}: {data['answer_id']}"


def _reviewed(data: dict[str, Any], words: Words) -> str:
    stars = f"{data['rating']:g}★ " if data.get("rating") is not None else ""
    return f"{stars}{words.title(data['product_id'])}: {mask(data.get('review_body') or '')}"


def _catalogued(data: dict[str, Any], words: Words) -> str:
    return str((data.get("title_zh") if words.language == "zh" else None) or data["title"])


def _published(data: dict[str, Any], words: Words) -> str:
    title = f"{data['title']} " if data.get("title") else ""
    return f"{data.get('kind') or 'knowledge'}: {title}{data['text']}"


def _order(data: dict[str, Any], words: Words) -> str:
    parcel = " ".join(data[name] for name in ("carrier", "tracking_number") if data.get(name))
    lines = [words.title(product_id) for product_id in data.get("product_ids") or ()]
    said = [data["status"], *([parcel] if parcel else []), *lines[:ITEMS_SHOWN]]
    return f"order {data.get('order_number') or data['order_id']}: {', '.join(said)}"


def _answer(data: dict[str, Any], words: Words) -> str:
    if data["answer"] is None:
        return f"no answer ({data.get('abstained', '')}) → person"
    sources = ", ".join(source["id"] for source in data.get("sources", ()))
    return f"{data['confidence']:.2f} {data['answer']} [{sources}]"


def _profiled(data: dict[str, Any], words: Words) -> str:
    told = {n: v for n, v in data.items() if n not in ("user_id", "anonymous_id", "session_id")}
    return f"profile: {_fields(told, words) or 'nothing'}"


def _intent(data: dict[str, Any], words: Words) -> str:
    said = f"{data['intent']} {data['score']:.2f} ({data.get('language', '')})"
    route = data.get("route", "none")
    slots = [f"{slot['name']}={slot['value']}" for slot in data.get("slots", ())]
    return " ".join([said, *([f"→ {route}"] if route != "none" else []), *slots])


def _sentiment(data: dict[str, Any], words: Words) -> str:
    return f"{data['label']} {data['score']:.2f} · {words.title(data['product_id'])}"


def _complaint(data: dict[str, Any], words: Words) -> str:
    return f"{data['label']} {data['score']:.2f} · a complaint ({data.get('language', '')})"


def _product_sentiment(data: dict[str, Any], words: Words) -> str:
    return (
        f"{words.title(data['product_id'])}: {data['mean']:+.2f} from {data['count']} reviews, "
        f"trend {data['trend']:+.2f}"
    )


def _category_sentiment(data: dict[str, Any], words: Words) -> str:
    return (
        f"{data['category']}: {data['mean']:+.2f} from {data['count']} reviews of "
        f"{data['products']} products, trend {data['trend']:+.2f}"
    )


def _segments(data: dict[str, Any], words: Words) -> str:
    shown = [
        f"{each['name']} {each['share']:.0%}"
        for kind in ("categories", "brands")
        for each in data[kind][:ITEMS_SHOWN]
    ]
    return f"{', '.join(shown) or 'nothing yet'} (from {data['signals']} events)"


def _preference(data: dict[str, Any], words: Words) -> str:
    return f"wants {data['ranking']} lists"


def _items(data: dict[str, Any], words: Words) -> str:
    shown = [_item(item, words) for item in data["items"][:ITEMS_SHOWN]]
    left = len(data["items"]) - len(shown)
    return "; ".join(shown) + (f"; and {left} more" if left > 0 else "")


def _similar(data: dict[str, Any], words: Words) -> str:
    return f"{words.title(data['product_id'])} → {_items(data, words)}"


def _item(item: dict[str, Any], words: Words) -> str:
    text = words.title(item["product_id"])
    if "reason" in item:
        reason = msgspec.convert(item["reason"], Reason)
        return f"{text} ({reasons.render(reason, words.language, words.titles)})"
    return f"{text} {item['score']:.3f}"


def _parameters(data: dict[str, Any], words: Words) -> str:
    ranked = sorted(data["parameters"], key=lambda p: -abs(p["weight"]))[:ITEMS_SHOWN]
    said = ", ".join(f"{printable(p['name'], 40)} {p['weight']:+.3f}" for p in ranked)
    return f"lists by {printable(data['model']['name'], 40)}; learned ranker: {said}"


SUMMARIES: dict[str, Callable[[dict[str, Any], Words], str]] = {
    "product.clicked.v1": _product,
    "product.added.v1": _product,
    "product.removed.v1": _removed,
    "order.completed.v1": _ordered,
    "order.refunded.v1": _refunded,
    "products.searched.v1": _searched,
    "question.asked.v1": _asked,
    "answer.rated.v1": _rated,
    "product.reviewed.v1": _reviewed,
    "review.withdrawn.v1": _withdrawn,
    "product.catalogued.v1": _catalogued,
    "user.profiled.v1": _profiled,
    "knowledge.published.v1": _published,
    "order.updated.v1": _order,
    INTENT_RECOGNISED: _intent,
    ANSWER_GIVEN: _answer,
    SENTIMENT_SCORED: _sentiment,
    COMPLAINT_SCORED: _complaint,
    PRODUCT_SENTIMENT_UPDATED: _product_sentiment,
    CATEGORY_SENTIMENT_UPDATED: _category_sentiment,
    RECOMMENDATIONS_UPDATED: _items,
    SIMILAR_ITEMS_UPDATED: _similar,
    TRENDING_UPDATED: _items,
    SEGMENTS_UPDATED: _segments,
    PARAMETERS_UPDATED: _parameters,
    "preference.set.v1": _preference,
}
