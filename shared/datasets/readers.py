"""Data sets as streams of shop events, in bounded memory.

Every reader yields `ShopEvent`s in file order. Ids are made from the row, so publishing a file
twice publishes the same ids, and the second time every event counts as a repeat.
"""

from __future__ import annotations

import csv
import gzip
import itertools
import math
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, NamedTuple

from shopkeeper.shared.contracts import topics

YEAR_2000_S = 946_684_800
DAY_S = 86_400
ORDER_ONLY_START_MS = 1_700_000_000_000  # where a file has an order but no times
ORDER_ONLY_STEP_MS = 1_000


class FormatError(ValueError):
    """A file that cannot be read as said; the message names file and line."""


class ShopEvent(NamedTuple):
    """One event to publish."""

    topic: str
    type: str  # suffix
    key: str
    data: dict[str, Any]
    time_ms: int
    id: str


@contextmanager
def open_text(path: Path) -> Iterator[IO[str]]:
    """A text file, gzip-compressed or not. Raises FormatError if it cannot be opened."""
    try:
        with path.open("rb") as probe:
            compressed = probe.read(2) == b"\x1f\x8b"
        opened: Any = gzip.open if compressed else open
        with opened(path, "rt", encoding="utf-8", newline="") as file:
            yield file
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise FormatError(f"{path}: {reason}") from None
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: not UTF-8 at byte {error.start}") from None


Row = tuple[int, dict[str, str]]  # line number, columns
OnBad = Callable[[FormatError], None]


def refuse(error: FormatError) -> None:
    """The usual answer to a bad row: the file is refused."""
    raise error


def _rows(path: Path, file: IO[str], needed: Iterable[str], on_bad: OnBad) -> Iterator[Row]:
    reader = csv.DictReader(file)
    columns = list(needed)
    try:
        missing = [name for name in columns if name not in (reader.fieldnames or ())]
        if missing:
            raise FormatError(
                f"{path}: no column {', '.join(missing)} (the header has "
                f"{', '.join(reader.fieldnames or ()) or 'nothing'})"
            )
        for row in reader:
            if any(row[name] is None for name in columns):
                on_bad(FormatError(f"{path}:{reader.line_num}: too few columns"))
                continue
            yield reader.line_num, row
    except csv.Error as error:
        raise FormatError(f"{path}:{reader.line_num + 1}: {error}") from None


