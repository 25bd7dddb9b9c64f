"""Matomo's tracking API: the parameters of its requests, as an object or in bulk.

An order is `idgoal=0` with `ec_id`; without it the request tells what lies in the cart, all of it
each time: every product of it counts as added once a day and visitor, by the id made for it here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson

from ..parsing import Refused, time_ms_of
from .base import (
    ADDED,
    CLICKED,
    ORDERED,
    SEARCHED,
    SKIP,
    Draft,
    Message,
    as_id,
    customer,
    first,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

# By the parameters that say what a request is, since Matomo names no events.
NAMES: dict[str, str] = {
    "idgoal=0 with ec_id": ORDERED,
    "idgoal=0 without ec_id": ADDED,
    "_pks": CLICKED,
    "search": SEARCHED,
}
_MARKS = frozenset(("idsite", "_pks", "ec_items", "idgoal", "_pkc", "e_c", "e_a"))
DAY_MS = 86_400_000
_BULK = "requests"


def recognises(data: dict[str, Any]) -> bool:
    """Whether these are parameters of a request to matomo.php, or several in bulk."""
    if not _MARKS.isdisjoint(data):
        return True
    requests = data.get(_BULK)
    return isinstance(requests, list) and len(requests) > 0


def translate(message: Message, kind_of: Any) -> list[Draft]:
    """The events of one request, or of all in bulk."""
    requests = message.data.get(_BULK)
    if not isinstance(requests, list):
        return list(_one(message.data, message))
    return [draft for each in requests for draft in _one(_parameters(each), message)]


def _parameters(request: Any) -> dict[str, Any]:
    if isinstance(request, str):
        return dict(parse_qsl(request.lstrip("?")))
    return request if isinstance(request, dict) else {}


def _one(data: dict[str, Any], message: Message) -> Iterator[Draft]:
    who = customer((first(data, "uid"), first(data, "cid", "_id"), None))
    time = first(data, "cdt")
    if str(data.get("idgoal")) == "0":
        yield from _order(data, who, time, _day(time, message.timestamp))
    elif (product := first(data, "_pks")) is not None:
        click = who | {"product_id": as_id(product)}
        yield Draft(CLICKED, click, None, time, True)
    elif (query := first(data, "search")) is not None:
        yield Draft(SEARCHED, who | {"query": query}, None, time, True)
    else:
        yield SKIP  # a page, a goal, an event, a download


def _day(time: Any, timestamp: int) -> int:
    """Days since 1970."""
    try:
        return (timestamp if time is None else time_ms_of(time, utc=True)) // DAY_MS
    except Refused:
        return 0  # the event will be refused for its time


def _order(data: dict[str, Any], who: dict[str, Any], time: Any, day: int) -> Iterator[Draft]:
    lines, bad = _items(data.get("ec_items"))
    order_id = first(data, "ec_id")
    if order_id is not None:
        order = who | {"order_id": as_id(order_id), "products": lines}
        if (total := first(data, "revenue")) is not None:
            order["total"] = total
        yield Draft(
            ORDERED,
            order,
            f"matomo/order/{as_id(order_id)}",
            time,
            True,
            own_id=True,
            left_out=("products",) if bad and lines else (),
        )
        return
    visitor = first(who, "user_id", "anonymous_id")
    for line in lines:
        added = f"matomo/cart/{visitor}/{day}/{line['product_id']}"
        yield Draft(ADDED, who | line, added, time, True, own_id=True)
    if not lines:
        yield SKIP  # the cart is empty


def _items(value: Any) -> tuple[list[dict[str, Any]], int]:
    """[[sku, name, category, price, quantity], ...], as JSON text or as it is; and how many have
    no sku."""
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            value = None
    rows = value if isinstance(value, list) else []
    lines = []
    for row in rows:
        if isinstance(row, list) and row and row[0] not in (None, "", False):
            line = {"product_id": as_id(row[0])}
            for name, place in (("price", 3), ("quantity", 4)):
                if len(row) > place and row[place] is not None:
                    line[name] = row[place]
            lines.append(line)
    return lines, len(rows) - len(lines)
