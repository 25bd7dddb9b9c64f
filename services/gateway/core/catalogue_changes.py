"""Records of the catalogue as changes of products, read once for all views of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from shopkeeper.shared.contracts.catalogue import Refused, products

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shopkeeper.shared.contracts.envelope import KeyValue
    from shopkeeper.shared.contracts.events.shop import ProductCatalogued


def changes_of(records: Sequence[KeyValue]) -> Iterator[tuple[str, ProductCatalogued | None]]:
    """(product id, product; None where it was removed), in the records' order; whatever the decoder
    takes. What cannot be read is passed over: the recommender dead-letters it."""
    for key, value in records:
        named = (key or b"").decode("utf-8", "replace")
        try:
            found = list(products(value)) if value else [(named, None)]
        except (msgspec.MsgspecError, Refused, ValueError):
            continue
        for product_id, product in found:
            yield product_id or named, product
