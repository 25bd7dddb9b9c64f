"""What a format is, and the events that its rows become: the terms that all readers are written in.

A format names its columns and makes an event from a row, or an order from the rows of it. Opening,
checking, counting and naming rows is `reading`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, timedelta, timezone
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from shopkeeper.shared.contracts import topics

from . import times
from .base import BadRow, Books, Options, shown
from .cells import number, price, rating_of
from .lines import Record
from .scan import DOOR_SCALE, Scale, Scan, Shift, scale_of, shift_of
from .tables import Layout, Row, rows_of

CLICKED, ADDED, REMOVED = "product.clicked.v1", "product.added.v1", "product.removed.v1"
ORDERED, REFUNDED = "order.completed.v1", "order.refunded.v1"
SEARCHED, REVIEWED = "products.searched.v1", "product.reviewed.v1"
TOPIC_OF = {t: topic.name for topic in topics.ALL for t in topic.types if topic.default_type}
ORDER_LINES_MAX = 5_000  # more do not fit into an event
EVENT_NAMES = (
    "event",
    "event_type",
    "event_name",
    "type",
    "action",
    "behavior",
    "behaviour",
    "behavior_type",
    "behaviour_type",
    "interaction",
    "interaction_type",
    "kind",
    "feedback_type",
    "行为类型",
    "行为",
    "事件",
)  # of the column that says what was done


ELSEWHERE = timezone(timedelta(hours=1))  # a time that names its zone is the same there


class Made(NamedTuple):
    """An event without its id."""

    type: str
    key: str
    data: dict[str, Any]
    time_ms: int


class Context:
    """What the readers of one file ask: times, ratings and optional cells as this file has them.

    scan: reads the file once through; called where an answer needs the whole file, once.
    """

    def __init__(
        self,
        path: str,
        options: Options,
        books: Books,
        scan: Callable[[], Scan],
        now_ms: int | None,
        *,
        columns: Mapping[str, str] | None = None,
    ) -> None:
        self._path, self._options, self._books = path, options, books
        self._columns = columns or {}
        self._scan_file, self._now_ms = scan, now_ms
        self._said_zone = False
        self.number = 0  # of the row, from 0

    def say(self, line: str) -> None:
        """Tell the user something about the file, once."""
        line = f"{self._path}: {line}"
        if self._books.note(line):
            self._options.say(line)

    @cached_property
    def _scan(self) -> Scan:
        return self._scan_file()

    def time_ms(self, row: Row, name: str = "timestamp", serials: bool = False) -> int:
        """The time in a cell, which has to be there. Raises BadRow."""
        text = row.need(name)
        try:
            return times.time_ms(text, self._day_first, serials, self._options.zone or UTC)
        except (ValueError, OverflowError):
            raise BadRow(name, "invalid_time", f"{shown(text)} is not a time") from None

    def local_time_ms(self, row: Row, name: str = "timestamp") -> int:
        """As `time_ms`, of a file in which times are the shop's own: where they name no zone and
        nobody else does, it is said."""
        if self.column(name).lower().endswith(("gmt", "utc")):
            return times.time_ms(row.need(name) + " UTC", self._day_first, serials=True)
        found = self.time_ms(row, name, serials=True)
        if self._options.zone is None and not self._said_zone:
            other = times.time_ms(row.need(name), self._day_first, True, ELSEWHERE)
            if other != found:
                self._said_zone = True
                self.say("times name no zone and are read as UTC: --time-zone names the shop's")
        return found

    @property
    def user_key(self) -> bytes:
        """What pseudonyms of users are made with."""
        return self._options.user_key

    def product_id(self, found: str) -> str:
        """The catalogue's id of a product that the file calls so."""
        return self._options.skus.get(found, found)

    def column(self, name: str) -> str:
        """A field as the file calls it, for messages."""
        return self._columns.get(name, name)

    def _day_first(self) -> bool:
        return self._is_day_first

    @cached_property
    def _is_day_first(self) -> bool:
        orders = self._scan.orders
        day = orders["day"] > orders["month"]
        order = "day/month/year" if day else "month/day/year"
        if orders["day"] and orders["month"]:
            proof = (
                f"{max(orders['day'], orders['month'])} rows can only be so, some only otherwise"
            )
        elif orders["day"] or orders["month"]:
            proof = f"{orders['day'] + orders['month']} rows can only be so"
        else:
            proof = "no row says which, and the usual public sets are written so"
        self.say(f"dates are read as {order}: {proof}")
        return day

    def old_time_ms(self, row: Row, name: str = "timestamp") -> int:
        """As `time_ms`, moved as the whole file is where it begins before 2000."""
        return self._shift.moved(self.time_ms(row, name))

    @cached_property
    def _shift(self) -> Shift:
        shift = shift_of(self._scan, self._now_ms)
        if shift.squeeze_from_ms is not None:
            self.say("times before 2000 are moved into 2000-01-01, in their order")
        elif shift.days_ms:
            days = shift.days_ms // 86_400_000
            self.say(f"times begin before 2000: all are moved forward by {days} days")
        return shift

    def rating(self, row: Row, name: str = "rating") -> float:
        """The rating in a cell, from 0 to 5 whatever the file's scale. Raises BadRow."""
        text = row.need(name)
        try:
            rating, of = rating_of(text)
        except ValueError:
            raise BadRow(name, "wrong_type", f"{shown(text)} is not a number") from None
        if of is not None:
            if not 0 <= rating <= of:
                raise BadRow(name, "out_of_range", f"{shown(text)} is no such share")
            return rating * DOOR_SCALE / of
        if not self.scale.holds(rating):
            scale = f"{self.scale.low:g} to {self.scale.high:g}"
            raise BadRow(name, "out_of_range", f"{rating:g} is not on the scale of {scale}")
        return self.scale.door(rating)

    @cached_property
    def scale(self) -> Scale:
        """The file's rating scale, declared or found out, and said. Raises FormatError."""
        if self._options.rating_scale is not None:
            return Scale(*self._options.rating_scale)
        high = scale_of(self._scan)
        if self._scan.highest < 0:  # each rating says of how many it is
            return Scale(0, high)
        seen = f"ratings {self._scan.lowest:g} to {self._scan.highest:g} taken as"
        if high == DOOR_SCALE:
            self.say(f"{seen} of 0 to 5, as they are; --rating-scale MIN MAX says otherwise")
        else:
            low = 1 if self._scan.lowest >= 1 else 0
            self.say(
                f"{seen} of {low} to {high:g}, published as that share of 5; "
                "--rating-scale MIN MAX says otherwise"
            )
        return Scale(0, high)

    def quantity(self, row: Row, name: str) -> float | None:
        """An optional number: None where there is none, counted where it is none that can be."""
        text = row.get(name)
        if not text:
            return None
        try:
            return number(text)
        except ValueError:
            self._books.dropped_cells[name] += 1
            return None

    def price(self, row: Row, name: str = "price") -> tuple[float | None, str | None]:
        """An optional price, and its currency where the cell names one: `9,99 €`."""
        text = row.get(name)
        if not text:
            return None, None
        try:
            return price(text)
        except ValueError:
            return self.quantity(row, name), None


