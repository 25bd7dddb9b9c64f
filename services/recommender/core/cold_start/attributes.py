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
from array import array
from collections import Counter
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

TOKENS_MAX = 96  # of one item; more are ignored
VOCABULARY_MAX = 1 << 18  # different ones; later ones are ignored
COUNT_BITS = 13  # of an int32, beside a token: `VOCABULARY_MAX` takes 18
COUNT_MAX = (1 << COUNT_BITS) - 1
IDENTIFIER_SHARE = 0.5  # a field with more different values than this share of its items
TITLE = "title"
_WORD = re.compile(r"[^\W_]+")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
_LEVELS = re.compile(r"\s*[|>/]\s*")
_BYTES = array("i").itemsize
_WEIGHTS = 1 + np.log(np.maximum(np.arange(COUNT_MAX + 1), 1).astype(np.float32))  # by count


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
        self._field_of = array("i")  # by token, the place in `_ids` of its field
        # By item: int32, ascending, of each token `token << COUNT_BITS | count`. As bytes, 100,000
        # items are joined in milliseconds.
        self._of: dict[int, bytes] = {}
        self.version = 0

    def __len__(self) -> int:
        """Items that have tokens."""
        return len(self._of)

    def put(self, item: int, product: ProductCatalogued) -> None:
        """Note what the catalogue says of an item, in place of what it said before."""
        counts = Counter(self._tokens(product))
        if len(counts) > TOKENS_MAX:
            counts = Counter(dict(islice(counts.items(), TOKENS_MAX)))
        said = array(
            "i",
            sorted([token << COUNT_BITS | min(n, COUNT_MAX) for token, n in counts.items()]),
        ).tobytes()
        if self._of.get(item, b"") == said:
            return
        if not said:
            self.remove(item)
            return
        self._of[item] = said
        self.version += 1

    def _tokens(self, product: ProductCatalogued) -> list[int]:
        """In order, those that come again as often."""
        found: list[int] = []
        for field, values in tokens_of(product):
            ids = self._ids.setdefault(field, {})
            values = list(values)
            known = list(map(ids.get, values))
            if None in known:  # seldom: most were seen before
                place = list(self._ids).index(field)
                known = [self._token(place, ids, value) for value in values]
            found += [token for token in known if token is not None]
        return found

    def _token(self, field: int, ids: dict[str, int], value: str) -> int | None:
        """A new one where it has none; None where there are too many."""
        known = ids.get(value)
        if known is None and len(self._field_of) < VOCABULARY_MAX:
            known = ids[value] = len(self._field_of)
            self._field_of.append(field)
        return known

    def remove(self, item: int) -> None:
        """Forget an item."""
        if self._of.pop(item, None) is not None:
            self.version += 1

    def matrix(self, item_count: int) -> sparse.csr_matrix:
        """(item_count, tokens) float32, rows of length 1 (or 0: nothing is known)."""
        size = len(self._field_of)
        if not self._of:
            nothing = np.zeros(0, np.int64)
            return sparse.csr_matrix((nothing, (nothing, nothing)), (item_count, size), np.float32)
        items = np.fromiter(self._of, np.int64, len(self._of))
        lengths = np.fromiter(map(len, self._of.values()), np.int64, len(items)) // _BYTES
        packed = np.frombuffer(b"".join(self._of.values()), np.int32)
        rows, columns = np.repeat(items, lengths), packed >> COUNT_BITS
        if (items[1:] < items[:-1]).any():
            order = np.argsort(rows, kind="stable")
            rows, columns, packed = rows[order], columns[order], packed[order]
        frequency = np.bincount(columns, minlength=size)
        useful = (frequency > 1) & ~self._identifiers(frequency)
        idf = np.log(len(items) / np.maximum(frequency, 1)) * useful
        values = (_WEIGHTS[packed & COUNT_MAX] * idf[columns]).astype(np.float32)
        kept = values > 0
        rows, columns, values = rows[kept], columns[kept], values[kept]
        length = np.sqrt(np.bincount(rows, values**2, item_count))
        values /= length[rows].astype(np.float32)
        starts = np.zeros(item_count + 1, np.int32)
        np.cumsum(np.bincount(rows, minlength=item_count), out=starts[1:])
        return sparse.csr_matrix((values, columns, starts), (item_count, size), np.float32)

    def _identifiers(self, frequency: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(tokens,) whether it is of a field whose values are nearly all different."""
        field = np.array(self._field_of)
        different = np.bincount(field[frequency > 0], minlength=len(self._ids))
        values = np.bincount(field, frequency, len(self._ids))
        several = values >= 20  # of fewer nothing can be said
        titles = np.array([name == TITLE for name in self._ids])
        identifier: NDArray[np.bool_] = several & (different > IDENTIFIER_SHARE * values) & ~titles
        by_token: NDArray[np.bool_] = identifier[field]
        return by_token
