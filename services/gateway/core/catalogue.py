"""What lists need of the catalogue: who may be shown, in which category, called what, how new."""

from __future__ import annotations

from contextlib import nullcontext
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from shopkeeper.shared.contracts.newest import NewestFirst
from shopkeeper.shared.domains.exclusions import NOTHING

from .catalogue_changes import Change, changes_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from shopkeeper.shared.contracts.envelope import KeyValue
    from shopkeeper.shared.domains.exclusions import Exclusions

ALL = ""  # the shelf of all products


class Product(NamedTuple):
    """One product as lists see it."""

    title: str
    title_zh: str | None
    category: str | None
    brand: str | None
    available: bool
    sensitive: bool = False  # neither offered nor assumed of anybody


class Catalogue:
    """`shop.catalogue.v1` by product; at `products_max` the one that came longest ago goes.

    One thread writes, others may read, under `lock`. New is what was not available before, by the
    time of the record that said so: every gateway that read the same records has the same order,
    before and after a restart.
    """

    def __init__(
        self,
        products_max: int,
        lock: AbstractContextManager[Any] | None = None,
        exclusions: Exclusions = NOTHING,
    ) -> None:
        self._products_max, self.exclusions = products_max, exclusions
        self._products: dict[str, Product] = {}
        self._newest: dict[str, NewestFirst] = {}  # by category, of what is available
        self._lock = lock or nullcontext()
        self._evicted = 0
        self.complete = True  # nothing was left out for want of room

    def __len__(self) -> int:
        return len(self._products)

    def apply(self, records: Sequence[KeyValue]) -> None:
        """Records of the topic, in their order."""
        self.take(changes_of(records))

    def take(self, changes: Iterable[Change]) -> None:
        """What `changes_of` reads."""
        for change in changes:
            with self._lock:
                self._put(change)

    def get(self, product_id: str) -> Product | None:
        """None for one that was removed, or never catalogued."""
        return self._products.get(product_id)

    def offers(self, product_id: str) -> bool:
        """Whether it may be shown: it is in the catalogue, and available. Where a shop publishes no
        catalogue, or a larger one than is held, also what is not known."""
        found = self._products.get(product_id)
        if found is None:
            # Of what is not known nobody can say that it is not sensitive.
            return not self.exclusions and (not self._products or not self.complete)
        return found.available and not found.sensitive

    def withholds(self, product_id: str) -> bool:
        """Whether nothing shown may name it, not even as a reason for something else."""
        if not self.exclusions:
            return False
        found = self._products.get(product_id)
        return found is None or found.sensitive

    def withholds_reason(self, parameters: Mapping[str, str]) -> bool:
        """Whether a reason with these parameters names what nothing shown may name."""
        if not self.exclusions:
            return False
        about, category = parameters.get("product_id"), parameters.get("category") or ""
        if about is not None and self.withholds(about):
            return True
        return category != "" and self.exclusions.covers_category(category)

    def newest(self, category: str | None, count: int) -> list[str]:
        """Available products, of all or of one category, those that came last first."""
        with self._lock:
            return list(islice(self._newest.get(category or ALL, ()), count))

    def titles(self, product_ids: Collection[str], language: str) -> Mapping[str, str]:
        """What products are called in a language; those that are not known are left out."""
        held = {each: self._products.get(each) for each in product_ids}
        return {
            name: (language == "zh" and found.title_zh) or found.title
            for name, found in held.items()
            if found is not None
        }

    def holding(self, text: str, count: int) -> list[str]:
        """Ids of products whose id or title holds the text, whatever its case; the id itself, and
        titles that begin so, first."""
        wanted = text.strip().casefold()
        with self._lock:
            held = list(self._products.items())
        found = []
        for name, product in held:
            titles = (product.title.casefold(), (product.title_zh or "").casefold())
            if wanted == name.casefold():
                found.append((0, name))
            elif any(title.startswith(wanted) for title in titles):
                found.append((1, name))
            elif any(wanted in title for title in (name.casefold(), *titles)):
                found.append((2, name))
        return [name for _, name in sorted(found)[:count]]

    def take_evicted(self) -> int:
        """Products that made room since this was asked last."""
        evicted, self._evicted = self._evicted, 0
        return evicted

    def _put(self, change: Change) -> None:
        product_id, product, since = change
        before = self._products.get(product_id)
        if product is None:
            self._products.pop(product_id, None)
            self._unshelve(product_id, before)
            return
        now = self._products[product_id] = Product(
            product.title,
            product.title_zh,
            product.category,
            product.brand,
            product.available is not False,
            self.exclusions.covers(product),
        )
        if before is None or _shelves(before) != _shelves(now):
            if before is not None and _shelves(before):
                since = self._newest[ALL].since(product_id)  # new is not what changes category
            self._unshelve(product_id, before)
            for name in _shelves(now):
                self._newest.setdefault(name, NewestFirst()).add(product_id, since)
        if len(self._products) > self._products_max:
            oldest = next(iter(self._products))
            self._unshelve(oldest, self._products.pop(oldest))
            self._evicted += 1
            self.complete = False

    def _unshelve(self, product_id: str, product: Product | None) -> None:
        if product is None:
            return
        for name in _shelves(product):
            shelf = self._newest[name]
            shelf.discard(product_id)
            if not len(shelf):
                del self._newest[name]


def _shelves(product: Product) -> set[str]:
    """Where it stands."""
    offered = product.available and not product.sensitive
    return {ALL, product.category or ALL} if offered else set()