Rows = Callable[[Path, Layout, Options], AbstractContextManager[Iterator[Row | Record]]]


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file.

    fields: field -> names that its column may have, the documented one first. needed: the fields
    without which it is not this format; a tuple in it is a choice. shapes: what files without a
    header hold, by number of cells: the fields in order, "" for what is not read, and a test of
    one row. event: a row as an event; raises BadRow and LeftOut. group: what the rows of one event
    that follow each other share, None where a row stands alone; line and order: such a row as part
    of it, and the event of all of them. rows: reads the file.
    """

    name: str
    about: str
    fields: Mapping[str, Sequence[str]]
    needed: Sequence[str | tuple[str, ...]]
    event: Callable[[Row, Context], Made] | None = None
    shapes: Mapping[tuple[str, ...], Callable[[Sequence[str]], bool]] = field(default_factory=dict)
    group: Callable[[Row], Hashable | None] | None = None
    line: Callable[[Row, Context], Any] | None = None
    order: Callable[[Row, Sequence[Any], Context], Made] | None = None
    rows: Rows = rows_of
    unless: Sequence[str] = ()  # columns that it would not read and that say it is something else


def without_none(data: dict[str, Any]) -> dict[str, Any]:
    """The fields that have a value."""
    return {name: value for name, value in data.items() if value is not None and value != ""}
