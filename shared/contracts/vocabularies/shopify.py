"""Shopify's webhooks: orders, refunds, carts and products, by the header X-Shopify-Topic where a
forwarder kept it, or else by shape."""

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
    inner,
    objects,
)

if TYPE_CHECKING:
    from .base import Fields

HEADER = "x-shopify-topic"

NAMES: dict[str, str] = {
    "orders/create": ORDERED,
    "orders/paid": ORDERED,
    "orders/updated": ORDERED,  # a refunded or cancelled one is told by its fields
    "orders/fulfilled": ORDERED,
    "orders/partially_fulfilled": ORDERED,
    "orders/cancelled": REFUNDED,
    "refunds/create": REFUNDED,
    "products/create": CATALOGUED,
    "products/update": CATALOGUED,
    "products/delete": CATALOGUED,
    **dict.fromkeys(
        (
            "orders/delete",
            "orders/edited",
            "carts/create",
            "carts/update",
            "checkouts/create",
            "checkouts/update",
            "checkouts/delete",
            "customers/create",
            "customers/update",
            "customers/delete",
            "customers/enable",
            "customers/disable",
            "customers/redact",
            "customers/data_request",
            "shop/redact",
            "shop/update",
            "app/uninstalled",
            "collections/create",
            "collections/update",
            "collections/delete",
            "draft_orders/create",
            "draft_orders/update",
            "draft_orders/delete",
            "fulfillments/create",
            "fulfillments/update",
            "inventory_levels/update",
            "inventory_levels/connect",
            "inventory_levels/disconnect",
            "inventory_items/create",
            "inventory_items/update",
            "inventory_items/delete",
            "order_transactions/create",
            "themes/create",
            "themes/publish",
            "themes/update",
            "themes/delete",
        ),
        NOT_OURS,
    ),
}

FIELDS: Fields = {
    "product_id": ("product_id",),
    "quantity": ("quantity",),
    "price": ("price",),
    "order_id": ("id",),
    "total": ("total_price",),
    "currency": ("currency",),
    "recomm_id": (),
}
_GONE = ("refunded", "voided")
_ORDER_MARKS = frozenset(
    ("financial_status", "order_number", "checkout_token", "cart_token", "total_price")
)


def recognises(data: dict[str, Any]) -> bool:
    """Whether this has the shape of an order, a refund, a cart or a product."""
    if isinstance(data.get("line_items"), list):
        return not _ORDER_MARKS.isdisjoint(data) or "token" in data
    if isinstance(data.get("refund_line_items"), list):
        return True
    if isinstance(data.get("variants"), list) and "title" in data:
        return True
    return data.keys() == {"id"} and isinstance(data["id"], int)  # products/delete


def translate(message: Message, kind_of: Any) -> list[Draft]:
    """The events of one webhook. Whole numbers as ids become text."""
    data = message.data
    topic = (message.headers.get(HEADER) or b"").decode("ascii", "replace").lower()
    kind = NAMES.get(topic)
    if topic and kind is None:
        return [Draft(None, name=topic)]
    if not topic:
        kind = _by_shape(data)
    if kind == NOT_OURS or kind is None:
        return [Draft(NOT_OURS)]
    if kind == CATALOGUED:
        return [_product(data, topic == "products/delete" or data.keys() == {"id"})]
    if isinstance(data.get("refund_line_items"), list):
        return [_refund(message)]
    if first(data, "cancelled_at") is not None or data.get("financial_status") in _GONE:
        kind = REFUNDED
    ((found, left_out),) = events(kind, data, objects(data.get("line_items")), FIELDS)
    found |= _buyer(data)
    if kind == ORDERED:
        # Created, paid and updated are one order: the later ones are repeats.
        event_id, time = f"shopify/order/{found.get('order_id')}", first(data, "created_at")
    else:
        event_id = f"shopify/cancelled/{found.get('order_id')}"
        time = first(data, "cancelled_at", "updated_at", "created_at")
        found.pop("products", None)  # the whole of it
    return [Draft(kind, found, event_id, time, left_out=left_out)]


def _by_shape(data: dict[str, Any]) -> str:
    if isinstance(data.get("refund_line_items"), list):
        return REFUNDED
    if isinstance(data.get("line_items"), list):
        # A cart and a checkout that is not completed have no order number.
        paid = "order_number" in data or "financial_status" in data
        return ORDERED if paid else NOT_OURS
    return CATALOGUED


def _buyer(data: dict[str, Any]) -> dict[str, Any]:
    """The customer; of a guest, the cart. `user_id` is the member of staff who made the order."""
    user = first(inner(data, "customer"), "id")
    if user is not None:
        return {"user_id": as_id(user)}
    guest = first(data, "cart_token", "checkout_token", "token")
    return {} if guest is None else {"anonymous_id": as_id(guest)}


def _refund(message: Message) -> Draft:
    """A refund names the order and its lines, but no customer: the record's key does."""
    data = message.data
    refund: dict[str, Any] = {"order_id": as_id(first(data, "order_id"))}
    buyer = _buyer(data) or _buyer(inner(data, "order"))
    if not buyer and message.key:
        buyer = {"user_id": message.key.decode("utf-8", "replace")}
    lines = [
        {"product_id": as_id(product), "quantity": line.get("quantity")}
        for line in objects(data.get("refund_line_items"))
        if (product := first(inner(line, "line_item"), "product_id")) is not None
    ]
    if lines:
        refund["products"] = lines
    elif first(data, "refund_line_items") is not None and not data["refund_line_items"]:
        return Draft(NOT_OURS)  # money only: shipping, or goodwill
    return Draft(
        REFUNDED,
        refund | buyer,
        f"shopify/refund/{as_id(first(data, 'id'))}",
        first(data, "created_at", "processed_at"),
    )


def _product(data: dict[str, Any], removed: bool) -> Draft:
    product_id = as_id(first(data, "id"))
    if removed and isinstance(product_id, str):
        return Draft(CATALOGUED, None, None, None, key=product_id.encode("utf-8", "replace"))
    variants = objects(data.get("variants"))
    product: dict[str, Any] = {"product_id": product_id}
    for ours, theirs in (("title", "title"), ("brand", "vendor"), ("category", "product_type")):
        if (value := first(data, theirs)) is not None:
            product[ours] = value
    if variants and (price := first(variants[0], "price")) is not None:
        product["price"] = price
    product["available"] = data.get("status", "active") == "active" and not (
        bool(variants) and all(_sold_out(each) for each in variants)
    )
    updated = first(data, "updated_at", "created_at")
    event_id = None if updated is None else f"shopify/product/{product_id}/{updated}"
    return Draft(CATALOGUED, product, event_id, updated)


def _sold_out(variant: dict[str, Any]) -> bool:
    """Stock is counted, there is none, and it is not sold beyond it."""
    quantity = variant.get("inventory_quantity")
    return (
        isinstance(quantity, int)
        and quantity <= 0
        and variant.get("inventory_policy", "deny") == "deny"
        and bool(variant.get("inventory_management", True))
    )
