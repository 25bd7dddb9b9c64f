"""Instacart's baskets: order_products files, whose orders are in an orders file beside them."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .base import BadRow, FormatError, Options
from .formats import ORDERED, Context, Format, Made
from .tables import Layout, Row, find_columns, missing, rows_of, sample_of

ORDERS_MAX = 20_000_000  # 24 bytes each
START_MS = 1_672_531_200_000  # 2023-01-01: the set has days since the last order, but no dates
DAY_MS, HOUR_MS = 86_400_000, 3_600_000
_FIELDS = {
    "order_id": ("order_id",),
    "user_id": ("user_id",),
    "order_number": ("order_number",),
    "hour": ("order_hour_of_day",),
    "days": ("days_since_prior_order",),
}


class Orders:
    """Who placed an order and when, of all orders of the set: three columns, sorted by order."""

    def __init__(self, path: Path, options: Options) -> None:
        sample = sample_of(path, options)
        columns, places = find_columns(path, sample, _FIELDS, Options())
        if absent := [name for field, (name, *_) in _FIELDS.items() if field not in columns]:
            raise missing(path, sample, absent)
        layout = Layout(sample, columns, places, len(sample.names), sample.before + 1)
        ids, users, times_ms = array("q"), array("q"), array("q")
        last_user, day = None, 0.0
        with rows_of(path, layout, options) as rows:
            for row in rows:
                if not isinstance(row, Row):
                    continue  # its order is one that is not known: said where it is asked for
                try:
                    order, user = int(row.get("order_id")), int(row.get("user_id"))
                    days, hour = float(row.get("days") or 0), float(row.get("hour") or 0)
                    # A user's orders follow each other; the first has no days before it.
                    day = day + days if user == last_user else 0.0
                    time_ms = START_MS + int(day * DAY_MS + hour * HOUR_MS)
                    for column, value in ((ids, order), (users, user), (times_ms, time_ms)):
                        column.append(value)
                except (ValueError, OverflowError):
                    del users[len(times_ms) :], ids[len(times_ms) :]
                    continue
                last_user = user
                if len(ids) > ORDERS_MAX:
                    raise FormatError(f"{path}: more than {ORDERS_MAX:,} orders")
        found = np.frombuffer(ids, np.int64) if ids else np.zeros(0, np.int64)
        place = np.argsort(found, kind="stable")
        self._ids = found[place]
        self._users = np.frombuffer(users, np.int64)[place] if users else found
        self._times_ms = np.frombuffer(times_ms, np.int64)[place] if times_ms else found

    def of(self, order: str) -> tuple[str, int]:
        """(user, time) of an order. Raises BadRow where the file has no such order."""
        try:
            number = int(order)
            place = int(np.searchsorted(self._ids, number))
        except (ValueError, OverflowError):
            place = len(self._ids)
        if place == len(self._ids) or int(self._ids[place]) != number:
            raise BadRow("order_id", "unknown_order", f"no order {order[:40]} in the orders file")
        return str(self._users[place]), int(self._times_ms[place])


def files_of(path: Path) -> list[Path]:
    """The order_products files of a folder, or the file itself. Raises FormatError."""
    if not path.is_dir():
        return [path]
    found = sorted(path.glob("order_products*.csv*"))
    if not found:
        raise FormatError(f"{path}: a folder without order_products*.csv")
    return found


def orders_file(path: Path) -> Path:
    """The orders file of a folder, or beside a file. Raises FormatError."""
    folder = path if path.is_dir() else path.parent
    for name in ("orders.csv", "orders.csv.gz", "orders.csv.zip"):
        if (folder / name).is_file():
            return folder / name
    raise FormatError(f"{path}: Instacart's users are in orders.csv, which is not in {folder}")


def format_with(orders: Orders) -> Format:
    """The format, reading users and times from these orders."""

    def line(row: Row, context: Context) -> dict[str, Any]:
        orders.of(row.need("order_id"))
        return {"product_id": row.need_id("item_id")}

    def order(row: Row, lines: Sequence[dict[str, Any]], context: Context) -> Made:
        context.say("the set has no dates: each user's orders begin on 2023-01-01")
        number = row.need("order_id")
        user, time_ms = orders.of(number)
        data = {"order_id": number, "user_id": user, "session_id": number, "products": list(lines)}
        return Made(ORDERED, user, data, time_ms)

    return Format(
        INSTACART.name,
        INSTACART.about,
        INSTACART.fields,
        INSTACART.needed,
        group=_basket,
        line=line,
        order=order,
    )


def _basket(row: Row) -> Hashable | None:
    return row.get("order_id")


INSTACART = Format(
    "instacart",
    "order_products*.csv with order_id,product_id,add_to_cart_order, and orders.csv beside it; "
    "or the folder of both",
    {
        "order_id": ("order_id",),
        "item_id": ("product_id",),
        "place": ("add_to_cart_order",),
    },
    ("order_id", "item_id", "place"),
)
