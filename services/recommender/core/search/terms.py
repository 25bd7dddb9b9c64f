"""Texts of products and searches as the terms of `core.search`, for products and queries alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from shopkeeper.shared.text import features
from shopkeeper.shared.text.normalisation import clean
from shopkeeper.shared.text.onnx_model import laid_out

from .segments import Terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

    # (row << 32 | id of the term, weighted count) of each term of each row
    _Found = tuple[NDArray[np.int64], NDArray[np.float64]]

BITS = 20
SIZES = {
    features.EN: features.Sizes((1,), (4,)),
    features.ZH: features.Sizes((), (1, 2)),
}
CHARACTERS_WEIGHT = 0.25  # of a character n-gram, against a whole word
FIELD_WEIGHTS = (1.0, 1.0, 0.5)  # title, Chinese title, category and brand
# Words that a search is phrased with and that say nothing of the product.
_FILLER_WORDS = """
a an the and or of for to in on with from by at is are be am i me my we you your it its this
that these those want need looking look like find buy buying purchase get some any all
different various several other related items item product products things thing set sets
bundle bundles kind kinds type types style good best nice more use used using
"""
FILLERS = frozenset(_FILLER_WORDS.split())
REMEMBERED_MAX = 8192  # texts of categories and brands, 10 MB
_ID = 0xFFFFFFFF
_WORD = re.compile(r"[\w'-]+")


def query_text(text: str) -> str:
    """Without the words that say nothing of a product, unless no other is left."""
    words = _WORD.findall(clean(text))  # one spelling of apostrophes
    kept = " ".join(word for word in words if word.lower() not in FILLERS)
    return kept or text


def query_terms(texts: Sequence[str]) -> Terms:
    """Of searches, row by row."""
    return _joined([_field(list(enumerate(map(query_text, texts))), 1.0)])


class ProductTerms:
    """Terms of products. Few categories and brands, many products: what those of a text are is
    remembered, of the last `REMEMBERED_MAX` or so."""

    def __init__(self) -> None:
        self._of_text: dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}

    def of(self, products: Sequence[ProductCatalogued]) -> Terms:
        """Row by row, their fields weighted."""
        titles = [(row, product.title) for row, product in enumerate(products)]
        titles_zh = [(row, p.title_zh) for row, p in enumerate(products) if p.title_zh]
        found = [
            _field(titles, FIELD_WEIGHTS[0]),
            *([_field(titles_zh, FIELD_WEIGHTS[1])] if titles_zh else ()),
            self._remembered([f"{p.category or ''} {p.brand or ''}" for p in products]),
        ]
        return _joined(found)

    def _remembered(self, texts: Sequence[str]) -> _Found:
        known = self._of_text
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if len(known) + len(new) > REMEMBERED_MAX:
            known.clear()
            new = list(dict.fromkeys(texts))
        if new:
            keys, counts = _field(list(enumerate(new)), FIELD_WEIGHTS[2])
            ends = np.searchsorted(keys, np.arange(1, len(new)) << 32)
            known.update(
                zip(
                    new,
                    zip(np.split(keys & _ID, ends), np.split(counts, ends), strict=True),
                    strict=True,
                )
            )
        parts = [known[text] for text in texts]
        rows = np.repeat(np.arange(len(texts)), [len(ids) for ids, _ in parts])
        ids = np.concatenate([ids for ids, _ in parts])
        return rows << 32 | ids, np.concatenate([counts for _, counts in parts])


def product_terms(products: Sequence[ProductCatalogued]) -> Terms:
    """Of products, row by row, their fields weighted."""
    return ProductTerms().of(products)


def _field(texts: Sequence[tuple[int, str]], weight: float) -> _Found:
    """(row << 32 | id, count) of texts with their rows, ascending."""
    tables, batch = laid_out(tuple(text for _, text in texts))
    found = features.extract(batch, tables, BITS, SIZES, styled=False)
    rows = np.array([row for row, _ in texts], np.int64)
    keys = rows[found.segments >> 1] << 32 | found.ids
    weights = np.where(found.segments & 1, CHARACTERS_WEIGHT, 1.0) * weight
    return keys, weights * np.exp(found.tf - 1)  # `tf` is 1 + ln(count)


def _joined(fields: Sequence[_Found]) -> Terms:
    keys = np.concatenate([keys for keys, _ in fields])
    order = np.argsort(keys, kind="stable")
    keys, counts = keys[order], np.concatenate([counts for _, counts in fields])[order]
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    distinct = keys[first]
    total = np.add.reduceat(counts, first) if len(first) else counts
    return Terms(
        (distinct >> 32).astype(np.int32),
        (distinct & _ID).astype(np.int32),
        total.astype(np.float32),
    )
