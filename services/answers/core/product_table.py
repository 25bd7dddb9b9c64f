"""The catalogue as the service keeps it: products by id, and by the words of their titles."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.normalisation import normalise

from .bm25 import Bm25Index
from .terms import counts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

CANDIDATES_MAX = 50
_HAN = re.compile("[\u3400-\u9fff]{3,64}")
_INCH, _MENS = re.compile(r"\b(\d+)[- ]?inch(?:es)?\b"), re.compile(r"\b(wo)?mens\b")
_UNIT = re.compile(r"\b(\d+)(g|kg|mg|mm|cm|m|ml|l|w|gb|tb|mah)\b")  # 55l, as titles write 55 l


class ProductTable:
    """Products as their newest event has them; at `products_max` that changed longest ago goes."""

    def __init__(self, products_max: int) -> None:
        if products_max < 1:
            raise ValueError("products_max must be at least 1")
        self.products_max = products_max
        self._products: dict[str, ProductCatalogued] = {}
        self._texts: dict[str, int] = {}  # hash of an indexed product's words
        self._titles = Bm25Index()
        self._evicted = 0

    def __len__(self) -> int:
        return len(self._products)

    def get(self, product_id: str) -> ProductCatalogued | None:
        """The product as it is now; None where there is none."""
        return self._products.get(product_id)

    def change(self, changes: Mapping[str, ProductCatalogued | None]) -> None:
        """Take in what was catalogued, by id; None: it is removed."""
        for product_id, product in changes.items():
            self._products.pop(product_id, None)
            if product is not None:
                self._products[product_id] = product
        excess = len(self._products) - self.products_max
        evicted = [name for name, _ in zip(self._products, range(excess), strict=False)]
        for name in evicted:
            del self._products[name]
        self._evicted += len(evicted)
        gone = [name for name in (*changes, *evicted) if name not in self._products]
        for name in gone:
            self._texts.pop(name, None)
        self._titles.remove(gone)
        renamed = []
        for name in changes:
            product = self._products.get(name)
            if product is None:
                continue
            words = hash(_words(product))
            if self._texts.get(name) != words:  # not only its price
                self._texts[name] = words
                renamed.append(product)
        self._titles.put(
            [product.product_id for product in renamed],
            [counts_of([(_words(product), 1.0)]) for product in renamed],
            [0] * len(renamed),
        )

    def named(self, words: str) -> list[ProductCatalogued]:
        """Products whose title, brand or category has all of these words, at most `CANDIDATES_MAX`;
        one whose words these are, no more and no less, is alone."""
        wanted = counts_of([(words, 1.0)]).ids
        if not len(wanted):
            return []
        found = []
        for name, _ in self._titles.search(wanted, CANDIDATES_MAX).hits:
            product = self._products[name]
            if has_words(product, words):
                found.append(product)
        for product in found:
            for title in (product.title, product.title_zh or ""):
                if np.array_equal(counts_of([(title, 1.0)]).ids, wanted):
                    return [product]
        return found

    def mentioned(self, words: str) -> tuple[list[ProductCatalogued], str]:
        """Products that have the most of these words, at most `CANDIDATES_MAX`; and the words that
        the first of them does not have. None where no product has any."""
        wanted = counts_of([(words, 1.0)]).ids
        found: list[ProductCatalogued] = []
        most = 0
        for name, _ in self._titles.search(wanted, CANDIDATES_MAX).hits:
            product = self._products[name]
            shared = len(_term_set((_words(product),)).intersection(wanted.tolist()))
            if shared > most:
                found, most = [product], shared
            elif shared == most:
                found.append(product)
        return found, self.without(found[0], words) if found else words

    @staticmethod
    def without(product: ProductCatalogued, words: str) -> str:
        """The words, parted by spaces, that are not all the product's."""
        return " ".join(word for word in words.split() if not has_words(product, word))

    def like(self, words: str) -> list[ProductCatalogued]:
        """Products that have any of these words, the likeliest first, at most `CANDIDATES_MAX`."""
        wanted = counts_of([(words, 1.0)]).ids
        hits = self._titles.search(wanted, CANDIDATES_MAX).hits if len(wanted) else []
        return [self._products[name] for name, _ in hits]

    def take_evicted(self) -> int:
        """Products that made room since this was asked last."""
        evicted, self._evicted = self._evicted, 0
        return evicted


def has_words(product: ProductCatalogued, words: str) -> bool:
    """Whether all of these words are the product's."""
    known = _words(product)
    if set(counts_of([(words, 1.0)]).ids.tolist()) <= _term_set((known,)):
        return True
    # Parts of a Chinese name without what stands between them: 铁观音礼盒装 of 铁观音乌龙茶 礼盒装.
    text = simplified(normalise(known))
    parted = _HAN.sub(lambda run: _parts(run[0], text), simplified(normalise(words)))
    parted = _MENS.sub(r"\1men's", _INCH.sub(r"\1", parted))
    parted = _UNIT.sub(r"\1 \2", parted)
    return set(counts_of([(parted, 1.0)]).ids.tolist()) <= _term_set((known,))


def _parts(run: str, text: str) -> str:
    """Characters cut into the longest pieces that a text has, each of two at least where it can."""
    pieces: list[str] = []
    at = 0
    while at < len(run):
        end = next((end for end in range(len(run), at + 1, -1) if run[at:end] in text), at + 1)
        pieces.append(run[at:end])
        at = end
    return " ".join(pieces)


def _words(product: ProductCatalogued) -> str:
    parts = (product.title, product.title_zh, product.brand, product.category)
    return " ".join(part for part in parts if part)


def _term_set(texts: Iterable[str]) -> set[int]:
    return {term for text in texts for term in counts_of([(text, 1.0)]).ids.tolist()}
