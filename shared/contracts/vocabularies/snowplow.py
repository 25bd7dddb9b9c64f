"""Snowplow's e-commerce events: the action `snowplow_ecommerce_action` with its entities, the older
add_to_cart and remove_from_cart, site_search and transaction items; raw (tracker protocol) and
enriched (the analytics SDK's JSON)."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

import orjson

from .base import (
    ADDED,
    CLICKED,
    NOT_OURS,
    ORDERED,
    REFUNDED,
    REMOVED,
    SEARCHED,
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

# By the action's `type`, by the schema's name, and by the tracker protocol's `e`.
NAMES: dict[str, str] = {
    "product_view": CLICKED,
    "list_click": CLICKED,
    "add_to_cart": ADDED,
    "remove_from_cart": REMOVED,
    "transaction": ORDERED,
    "refund": REFUNDED,
    "site_search": SEARCHED,
    "transaction_item": ORDERED,
    **dict.fromkeys(
        (
            "list_view",
            "promo_view",
            "promo_click",
            "checkout_step",
            "trns_error",
            "page_view",
            "page_ping",
            "struct",
            "link_click",
            "submit_form",
            "change_form",
            "focus_form",
            "social_interaction",
            "consent_given",
            "consent_withdrawn",
            "consent_preferences",
            "cmp_visible",
            "screen_view",
            "screen_end",
            "application_error",
            "application_background",
            "application_foreground",
            "application_install",
            "timing",
            "ad_impression",
            "ad_click",
            "ad_conversion",
            "button_click",
            "link_impression",
            "web_vitals",
            "focus_in",
            "deep_link_received",
        ),
        NOT_OURS,
    ),
}
RAW = {
    "pv": "page_view",
    "pp": "page_ping",
    "se": "struct",
    "ad": "ad_impression",
    "ti": "transaction_item",
    "tr": "page_view",
}  # a transaction's items say it all

FIELDS: Fields = {
    "product_id": ("id", "sku", "ti_sk", "ti_sku"),
    "quantity": ("quantity", "ti_qu", "ti_quantity"),
    "price": ("price", "unitPrice", "unit_price", "ti_pr", "ti_price"),
    "position": ("position",),
    "recomm_id": ("recomm_id",),
    "order_id": ("transaction_id", "orderId", "ti_id", "ti_orderid", "tr_orderid"),
    "total": ("revenue", "refund_amount", "total"),
    "currency": ("currency", "ti_cu", "ti_currency"),
    "query": ("query",),
    "locale": ("locale",),
}

_ACTION = "snowplow_ecommerce_action"
_TEXT_MAX = 262_144
_MARKS = frozenset(("ue_pr", "ue_px", "unstruct_event", "collector_tstamp", "derived_tstamp"))


def recognises(data: dict[str, Any]) -> bool:
    """Whether this is an event of a tracker, or an enriched one, or self-describing JSON."""
    if not _MARKS.isdisjoint(data) or data.get("event") == "unstruct":
        return True
    schema = data.get("schema")
    if isinstance(schema, str) and schema.startswith("iglu:"):
        return True
    return isinstance(data.get("e"), str) and ("tv" in data or "duid" in data or "eid" in data)


def translate(message: Message, kind_of: Any) -> list[Draft]:
    """The events of one message; several where its entities are several products."""
    data = message.data
    name, body = _body(data)
    contexts = _contexts(data)
    if name == _ACTION:
        name = first(body, "type")
    kind = NAMES.get(name) if isinstance(name, str) else None
    event_id = first(data, "event_id", "eid")
    time = first(data, "derived_tstamp", "dvce_created_tstamp", "dtm", "ttm", "collector_tstamp")
    if not kind:
        return [Draft(kind, None, event_id, time, True, name)]
    who = customer(
        (
            first(data, "user_id", "uid"),
            first(data, "domain_userid", "duid", "network_userid", "nuid", "tnuid"),
            first(data, "domain_sessionid", "sid"),
        ),
        (
            first(contexts.get("user", [{}])[0], "id"),
            first(contexts.get("client_session", [{}])[0], "userId"),
            first(contexts.get("client_session", [{}])[0], "sessionId"),
        ),
    )
    payload = {**contexts.get("transaction", [{}])[0], **contexts.get("refund", [{}])[0], **body}
    if kind == SEARCHED:
        terms = body.get("terms")
        payload["query"] = " ".join(map(str, terms)) if isinstance(terms, list) else terms
    lines = contexts.get("product", [])
    if not lines and name != "transaction" and first(body, *FIELDS["product_id"]) is not None:
        lines = [body]  # the older schemas say it themselves
    payload = {n: v for n, v in payload.items() if n not in ("id", "sku", "type")}
    if len(lines) == 1 or kind in (ORDERED, REFUNDED):
        payload.pop("products", None)
    return [
        Draft(kind, who | found, event_id, time, True, left_out=left_out)
        for found, left_out in events(kind, payload, lines, FIELDS)
    ]


def _body(data: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The name of the event's schema, and what the event says."""
    name: Any
    for name, value in data.items():
        if name.startswith("unstruct_event_") and isinstance(value, dict):
            return _schema_in_column(name[len("unstruct_event_") :]), value
    described: Any = data
    if not (isinstance(data.get("schema"), str) and "data" in data):
        described = _json(first(data, "unstruct_event", "ue_pr"))
        if described is None:
            described = _base64_json(data.get("ue_px"))
        if described is None:
            raw = data.get("e")
            name = RAW.get(raw, raw) if isinstance(raw, str) else None
            return name or first(data, "event_name", "event"), data
    while isinstance(described, dict) and "schema" in described:
        name, described = _schema_name(described["schema"]), described.get("data")
        if name != "unstruct_event":
            return name, described if isinstance(described, dict) else {}
    return first(data, "event_name"), {}


def _contexts(data: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Entities by the name of their schema, none empty."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, value in data.items():
        if name.startswith("contexts_"):
            found.setdefault(_schema_in_column(name[len("contexts_") :]), []).extend(objects(value))
    wrapped = _json(first(data, "contexts", "co"))
    if wrapped is None:
        wrapped = _base64_json(data.get("cx"))
    if wrapped is None and isinstance(data.get("schema"), str):
        wrapped = inner(data, "data").get("contexts")
    for each in objects(wrapped.get("data") if isinstance(wrapped, dict) else wrapped):
        entity = each.get("data")
        if isinstance(entity, dict):
            found.setdefault(_schema_name(each.get("schema")), []).append(entity)
    return {name: entities for name, entities in found.items() if entities}


def _schema_name(schema: Any) -> str:
    """iglu:com.snowplowanalytics.snowplow.ecommerce/product/jsonschema/1-0-0 -> product."""
    parts = schema.split("/") if isinstance(schema, str) else []
    return parts[1] if len(parts) > 1 else ""


def _schema_in_column(column: str) -> str:
    """com_snowplowanalytics_snowplow_ecommerce_product_1 -> product."""
    for name in (_ACTION, "client_session", *NAMES):
        if column.endswith((f"_{name}_1", f"_{name}_2")):
            return name
    return column.rsplit("_", 2)[1] if column.count("_") > 1 else column


def _json(value: Any) -> Any:
    if isinstance(value, str) and len(value) <= _TEXT_MAX:
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return None
    return value


def _base64_json(value: Any) -> Any:
    if not isinstance(value, str):
        return None
    try:
        padded = value.rstrip("=")
        return orjson.loads(base64.urlsafe_b64decode(padded + "=" * (-len(padded) % 4)))
    except (binascii.Error, ValueError):
        return None
