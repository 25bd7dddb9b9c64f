"""Orders as documents with their lines inside: answers of APIs in JSON, exports in XML.

An order is an object that has an id and a list of lines, wherever it stands: alone, one a line, in
an array, in an answer's `orders`, `items`, `data` or `edges`. Its fields and those of each line
become cells by `header_key` of their path, so that a document reads as a table's rows do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

import orjson

from .base import BadRow, Options
from .cells import clean, header_key
from .lines import LINE_CHARACTERS_MAX, beginning_of, json_texts
from .order_names import (
    FIRST_IN_DOCUMENT,
    LINE_FIELDS,
    LINE_IN_DOCUMENT,
    LINES,
    NAMES_A_PRODUCT,
    ORDER_FIELDS,
    ORDER_IN_DOCUMENT,
    WRAPPERS,
)
from .order_states import NUMBERED_STATES, PAID
from .order_xml import orders_of
from .tables import Row, text_of
from .text_files import open_text

DEPTH_MAX = 12
HEAD_CHARACTERS = 1 << 16
SAMPLE = 20
NO_LINES = "no lines"  # in the cell `lines` of an order that has none
_LINES = tuple(dict.fromkeys(map(header_key, LINES)))
# What only an event says of itself: a message, not an order.
_OF_EVENTS = frozenset(
    ("event", "eventtype", "eventname", "specversion", "ecommerce", "properties")
)
_GLOBAL_ID = "gid://"  # of GraphQL: gid://shopify/Product/17
FIELDS: Mapping[str, tuple[str, ...]] = {
    name: tuple(
        dict.fromkeys(
            map(header_key, (*FIRST_IN_DOCUMENT.get(name, ()), *names, *further.get(name, ())))
        )
    )
    for fields, further in (
        (ORDER_FIELDS, ORDER_IN_DOCUMENT),
        (LINE_FIELDS, LINE_IN_DOCUMENT),
    )
    for name, names in fields.items()
}


class Order(NamedTuple):
    """An order's cells and those of each of its lines, by `header_key` of their paths."""

    place: int  # the line of the file, or the place in its array
    cells: dict[str, str]
    lines: list[dict[str, str]]


def orders_in(path: Path, options: Options) -> Iterator[Order | tuple[int, BadRow]]:
    """The orders of a file, in its order; beside them what is none. Raises FormatError."""
    with open_text(path, options.encoding) as text:
        for place, document in _documents(text):
            if isinstance(document, BadRow):
                yield place, document
                continue
            found = False
            for order in _walk(document, place, 0):
                found = True
                yield order
            if not found and not _is_empty(document):
                yield place, BadRow("", "missing_field", "no order with lines in it")


def recognises(path: Path, options: Options) -> bool:
    """Whether a JSON file begins with orders and nothing else; not with one a line of a shop's
    webhooks, which are messages."""
    with open_text(path, options.encoding) as text:
        if not _is_whole(text):
            return False
        text.seek(0)
        head = header_key(text.read(HEAD_CHARACTERS))
        if not any(name in head for name in _LINES):
            return False  # before all of a large file is read for it
    found = list(islice(orders_in(path, options), SAMPLE))
    return bool(found) and all(isinstance(each, Order) for each in found)


def rows_of(path: Path, options: Options) -> Iterator[Row | tuple[int, BadRow]]:
    """A row per line of an order; one with `NO_LINES` for an order that has none."""
    keys = {
        name: (header_key(options.columns[name]),) if name in options.columns else known
        for name, known in FIELDS.items()
    }
    for order in orders_in(path, options):
        if not isinstance(order, Order):
            yield order
            continue
        common = _values(ORDER_FIELDS, keys, order.cells)
        if not order.lines:
            raw = f"{common['order_id']}\x1f{NO_LINES}"
            yield Row(order.place, {**common, "lines": NO_LINES}, raw)
        for number, line in enumerate(order.lines):
            values = {**common, **_values(LINE_FIELDS, keys, line)}
            for name in options.columns:
                values[name] = values.get(name) or line.get(keys[name][0], "") or ""
            raw = "\x1f".join(
                (common["order_id"], common["timestamp"], str(number), *line.values())
            )
            yield Row(order.place, values, raw)


def _values(
    fields: Mapping[str, object], keys: Mapping[str, tuple[str, ...]], cells: Mapping[str, str]
) -> dict[str, str]:
    found = {}
    for name in fields:
        key = next((key for key in keys[name] if cells.get(key)), "")
        text = cells.get(key, "")
        if key.endswith(("gmt", "utc")) and text[-1:].isdecimal() and "T" in text:
            text += "Z"
        if text.isdecimal() and key in NUMBERED_STATES:
            text = NUMBERED_STATES[key].get(text) or PAID
        found[name] = text
    return found


