"""Published lists and answers, less the products that a domain withholds: what stands on a topic
may have been published before a product turned sensitive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from .catalogue import Catalogue
    from .feed import Published


def value_of(record: Published, catalogue: Catalogue) -> bytes | None:
    """The record's value for a reader: as it was published where nothing is withheld of it."""
    value = record.value
    if value is None or not catalogue.exclusions:
        return value
    try:
        said = orjson.loads(value)
        items, products = said.get("items", []), said.get("products", [])
        kept = [each for each in items if not _names(each, catalogue)]
        beside = [each for each in products if not catalogue.withholds(each)]
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        return b"{}"  # what cannot be read may name anything
    if len(kept) == len(items) and len(beside) == len(products):
        return value
    said |= {"items": kept} if "items" in said else {}
    said |= {"products": beside} if "products" in said else {}
    return orjson.dumps(said)


def _names(item: dict[str, Any], catalogue: Catalogue) -> bool:
    """Whether an item is withheld, or its reason names what is."""
    parameters = (item.get("reason") or {}).get("parameters") or {}
    return catalogue.withholds(item["product_id"]) or catalogue.withholds_reason(parameters)
