"""The catalogue as the intent service reads it: the names of brands and categories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from shopkeeper.shared.contracts.catalogue import Refused, products
from shopkeeper.shared.contracts.connectors import text_of_key
from shopkeeper.shared.domains.exclusions import NOTHING

from .slots import Names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.contracts.envelope import KeyValue
    from shopkeeper.shared.domains.exclusions import Exclusions


class CatalogueNames:
    """Takes records of `shop.catalogue.v1` in, whatever the decoder takes; bounded by `Names`."""

    def __init__(self, exclusions: Exclusions = NOTHING) -> None:
        """exclusions: products whose names are not learned."""
        self.names, self._exclusions = Names(), exclusions

    def apply(self, records: Sequence[KeyValue]) -> None:
        for key, value in records:
            try:
                for name, product in products(value) if value else ((None, None),):
                    if product is not None and self._exclusions.covers(product):
                        self.names.remove(product.product_id)
                    elif product is not None:
                        self.names.put(product.product_id, product.brand, product.category)
                    elif name or key:
                        self.names.remove(name or text_of_key(key or b""))
            except (msgspec.MsgspecError, Refused, ValueError):
                continue  # the recommender dead-letters it
