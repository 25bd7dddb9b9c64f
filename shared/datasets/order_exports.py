"""The format `orders`: exports of orders, a row per line or a document with its lines inside.

What a shop's program, a market place or a plug-in writes, recognised by what its columns mean
(`order_names`). Lines of orders that were cancelled, refunded or not paid are left out and
counted, and so are lines that are no product. docs/files.md says all of it.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import order_documents, order_wide, tables
from .base import BadRow, FormatError, LeftOut, Options, shown
from .cells import header_key, number
from .events_format import KINDS
from .formats import EVENT_NAMES, ORDERED, Context, Format, Made, without_none
from .lines import Record
from .order_names import LINE_FIELDS, NAMED_LINE, NAMED_ORDER, ORDER_FIELDS
from .order_states import (
    BOUGHT,
    CANCELLED,
    DELETED,
    GUESTS,
    LINE_STATES,
    NO_PRODUCTS,
    NUMBERED_STATES,
    PAYMENT_STATES,
    REFUNDED,
    STATES,
    TEST,
    UNPAID,
)
from .packed import holds_several
from .pseudonyms import is_email, is_phone, pseudonym
from .tables import Layout, Row, Sample
from .yes_no import truth_of

NAME = "orders"
ALSO_OF_ORDERS = ("type", "kind")  # of names for what somebody did
Line = tuple[int, dict[str, Any], str | None]  # its time, the line, the currency of its price
_MASKED = re.compile(r"\*{2,}|^\*|\*$")  # 138****1234: market places hide who it is
_STATUS = ("status", "payment_status")
_AMOUNT = re.compile(r"[\d.,$€£¥￥元]+|\b(?:usd|eur|gbp|cny|rmb|chf)\b")
_NOTHING = frozenset(("", "0", "0.0", "-", "--", "none", "null", "无", "false"))
_NUMBERED = re.compile(r"^[\w#./-]*\d[\w#./-]*$")  # an id, and nobody's name
SEVERAL = (
    "names several products in one cell: export the lines of the orders, a row for each, or with "
    "numbered columns (Item 1 name, Item 1 quantity, Item 2 name)"
)


def recognises(path: Path, sample: Sample, options: Options) -> bool:
    """Whether this is an export of orders with their lines. Raises FormatError."""
    if is_document(sample):
        return order_documents.recognises(path, options)
    keys = {header_key(name) for name in sample.names}
    if not _has(keys, "order_id") or not _has(keys, "timestamp") or _names_events(sample):
        return False
    if order_wide.numbered(sample.names):
        return True
    item = _has(keys, "item_id") or _has(keys, "title")
    told = ("quantity", "price", "line_total", "status", "payment_status")
    return item and any(_has(keys, name) for name in told)


def _names_events(sample: Sample) -> bool:
    """Whether a column such as `type` says what somebody did: a table of events, then."""
    for place, name in enumerate(sample.names):
        if header_key(name) in ALSO_OF_ORDERS:
            words = (row[place].lower() for row in sample.rows[1:] if len(row) > place)
            return any(word in KINDS for word in words)
    return False


def is_document(sample: Sample) -> bool:
    """Whether it is JSON or XML, and no table."""
    is_xml = bool(sample.rows and sample.rows[0] and sample.rows[0][0].startswith("<"))
    return sample.kind == "json" or is_xml


def overview(path: Path, sample: Sample) -> str:
    """What to say of a list of orders that does not say what was bought; "" where it is none."""
    keys = {header_key(name) for name in sample.names}
    total = {header_key(n) for n in ("grand total (base)", "grand total", "total", "order total")}
    has_state = _has(keys, "status") or _has(keys, "payment_status")
    id_of = _has(keys, "order_id") or "id" in keys
    bought = _has(keys, "item_id") or _has(keys, "title")
    if sample.kind == "delimited" and id_of and has_state and keys & total and not bought:
        return (
            f"{path}: lists orders, and not what was bought in them (the header has "
            f"{', '.join(sample.names[:30])}): export the lines of the orders, or name the column "
            "of products with --format orders --columns item_id=..."
        )
    return ""


def _has(keys: set[str], field: str) -> bool:
    return not keys.isdisjoint(map(header_key, _fields(keys)[field]))


def _fields(keys: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """The names that the fields of a table with these columns may have."""
    if NAMED_LINE not in keys:
        return _FIELDS
    return {**_FIELDS, "order_id": (*_FIELDS["order_id"], NAMED_ORDER), "api_id": ("id",)}


def layout(path: Path, sample: Sample, options: Options) -> Layout:
    """Where the fields are. Raises FormatError, which names the columns that there are."""
    if is_document(sample):
        return Layout(sample, dict(options.columns), {}, 0, 0)
    fields = _fields([header_key(name) for name in sample.names])
    columns, places = tables.find_columns(path, sample, fields, options)
    groups = _groups(sample, options)
    if groups:  # a column `Name` beside them is the customer's
        first = {name: sample.names[place] for name, place in groups[min(groups)].items()}
        columns = {n: c for n, c in columns.items() if n not in LINE_FIELDS} | first
        own = {n: p for n, p in places.items() if n not in LINE_FIELDS}
        places = own | order_wide.places_of(groups)
    absent = [
        " or ".join(choice)
        for choice in (("order_id",), ("timestamp",), ("item_id", "title"))
        if not any(each in columns for each in choice)
    ]
    if absent:
        error = tables.missing(path, sample, absent)
        raise FormatError(
            f"{overview(path, sample) or error}; --columns FIELD=COLUMN names others, of "
            f"{', '.join(ORDERS.fields)}"
        )
    keys = {name: [header_key(column)] for name, column in columns.items()}
    return Layout(sample, columns, places, len(sample.names), sample.before + 1, keys)


@contextmanager
def rows_of(path: Path, where: Layout, options: Options) -> Iterator[Iterator[Row | Record]]:
    """The lines of the orders, each with its order's fields. Raises FormatError."""
    if is_document(where.sample):
        found = order_documents.rows_of(path, options)
        yield (each if isinstance(each, Row) else Record(*each) for each in found)
        return
    with tables.rows_of(path, where, options, spans=True) as rows:
        lines = _carried(rows, where)
        groups = _groups(where.sample, options)
        yield order_wide.lines_of(lines, groups) if groups else lines


