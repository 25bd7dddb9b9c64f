"""The catalogue as a page shows it: products by id and by category, bounded."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import msgspec

from .catalogue_changes import Change, changes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager

    from shopkeeper.shared.contracts.envelope import KeyValue
    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

ALL = ""  # the shelf that every product stands on


class Products:
    """`shop.catalogue.v1` by product; at `products_max` the one written longest ago goes.

    One thread writes, others may read, under `lock`. A product is held as the JSON that it is
    answered with.
    """

    def __init__(self, products_max: int, lock: AbstractContextManager[Any] | None = None) -> None:
        self._products_max = products_max
        self._held: dict[str, tuple[str, bytes]] = {}  # id -> category, JSON; oldest first
        self._shelves: dict[str, list[str]] = {ALL: []}  # category -> ids, sorted
        self._lock = lock or nullcontext()
        self._evicted = 0

    def __len__(self) -> int:
        return len(self._held)

    def apply(self, records: Sequence[KeyValue]) -> None:
        """Records of the topic, in their order."""
        self.take(changes_of(records))

    def take(self, changes: Iterable[Change]) -> None:
        """What `changes_of` reads."""
        for product_id, product, _ in changes:
            with self._lock:
                self._put(product_id, product)

    def get(self, product_id: str) -> bytes | None:
        """The product as JSON; None where there is none."""
        held = self._held.get(product_id)
        return None if held is None else held[1]

    def some(self, product_ids: Sequence[str]) -> list[bytes]:
        """Those of these products that there are, in that order."""
        return [held[1] for each in product_ids if (held := self._held.get(each)) is not None]

    def after(self, category: str | None, last: str, count: int) -> tuple[list[bytes], str | None]:
        """At most `count` products in the order of their ids, those after `last`, and the id to go
        on after; None at the end. category: None for all."""
        with self._lock:
            shelf = self._shelves.get(category or ALL, [])
            begin = bisect_right(shelf, last) if last else 0
            chosen = shelf[begin : begin + count]
            more = begin + count < len(shelf)
            return self.some(chosen), chosen[-1] if more and chosen else None

    def categories(self) -> list[tuple[str, int]]:
        """Each category and how many products it has, by name."""
        with self._lock:
            return sorted((name, len(ids)) for name, ids in self._shelves.items() if name != ALL)

    def take_evicted(self) -> int:
        """Products that made room since this was asked last."""
        evicted, self._evicted = self._evicted, 0
        return evicted

    def _put(self, product_id: str, product: ProductCatalogued | None) -> None:
        category, _ = self._held.pop(product_id, (None, b""))
        new = None if product is None else product.category or ""
        if category is not None and category != new:
            self._unshelve(product_id, category)
        if product is None or new is None:
            return
        self._held[product_id] = (new, _json(product))
        if category != new:
            for name in {ALL, new}:
                insort(self._shelves.setdefault(name, []), product_id)
        if len(self._held) > self._products_max:
            oldest = next(iter(self._held))
            self._unshelve(oldest, self._held.pop(oldest)[0])
            self._evicted += 1

    def _unshelve(self, product_id: str, category: str) -> None:
        for name in {ALL, category}:
            shelf = self._shelves[name]
            del shelf[bisect_left(shelf, product_id)]
            if not shelf and name != ALL:
                del self._shelves[name]


def _json(product: ProductCatalogued) -> bytes:
    said = msgspec.to_builtins(product)
    return msgspec.json.encode({name: value for name, value in said.items() if value is not None})
