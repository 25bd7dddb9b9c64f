"""What a record of shop.orders.v1 says, for readers that have no headers: global tables."""

from __future__ import annotations

from .events.shop import OrderUpdated
from .parsing import check_key
from .topics import ORDERS
from .values import Refused, said_in


def order_of(key: bytes | None, value: bytes) -> OrderUpdated | None:
    """The order in a record; None where an envelope without data says that it is removed. Raises
    ValueError, msgspec.ValidationError or Refused, also for an order under another key than its
    id."""
    order = said_in(value, OrderUpdated)
    if order is not None:
        check_key(ORDERS, key, order)
    return order


__all__ = ["Refused", "order_of"]
