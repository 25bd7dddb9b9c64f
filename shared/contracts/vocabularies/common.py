"""Names that shops and public data sets give their events by themselves, and our own fields under
the names that a record without any vocabulary has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .base import (
    ADDED,
    CATALOGUED,
    CLICKED,
    NOT_OURS,
    ORDERED,
    PROFILED,
    REFUNDED,
    REMOVED,
    REVIEWED,
    SEARCHED,
    Draft,
    Message,
    as_id,
    events,
    first,
    objects,
    picked,
)

if TYPE_CHECKING:
    from .base import Fields

NAMES: dict[str, str] = {
    **dict.fromkeys(
        (
            "view",
            "product view",
            "item view",
            "view product",
            "detail view",
            "pv",
            "view content",
            "product detail viewed",
            "product click",
            "click product",
            "item clicked",
            "item viewed",
            "浏览",
            "点击",
            "查看",
        ),
        CLICKED,
    ),
    **dict.fromkeys(
        (
            "add",
            "addtocart",
            "cart",
            "cart add",
            "add cart",
            "added to cart",
            "product added to cart",
            "add product",
            "product add",
            "cart item added",
            "item added",
            "add to basket",
            "added to basket",
            "加购",
            "加入购物车",
        ),
        ADDED,
    ),
    **dict.fromkeys(
        (
            "remove",
            "removefromcart",
            "cart remove",
            "removed from cart",
            "product removed from cart",
            "cart item removed",
            "item removed",
            "remove from basket",
            "removed from basket",
            "移出购物车",
        ),
        REMOVED,
    ),
    **dict.fromkeys(
        (
            "buy",
            "order",
            "transaction",
            "purchased",
            "order placed",
            "place order",
            "order paid",
            "checkout completed",
            "purchase completed",
            "购买",
            "下单",
            "支付",
        ),
        ORDERED,
    ),
    **dict.fromkeys(
        (
            "refunded",
            "order refund",
            "return",
            "returned",
            "order returned",
            "order cancel",
            "cancel order",
            "purchase refunded",
            "退款",
            "退货",
        ),
        REFUNDED,
    ),
    **dict.fromkeys(("site search", "searched", "product search", "搜索"), SEARCHED),
    **dict.fromkeys(("review", "review submitted", "review created", "评价"), REVIEWED),
    **dict.fromkeys(
        (
            "impression",
            "impressions",
            "product impression",
            "fav",
            "favourite",
            "favorite",
            "wishlist",
            "wishlist add",
            "wishlist remove",
            "remove from wishlist",
            "added to wishlist",
            "removed from wishlist",
            "unlike",
            "hover",
            "like",
            "page viewed",
            "pageview",
            "view page",
            "home view",
            "session end",
            "logout",
            "register",
            "heartbeat",
            "heartbeat",
            "收藏",
            "ping",
        ),
        NOT_OURS,
    ),
}

OURS = {
    "product clicked": CLICKED,
    "product added": ADDED,
    "product removed": REMOVED,
    "order completed": ORDERED,
    "order refunded": REFUNDED,
    "products searched": SEARCHED,
    "product reviewed": REVIEWED,
    "product catalogued": CATALOGUED,
    "user profiled": PROFILED,
}

FIELDS: Fields = {
    "product_id": (
        "product_id",
        "productId",
        "ProductId",
        "ProductID",
        "item_id",
        "itemId",
        "itemid",
        "ItemId",
        "sku",
    ),
    "user_id": ("user_id", "userId", "UserId", "UserID", "customer_id", "customerId", "uid"),
    "anonymous_id": (
        "anonymous_id",
        "anonymousId",
        "AnonymousId",
        "user_pseudo_id",
        "client_id",
        "clientId",
        "visitorid",
        "visitor_id",
        "visitorId",
    ),
    "session_id": ("session_id", "sessionId", "SessionId", "user_session"),
    "recomm_id": ("recomm_id", "recommId"),
    "order_id": ("order_id", "orderId", "transaction_id", "transactionid"),
    "total": ("total", "revenue", "value"),
    "query": ("query", "search_term"),
    "review_id": ("review_id", "reviewId"),
    "review_body": ("review_body", "review_text"),
}
OUR_TIMES = ("time", "timestamp", "timestamp_micros")
TIMES = (
    *OUR_TIMES,
    *("event_time", "eventTime", "event_timestamp", "eventTimestamp", "event_ts", "ts"),
    *("timestamp_ms", "timestampMs", "time_ms", "timeMs", "occurred_at", "occurredAt"),
    *("created_at", "createdAt", "datetime", "date_time", "original_timestamp"),
)


def translate(message: Message, kind: str) -> list[Draft]:
    """A record that names its kind in somebody's words, and has its fields beside the name."""
    data = message.data
    who = picked(data, FIELDS, "user_id", "anonymous_id", "session_id")
    event_id, time = first(data, "id", "message_id", "messageId"), first(data, *TIMES)
    lines = objects(data.get("products") or data.get("items"))
    drafts = []
    for found, left_out in events(kind, data, lines, FIELDS):
        if (
            kind == ORDERED
            and "products" not in found
            and "product_id" in (line := picked(data, FIELDS, "product_id", "quantity", "price"))
        ):  # a line of an order by itself, as the public sets have it
            found["products"] = [line]
            found.setdefault("order_id", as_id(first(data, "id")) or message.place)
        rest = {n: v for n, v in data.items() if n not in found and n not in ("items", "products")}
        drafts.append(Draft(kind, rest | who | found, event_id, time, left_out=left_out))
    return drafts


def renamed(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    """A record without a kind under our names, where it has other ones; ours win, and nothing is
    converted."""
    found = dict(data)
    for ours, theirs in FIELDS.items():
        if found.get(ours) is None:
            value = first(data, *theirs)
            if value is not None:
                found[ours] = value
    if "products" not in found and kind == ORDERED:
        found["products"] = [renamed(CLICKED, line) for line in objects(data.get("items"))]
    if "product_id" not in found and kind in (CLICKED, ADDED):
        lines = objects(data.get("items"))
        if len(lines) == 1 and "item_id" in lines[0]:
            found["product_id"] = lines[0]["item_id"]
    return found
