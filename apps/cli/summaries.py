"""One line about any record of any topic, for people at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from shopkeeper.shared.contracts import reasons
from shopkeeper.shared.contracts.events.recommendation import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT_CHARACTERS_MAX = 100
ITEMS_SHOWN = 3
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


def type_of(headers: Any, prefixes: tuple[str, ...]) -> str:
    """The event type that the headers name, without its prefix, or ""."""
    for name, value in headers or ():
        if name == "ce_type":
            text: str = printable((value or b"").decode("utf-8", "replace"))
            for prefix in prefixes:
                text = text.removeprefix(prefix)
            return text
    return ""


def summary(value: bytes | None, language: str, titles: Mapping[str, str] = _NO_TITLES) -> str:
    """What a JSON record says, in one line; `titles`: product id -> title."""
    if value is None:
        return "(removed)"
    try:
        data = orjson.loads(value)
    except orjson.JSONDecodeError:
        return f"({len(value)} bytes that are not JSON)"
    if not isinstance(data, dict):
        return printable(str(data))
    try:
        return printable(_of_fields(data, language, titles), 4 * TEXT_CHARACTERS_MAX)
    except (AttributeError, KeyError, TypeError, ValueError):  # not shaped as its type says
        return preview(value)


def _of_fields(data: dict[str, Any], language: str, titles: Mapping[str, str]) -> str:
    def title(product_id: str) -> str:
        return titles.get(product_id, product_id)

    if "items" in data:
        shown = [_item(item, language, titles) for item in data["items"][:ITEMS_SHOWN]]
        left = len(data["items"]) - len(shown)
        head = f"{title(data['product_id'])} → " if "product_id" in data else ""
        return head + "; ".join(shown) + (f"; and {left} more" if left > 0 else "")
    if "intent" in data:
        return f"{data['intent']} {data['score']:.2f} ({data.get('language', '')})"
    if "basis" in data:
        return f"{data['label']} {data['score']:.2f} · {title(data['product_id'])}"
    if "trend" in data:
        return (
            f"{title(data['product_id'])}: {data['mean']:+.2f} from {data['count']} reviews, "
            f"trend {data['trend']:+.2f}"
        )
    if "products" in data:
        lines = [title(line["product_id"]) for line in data["products"]]
        return f"ordered {', '.join(lines[:ITEMS_SHOWN])}" + (
            f" and {len(lines) - ITEMS_SHOWN} more" if len(lines) > ITEMS_SHOWN else ""
        )
    for field in ("query", "question"):
        if field in data:
            return f"“{data[field]}”"
    if "review_id" in data:
        stars = f"{data['rating']:g}★ " if data.get("rating") is not None else ""
        return f"{stars}{title(data['product_id'])}: {data.get('review_body') or ''}"
    if "title" in data:
        return str((data.get("title_zh") if language == "zh" else None) or data["title"])
    if "product_id" in data:
        return title(data["product_id"])
    return ", ".join(f"{k}={v}" for k, v in data.items())


def _item(item: dict[str, Any], language: str, titles: Mapping[str, str]) -> str:
    text = titles.get(item["product_id"], item["product_id"])
    if "reason" in item:
        reason = msgspec.convert(item["reason"], Reason)
        return f"{text} ({reasons.render(reason, language, titles)})"
    return f"{text} {item['score']:.3f}"
