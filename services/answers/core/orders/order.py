"""An order as the service keeps it: plain text, and the names by which its customer calls it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import msgspec

from shopkeeper.shared.text.normalisation import normalise

from ..plain import plain, web_address

if TYPE_CHECKING:
    from shopkeeper.shared.contracts.events.shop import OrderUpdated

OPEN = frozenset({"placed", "packed", "shipped", "out_for_delivery"})
PRODUCTS_MAX = 20  # kept of one order
NAME_CHARACTERS_MAX = 120
YEAR_MIN = 2000  # programs write 0001-01-01 and 1970-01-01 for no day
_NO_NAME = re.compile(r"[\W_]+")


class Order(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Days are dates as the shop wrote them; None where it did not, or wrote none that is."""

    id: str
    user_id: str
    status: str
    number: str  # as the customer sees it
    names: tuple[str, ...]  # numbers of the order and of its parcel, as `code_of` writes them
    product_ids: tuple[str, ...]
    products: int  # how many there are
    carrier: str  # "" where it is not known; likewise below
    tracking_number: str
    tracking_url: str
    expected_on: date | None
    placed_on: date | None
    shipped_on: date | None
    delivered_on: date | None
    placed_ms: int  # Unix milliseconds; of a date its first, in UTC; 0: not known

    @property
    def open(self) -> bool:
        """Whether it is still to come."""
        return self.status in OPEN


def code_of(written: str) -> str:
    """A number of an order or a parcel, however it is written: "#A-10 234" is a10234."""
    return _NO_NAME.sub("", normalise(written))


def order_of(said: OrderUpdated) -> Order:
    """As it is kept."""
    written = (said.order_id, said.order_number, said.tracking_number)
    names = dict.fromkeys(code_of(name) for name in written if name)
    product_ids = said.product_ids or []
    return Order(
        id=said.order_id,
        user_id=said.user_id,
        status=said.status,
        number=_name(said.order_number or said.order_id),
        names=tuple(name for name in names if name),
        product_ids=tuple(product_ids[:PRODUCTS_MAX]),
        products=len(product_ids),
        carrier=_name(said.carrier),
        tracking_number=_name(said.tracking_number),
        tracking_url=web_address(said.tracking_url) or "",
        expected_on=_day(said.expected_on),
        placed_on=_day(said.placed_at),
        shipped_on=_day(said.shipped_at),
        delivered_on=_day(said.delivered_at),
        placed_ms=_ms(said.placed_at),
    )


def _name(written: str | None) -> str:
    return plain(written or "", NAME_CHARACTERS_MAX)


def _day(moment: str | None) -> date | None:
    try:
        day = date.fromisoformat(moment[:10]) if moment else None
    except ValueError:
        return None
    return day if day and day.year >= YEAR_MIN else None


def _ms(moment: str | None) -> int:
    try:
        at = datetime.fromisoformat(moment) if moment else None
        if at is None:
            return 0
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return 0
