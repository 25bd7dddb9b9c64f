"""Whose words a record speaks: ours, a vocabulary's, or a name that nobody knows.

A record that names its kind is what it names, or nobody's; only one that names none is what its
topic holds by default.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ..connectors import DELETED, is_deleted
from . import common, ga4, matomo, segment, shopify, snowplow, woocommerce
from .base import CATALOGUED, CLICKED, NOT_OURS, SEARCHED, Draft, Message, as_id

if TYPE_CHECKING:
    from collections.abc import Mapping


def _spellings(names: Iterable[str]) -> tuple[str, ...]:
    """Names as programs write them: event_name, eventName, EventName, EVENT_NAME."""
    found: list[str] = []
    for name in names:
        pascal = "".join(word.capitalize() for word in name.split("_"))
        found += (name, pascal[0].lower() + pascal[1:], pascal, name.upper())
    return tuple(dict.fromkeys(found))


# Fields that name a record's kind, best first. On a topic of clicks also those that elsewhere may
# well be the product's, the text's or the user's; of these, some say a kind only by a name that
# reads like one (a product has a name, too, and a kind).
KIND_FIELDS = ("type", *_spellings(("event", "event_name", "event_type")))
PERHAPS_KINDS = frozenset(
    _spellings(("name", "kind", "verb", "activity", "interaction", "behavior", "behaviour"))
)
CLICK_KIND_FIELDS = (
    *KIND_FIELDS,
    "name",
    "topic",
    "Type",
    "TYPE",
    *_spellings(
        (
            "action",
            "action_type",
            "behavior_type",
            "behaviour_type",
            "interaction_type",
            "activity_type",
            "user_action",
            "event_action",
        )
    ),
    *(name for name in sorted(PERHAPS_KINDS) if name != "name"),
)
_KINDS = frozenset(CLICK_KIND_FIELDS)
# What else a click without a kind may call its time; our own names are the decoder's.
TIMES = frozenset(name for name in common.TIMES if name not in common.OUR_TIMES)
# A document with none of these is in our own words, and of its topic's default kind.
MARKS = frozenset(
    (
        *CLICK_KIND_FIELDS,
        *TIMES,
        DELETED,
        "payload",
        "after",
        "0",
        "events",
        "ecommerce",
        "event_params",
        "params",
        "properties",
        "batch",
        "line_items",
        "refund_line_items",
        "variants",
        "stock_status",
        "ue_pr",
        "ue_px",
        "unstruct_event",
        "collector_tstamp",
        "derived_tstamp",
        "schema",
        "e",
        "idsite",
        "_pks",
        "_pkc",
        "ec_items",
        "idgoal",
        "e_c",
        "e_a",
        "requests",
    )
)
Translate = Callable[[Message, Callable[[Any], str | None]], list[Draft]]
HEADERS: dict[str, Translate] = {
    shopify.HEADER: shopify.translate,
    woocommerce.HEADER: woocommerce.translate,
}
# By shape, those first that cannot be mistaken.
VOCABULARIES: tuple[tuple[Callable[[dict[str, Any]], bool], Translate], ...] = tuple(
    (module.recognises, module.translate)
    for module in (shopify, woocommerce, snowplow, matomo, ga4, segment)
)
NAME_CHARACTERS_MAX = 100

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BETWEEN = re.compile(r"[\s_\-.:/]+")
_VERBS = frozenset(
    (
        "viewed",
        "clicked",
        "added",
        "removed",
        "opened",
        "closed",
        "started",
        "completed",
        "cancelled",
        "canceled",
        "refunded",
        "deleted",
        "updated",
        "shared",
        "reviewed",
        "searched",
        "purchased",
        "returned",
        "rejected",
        "failed",
        "paid",
        "shipped",
        "delivered",
        "submitted",
        "subscribed",
        "abandoned",
        "applied",
        "entered",
    )
)


def normalised(name: str) -> str:
    """productViewed, product_viewed, Product Viewed: all the same name."""
    return _BETWEEN.sub(" ", _CAMEL.sub(" ", name)).strip().lower()


# Snowplow, Shopify, Matomo and WooCommerce have names that mean something in their place only.
NAMES: dict[str, str] = {
    normalised(name): kind
    for table in (common.NAMES, ga4.NAMES, segment.NAMES, common.OURS)
    for name, kind in table.items()
}

_SHIPPED = dict(NAMES), dict(common.FIELDS)  # without a domain's


@lru_cache(maxsize=4096)
def _kind_of(name: str) -> str | None:
    return NAMES.get(normalised(name))


def speak(events: Mapping[str, str], fields: Mapping[str, Iterable[str]]) -> None:
    """Read a domain's names, too, from here on in this process; those of a domain before are gone.

    events: our types, or `NOT_OURS`, by the domain's names, which go before any vocabulary's.
    fields: by our field what the domain calls it. To be called before records are decoded.
    """
    names, known = _SHIPPED
    for table, shipped in ((NAMES, names), (common.FIELDS, known)):
        table.clear()
        table.update(shipped)  # type: ignore[arg-type]
    NAMES.update((normalised(name), kind) for name, kind in events.items())
    for field, theirs in fields.items():
        common.FIELDS[field] = (*theirs, *known[field])
    _kind_of.cache_clear()


def kind_of(name: Any) -> str | None:
    """What a name means in any vocabulary: our type, `NOT_OURS`, or None where nobody knows it."""
    if not isinstance(name, str) or len(name) > NAME_CHARACTERS_MAX:
        return None
    return _kind_of(name)


class Ours(NamedTuple):
    """A record in our own words. kind: its type; None: its topic's default."""

    kind: str | None = None


