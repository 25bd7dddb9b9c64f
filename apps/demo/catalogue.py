"""The catalogue that ships with the demo, and any catalogue as events."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

import msgspec

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.products import load
from shopkeeper.shared.datasets.readers import ShopEvent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shopkeeper.shared.contracts.events.shop import ProductCatalogued


def built_in() -> list[ProductCatalogued]:
    """The products that ship with the demo."""
    with resources.as_file(resources.files(__package__) / "catalogue.jsonl") as path:
        return load(path)


def events(products: Sequence[ProductCatalogued], time_ms: int) -> Iterator[ShopEvent]:
    """One product.catalogued per product, all of `time_ms`."""
    for product in products:
        data = {k: v for k, v in msgspec.to_builtins(product).items() if v is not None}
        yield ShopEvent(
            topics.CATALOGUE,
            "product.catalogued.v1",
            product.product_id,
            data,
            time_ms,
            f"catalogue/{product.product_id}/{time_ms}",
        )
