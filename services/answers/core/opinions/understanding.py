"""From a question to what is asked of a product's reviewers: a facet, or the words left over."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.normalisation import normalise

from ..attributes.lexicon import CHINESE_FILLERS as ATTRIBUTE_CHINESE_FILLERS
from ..attributes.lexicon import FILLERS as ATTRIBUTE_FILLERS
from ..product_table import has_words
from .facets import CHINESE_FILLERS, CUE, FACETS, FILLERS, OVERALL, YES_NO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

    from ..product_table import ProductTable
    from .facets import Facet

_WORDS = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+(?:['.-][^\W_\u3400-\u9fff]+)*")
_NOTHING = ATTRIBUTE_FILLERS | FILLERS


class Asked(NamedTuple):
    """What is asked. facet: None where none covers it. product_id: None where `several` fit.

    rest: the words that neither facet nor product explains.
    """

    facet: Facet | None
    product_id: str | None
    product: ProductCatalogued | None = None
    rest: str = ""
    several: tuple[str, ...] = ()  # ids


def understood(products: ProductTable, question: str, product_id: str | None) -> Iterator[Asked]:
    """How a question can be meant, that which is most likely first; nothing if it asks for no
    opinion or experience with a product.

    product_id: the product that is looked at while asking, if any.
    """
    text = simplified(normalise(question))
    for facet, rest in _facets(text):
        words = _left(rest)
        found = _meant(products, words, product_id)
        if len(found) > 1:
            yield Asked(facet, None, several=tuple(product_id for product_id, _ in found))
        elif found:
            yield Asked(facet, *found[0])
    if YES_NO.search(text) or CUE.search(text):
        words = _left(text)
        about = _mentioned(products, words, product_id)
        if about is not None:
            yield about


def _facets(text: str) -> Iterator[tuple[Facet, str]]:
    """Facets that a text asks about, and what else is in it."""
    cue = CUE.search(text) is not None
    for facet in FACETS:
        for pattern, enough in ((facet.asked, True), (facet.noun, cue)):
            if pattern is not None and enough and pattern.search(text):
                rest = pattern.sub(" ", text)
                for other in (facet.asked, facet.noun):
                    rest = rest if other is None else other.sub(" ", rest)
                yield facet, rest
                break
    assert OVERALL.asked is not None
    if OVERALL.asked.search(text):
        yield OVERALL, OVERALL.asked.sub(" ", text)


def _left(rest: str) -> str:
    """Without words that say nothing."""
    kept = []
    for word in _WORDS.findall(rest):
        if "\u3400" <= word[0] <= "\u9fff":
            bare = ATTRIBUTE_CHINESE_FILLERS.sub(" ", CHINESE_FILLERS.sub(" ", word))
            kept.append(bare.strip())
        elif word not in _NOTHING:
            kept.append(word)
    return " ".join(word for word in kept if word)


def _meant(
    products: ProductTable, words: str, product_id: str | None
) -> list[tuple[str, ProductCatalogued | None]]:
    """The products that a question can be about, all of whose words are theirs."""
    if product_id is not None:
        product = products.get(product_id)
        if not words or (product is not None and has_words(product, words)):
            return [(product_id, product)]
    return [(each.product_id, each) for each in products.named(words)] if words else []


def _mentioned(products: ProductTable, words: str, product_id: str | None) -> Asked | None:
    """The one product that has the most of these words, or that is looked at; and the others."""
    if not words:
        return None
    if product_id is not None:
        product = products.get(product_id)
        rest = words if product is None else products.without(product, words)
        return Asked(None, product_id, product, rest) if rest else None
    found, rest = products.mentioned(words)
    if len(found) != 1 or not rest:
        return None
    return Asked(None, found[0].product_id, found[0], rest)
