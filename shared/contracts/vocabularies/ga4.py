"""Google Analytics 4 in its five shapes: dataLayer, Measurement Protocol, BigQuery export, a single
event (gtag's parameters beside its name or in `params`), and gtag's arguments as they were pushed.

`gtag()` pushes its `arguments` object, which JSON has as an object of numbered fields; where it is
written as an array, `parsing` numbers them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .base import (
    ADDED,
    CLICKED,
    NOT_OURS,
    ORDERED,
    REFUNDED,
    REMOVED,
    SEARCHED,
    SKIP,
    Draft,
    Message,
    as_id,
    customer,
    events,
    first,
    inner,
    objects,
)

if TYPE_CHECKING:
    from .base import Fields

NAMES: dict[str, str] = {
    "view_item": CLICKED,
    "select_item": CLICKED,
    "add_to_cart": ADDED,
    "remove_from_cart": REMOVED,
    "purchase": ORDERED,
    "in_app_purchase": NOT_OURS,
    "ecommerce_purchase": ORDERED,
    "refund": REFUNDED,
    "search": SEARCHED,
    "view_search_results": SEARCHED,
    **dict.fromkeys(
        (
            # Recommended events that name no product, or only show one.
            "add_payment_info",
            "add_shipping_info",
            "add_to_wishlist",
            "begin_checkout",
            "view_cart",
            "view_item_list",
            "select_promotion",
            "view_promotion",
            "select_content",
            "share",
            "login",
            "sign_up",
            "generate_lead",
            "qualify_lead",
            "working_lead",
            "disqualify_lead",
            "close_convert_lead",
            "close_unconvert_lead",
            "join_group",
            "earn_virtual_currency",
            "spend_virtual_currency",
            "tutorial_begin",
            "tutorial_complete",
            "level_start",
            "level_end",
            "level_up",
            "post_score",
            "unlock_achievement",
            "campaign_details",
            "exception",
            "timing_complete",
            # Collected by itself.
            "page_view",
            "screen_view",
            "session_start",
            "first_visit",
            "first_open",
            "scroll",
            "click",
            "user_engagement",
            "file_download",
            "form_start",
            "form_submit",
            "video_start",
            "video_progress",
            "video_complete",
            "ad_click",
            "ad_exposure",
            "ad_impression",
            "ad_query",
            "ad_reward",
            "adunit_exposure",
            "app_clear_data",
            "app_exception",
            "app_remove",
            "app_update",
            "app_store_refund",
            "app_store_subscription_cancel",
            "app_store_subscription_convert",
            "app_store_subscription_renew",
            "app_background",
            "app_open",
            "dynamic_link_app_open",
            "dynamic_link_app_update",
            "dynamic_link_first_open",
            "error",
            "firebase_campaign",
            "firebase_in_app_message_action",
            "firebase_in_app_message_dismiss",
            "firebase_in_app_message_impression",
            "notification_dismiss",
            "notification_foreground",
            "notification_open",
            "notification_receive",
            "notification_send",
            "os_update",
            "experiment_impression",
            # Google Tag Manager's own.
            "gtm.js",
            "gtm.dom",
            "gtm.load",
            "gtm.click",
            "gtm.linkClick",
            "gtm.formSubmit",
            "gtm.historyChange",
            "gtm.historyChange-v2",
            "gtm.scrollDepth",
            "gtm.timer",
            "gtm.elementVisibility",
            "gtm.video",
            "gtm.pageError",
            "gtm.init",
            "gtm.init_consent",
        ),
        NOT_OURS,
    ),
}

FIELDS: Fields = {
    "product_id": ("item_id", "product_id", "id", "sku"),
    "quantity": ("quantity",),
    "price": ("price",),
    "position": ("index", "position"),
    "recomm_id": ("recomm_id",),
    "order_id": ("transaction_id", "order_id"),
    "total": ("value", "total", "revenue", "purchase_revenue"),
    "currency": ("currency",),
    "query": ("search_term", "query"),
    "locale": ("language", "locale"),
}

# The first argument of gtag(). Only `event` says what somebody did.
COMMANDS = frozenset(("event", "config", "set", "js", "consent", "get"))

# What Universal Analytics' dataLayer says under `ecommerce`, whatever its event is called.
ACTIONS: dict[str, str] = {
    "purchase": ORDERED,
    "refund": REFUNDED,
    "add": ADDED,
    "remove": REMOVED,
    "detail": CLICKED,
    "click": CLICKED,
    **dict.fromkeys(
        ("checkout", "checkout_option", "impressions", "promoView", "promoClick"), NOT_OURS
    ),
}

_WRAPPERS = ("ecommerce", "params", "event_params", "eventModel", "items", "events")


def is_command(data: dict[str, Any]) -> bool:
    """Whether these are the arguments of a call of gtag(), by their numbers."""
    command = data.get("0")
    return isinstance(command, str) and command in COMMANDS


def is_reset(data: dict[str, Any]) -> bool:
    """Whether this push only clears the product data of the one before: `{"ecommerce": null}`."""
    return "ecommerce" in data and not data["ecommerce"] and first(data, "event") is None


def recognises(data: dict[str, Any]) -> bool:
    """Whether this has one of the five shapes. A single event is told by its name alone."""
    if is_command(data):
        return True
    if isinstance(data.get("events"), list):
        return first(data, "client_id", "app_instance_id", "user_id", "user_pseudo_id") is not None
    if isinstance(data.get("ecommerce"), dict) or isinstance(data.get("event_params"), list | dict):
        return True
    if is_reset(data) or isinstance(data.get("eventModel"), dict):
        return True
    if "event_name" in data and ("event_timestamp" in data or "user_pseudo_id" in data):
        return True
    if isinstance(data.get("params"), dict) and first(data, "event", "name", "event_name"):
        return True
    # A single event, its parameters beside its name.
    return isinstance(data.get("event"), str) and (
        data["event"] in NAMES or data["event"].startswith("gtm.")
    )


def translate(message: Message, kind_of: Any) -> list[Draft]:
    """The events of one message. kind_of: what a name means, in any vocabulary."""
    data = message.data
    if is_command(data):
        if data["0"] != "event":
            return [SKIP]
        call = {"event": data.get("1"), "params": inner(data, "2")}
        return _single(call, {}, message.place, kind_of)
    if is_reset(data):
        return [SKIP]
    if isinstance(data.get("events"), list):
        # One after the other as they are: an entry that is no object is an unknown kind.
        entries = data["events"]
        return [
            draft
            for n, entry in enumerate(entries)
            for draft in _single(
                entry if isinstance(entry, dict) else {}, data, f"{message.place}/{n}", kind_of
            )
        ]
    return _single(data, data, message.place, kind_of)


def _single(event: dict[str, Any], outer: dict[str, Any], place: str, kind_of: Any) -> list[Draft]:
    name = first(event, "event", "event_name", "name")
    kind = kind_of(name)
    ecommerce = inner(event, "ecommerce")
    action = next((a for a in ACTIONS if isinstance(ecommerce.get(a), dict | list)), None)
    if action is not None:
        kind = ACTIONS[action]
        event = {**event, "ecommerce": _of_action(ecommerce, action)}
        outer = event if outer.get("events") is None else outer
    time = first(event, "event_timestamp", "timestamp_micros", "timestamp", "time")
    if time is None:
        time = first(outer, "timestamp_micros", "timestamp", "time")
    event_id = first(event, "message_id", "id") if event is outer else None
    if not kind:
        if isinstance(name, str) and name.startswith("gtm."):
            kind = NOT_OURS
        return [Draft(kind, None, event_id, time, True, name)]
    payload = _parameters(event)
    who = customer(
        (
            first(outer, "user_id"),
            first(outer, "user_pseudo_id", "client_id", "app_instance_id", "anonymous_id"),
            first(payload, "session_id", "ga_session_id"),
        ),
        (first(payload, "user_id"), first(payload, "client_id", "user_pseudo_id"), None),
        (None, None, first(outer, "session_id", "ga_session_id")),
    )
    lines = objects(payload.get("items") or payload.get("products"))
    drafts = []
    for found, left_out in events(kind, payload, lines, FIELDS):
        if kind == ORDERED and "order_id" not in found:  # Google does not insist on one
            visitor = as_id(first(who, "user_id", "anonymous_id"))
            found["order_id"] = f"{visitor}/{time}" if time is not None else place
        drafts.append(Draft(kind, who | found, event_id, time, True, left_out=left_out))
    return drafts


def _of_action(ecommerce: dict[str, Any], action: str) -> dict[str, Any]:
    """Universal Analytics' {action: {actionField, products}} with the names of Analytics 4."""
    said = inner(ecommerce, action)
    field = inner(said, "actionField")
    found = {
        "transaction_id": first(field, "id"),
        "value": first(field, "revenue"),
        "currency": first(ecommerce, "currencyCode"),
        "items": said.get("products"),
    }
    return {name: value for name, value in found.items() if value is not None}


def _parameters(event: dict[str, Any]) -> dict[str, Any]:
    """All parameters of an event in one object, wherever its shape has them. An `id`
    that is not an item's is not the product's."""
    beside = {n: v for n, v in event.items() if n not in (*_WRAPPERS, "name")}
    params = inner(event, "params") or inner(event, "eventModel")
    params = params or _unpacked(event.get("event_params"))
    ecommerce = inner(event, "ecommerce")
    nested = inner(params, "ecommerce")
    items = [each.get("items") for each in (event, ecommerce, params, nested)]
    found = {**beside, **nested, **ecommerce, **params}
    found.pop("id", None)
    found["items"] = next((each for each in items if each), None)
    return found


def _unpacked(params: Any) -> dict[str, Any]:
    """BigQuery's [{key, value: {string_value, int_value, ...}}]."""
    if isinstance(params, dict):
        return params
    found: dict[str, Any] = {}
    for each in params if isinstance(params, list) else ():
        if isinstance(each, dict) and isinstance(each.get("key"), str):
            value = each.get("value")
            found[each["key"]] = (
                first(value, "string_value", "int_value", "double_value", "float_value")
                if isinstance(value, dict)
                else value
            )
    return found
