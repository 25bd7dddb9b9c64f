"""Texts of products and searches as the terms of `core.search`, for products and queries alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from shopkeeper.shared.text import features
from shopkeeper.shared.text.normalisation import clean
from shopkeeper.shared.text.onnx_model import tables_of

from .segments import Terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

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
_WORD = re.compile(r"[\w'-]+")


def query_text(text: str) -> str:
    """Without the words that say nothing of a product, unless no other is left."""
    words = _WORD.findall(clean(text))  # one spelling of apostrophes
    kept = " ".join(word for word in words if word.lower() not in FILLERS)
    return kept or text


def query_terms(texts: Sequence[str]) -> Terms:
    """Of searches, row by row."""
    return _terms([[query_text(text) for text in texts]], (1.0,))


def product_terms(products: Sequence[ProductCatalogued]) -> Terms:
    """Of products, row by row, their fields weighted."""
    return _terms(
        [
            [product.title for product in products],
            [product.title_zh or "" for product in products],
            [f"{product.category or ''} {product.brand or ''}" for product in products],
        ],
        FIELD_WEIGHTS,
    )


def _terms(fields: Sequence[Sequence[str]], weights: Sequence[float]) -> Terms:
    keys, counts = [], []
    for texts, weight in zip(fields, weights, strict=True):
        found = features.extract(features.to_batch(texts), tables_of(texts), BITS, SIZES)
        keys.append((found.segments.astype(np.int64) >> 1) << 32 | found.ids)
        of = np.where(found.segments & 1, CHARACTERS_WEIGHT, 1.0) * weight
        counts.append(of * np.exp(found.tf - 1))  # `tf` is 1 + ln(count)
    distinct, place = np.unique(np.concatenate(keys), return_inverse=True)
    total = np.bincount(place, weights=np.concatenate(counts), minlength=len(distinct))
    return Terms(
        (distinct >> 32).astype(np.int32),
        (distinct & 0xFFFFFFFF).astype(np.int32),
        total.astype(np.float32),
    )
