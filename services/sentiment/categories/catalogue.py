"""Which categories a product belongs to: `shop.catalogue.v1`, whole.

A category is named as the catalogue writes it. A path ("Home > Kitchen") belongs to what lies above
it as well: whoever looks at "Home" means all that is under it.

Limits:
- products: those that come beyond belong to no category.
- categories: of more, those whose hash is smallest. That is a function of the set of names and not
  of the order in which they came, so that all workers keep the same ones and none counts half.
"""

from __future__ import annotations

import heapq
import re
from typing import TYPE_CHECKING, Final

import msgspec
import xxhash

from shopkeeper.shared.contracts.catalogue import Refused, products
from shopkeeper.shared.contracts.connectors import text_of_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopkeeper.shared.contracts.envelope import KeyValue

PRODUCTS_MAX: Final = 1_000_000
CATEGORIES_MAX: Final = 50_000
NAME_CHARACTERS_MAX: Final = 512
LEVELS_MAX: Final = 8  # of a path: the outermost ones, and the whole
# "/" stands in names too ("TV/Video"), so that only one with spaces around it parts levels.
_SEPARATOR: Final = re.compile(r"(?:\s*[>»|]\s*|\s+/\s+)+")

Categories = tuple[str, ...]


def levels(name: str) -> Categories:
    """The categories of a product whose category has this name, outermost first, the name last."""
    name = name.strip()
    found = [name[: match.start()].strip() for match in _SEPARATOR.finditer(name)]
    above = [level for level in dict.fromkeys(found) if level and level != name]
    return (*above[: LEVELS_MAX - 1], name)


class ProductCategories:
    """The categories of every product."""

    def __init__(
        self,
        on_move: Callable[[str, Categories, Categories], None],
        on_drop: Callable[[str], None],
        *,
        products_max: int = PRODUCTS_MAX,
        categories_max: int = CATEGORIES_MAX,
    ) -> None:
        """on_move: told (product, categories before, categories after) just before they are so.
        on_drop: told of a category that is kept no longer, just before it is."""
        self._on_move, self._on_drop = on_move, on_drop
        self._products_max, self._categories_max = products_max, categories_max
        self._names: dict[int, str] = {}  # hash of a product's id -> name of its category
        self._levels: dict[str, Categories] = {}  # by name; products share the strings
        self._kept: dict[str, int] = {}  # category -> its hash
        self._largest: list[tuple[int, str]] = []  # (-hash, category) of those kept, as a heap
        self.products_refused = self.categories_refused = 0  # so far

    def __len__(self) -> int:
        """Products that have a category."""
        return len(self._names)

    @property
    def category_count(self) -> int:
        """Categories that are kept, those of which no product is left among them."""
        return len(self._kept)

    def of(self, product_id: str) -> Categories:
        """The categories that a product counts for, outermost first."""
        return self._of(self._names.get(_hash(product_id)))

    def _of(self, name: str | None) -> Categories:
        if name is None:
            return ()
        found = self._levels[name]
        if self.categories_refused:
            return tuple(level for level in found if level in self._kept)
        return found

    def apply(self, records: Sequence[KeyValue]) -> None:
        """Take records in; one that cannot be read changes nothing: the recommender dead-letters
        it."""
        for key, value in records:
            try:
                for name, product in products(value) if value else ((None, None),):
                    if product is not None:
                        self._put(product.product_id, product.category)
                    elif name or key:
                        self._put(name or text_of_key(key or b""), None)
            except (msgspec.MsgspecError, Refused, ValueError):
                continue

    def _put(self, product_id: str, category: str | None) -> None:
        name = (category or "").strip() or None
        if name is not None and len(name) > NAME_CHARACTERS_MAX:
            name = None
        number = _hash(product_id)
        before = self._names.get(number)
        if name == before:
            return
        if name is not None:
            if before is None and len(self._names) >= self._products_max:
                self.products_refused += 1
                return
            if name not in self._levels:
                self._levels[name] = levels(name)
                for level in self._levels[name]:
                    self._keep(level)
        self._on_move(product_id, self._of(before), self._of(name))
        if name is None:
            del self._names[number]
        else:
            self._names[number] = self._levels[name][-1]

    def _keep(self, category: str) -> None:
        if category in self._kept:
            return
        number = _hash(category)
        if len(self._kept) >= self._categories_max:
            self.categories_refused += 1
            largest, dropped = self._largest[0]
            if number >= -largest:
                return
            self._on_drop(dropped)
            del self._kept[dropped]
            heapq.heapreplace(self._largest, (-number, category))
        else:
            heapq.heappush(self._largest, (-number, category))
        self._kept[category] = number


def _hash(text: str) -> int:
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))