def _number(path: Path, line: int, name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise FormatError(f"{path}:{line}: {name} is not a number")
    return number


def _filled(path: Path, line: int, row: dict[str, str], *names: str) -> None:
    for name in names:
        if not row[name]:
            raise FormatError(f"{path}:{line}: {name} is empty")


def yoochoose(path: Path, file: IO[str], on_bad: OnBad) -> Iterator[ShopEvent]:
    """session_id,item_id,timestamp (Unix seconds): clicks; the user is the session."""
    for line, row in _rows(path, file, ("session_id", "item_id", "timestamp"), on_bad):
        try:
            _filled(path, line, row, "session_id", "item_id")
            time_ms = round(_number(path, line, "timestamp", row["timestamp"]) * 1000)
        except FormatError as error:
            on_bad(error)
        else:
            yield _click(row, time_ms, f"{path.name}:{line}")


def sessions(path: Path, file: IO[str], on_bad: OnBad) -> Iterator[ShopEvent]:
    """session_id,position,item_id: clicks in file order; the user is the session.

    There are no times in such files: each event is one second after the one before it.
    """
    rows = _rows(path, file, ("session_id", "position", "item_id"), on_bad)
    for index, (line, row) in enumerate(rows):
        try:
            _filled(path, line, row, "session_id", "item_id")
        except FormatError as error:
            on_bad(error)
        else:
            time_ms = ORDER_ONLY_START_MS + index * ORDER_ONLY_STEP_MS
            yield _click(row, time_ms, f"{path.name}:{line}")


def _click(row: dict[str, str], time_ms: int, event_id: str) -> ShopEvent:
    session = row["session_id"]
    data = {"product_id": row["item_id"], "user_id": session, "session_id": session}
    return ShopEvent(topics.CLICKS, "product.clicked.v1", session, data, time_ms, event_id)


def online_retail(path: Path, file: IO[str], on_bad: OnBad) -> Iterator[ShopEvent]:
    """Invoice lines: one order.completed per invoice.

    The user is the customer, or the invoice where the customer is empty; the invoice is the
    session, so a basket is one. Cancellations (invoice C...) and lines of no or negative quantity
    are returns, not orders, and are left out. Of an invoice with a bad line, nothing is used.
    """
    needed = ("invoice_no", "timestamp", "customer_id", "stock_code", "quantity", "unit_price_gbp")
    rows = _rows(path, file, needed, on_bad)
    for invoice, group in itertools.groupby(rows, key=lambda item: item[1]["invoice_no"]):
        try:
            order = _order(path, invoice, list(group))
        except FormatError as error:
            on_bad(error)
        else:
            if order is not None:
                yield order


def _order(path: Path, invoice: str, lines: list[Row]) -> ShopEvent | None:
    first_line, first = lines[0]
    _filled(path, first_line, first, "invoice_no")
    if invoice.upper().startswith("C"):
        return None
    products = [
        {
            "product_id": row["stock_code"],
            "quantity": quantity,
            "price": _number(path, line, "unit_price_gbp", row["unit_price_gbp"]),
        }
        for line, row in lines
        if (quantity := _number(path, line, "quantity", row["quantity"])) > 0 and row["stock_code"]
    ]
    if not products:
        return None
    try:
        time = datetime.fromisoformat(first["timestamp"]).replace(tzinfo=UTC)
    except ValueError:
        raise FormatError(f"{path}:{first_line}: timestamp is not ISO 8601") from None
    user = first["customer_id"] or invoice
    data = {
        "order_id": invoice,
        "user_id": user,
        "session_id": invoice,
        "products": products,
        "currency": "GBP",
    }
    return ShopEvent(
        topics.CLICKS,
        "order.completed.v1",
        user,
        data,
        int(time.timestamp() * 1000),
        f"{path.name}:{first_line}",
    )


def ratings(path: Path, file: IO[str], on_bad: OnBad) -> Iterator[ShopEvent]:
    """user_id,item_id,rating,timestamp: reviews that have a rating and no text.

    Times before 2000 would be refused as a broken clock's: if the first row's is, the whole file
    is moved forward by whole days.
    """
    shift_s: float | None = None
    for line, row in _rows(path, file, ("user_id", "item_id", "rating", "timestamp"), on_bad):
        try:
            _filled(path, line, row, "user_id", "item_id")
            rating = _number(path, line, "rating", row["rating"])
            time_s = _number(path, line, "timestamp", row["timestamp"])
        except FormatError as error:
            on_bad(error)
            continue
        if shift_s is None:
            shift_s = DAY_S * max(0, -int((time_s - YEAR_2000_S) // DAY_S))
        data = {
            "product_id": row["item_id"],
            "review_id": f"{row['user_id']}/{row['item_id']}",
            "rating": rating,
            "user_id": row["user_id"],
        }
        yield ShopEvent(
            topics.REVIEWS,
            "product.reviewed.v1",
            row["item_id"],
            data,
            round((time_s + shift_s) * 1000),
            f"{path.name}:{line}",
        )


READERS: dict[str, Callable[[Path, IO[str], OnBad], Iterator[ShopEvent]]] = {
    "yoochoose": yoochoose,
    "online-retail": online_retail,
    "sessions": sessions,
    "ratings": ratings,
}


def read(path: Path, name: str, on_bad: OnBad = refuse) -> Iterator[ShopEvent]:
    """The events of a file in the format `name` of READERS.

    on_bad: gets each bad row as the error that it is; by default that is raised.
    Raises FormatError.
    """
    with open_text(path) as file:
        yield from READERS[name](path, file, on_bad)
