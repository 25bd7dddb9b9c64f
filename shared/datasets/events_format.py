"""The format `events`: any table of who did what with which product, and when."""

from __future__ import annotations

from uuid import UUID

from shopkeeper.shared.contracts.vocabularies.recognition import kind_of

from .base import BadRow, LeftOut
from .clicks import kinds, of_kind
from .formats import (
    ADDED,
    CLICKED,
    EVENT_NAMES,
    ORDERED,
    REFUNDED,
    REMOVED,
    REVIEWED,
    SEARCHED,
    Context,
    Format,
    Made,
    without_none,
)
from .tables import Row


def _of(kind: str, names: str) -> dict[str, str]:
    return dict.fromkeys((kind, *names.split("|")), kind)


KINDS = (
    _of(
        CLICKED,
        "view|views|viewed|click|clicks|clicked|detail|pv|product_view|product_viewed"
        "|product viewed|product_click|product_clicked|product clicked|view_item"
        "|select_item|detail_view|item_view",
    )
    | _of(
        ADDED,
        "addtocart|add_to_cart|add-to-cart|add to cart|cart|add|added|cart_add|basket"
        "|add_to_basket|product_added|product added",
    )
    | _of(
        REMOVED,
        "remove|removed|removefromcart|remove_from_cart|remove-from-cart|remove from cart"
        "|cart_remove|product_removed|product removed",
    )
    | _of(
        ORDERED,
        "purchase|purchased|purchases|buy|bought|transaction|order|ordered"
        "|order_completed|order completed",
    )
    | _of(
        REFUNDED,
        "refund|refunded|cancel|cancelled|canceled|return|returned|order_refunded"
        "|order refunded|order_cancelled|order cancelled",
    )
    | _of(
        REVIEWED,
        "rating|rate|rated|review|reviewed|product_reviewed|product reviewed",
    )
    | _of(
        SEARCHED,
        "search|searched|products_searched|products searched|view_search_results",
    )
)
_KNOWN = "view, addtocart, remove, purchase, refund, rating, search, and words like them"
_kind_of = kinds(KINDS, known=_KNOWN, others=kind_of)  # names of docs/vocabularies.md, too
# Whom a shop calls so has no account: all its guests would be one user. The numbers may be users.
GUESTS = frozenset(
    ("guest", "anonymous", "anon", "unknown", "-", "?", "not logged in", str(UUID(int=0)))
)
PERHAPS_GUESTS = GUESTS | {"0", "-1"}


def _user(row: Row, context: Context) -> dict[str, str]:
    """Who: the user, the visitor, or the session where a file names nobody else."""
    found = {name: row.id(name) for name in ("user_id", "anonymous_id", "session_id")}
    if (user := found["user_id"]).lower() in PERHAPS_GUESTS:
        if user.lower() in GUESTS and (found["anonymous_id"] or found["session_id"]):
            found["user_id"] = ""
        else:
            context.say(
                f"user {user!r} is taken as one user: if all guests are called so, leave "
                "those rows out, or name a column of visitors or sessions"
            )
    if not found["user_id"] and not found["anonymous_id"]:
        found["user_id"] = found["session_id"]
    if not found["user_id"] and not found["anonymous_id"]:
        raise BadRow("user_id", "empty_field", "is empty")
    return {name: value for name, value in found.items() if value}


def _event(row: Row, context: Context) -> Made:
    if "event" in row.values:
        kind = _kind_of(row)
    else:
        context.say("no column event: every row is taken as a click")
        kind = CLICKED
    if kind == REVIEWED:
        return _review(row, context)
    user, time_ms = _user(row, context), context.time_ms(row, serials=True)
    key = user.get("user_id") or user.get("anonymous_id") or ""
    if kind == SEARCHED:
        return Made(kind, key, {"query": row.need("query"), **user}, time_ms)
    if kind == REFUNDED:
        return _refund(row, user, key, time_ms)
    return of_kind(kind, row, user, time_ms, context)


def _refund(row: Row, user: dict[str, str], key: str, time_ms: int) -> Made:
    """Of a product of the order, or of all of it where the row names none."""
    order = row.id("order_id")
    if not order:
        raise LeftOut("refund that names no order")
    item = row.id("item_id")
    products = {"products": [{"product_id": item}]} if item else {}
    return Made(REFUNDED, key, {"order_id": order, **products, **user}, time_ms)


def _review(row: Row, context: Context) -> Made:
    item = row.need_id("item_id")
    user = row.id("user_id") or row.id("anonymous_id")
    text = row.get("review_body")
    rating = context.rating(row) if row.get("rating") or not text else None
    review = row.id("review_id") or f"{user or context.number}/{item}"
    data = {
        "product_id": item,
        "review_id": review,
        "rating": rating,
        "review_body": text,
        "user_id": user,
    }
    return Made(REVIEWED, item, without_none(data), context.time_ms(row, serials=True))


EVENTS = Format(
    "events",
    "any user_id (or anonymous_id, session_id), item_id (or product_id), timestamp, event; "
    "--columns user_id=...,item_id=...,timestamp=...,event=... names others",
    {
        "user_id": (
            "user_id",
            "user",
            "uid",
            "visitor_id",
            "customer_id",
            "member_id",
            "client_id",
            "account_id",
            "shopper_id",
            "用户id",
            "用户",
            "会员id",
        ),
        "anonymous_id": ("anonymous_id", "anon_id", "user_pseudo_id", "device_id", "cookie_id"),
        "session_id": ("session_id", "session", "user_session", "visit_id"),
        "item_id": (
            "item_id",
            "product_id",
            "item",
            "product",
            "sku",
            "article_id",
            "stock_code",
            "asin",
            "goods_id",
            "商品id",
            "商品编号",
            "商品",
        ),
        "timestamp": (
            "timestamp",
            "time",
            "event_time",
            "event_timestamp",
            "datetime",
            "date_time",
            "date",
            "created_at",
            "occurred_at",
            "original_timestamp",
            "timestamp_utc",
            "ts",
            "时间戳",
            "时间",
        ),
        "event": EVENT_NAMES,
        "order_id": ("order_id", "transaction_id", "order", "invoice_no"),
        "price": ("price", "unit_price"),
        "quantity": ("quantity", "qty"),
        "currency": ("currency",),
        "rating": ("rating", "stars", "score"),
        "review_body": ("review_body", "review_text", "review", "text", "comment"),
        "review_id": ("review_id",),
        "query": ("query", "search_term", "search_query", "keyword", "keywords"),
    },
    (("user_id", "anonymous_id", "session_id"), "item_id", "timestamp"),
    _event,
)
