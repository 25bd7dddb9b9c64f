"""What the catalogue says of items, as weighted tokens: words of titles, categories, brands, price
bands, further attributes.

An item is a vector of tf-idf weights, (1 + log tf) * log(items / df), of length 1 (Salton and
Buckley, "Term-weighting approaches in automatic text retrieval", IPM 1988). A token that only one
item has says nothing of others, and neither does a field whose values are nearly all different
(an identifier); both are left out.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

TOKENS_MAX = 96  # of one item; more are ignored
VOCABULARY_MAX = 1 << 18  # different ones; later ones are ignored
IDENTIFIER_SHARE = 0.5  # a field with more different values than this share of its items
TITLE = "title"
_WORD = re.compile(r"[^\W_]+")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
_LEVELS = re.compile(r"\s*[|>/]\s*")


def tokens_of(product: ProductCatalogued) -> Iterator[tuple[str, Iterable[str]]]:
    """(field, values) of a product; a field and a value may come more than once.

    Titles by words, Chinese ones by characters and pairs of them; categories and attributes whole
    and, where they are paths or lists (`a > b`, `a/b`, `a|b`), by their parts; prices by octaves.
    """
    for title in (product.title, product.title_zh):
        # An id that stands for a missing title is none.
        if title and title != product.product_id:
            yield TITLE, words(title)
    for field, value in (("category", product.category), ("brand", product.brand)):
        if value:
            yield field, _parts(value)
    if product.price is not None and product.price > 0:
        yield "price", (str(math.floor(2 * math.log2(product.price))),)
    for field, value in (product.attributes or {}).items():
        yield f"attributes.{field}", _values(value)


def words(text: str) -> Iterable[str]:
    """Words in small letters; of Chinese text characters and pairs of neighbours."""
    found: list[str] = _WORD.findall(text.casefold())
    return found if text.isascii() else _of_chinese(found)


def _of_chinese(found: Sequence[str]) -> Iterator[str]:
    for word in found:
        at = 0
        for han in _HAN.finditer(word):
            if han.start() > at:
                yield word[at : han.start()]
            characters = han.group()
            yield from characters
            yield from (characters[n : n + 2] for n in range(len(characters) - 1))
            at = han.end()
        if at < len(word):
            yield word[at:]


@lru_cache(maxsize=4096)  # few categories and brands, many products
def _parts(value: str) -> list[str]:
    whole = value.casefold().strip()
    parts = [part for part in _LEVELS.split(whole) if part]
    return parts if len(parts) < 2 else [*parts, whole]


def _values(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from _parts(value)
    elif isinstance(value, bool | int | float):
        yield str(value)
    elif isinstance(value, list):
        yield from (str(each).casefold() for each in value if isinstance(each, str | int | float))


class Attributes:
    """The tokens of every catalogued item; `version` moves with every change."""

    def __init__(self) -> None:
        self._ids: dict[str, dict[str, int]] = {}  # by field and value
        self._fields: list[str] = []  # by token
        self._of: dict[int, tuple[NDArray[np.int32], NDArray[np.float32]]] = {}  # tokens, weights
        self.version = 0

    def __len__(self) -> int:
        """Items that have tokens."""
        return len(self._of)

    def put(self, item: int, product: ProductCatalogued) -> None:
        """Note what the catalogue says of an item, in place of what it said before."""
        counts = self._counted(product)
        new = np.fromiter(counts, np.int32, len(counts))
        weights = 1 + np.log(np.fromiter(counts.values(), np.float32, len(counts)))
        old = self._of.get(item)
        if old is not None and np.array_equal(old[0], new) and np.array_equal(old[1], weights):
            return
        if not len(new):
            self.remove(item)
            return
        self._of[item] = new, weights
        self.version += 1

    def _counted(self, product: ProductCatalogued) -> dict[int, int]:
        """How often each token comes, the first first."""
        counts: dict[int, int] = {}
        for field, values in tokens_of(product):
            ids = self._ids.setdefault(field, {})
            for value in values:
                known = ids.get(value)
                if known is None:
                    if len(self._fields) >= VOCABULARY_MAX:
                        continue
                    known = ids[value] = len(self._fields)
                    self._fields.append(field)
                counts[known] = counts.get(known, 0) + 1
                if len(counts) >= TOKENS_MAX:
                    return counts
        return counts

    def remove(self, item: int) -> None:
        """Forget an item."""
        if self._of.pop(item, None) is not None:
            self.version += 1

    def matrix(self, item_count: int) -> sparse.csr_matrix:
        """(item_count, tokens) float32, rows of length 1 (or 0: nothing is known)."""
        size = len(self._fields)
        if not self._of:
            nothing = np.zeros(0, np.int64)
            return sparse.csr_matrix((nothing, (nothing, nothing)), (item_count, size), np.float32)
        items = np.fromiter(self._of, np.int64, len(self._of))
        parts = list(self._of.values())
        lengths = np.array([len(tokens) for tokens, _ in parts])
        columns = np.concatenate([tokens for tokens, _ in parts])
        values = np.concatenate([weights for _, weights in parts])
        rows = np.repeat(items, lengths)
        frequency = np.bincount(columns, minlength=size)
        useful = (frequency > 1) & ~self._identifiers(frequency)
        idf = np.log(len(items) / np.maximum(frequency, 1)) * useful
        values = (values * idf[columns]).astype(np.float32)
        kept = values > 0
        rows, columns, values = rows[kept], columns[kept], values[kept]
        length = np.sqrt(np.bincount(rows, values**2, item_count))
        values /= length[rows].astype(np.float32)
        return sparse.csr_matrix((values, (rows, columns)), (item_count, size), np.float32)

    def _identifiers(self, frequency: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(tokens,) whether it is of a field whose values are nearly all different."""
        names, field = np.unique(np.array(self._fields), return_inverse=True)
        used = frequency > 0
        different = np.bincount(field[used], minlength=len(names))
        values = np.bincount(field, frequency, len(names))
        several = values >= 20  # of fewer nothing can be said
        identifier: NDArray[np.bool_] = (
            several & (different > IDENTIFIER_SHARE * values) & (names != TITLE)
        )
        by_token: NDArray[np.bool_] = identifier[field]
        return by_token