def _is_whole(text: IO[str]) -> bool:
    """Whether the file is one document, and not one a line."""
    first = text.readline(LINE_CHARACTERS_MAX)
    while first and not clean(first):
        first = text.readline(LINE_CHARACTERS_MAX)
    if clean(first)[:1] in ("[", "<") or first[-1:] != "\n":
        return True
    try:
        orjson.loads(clean(first).encode("utf-8", "replace"))
    except orjson.JSONDecodeError:
        return True
    return not clean(text.read(HEAD_CHARACTERS))


def _documents(text: IO[str]) -> Iterator[tuple[int, Any]]:
    """(line or place, document): the whole file where it is one, else one a line."""
    if clean(text.read(HEAD_CHARACTERS))[:1] == "<":
        text.seek(0)
        yield from orders_of(text)
        return
    text.seek(0)
    whole = beginning_of(text)
    if not text.read(1):
        try:
            document = orjson.loads(whole.lstrip("\ufeff"))
        except (orjson.JSONDecodeError, UnicodeEncodeError):
            pass
        else:
            listed = document if isinstance(document, list) else [document]
            yield from enumerate(listed, 1)
            return
    del whole
    text.seek(0)
    for place, value in json_texts(text):
        if isinstance(value, BadRow):
            yield place, value
            continue
        try:
            yield place, orjson.loads(value)
        except orjson.JSONDecodeError:
            yield place, BadRow("", "invalid_json", "not JSON")


def _is_empty(document: Any) -> bool:
    """An answer without orders: `{"orders": []}`."""
    return isinstance(document, dict) and any(value == [] for value in document.values())


def _walk(document: Any, place: int, depth: int) -> Iterator[Order]:
    if depth > DEPTH_MAX:
        return
    if isinstance(document, list):
        for each in document:
            yield from _walk(each, place, depth + 1)
    elif isinstance(document, dict):
        order = _order(document, place)
        if order is not None:
            yield order
            return
        for value in document.values():
            if isinstance(value, dict | list):
                yield from _walk(value, place, depth + 1)


def _order(document: dict[str, Any], place: int) -> Order | None:
    """The document as an order; None where it is none."""
    cells: dict[str, str] = {}
    lists: dict[str, list[dict[str, Any]]] = {}
    _flatten(document, "", cells, lists, 0)
    if not _OF_EVENTS.isdisjoint(map(header_key, document)):
        return None
    # Of a document that is an answer, the orders' own ids are one list further in.
    if not any(cells.get(key) for key in FIELDS["order_id"]):
        return None
    if not any(cells.get(key) for key in FIELDS["timestamp"]):
        return None
    name = next((name for name in _LINES if name in lists), None)
    if name is None:
        return None
    if "financialstatus" in cells:
        cells.pop("userid", None)  # Shopify's member of staff
    return Order(place, cells, [_line(line) for line in lists[name]])


def _line(document: dict[str, Any]) -> dict[str, str]:
    cells: dict[str, str] = {}
    _flatten(document, "", cells, {}, 0)
    if not NAMES_A_PRODUCT.isdisjoint(cells):
        cells.pop("id", None)
    if cells.get("baseprice") and "qtyordered" not in cells:
        cells["price"] = cells["baseprice"]  # Salesforce: `price` is the line's
    return cells


def _flatten(
    document: dict[str, Any],
    path: str,
    cells: dict[str, str],
    lists: dict[str, list[dict[str, Any]]],
    depth: int,
) -> None:
    """Collect the cells by their paths, and the lists of objects by their names."""
    for name, value in document.items():
        key = header_key(name)
        inner = path if key in WRAPPERS else path + key
        if isinstance(value, dict):
            listed = _objects(value, of_lines=key in _LINES)
            if listed is not None:
                lists.setdefault(key, listed)
                lists.setdefault(header_key(next(iter(value))), listed)
            elif depth < DEPTH_MAX:
                _flatten(
                    value, inner, cells, lists if key in WRAPPERS or not path else {}, depth + 1
                )
        elif isinstance(value, list):
            objects = [each for each in value if isinstance(each, dict)]
            if objects or not value:
                lists.setdefault(key, objects)
            if objects and key not in _LINES and depth < DEPTH_MAX:
                _flatten(objects[-1], inner, cells, {}, depth + 1)  # the latest of its payments
        else:
            try:
                text = text_of(name, value)
            except BadRow:
                continue
            cells.setdefault(
                inner, text.rpartition("/")[2] if text.startswith(_GLOBAL_ID) else text
            )


def _objects(value: dict[str, Any], of_lines: bool) -> list[dict[str, Any]] | None:
    """The objects of a list in a wrapper: `{"edges": [{"node": ...}]}`, `{"order": [...]}`."""
    if of_lines and len(value) == 1 and isinstance(only := next(iter(value.values())), dict):
        return [only]  # of one line, in XML
    lists = [each for each in value.values() if isinstance(each, list)]
    if len(lists) != 1 or any(isinstance(v, dict) and k != "pageInfo" for k, v in value.items()):
        return None
    if len(value) > 1 and not {"edges", "nodes"} & value.keys():
        return None
    objects = [each for each in lists[0] if isinstance(each, dict)]
    return objects if len(objects) == len(lists[0]) else None
