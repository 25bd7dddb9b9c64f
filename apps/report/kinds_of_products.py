"""Products grouped by what fairness to sellers asks: small brands, and new products.

The same definitions as the recommender's metrics (`services/recommender/publishers/exposure.py`).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.publishers.exposure import small_brands

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from shopkeeper.services.recommender.core.numeric.items import ItemIndex
    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

NONE = "-"
SMALL, LARGE = "small", "large"
NEW, ESTABLISHED = "new", "established"
NEW_VISITS = RecommenderConfig().new_item_visits


def brand_size(
    catalogue: Mapping[str, ProductCatalogued],
) -> Callable[[ProductCatalogued], str] | None:
    """Which products are of small brands; None where all brands are of one size, or there is one.

    Counted are products that the catalogue has and does not call unavailable."""
    products = Counter(p.brand for p in catalogue.values() if p.brand and p.available is not False)
    names = list(products)
    small = small_brands(np.array([products[name] for name in names], np.int64))
    chosen = {name for name, each in zip(names, small.tolist(), strict=True) if each}
    if not chosen:
        return None

    def size(product: ProductCatalogued) -> str:
        if not product.brand:
            return NONE
        return SMALL if product.brand in chosen else LARGE

    return size


def newness(numbers: ItemIndex, clicks: NDArray[np.int64]) -> Callable[[ProductCatalogued], str]:
    """Which products are new: of fewer than `NEW_VISITS` clicks."""

    def age(product: ProductCatalogued) -> str:
        visits = int(clicks[numbers.intern(product.product_id)])
        return NEW if visits < NEW_VISITS else ESTABLISHED

    return age
