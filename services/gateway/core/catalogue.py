"""What lists need of the catalogue: who may be shown, in which category, called what, how new."""

from __future__ import annotations

import difflib
from collections import Counter
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
NEAREST_COUNT = 3  # categories that may be meant by one that there is not
NEAREST_OF = 1000  # so many names are compared: a request's time is bounded


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
        self._sizes: Counter[str] = Counter()  # products by category, of what may be named
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

    def lacks(self, category: str) -> bool:
        """Whether no product is of this category. Where a shop's catalogue names no categories, or
        is larger than what is held, nobody can say that."""
        return bool(self._sizes) and self.complete and category not in self._sizes

    def categories_near(self, category: str) -> list[str]:
        """Names of categories that may be meant by this one, the nearest first."""
        with self._lock:
            names = list(islice(self._sizes, NEAREST_OF))
        wanted = category.strip().casefold()
        folded: dict[str, list[str]] = {}
        for name in names:
            folded.setdefault(name.casefold(), []).append(name)
        near = [wanted] if wanted in folded else []
        near += [name for name in folded if wanted and (wanted in name or name in wanted)]
        near += difflib.get_close_matches(wanted, folded, NEAREST_COUNT)
        return [name for each in dict.fromkeys(near) for name in folded[each]][:NEAREST_COUNT]

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
        self._count(before, -1)
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
        self._count(now, 1)
        if before is None or _shelves(before) != _shelves(now):
            if before is not None and _shelves(before):
                since = self._newest[ALL].since(product_id)  # new is not what changes category
            self._unshelve(product_id, before)
            for name in _shelves(now):
                self._newest.setdefault(name, NewestFirst()).add(product_id, since)
        if len(self._products) > self._products_max:
            oldest = next(iter(self._products))
            evicted = self._products.pop(oldest)
            self._count(evicted, -1)
            self._unshelve(oldest, evicted)
            self._evicted += 1
            self.complete = False

    def _count(self, product: Product | None, by: int) -> None:
        if product is None or product.sensitive or not product.category:
            return
        self._sizes[product.category] += by
        if not self._sizes[product.category]:
            del self._sizes[product.category]

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
