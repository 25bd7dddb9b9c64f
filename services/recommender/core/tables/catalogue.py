"""Products as the shop describes them: `shop.catalogue.v1`, whole."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.catalogue import Refused, products
from shopkeeper.shared.contracts.connectors import text_of_key
from shopkeeper.shared.contracts.newest import NewestFirst
from shopkeeper.shared.domains.exclusions import NOTHING, Exclusions

from ..cold_start.attributes import Attributes
from ..numeric.arrays import grown
from ..numeric.price_bands import price_band
from ..rules import Rules, excluded, factors
from .base import AVAILABLE, PRICE_MAX, REMOVED, UNAVAILABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from shopkeeper.shared.contracts.envelope import KeyValue, Stamp
    from shopkeeper.shared.contracts.events.shop import ProductCatalogued
    from shopkeeper.shared.contracts.newest import Since

    from ..numeric.items import ItemIndex


class CatalogueTable:
    """Products as the catalogue has them: availability, category, brand, price, attributes, order
    of arrival; and what the shop's rules make of them.

    Values may be whatever the decoder takes (see `shared/contracts/catalogue.py`).
    """

    topic = topics.CATALOGUE

    def __init__(
        self,
        items: ItemIndex,
        rules: Rules | None = None,
        on_change: Callable[[str, ProductCatalogued | None], None] | None = None,
        exclusions: Exclusions = NOTHING,
    ) -> None:
        """on_change: is told of every product as it now is, or None where it was removed.
        exclusions: products that are held as removed ones are, so that nobody here knows more of
        them than that they are not to be offered."""
        self._exclusions, self._excludes = exclusions, bool(exclusions)
        self.turned = 0  # how often a product became sensitive that was not
        self._items, self._rules, self._on_change = items, rules or Rules(), on_change
        # Known from the start, so that rules match them before the catalogue names them, if ever.
        items.intern_all(
            r.product_id
            for r in (*self._rules.exclude, *self._rules.boost)
            if r.product_id is not None
        )
        self.status: NDArray[np.uint8] = np.zeros(1024, np.uint8)
        self.category: NDArray[np.int32] = np.full(1024, -1, np.int32)
        self.band: NDArray[np.uint8] = np.zeros(1024, np.uint8)  # of its price
        self.categories: list[str] = []
        self._category_ids: dict[str, int] = {}
        self.brand: NDArray[np.int32] = np.full(1024, -1, np.int32)
        self.brands: list[str] = []
        self._brand_ids: dict[str, int] = {}
        self.price: NDArray[np.float32] = np.full(1024, np.nan, np.float32)
        self.replenishable: NDArray[np.bool_] = np.zeros(1024, np.bool_)  # bought again and again
        self._any_replenishable = False  # ever was
        self._newest = NewestFirst()  # of what is available
        self.attributes = Attributes()
        self._blocked: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._blocked_version = -1
        self._boost: NDArray[np.float32] = np.ones(0, np.float32)
        self._boost_version = -1
        self.version = 0
        self.junk = 0

    def apply(self, records: Sequence[KeyValue], stamps: Sequence[Stamp] | None = None) -> None:
        """stamps: of each record; without them, one came after the other."""
        for (key, value), stamp in zip(records, stamps or repeat(None), strict=False):
            try:
                said = products(value) if value else ((None, None),)
                for number, (name, product) in enumerate(said):
                    if product is not None and self._excludes and self._exclusions.covers(product):
                        self.turned += self.teaches(product.product_id)
                        self._remove(product.product_id)
                    elif product is not None:
                        self._put(product, None if stamp is None else (*stamp, number))
                    elif name or key:
                        self._remove(name or text_of_key(key or b""))
                    else:
                        self.junk += 1
            except (msgspec.MsgspecError, Refused, ValueError):
                self.junk += 1

    def reserve(self) -> None:
        """Make the arrays cover every interned item."""
        if self._items.capacity > len(self.status):
            self.status = grown(self.status, self._items.capacity)
            self.category = grown(self.category, self._items.capacity, -1)
            self.brand = grown(self.brand, self._items.capacity, -1)
            self.price = grown(self.price, self._items.capacity, np.nan)
            self.replenishable = grown(self.replenishable, self._items.capacity)
            self.band = grown(self.band, self._items.capacity)

    def blocked(self) -> NDArray[np.bool_]:
        """(items,) whether an item must not be offered: removed, not available, or excluded by a
        rule. Read only."""
        self.reserve()
        if self._blocked_version != self.version or len(self._blocked) < len(self.status):
            self._blocked = (self.status == REMOVED) | (self.status == UNAVAILABLE)
            if self._rules.exclude:
                self._blocked |= excluded(self._rules, self)
            self._blocked_version = self.version
        return self._blocked

    def teaches(self, product_id: str) -> bool:
        """Whether what users do with a product may be learned from. Where products are excluded,
        only of one that the catalogue has, and says nothing sensitive of: what nobody knows yet may
        turn out to be."""
        return self.usable(self._items.number_of.get(product_id, -1))

    def usable(self, item: int) -> bool:
        """As `teaches`, of an item; of one that is in a user's history already."""
        if not self._excludes:
            return True
        return bool(0 <= item < len(self.status) and self.status[item] >= UNAVAILABLE)

    def are_usable(self, items: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(items,) as `usable`, of each."""
        if not self._excludes:
            return np.ones(len(items), np.bool_)
        self.reserve()
        allowed: NDArray[np.bool_] = self.status[items] >= UNAVAILABLE
        return allowed

    def boost(self) -> NDArray[np.float32] | None:
        """(items,) what rules multiply an item's score by; None without such rules. Read only."""
        if not self._rules.boost:
            return None
        self.reserve()
        if self._boost_version != self.version or len(self._boost) < len(self.status):
            self._boost = factors(self._rules, self)
            self._boost_version = self.version
        return self._boost

    def number(self, column: str, name: str) -> int:
        """What stands for a name in `category` or `brand`, or the item of a "product_id"."""
        ids = {"category": self._category_ids, "brand": self._brand_ids}
        return ids.get(column, self._items.number_of).get(name, -1)

    def used_up(self, boughts: Sequence[Sequence[int]]) -> Sequence[Sequence[int]]:
        """By list, what was bought and is not bought again and again."""
        if not self._any_replenishable:
            return boughts
        again = self.replenishable
        return [[item for item in bought if not again[item]] for bought in boughts]

    def newest(self) -> Iterator[int]:
        """The available items, those that came last first."""
        return map(self._items.number_of.__getitem__, self._newest)

    def _put(self, product: ProductCatalogued, since: Since) -> None:
        item = self._items.intern(product.product_id)
        self.reserve()
        self.attributes.put(item, product)
        if self._on_change is not None:
            self._on_change(product.product_id, product)
        status = UNAVAILABLE if product.available is False else AVAILABLE
        category = brand = -1
        if product.category:
            category = self._category_ids.setdefault(product.category, len(self.categories))
            if category == len(self.categories):
                self.categories.append(product.category)
        self.band[item] = price_band(product.price)
        if product.brand:
            brand = self._brand_ids.setdefault(product.brand, len(self.brands))
            if brand == len(self.brands):
                self.brands.append(product.brand)
        price = np.float32(np.nan)
        if product.price is not None:
            price = np.float32(min(max(product.price, -PRICE_MAX), PRICE_MAX))
        replenishable = (product.attributes or {}).get("replenishable") is True
        known = self.price[item]
        if (self.status[item], self.category[item], self.brand[item], self.replenishable[item]) == (
            status,
            category,
            brand,
            replenishable,
        ) and (known == price or (known != known and price != price)):  # neither is a number
            return
        self.brand[item], self.price[item] = brand, price
        self.replenishable[item] = replenishable
        self._any_replenishable = self._any_replenishable or replenishable
        self.status[item], self.category[item] = status, category
        if status == UNAVAILABLE:
            self._newest.discard(product.product_id)
        else:
            self._newest.add(product.product_id, since)
        self.version += 1

    def _remove(self, name: str) -> None:
        item = self._items.intern(name)
        self.reserve()
        self.status[item], self.category[item], self.band[item] = REMOVED, -1, 0
        self.attributes.remove(item)
        if self._on_change is not None:
            self._on_change(name, None)
        self.brand[item], self.price[item], self.replenishable[item] = -1, np.nan, False
        self._newest.discard(name)
        self.version += 1
