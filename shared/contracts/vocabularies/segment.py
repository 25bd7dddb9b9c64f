"""Segment's e-commerce specification, as RudderStack, Jitsu and others speak it as well.

A call has an envelope (messageId, timestamp, userId, anonymousId, context) and its `properties`.
Nothing in `properties` is ever the envelope's: `properties.id` is a product's. PostHog, Mixpanel
and Amplitude have calls of that shape: the visitor is their `distinct_id` or `device_id`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import traits
from .base import (
    ADDED,
    CLICKED,
    NOT_OURS,
    ORDERED,
    PROFILED,
    REFUNDED,
    REMOVED,
    REVIEWED,
    SEARCHED,
    SKIP,
    Draft,
    Message,
    customer,
    events,
    first,
    inner,
    objects,
)

if TYPE_CHECKING:
    from .base import Fields

# Not ours, but for the traits of `identify`; `track` names more.
CALLS = frozenset({"page", "screen", "identify", "group", "alias"})

NAMES: dict[str, str] = {
    "Product Clicked": CLICKED,
    "Product Viewed": CLICKED,
    "Product Added": ADDED,
    "Wishlist Product Added to Cart": ADDED,
    "Product Removed": REMOVED,
    "Order Completed": ORDERED,
    "Order Refunded": REFUNDED,
    "Order Cancelled": REFUNDED,
    "Products Searched": SEARCHED,
    "Product Reviewed": REVIEWED,
    # Before the specification of 2016.
    "Viewed Product": CLICKED,
    "Clicked Product": CLICKED,
    "Added Product": ADDED,
    "Removed Product": REMOVED,
    "Completed Order": ORDERED,
    "Refunded Order": REFUNDED,
    "Cancelled Order": REFUNDED,
    "Order Canceled": REFUNDED,
    "Searched Products": SEARCHED,
    "Reviewed Product": REVIEWED,
    **dict.fromkeys(
        (
            "Product List Viewed",
            "Product List Filtered",
            "Viewed Product Category",
            "Viewed Product List",
            "Promotion Viewed",
            "Promotion Clicked",
            "Cart Viewed",
            "Viewed Cart",
            "Checkout Started",
            "Started Checkout",
            "Checkout Step Viewed",
            "Viewed Checkout Step",
            "Checkout Step Completed",
            "Completed Checkout Step",
            "Payment Info Entered",
            "Shipping Info Entered",
            "Order Updated",
            "Updated Order",
            "Coupon Entered",
            "Coupon Applied",
            "Coupon Denied",
            "Coupon Removed",
            "Product Added to Wishlist",
            "Product Removed from Wishlist",
            "Product Shared",
            "Cart Shared",
            "Application Installed",
            "Application Opened",
            "Application Updated",
            "Application Backgrounded",
            "Application Foregrounded",
            "Application Crashed",
            "Application Uninstalled",
            "Deep Link Opened",
            "Deep Link Clicked",
            "Push Notification Received",
            "Push Notification Tapped",
            "Push Notification Bounced",
            "Install Attributed",
            "Signed Up",
            "Signed In",
            "Signed Out",
        ),
        NOT_OURS,
    ),
}

FIELDS: Fields = {
    "product_id": ("product_id", "productId", "productID", "id", "sku"),
    "quantity": ("quantity",),
    "price": ("price",),
    "position": ("position",),
    "recomm_id": ("recomm_id", "recommId"),
    "order_id": ("order_id", "orderId", "orderID", "checkout_id", "checkoutId", "id"),
    "total": ("total", "revenue", "value"),
    "currency": ("currency",),
    "query": ("query", "search_term", "q"),
    "locale": ("locale",),
    "review_id": ("review_id", "reviewId"),
    "review_body": ("review_body", "reviewBody", "review_text"),
    "rating": ("rating",),
}


def recognises(data: dict[str, Any]) -> bool:
    """Whether this is a call of Segment's."""
    call = data.get("type")
    if isinstance(data.get("batch"), list):
        return True
    if isinstance(call, str) and (call.lower() in CALLS or call.lower() == "track"):
        return True
    if isinstance(data.get("event_properties"), dict) and "event_type" in data:
        return True  # Amplitude
    return isinstance(data.get("properties"), dict) and first(data, "event", "name") is not None


def translate(message: Message, kind_of: Any) -> list[Draft]:
    """The events of one call, or of a batch. kind_of: what a name means, in any vocabulary."""
    calls = message.data.get("batch")
    if not isinstance(calls, list):
        return _one(message.data, kind_of, message.timestamp)
    return [
        draft._replace(own_id=len(drafts) == 1 and draft.id is not None)
        for call in calls
        for drafts in [_one(call if isinstance(call, dict) else {}, kind_of, message.timestamp)]
        for draft in drafts
    ]


def _one(data: dict[str, Any], kind_of: Any, now_ms: int) -> list[Draft]:
    """now_ms: when the record was made, of which an age is told."""
    call = data.get("type")
    if isinstance(call, str) and call.lower() == "identify":
        return [_identified(data, now_ms)]
    if isinstance(call, str) and call.lower() in CALLS:
        return [SKIP]
    payload = inner(data, "properties") or inner(data, "event_properties") or _flat(data)
    name = first(data, "event", "name", *(("event_type",) if "event_properties" in data else ()))
    kind = kind_of(name)
    context = inner(data, "context")
    who = customer(
        (
            first(data, "userId", "user_id"),
            first(data, "anonymousId", "anonymous_id"),
            first(data, "sessionId", "session_id"),
        ),
        (
            first(payload, "userId", "user_id"),
            first(payload, "anonymousId", "anonymous_id"),
            first(payload, "session_id", "sessionId"),
        ),
        (None, None, first(context, "sessionId", "session_id")),
        (None, first(data, "distinct_id", "device_id"), None),
        (None, first(payload, "distinct_id"), None),
    )
    event_id, time = _envelope(data)
    if "distinct_id" in payload and payload is not data:  # Mixpanel has its envelope in there
        event_id = first(payload, "$insert_id") if event_id is None else event_id
        time = first(payload, "time") if time is None else time
    if not kind:
        return [Draft(kind, None, event_id, time, name=name)]
    lines = objects(first(payload, "products", "items"))
    drafts = []
    for found, left_out in events(kind, payload, lines, FIELDS):
        if kind == SEARCHED and "locale" not in found and "locale" in context:
            found["locale"] = context["locale"]
        drafts.append(Draft(kind, who | found, event_id, time, left_out=left_out))
    return drafts


def _envelope(data: dict[str, Any]) -> tuple[Any, Any]:
    """A call's id and time."""
    times = ("timestamp", "originalTimestamp", "original_timestamp", "sentAt", "sent_at")
    if "event_properties" in data:
        return first(data, "insert_id", "uuid"), first(data, "time", "event_time", *times)
    return first(data, "messageId", "message_id"), first(data, *times)


def _identified(data: dict[str, Any], now_ms: int) -> Draft:
    """A profile, where the traits say something of one; else there is nothing to learn."""
    context = inner(data, "context")
    told = traits.profile_of(inner(context, "traits") | inner(data, "traits"), now_ms)
    who = customer(
        (first(data, "userId", "user_id"), first(data, "anonymousId", "anonymous_id"), None)
    )
    if not (told and who):
        return SKIP
    event_id, time = _envelope(data)
    return Draft(PROFILED, who | told, event_id, time)


def _flat(data: dict[str, Any]) -> dict[str, Any]:
    """The fields of a call without `properties`: beside the envelope, which is taken out."""
    return {name: value for name, value in data.items() if name not in ("id", "type")}
