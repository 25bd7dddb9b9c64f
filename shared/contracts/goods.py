"""Which products an event means, asked of data that passed its schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from .events.shop import NOBODY, OrderCompleted, is_nobody
from .parsing import Refused
from .vocabularies.base import ADDED, CLICKED, ORDERED, REMOVED

if TYPE_CHECKING:
    from collections import Counter

# What a word for nothing begins with: asked first, for most clicks name a product.
DOUBTFUL = frozenset(word[0] for word in NOBODY) | frozenset(" \t\n\r\u00a0\u3000")
OF_PRODUCT = frozenset({CLICKED, ADDED, REMOVED})


def meant(suffix: str, data: Any, dropped: Counter[str]) -> Any:
    """The data, without what was not bought; `dropped` counts it. Raises Refused where no product
    is left: of a program's word for nothing, all that is unknown would be one product."""
    if suffix in OF_PRODUCT:
        if is_nobody(data.product_id):
            raise Refused("validate", "missing_field", "`product_id` is a word for nothing")
        if suffix == ADDED and data.quantity is not None and data.quantity < 0:
            message = "a negative quantity: what is taken out is `product.removed.v1`"
            raise Refused("validate", "out_of_range", message)
    elif suffix == ORDERED:
        return _bought(data, dropped)
    return data


def _bought(order: OrderCompleted, dropped: Counter[str]) -> OrderCompleted:
    """The order without lines of a negative quantity, which came back, and of no product."""
    kept = [
        line for line in order.products if not (line.quantity is not None and line.quantity < 0)
    ]
    if not kept:
        message = "every quantity is negative: what comes back is `order.refunded.v1`"
        raise Refused("validate", "out_of_range", message)
    named = [line for line in kept if not is_nobody(line.product_id)]
    if not named:
        raise Refused("validate", "missing_field", "each `product_id` is a word for nothing")
    if len(named) == len(order.products):
        return order
    dropped["products"] += 1
    return msgspec.structs.replace(order, products=named)