def _groups(sample: Sample, options: Options) -> dict[int, dict[str, int]]:
    """The numbered columns of products, where nobody has named a column of them."""
    if sample.kind != "delimited" or not LINE_FIELDS.keys().isdisjoint(options.columns):
        return {}
    return order_wide.numbered(sample.names)


def _carried(rows: Iterator[Row | Record], where: Layout) -> Iterator[Row | Record]:
    """Rows with what stands in the first row of their order alone, as Shopify's exports and merged
    cells of spreadsheets have it."""
    fields = [name for name in ORDER_FIELDS if name in where.places]
    first: dict[str, str] = {}
    # One column may be two fields, `sku` for instance; and a status may be a line's.
    own = {where.places[name] for name in LINE_FIELDS if name in where.places}
    fields = [name for name in fields if where.places[name] not in own]
    for row in rows:
        if not isinstance(row, Row):
            yield row
            continue
        said = {name: row.values[name] for name in fields if row.values.get(name)}
        order = said.get("order_id", "")
        continues = order == first.get("order_id") if order else not said and bool(first)
        if not continues:
            first = said
            yield row
            continue
        missing = {name: text for name, text in first.items() if not row.values.get(name)}
        # With an order's state on each of its rows, an empty one is no state of the first row.
        yield row._replace(values=row.values | missing) if missing else row


def _order(row: Row) -> Hashable | None:
    return row.get("order_id")


def _line(row: Row, context: Context) -> Line:
    """Raises LeftOut for what is no purchase, BadRow for what cannot be read."""
    row.need_id("order_id")
    if why := _not_bought(row, context):
        raise LeftOut(why)
    if row.get("lines"):
        raise LeftOut("order without lines")
    if why := _no_product(row):
        raise LeftOut(why)
    item = context.product_id(_item(row, context))
    price, total = context.price(row), context.price(row, "line_total")
    quantity = _bought(row)
    if min(price[0] or 0.0, total[0] or 0.0) < 0:
        raise LeftOut("discount")
    amount = price[0]
    if amount is None and total[0] is not None:
        amount = round(total[0] / quantity, 4) if quantity else total[0]
    line = {"product_id": item, "quantity": quantity, "price": amount}
    return context.local_time_ms(row), without_none(line), price[1] or total[1]


def _not_bought(row: Row, context: Context) -> str:
    """Why the row's order or line is no purchase, "" where it is one."""
    if truth_of(header_key(row.get("test"))) or header_key(row.get("test")) == "1":
        return TEST
    if row.get("cancelled_at").lower() not in _NOTHING:
        return CANCELLED
    paid = bool(row.get("payment_status")) and not _state(row, "payment_status", context)
    for name in (*_STATUS, "line_status", "refund_status"):
        why = _state(row, name, context)
        if why and not (why == UNPAID and paid):  # an order that is open, or new, and paid
            return why
    known = any(row.values.get(name) for name in _STATUS)
    if not known and "paid_at" in row.values and row.get("paid_at").lower() in _NOTHING:
        return UNPAID
    return BOUGHT


