"""Formats of clicks: ours, RetailRocket, REES46, Gorse, Taobao; and orders where they name them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from shopkeeper.shared.contracts.vocabularies.base import NOT_OURS

from .base import BadRow, LeftOut, shown
from .cells import number
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

KINDS_OF_ROWS = frozenset((CLICKED, ADDED, REMOVED, ORDERED, REFUNDED, REVIEWED, SEARCHED))
ORDER_ONLY_START_MS = 1_700_000_000_000  # where a file has an order but no times
ORDER_ONLY_STEP_MS = 1_000
ORDER_ONLY_STEPS_MAX = 10_000_000  # then by a millisecond each: the end lies in the past


def is_number(text: str) -> bool:
    """Whether a cell is a finite number."""
    try:
        number(text)
    except ValueError:
        return False
    return True


def _session_click(row: Row, time_ms: int) -> Made:
    session = row.need_id("session_id")
    data = {"product_id": row.need_id("item_id"), "user_id": session, "session_id": session}
    return Made(CLICKED, session, data, time_ms)


def _yoochoose(row: Row, context: Context) -> Made:
    return _session_click(row, context.time_ms(row))


def _bought(row: Row) -> Hashable | None:
    """The rows of one purchase: same session, same time. Clicks have no quantity."""
    if "quantity" not in row.values:
        return None
    return row.get("session_id"), row.get("timestamp")


def _bought_line(row: Row, context: Context) -> tuple[int, dict[str, object]]:
    row.need_id("session_id")
    quantity, price = context.quantity(row, "quantity"), context.quantity(row, "price")
    # The set writes 0 and 0 for what it does not know.
    line = {
        "product_id": row.need_id("item_id"),
        "quantity": quantity or None,
        "price": price or None,
    }
    return context.time_ms(row), without_none(line)


def _bought_order(
    row: Row, lines: Sequence[tuple[int, dict[str, object]]], context: Context
) -> Made:
    session = row.need_id("session_id")
    data = {
        "order_id": f"{session}/{row.need('timestamp')}",
        "user_id": session,
        "session_id": session,
        "products": [line for _, line in lines],
    }
    return Made(ORDERED, session, data, lines[0][0])


def _is_time(text: str) -> bool:
    return text[4:5] == "-" and text[10:11] == "T"


YOOCHOOSE = Format(
    "yoochoose",
    "session_id,item_id,timestamp; or the set's own .dat files without a header",
    {
        "session_id": ("session_id",),
        "item_id": ("item_id",),
        "timestamp": ("timestamp",),
        "quantity": ("quantity",),
        "price": ("price",),
    },
    ("session_id", "item_id", "timestamp"),
    event=_yoochoose,
    shapes={
        ("session_id", "timestamp", "item_id", ""): lambda c: c[0].isdigit() and _is_time(c[1]),
        ("session_id", "timestamp", "item_id", "price", "quantity"): lambda c: (
            c[0].isdigit() and _is_time(c[1])
        ),
    },
    group=_bought,
    line=_bought_line,
    order=_bought_order,
    unless=(*EVENT_NAMES, "user_id", "rating"),
)


def _in_order(row: Row, context: Context) -> Made:
    """There are no times in such files: each event is one second after the one before it."""
    steps = min(context.number, ORDER_ONLY_STEPS_MAX)
    time_ms = ORDER_ONLY_START_MS + steps * ORDER_ONLY_STEP_MS + context.number - steps
    return _session_click(row, time_ms)


SESSIONS = Format(
    "sessions",
    "session_id,position,item_id: clicks in the file's order, without times",
    {"session_id": ("session_id",), "position": ("position",), "item_id": ("item_id",)},
    ("session_id", "position", "item_id"),
    _in_order,
    unless=EVENT_NAMES,
)


def of_kind(kind: str, row: Row, user: dict[str, str], time_ms: int, context: Context) -> Made:
    """A click, an addition, a removal or an order of one product.

    user: user_id, anonymous_id, session_id, where they are. The order's id is the row's, or else
    made of who and when. Raises BadRow; LeftOut for what has a negative quantity.
    """
    key = user.get("user_id") or user.get("anonymous_id") or ""
    product = {"product_id": row.need_id("item_id")}
    if kind == CLICKED:
        return Made(kind, key, product | user, time_ms)
    (price, currency_of_price), quantity = context.price(row), context.quantity(row, "quantity")
    if quantity is not None and quantity < 0:
        raise LeftOut("negative quantity")  # a return, and of no order that it names
    amounts = without_none({"price": price, "quantity": quantity})
    if kind in (ADDED, REMOVED):
        return Made(kind, key, product | amounts | user, time_ms)
    order = row.id("order_id") or f"{user.get('session_id') or key}/{time_ms}"
    currency = without_none({"currency": row.get("currency") or currency_of_price})
    data = {"order_id": order, "products": [product | amounts], **currency, **user}
    return Made(kind, key, data, time_ms)


def kinds(
    names: dict[str, str],
    left_out: frozenset[str] = frozenset(),
    known: str = "",
    others: Callable[[str], str | None] = lambda _: None,
) -> Callable[[Row], str]:
    """A function from a row to the event type that its `event` names. Raises BadRow, LeftOut.

    known: what the message says instead of all names. others: what a name means that is not among
    them: a type of TOPIC_OF, `NOT_OURS`, or None.
    """
    listed = known or ", ".join(names)

    def kind_of(row: Row) -> str:
        name = row.need("event")
        kind = names.get(name.lower())
        if kind is not None:
            return kind
        if name.lower() in left_out:
            raise LeftOut(name.lower())
        if (other := others(name)) in KINDS_OF_ROWS:
            return other or ""
        if other == NOT_OURS:
            raise LeftOut(name.lower())
        raise BadRow("event", "unknown_type", f"{shown(name)} is no event of ours ({listed})")

    return kind_of


def of_user(kind_of: Callable[[Row], str]) -> Callable[[Row, Context], Made]:
    """What makes events of rows with a user, an item, a time, and a name of what was done."""

    def made(row: Row, context: Context) -> Made:
        user = {"user_id": row.need_id("user_id")}
        return of_kind(kind_of(row), row, user, context.time_ms(row), context)

    return made


_RETAILROCKET = kinds({"view": CLICKED, "addtocart": ADDED, "transaction": ORDERED})

RETAILROCKET = Format(
    "retailrocket",
    "timestamp,visitorid,event,itemid,transactionid; events view, addtocart, transaction",
    {
        "timestamp": ("timestamp",),
        "user_id": ("visitorid",),
        "event": ("event",),
        "item_id": ("itemid",),
        "order_id": ("transactionid",),
    },
    ("timestamp", "user_id", "event", "item_id"),
    of_user(_RETAILROCKET),
)

_REES46 = kinds({"view": CLICKED, "cart": ADDED, "remove_from_cart": REMOVED, "purchase": ORDERED})


def _rees46(row: Row, context: Context) -> Made:
    user = {"user_id": row.need_id("user_id")}
    if session := row.id("session_id"):
        user["session_id"] = session
    return of_kind(_REES46(row), row, user, context.time_ms(row), context)


REES46 = Format(
    "rees46",
    "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session; "
    "events view, cart, remove_from_cart, purchase",
    {
        "timestamp": ("event_time",),
        "event": ("event_type",),
        "item_id": ("product_id",),
        "user_id": ("user_id",),
        "session_id": ("user_session",),
        "price": ("price",),
        "order_id": ("order_id",),
    },
    ("timestamp", "event", "item_id", "user_id"),
    _rees46,
)

# Those of its own examples; docs/examples/from_gorse.py has the same, and takes others by option.
GORSE_TYPES = {
    **dict.fromkeys(("read", "click", "view", "like", "star"), CLICKED),
    **dict.fromkeys(("cart", "add_to_cart"), ADDED),
    **dict.fromkeys(("buy", "purchase"), ORDERED),
}
_GORSE = kinds(GORSE_TYPES)

GORSE = Format(
    "gorse",
    "FeedbackType,UserId,ItemId,Timestamp; types read, click, view, like, star, cart, add_to_cart, "
    "buy, purchase",
    {
        "event": ("FeedbackType",),
        "user_id": ("UserId",),
        "item_id": ("ItemId",),
        "timestamp": ("Timestamp",),
    },
    ("event", "user_id", "item_id", "timestamp"),
    of_user(_GORSE),
)

_TAOBAO = kinds({"pv": CLICKED, "cart": ADDED, "buy": ORDERED}, frozenset({"fav"}))

TAOBAO = Format(
    "taobao",
    "user,item,category,behaviour,timestamp, with or without that header; "
    "behaviours pv, cart, buy (fav is left out)",
    {
        "user_id": ("user_id", "user"),
        "item_id": ("item_id", "item"),
        "event": ("behavior_type", "behaviour_type", "behavior", "behaviour"),
        "timestamp": ("timestamp", "time"),
    },
    ("user_id", "item_id", "event", "timestamp"),
    of_user(_TAOBAO),
    {
        ("user_id", "item_id", "", "event", "timestamp"): lambda c: (
            c[3].lower() in ("pv", "cart", "fav", "buy") and c[4].lstrip("-").isdigit()
        )
    },
)
