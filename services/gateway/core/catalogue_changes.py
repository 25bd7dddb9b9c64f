"""Records of the catalogue as changes of products, read once for all views of it."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from shopkeeper.shared.contracts.catalogue import Refused, products
from shopkeeper.shared.contracts.connectors import text_of_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shopkeeper.shared.contracts.envelope import KeyValue, Stamp
    from shopkeeper.shared.contracts.events.shop import ProductCatalogued
    from shopkeeper.shared.contracts.newest import Since


class Change(NamedTuple):
    """What one record says of one product. product: None where it was removed."""

    product_id: str
    product: ProductCatalogued | None
    since: Since = None


def changes_of(
    records: Sequence[KeyValue], stamps: Sequence[Stamp] | None = None
) -> Iterator[Change]:
    """Changes in the records' order; whatever the decoder takes. stamps: one for each record.

    What cannot be read is passed over: the recommender dead-letters it."""
    for (key, value), stamp in zip(records, stamps or repeat(None), strict=False):
        try:
            named = (
                text_of_key(key or b"") if not value else (key or b"").decode("utf-8", "replace")
            )
            found = list(products(value)) if value else [(named, None)]
        except (msgspec.MsgspecError, Refused, ValueError):
            continue
        for number, (product_id, product) in enumerate(found):
            yield Change(product_id or named, product, None if stamp is None else (*stamp, number))