def translated(message: Message, own: Mapping[bytes, str], default_kind: str) -> Ours | list[Draft]:
    """What a bare record says. own: our types by the names that producers give them."""
    data = message.data
    if DELETED in data and is_deleted(data):
        removed = as_id(data.get("product_id")) if default_kind == CATALOGUED else None
        if isinstance(removed, str):
            return [Draft(CATALOGUED, None, key=removed.encode("utf-8", "replace"))]
        return [Draft(NOT_OURS)]
    for header, translate in HEADERS.items():
        if header in message.headers:
            return translate(message, kind_of)
    field, name = _named(data, default_kind)
    if isinstance(name, str) and (kind := own.get(name.encode("utf-8", "replace"))) is not None:
        return Ours(kind)
    for recognises, translate in VOCABULARIES:
        if recognises(data):
            return translate(message, kind_of)
    if not field:
        if default_kind in (CLICKED, SEARCHED) and not TIMES.isdisjoint(data):
            return common.translate(message, default_kind)
        return Ours()
    # More than one field may name a kind: `"type": "event", "event": "purchase"`.
    others = (data.get(each) for each in KIND_FIELDS if each in data)
    kinds = [kind for each in (name, *others) if (kind := kind_of(each)) is not None]
    if not kinds:
        return [Draft(None, name=name)]
    return common.translate(message, kinds[0]) if kinds[0] else [Draft(NOT_OURS)]


def _named(data: dict[str, Any], default_kind: str) -> tuple[str, Any]:
    """The field that names the record's kind, and the name; ("", None) if none does."""
    if _KINDS.isdisjoint(data):
        return "", None
    for field in CLICK_KIND_FIELDS if default_kind == CLICKED else KIND_FIELDS:
        name = data.get(field)
        if name is None or name == "" or (field in PERHAPS_KINDS and not _may_be_a_kind(name)):
            continue
        return field, name
    return "", None


def _may_be_a_kind(name: Any) -> bool:
    """Whether this names an event rather than a product: it is known, or written like one."""
    if kind_of(name) is not None:
        return True
    if not isinstance(name, str) or len(name) > NAME_CHARACTERS_MAX:
        return False
    if re.fullmatch(r"[a-z0-9]+(?:[_.:/][a-z0-9]+)+|[a-z]+(?:[A-Z][a-z0-9]+)+", name):
        return True
    words = name.lower().split()
    return bool(words) and not _VERBS.isdisjoint((words[0], words[-1]))