def _state(row: Row, name: str, context: Context) -> str:
    text = row.get(name)
    key = header_key(text)
    if not key:
        return BOUGHT
    if name == "payment_status":
        if key in PAYMENT_STATES:
            return PAYMENT_STATES[key]
        if (paid := truth_of(key)) is not None:
            return BOUGHT if paid else UNPAID
    if name in ("line_status", "refund_status") and key in LINE_STATES:
        return LINE_STATES[key]
    if key.isdecimal():
        numbered = NUMBERED_STATES.get(header_key(context.column(name)), {})
        return numbered.get(key, BOUGHT)
    why = CANCELLED if key.startswith(DELETED) else STATES.get(key)
    if why is None and name != "line_status":
        context.say(f"{context.column(name)} {text[:40]!r} is not known, and taken as bought")
    return why or BOUGHT


def _no_product(row: Row) -> str:
    """What a line is that is no product: a gift card, shipping, a tip; "" for a product."""
    if row.get("parent") not in _NOTHING:
        return "part of another line"
    if truth_of(header_key(row.get("gift_card"))) or header_key(row.get("gift_card")) == "1":
        return "gift card"
    kind = header_key(row.get("kind"))
    if kind in NO_PRODUCTS:
        return NO_PRODUCTS[kind]
    for text in (row.get("title"), row.get("item_sku"), row.get("item_id")):
        if why := NO_PRODUCTS.get(header_key(_AMOUNT.sub(" ", text.lower()))):
            return why
    return ""


def _item(row: Row, context: Context) -> str:
    """The product: its id, else its SKU, else its name."""
    if (_amount(row, "kinds") or 1) > 1:
        raise BadRow("kinds", "wrong_type", SEVERAL)
    for name in ("item_id", "item_sku", "title"):
        found = row.id(name)
        if found and (name == "title" or found != "0"):
            if holds_several(row.get(name), of_ids=name != "title"):
                raise BadRow(name, "wrong_type", SEVERAL)
            if name == "title":
                context.say("lines without an id or SKU are named by their title")
            else:
                if context.column(name) == name:
                    return found
                context.say(
                    f"products are named by {context.column(name)}; where the catalogue has "
                    "other ids, --columns item_id=COLUMN"
                )
            return found
    raise BadRow("item_id" if "item_id" in row.values else "title", "empty_field", "is empty")


def _bought(row: Row) -> float | None:
    """How many were bought and kept. Raises LeftOut where none were."""
    bought = _amount(row, "quantity")
    back, gone = _amount(row, "refunded") or 0.0, _amount(row, "cancelled") or 0.0
    if bought is None:
        return None
    if bought < 0:
        raise LeftOut("negative quantity")
    if bought == 0 or bought - abs(back) - abs(gone) <= 0:
        raise LeftOut(CANCELLED if abs(gone) >= bought > 0 else REFUNDED if back else "no quantity")
    return bought - abs(back) - abs(gone)


def _amount(row: Row, name: str) -> float | None:
    text = row.get(name)
    if not text:
        return None
    try:
        return number(text)
    except ValueError:
        raise BadRow(name, "wrong_type", f"{shown(text)} is not a number") from None


def _user(row: Row, context: Context) -> str:
    """The customer's id; else a pseudonym of the address; else the order, for a guest's."""
    user = row.id("user_id")
    if user and user.lower() not in GUESTS and not _MASKED.search(user):
        if not is_email(user):
            return user
        return _pseudonym(user, "user_id", context)
    for name, fits in (("email", is_email), ("phone", is_phone)):
        text = row.id(name)
        if text and not _MASKED.search(text) and fits(text):
            return _pseudonym(text, name, context)
    if _NUMBERED.search(row.id("customer")):
        return row.id("customer")
    nickname = row.id("nickname")
    if nickname and nickname.lower() not in GUESTS and not _MASKED.search(nickname):
        return nickname
    context.say("orders that name no customer are each a user of their own, by the order's id")
    return row.need_id("order_id")


def _pseudonym(text: str, name: str, context: Context) -> str:
    context.say(
        f"users who have no id are named by a pseudonym of {context.column(name)}, which is not "
        "published"
    )
    return pseudonym(text, context.user_key)


def _made(row: Row, lines: Sequence[Line], context: Context) -> Made:
    user = _user(row, context)
    currency = row.get("currency") or next((each[2] for each in lines if each[2]), None)
    data = {
        "order_id": row.id("api_id") or row.need_id("order_id"),
        "user_id": user,
        "products": [line for _, line, _ in lines],
        **without_none({"currency": currency}),
    }
    return Made(ORDERED, user, data, lines[0][0])


_FIELDS: Mapping[str, Sequence[str]] = {**ORDER_FIELDS, **LINE_FIELDS}
ORDERS = Format(
    NAME,
    "exports of orders with a row per line, or JSON or XML with the lines inside: an order's "
    "number, date, product, and quantity or price, under any usual name",
    _FIELDS,
    ("order_id", "timestamp", ("item_id", "title")),
    group=_order,
    rows=rows_of,
    line=_line,
    order=_made,
    unless=[name for name in EVENT_NAMES if name not in ALSO_OF_ORDERS],
)
