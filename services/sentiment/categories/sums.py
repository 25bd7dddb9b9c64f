"""What one partition's products add up to, by category.

A sum is exact at any time: a product that changes is taken out as it was and counted in as it is,
and one that the catalogue moves is taken from one category to the other. Sums are no state of their
own: they are made anew from the products when a worker gets the partition.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from ..aspects.quotes import PER_OPINION
from ..tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..aggregates import Aggregates
    from .catalogue import Categories

RECENT_MAX: Final = 8  # products of a category whose quotes of an opinion are remembered


class Sum:
    """One category's products of one partition."""

    __slots__ = ("products", "recent", "tally")

    def __init__(self) -> None:
        self.tally = Tally()
        self.products = 0
        # Opinion -> products with quotes of it, the one reviewed last at the end.
        self.recent: dict[int, OrderedDict[str, None]] = {}

    def remember(self, product_id: str, opinions: Iterable[int]) -> None:
        """A product of it was reviewed, and has quotes of these opinions."""
        for opinion in opinions:
            products = self.recent.get(opinion)
            if products is None:
                products = self.recent[opinion] = OrderedDict()
            products[product_id] = None
            products.move_to_end(product_id)
            if len(products) > RECENT_MAX:
                products.popitem(last=False)


class CategorySums:
    """The sums of one partition. `refresh` must run before the catalogue changes."""

    def __init__(self, aggregates: Aggregates, of: Callable[[str], Categories]) -> None:
        """of: the categories of a product, as the catalogue has them now."""
        self._aggregates, self._of = aggregates, of
        self._sums: dict[str, Sum] = {}
        self.due: dict[str, None] = {}  # categories that changed; whoever reads them empties it
        self._products = 0
        self._dropped = False
        aggregates.take_changed()
        for product_id in aggregates.product_ids():
            self._enter(product_id, self._product(product_id), of(product_id))

    @property
    def products(self) -> int:
        """Products with reviews and a category."""
        if self._dropped:
            self._products = sum(bool(self._of(each)) for each in self._aggregates.product_ids())
            self._dropped = False
        return self._products

    def __len__(self) -> int:
        return len(self._sums)

    def names(self) -> Iterable[str]:
        """Categories that have reviews in this partition."""
        return self._sums.keys()

    def get(self, category: str) -> Sum | None:
        return self._sums.get(category)

    def refresh(self) -> None:
        """Take in what became of products since this was last called."""
        for product_id, before in self._aggregates.take_changed().items():
            categories = self._of(product_id)
            after = self._aggregates.get(product_id)
            if before is None and after is not None:
                self._enter(product_id, after, categories)
            elif before is not None and after is None:
                self._leave(product_id, before, categories)
            elif before is not None and after is not None:
                before.include(after, -1)  # what it was more than it is
                opinions = self._aggregates.quotes.opinions(product_id)
                for category in categories:
                    of = self._sums[category]
                    of.tally.include(before, -1)
                    of.remember(product_id, opinions)
                    self.due[category] = None

    def move(self, product_id: str, before: Categories, after: Categories) -> None:
        """The catalogue is about to put a product elsewhere."""
        self.refresh()
        if self._aggregates.get(product_id) is None:
            return
        tally = self._product(product_id)
        self._products += bool(after) - bool(before)
        self._take_out(product_id, tally, [each for each in before if each not in after])
        self._count_in(product_id, tally, [each for each in after if each not in before])

    def drop(self, category: str) -> None:
        """A category is about to be kept no longer; those who have others stay in them."""
        self.refresh()
        if self._sums.pop(category, None) is not None:
            self.due[category] = None
            self._dropped = True

    def quotes(self, category: str) -> dict[int, list[str]]:
        """Opinion -> quotes, of the product reviewed last first. None of what was withdrawn."""
        found: dict[int, list[str]] = {}
        if (of := self._sums.get(category)) is None:
            return found
        for opinion in sorted(of.recent):
            shown: dict[str, None] = {}
            for product_id in reversed(of.recent[opinion]):
                shown |= dict.fromkeys(self._aggregates.quotes.said(product_id, opinion))
                if len(shown) >= PER_OPINION:
                    break
            if shown:
                found[opinion] = list(shown)[:PER_OPINION]
        return found

    def _product(self, product_id: str) -> Tally:
        product = self._aggregates.get(product_id)
        assert product is not None, product_id
        return product

    def _enter(self, product_id: str, tally: Tally, categories: Categories) -> None:
        self._products += bool(categories)
        self._count_in(product_id, tally, categories)

    def _leave(self, product_id: str, tally: Tally, categories: Categories) -> None:
        self._products -= bool(categories)
        self._take_out(product_id, tally, categories)

    def _count_in(self, product_id: str, tally: Tally, categories: Iterable[str]) -> None:
        opinions = self._aggregates.quotes.opinions(product_id)
        for category in categories:
            of = self._sums.get(category)
            if of is None:
                of = self._sums[category] = Sum()
            of.tally.include(tally)
            of.products += 1
            of.remember(product_id, opinions)
            self.due[category] = None

    def _take_out(self, product_id: str, tally: Tally, categories: Iterable[str]) -> None:
        for category in categories:
            of = self._sums[category]
            of.tally.include(tally, -1)
            of.products -= 1
            for products in of.recent.values():
                products.pop(product_id, None)
            if not of.products:
                del self._sums[category]
            self.due[category] = None
