"""WooCommerce's webhooks and REST objects: orders by their status, and products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .base import (
    CATALOGUED,
    NOT_OURS,
    ORDERED,
    REFUNDED,
    Draft,
    Message,
    as_id,
    events,
    first,
    objects,
)

if TYPE_CHECKING:
    from .base import Fields

HEADER = "x-wc-webhook-topic"

# By the order's status; a webhook's topic only tells orders from products.
NAMES: dict[str, str] = {
    "processing": ORDERED,
    "completed": ORDERED,
    "on-hold": ORDERED,  # paid by a transfer that is under way
    "refunded": REFUNDED,
    "cancelled": REFUNDED,
    "trash": REFUNDED,
    "pending": NOT_OURS,  # not paid
    "failed": NOT_OURS,
    "checkout-draft": NOT_OURS,
    "auto-draft": NOT_OURS,
}

FIELDS: Fields = {
    "product_id": ("product_id",),
    "quantity": ("quantity",),
    "price": ("price",),
    "order_id": ("id",),
    "total": ("total",),
    "currency": ("currency",),
    "recomm_id": (),
}
_ORDER_MARKS = frozenset(("billing", "customer_id", "order_key", "payment_method"))


def recognises(data: dict[str, Any]) -> bool:
    """Whether this has the shape of an order or a product."""
    if isinstance(data.get("line_items"), list):
        return not _ORDER_MARKS.isdisjoint(data)
    return "stock_status" in data and "name" in data and "id" in data


def translate(message: Message, kind_of: Any) -> list[Draft]:
    """The events of one order or product; none where there is nothing to learn."""
    data = message.data
    topic = (message.headers.get(HEADER) or b"").decode("ascii", "replace").lower()
    if topic.startswith("product.") or (not topic and "line_items" not in data):
        return [_product(data, topic)]
    if topic and not topic.startswith("order."):
        return [Draft(NOT_OURS)]  # coupon.*, customer.*, action.*
    status = first(data, "status")
    name = status.removeprefix("wc-") if isinstance(status, str) else status
    if topic == "order.deleted":
        name = "trash"
    kind = NAMES.get(name) if isinstance(name, str) else None
    if not kind:
        return [Draft(kind, name=status)]
    ((found, left_out),) = events(kind, data, _lines(data), FIELDS)
    buyer = first(data, "customer_id")
    if buyer is not None and buyer not in (0, "0"):
        found["user_id"] = as_id(buyer)
    elif (guest := first(data, "cart_hash", "order_key")) is not None:
        found["anonymous_id"] = as_id(guest)
    if kind == REFUNDED:
        found.pop("products", None)  # the whole of it
    times = ("date_paid_gmt", "date_created_gmt") if kind == ORDERED else ("date_modified_gmt",)
    event_id = f"woocommerce/{kind}/{found.get('order_id')}"  # each status is one more webhook
    return [Draft(kind, found, event_id, first(data, *times), True, left_out=left_out)]


def _lines(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines of an order; 0 is a product that was deleted since."""
    lines = objects(data.get("line_items"))
    return [line | {"product_id": line.get("product_id") or None} for line in lines]


def _product(data: dict[str, Any], topic: str) -> Draft:
    product_id = as_id(first(data, "id"))
    if (topic == "product.deleted" or data.get("status") == "trash") and isinstance(
        product_id, str
    ):
        return Draft(CATALOGUED, None, key=product_id.encode("utf-8", "replace"))
    product: dict[str, Any] = {"product_id": product_id}
    categories = objects(data.get("categories"))
    values = {
        "title": first(data, "name"),
        "category": first(categories[0], "name") if categories else None,
        "price": first(data, "price"),
    }
    product |= {name: value for name, value in values.items() if value is not None}
    product["available"] = (
        data.get("status", "publish") == "publish" and data.get("stock_status") != "outofstock"
    )
    changed = first(data, "date_modified_gmt", "date_created_gmt")
    event_id = None if changed is None else f"woocommerce/product/{product_id}/{changed}"
    return Draft(CATALOGUED, product, event_id, changed, True)
