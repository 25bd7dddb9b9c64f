"""Other vocabularies that bare JSON may use: Segment's track calls and Google Analytics 4."""

from __future__ import annotations

from typing import Any

_NAMES = {
    "product clicked": "product.clicked.v1",
    "product viewed": "product.clicked.v1",
    "select_item": "product.clicked.v1",
    "view_item": "product.clicked.v1",
    "product added": "product.added.v1",
    "add_to_cart": "product.added.v1",
    "order completed": "order.completed.v1",
    "purchase": "order.completed.v1",
    "products searched": "products.searched.v1",
    "search": "products.searched.v1",
    "view_search_results": "products.searched.v1",
    "product reviewed": "product.reviewed.v1",
}

_CAMEL = (("userId", "user_id"), ("anonymousId", "anonymous_id"), ("messageId", "message_id"))


def suffix_of_name(name: str) -> str | None:
    """The type suffix of a Segment or GA4 event name, or None."""
    return _NAMES.get(name.lower())


def to_our_names(suffix: str, data: dict[str, Any]) -> dict[str, Any]:
    """The same data under our field names; what is there under our name already wins.

    Segment's track call holds the fields in `properties` and writes userId, anonymousId and
    messageId. GA4 puts parameters into `params` or at the top, products into `items[].item_id`,
    the order's id into `transaction_id`, its total into `value`, the query into `search_term`,
    and calls the visitor `user_pseudo_id` or `client_id`.
    """
    if isinstance(data.get("event"), str):
        for wrapper in ("params", "properties"):
            inner = data.get(wrapper)
            if isinstance(inner, dict):
                data = {**inner, **{k: v for k, v in data.items() if k != wrapper}}
        for theirs, ours in _CAMEL:
            if theirs in data and ours not in data:
                data = {**data, ours: data[theirs]}
    items = data.get("items")
    if suffix == "products.searched.v1":
        if "query" not in data and "search_term" in data:
            data = {**data, "query": data["search_term"]}
    elif suffix == "order.completed.v1":
        if "order_id" not in data and "transaction_id" in data:
            data = {**data, "order_id": data["transaction_id"]}
        if "total" not in data and "value" in data:
            data = {**data, "total": data["value"]}
        if "products" not in data and isinstance(items, list):
            data = {**data, "products": [_line(item) for item in items]}
    elif "product_id" not in data:
        if "item_id" in data:
            data = {**data, "product_id": data["item_id"]}
        elif isinstance(items, list) and items and isinstance(items[0], dict):
            data = {**data, "product_id": items[0].get("item_id")}
    if "user_id" not in data and "anonymous_id" not in data:
        for name in ("user_pseudo_id", "client_id"):
            if name in data:
                return {**data, "anonymous_id": data[name]}
    return data


def _line(item: Any) -> Any:
    if not isinstance(item, dict) or "product_id" in item or "item_id" not in item:
        return item
    return {**item, "product_id": item["item_id"]}
