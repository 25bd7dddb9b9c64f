"""What every vocabulary shares: a message from outside, the drafts of events in it, its fields.

Nothing here checks: a draft's data are checked by the decoder like everybody's. Ids that are whole
numbers become text, since these vocabularies write them so; numbers with a fraction stay and are
refused (their digits are not safe).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..events.shop import is_nobody

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CLICKED = "product.clicked.v1"
ADDED = "product.added.v1"
REMOVED = "product.removed.v1"
ORDERED = "order.completed.v1"
REFUNDED = "order.refunded.v1"
SEARCHED = "products.searched.v1"
REVIEWED = "product.reviewed.v1"
CATALOGUED = "product.catalogued.v1"
PROFILED = "user.profiled.v1"
NOT_OURS = ""  # a name that is known, and that there is nothing to learn from

Fields = dict[str, tuple[str, ...]]  # our field -> what the vocabulary calls it, best first

_PLACEHOLDERS = frozenset({"", "(not set)", "(none)"})


class Message(NamedTuple):
    """One record's value as it came. headers: by lower-case name. place: where it stands in the
    log, for ids that the message lacks. timestamp: the record's, in milliseconds."""

    data: dict[str, Any]
    headers: Mapping[str, bytes]
    key: bytes | None
    place: str
    timestamp: int


class Draft(NamedTuple):
    """One event in our words, not checked yet. `kind`: our type, `NOT_OURS`, or None where nobody
    knows the name, which `name` then holds. data None: the product of `key` is removed."""

    kind: str | None
    data: dict[str, Any] | None = None
    id: Any = None  # of the envelope, as the vocabulary gives it; None: there is none
    time: Any = None
    utc: bool = False  # whether a time without offset is in UTC
    name: Any = None
    key: bytes | None = None
    own_id: bool = False  # whether `id` is this event's alone, not its record's
    left_out: tuple[str, ...] = ()  # our fields of which a part was left out


SKIP = Draft(NOT_OURS)


def first(data: Any, *names: str) -> Any:
    """The first of these fields that says something; None if none does."""
    if isinstance(data, dict):
        for name in names:
            value = data.get(name)
            if value is not None and not (isinstance(value, str) and value in _PLACEHOLDERS):
                return value
    return None


def as_id(value: Any) -> Any:
    """An id as text, if it is text or a whole number; anything else as it is."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value


def inner(data: Any, name: str) -> dict[str, Any]:
    """The object in this field; an empty one if there is none."""
    value = data.get(name) if isinstance(data, dict) else None
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """Lines of an event: a list of objects, one alone, or objects by their numbers."""
    if isinstance(value, dict):
        inside = list(value.values())
        value = inside if inside and all(isinstance(each, dict) for each in inside) else [value]
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def customer(*found: tuple[Any, Any, Any]) -> dict[str, Any]:
    """Who did it. found: (user id, anonymous id, session id), of which the first that says
    something counts, each for itself."""
    names = ("user_id", "anonymous_id", "session_id")
    columns = zip(names, zip(*found, strict=True), strict=True)
    values = {
        name: next((v for v in column if v is not None and not is_nobody(v)), None)
        for name, column in columns
    }
    return {name: as_id(value) for name, value in values.items() if value is not None}


def picked(data: Any, fields: Fields, *ours: str) -> dict[str, Any]:
    """Of `data`, these of our fields, under our names."""
    values = ((name, first(data, *fields.get(name, (name,)))) for name in ours)
    return {
        name: as_id(value) if name.endswith("_id") else value
        for name, value in values
        if value is not None
    }


LINE = ("product_id", "quantity", "price")
REVIEW = ("product_id", "review_id", "review_body", "rating", "locale")


def events(
    kind: str, payload: dict[str, Any], lines: list[dict[str, Any]], fields: Fields
) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    """What an event of this kind says, without its customer: several where it names several
    products and ours name one; and our fields of which a part was left out."""
    if kind in (ORDERED, REFUNDED):
        order = picked(payload, fields, "order_id", "total", "currency", "recomm_id")
        found = [picked(line, fields, *LINE) for line in lines]
        products = [line for line in found if "product_id" in line]
        if products:
            order["products"] = products
        elif found:
            order["products"] = found  # refused, with the reason
        yield order, ("products",) if products and len(products) < len(found) else ()
    elif kind == SEARCHED:
        yield picked(payload, fields, "query", "locale"), ()
    elif kind == REVIEWED:
        yield picked(payload, fields, *REVIEW), ()
    else:
        names = (*LINE, "position", "recomm_id")
        own = picked(payload, fields, *names)
        shared = {name: own[name] for name in ("recomm_id",) if name in own}
        found = [shared | picked(line, fields, *names) for line in lines]
        named = [line for line in found if "product_id" in line]
        if not named:
            yield own, ()
        for line in named:
            yield line, ("product_id",) if len(named) < len(found) and line is named[0] else ()
