"""Which product a question names, and the question without that name."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.normalisation import normalise

from ..terms import terms_of
from .concepts import stem, tokens_of
from .lexicon import FILLERS

if TYPE_CHECKING:
    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

    from ..product_table import ProductTable

NAMES_MAX = 4096
_PIECE = re.compile(r"[a-z]+|\d+(?:\.\d+)?|[\u3400-\u9fff]+|\W")
_IT = re.compile(r"\b(?:it|this|these)\b|这|它")
_RUN_MIN = 3  # Chinese signs in a row that are taken for a product's name


def clearly_named(
    products: ProductTable, text: str, looked: ProductCatalogued | None
) -> list[ProductCatalogued]:
    """The products that a question names by brand and a further word of the title, those of them
    with the most words; none where it names none, or nothing but what is looked at."""
    if looked is not None and _IT.search(text):
        return []
    said = frozenset(terms_of(text))
    best: list[ProductCatalogued] = []
    most = 0
    looked_at = 0 if looked is None else _shared(looked, said)
    for product in products.like(text):
        shared = _shared(product, said)
        if shared > most:
            best, most = [product], shared
        elif shared == most and shared:
            best.append(product)
    if looked is None:
        return best
    if not most or looked_at >= most or any(p.product_id == looked.product_id for p in best):
        return []
    return best if len(best) == 1 else []


def _shared(product: ProductCatalogued, said: frozenset[int] | frozenset[str]) -> int:
    """Words of the title that a question has; 0 unless it has the brand, and one beside it."""
    brand, own = _terms(product.title, product.title_zh or "", product.brand or "")
    if not brand or not brand <= said:
        return 0
    return len(own & said)


@lru_cache(maxsize=NAMES_MAX)
def _terms(title: str, title_zh: str, brand: str) -> tuple[frozenset[str], frozenset[str]]:
    of_brand = frozenset(terms_of(brand) or terms_of(title)[:1])  # many titles begin with it
    own = {term for term in terms_of(f"{title} {title_zh}") if len(term) > 1} - of_brand - FILLERS
    return of_brand, frozenset(own)


def own_words(product: ProductCatalogued) -> frozenset[str]:
    """The words of a product's names and category, singular; single signs of the Chinese ones."""
    return _own(product.title, product.title_zh or "", product.brand or "", product.category or "")


@lru_cache(maxsize=NAMES_MAX)
def _own(*names: str) -> frozenset[str]:
    return frozenset(token for name in names for token in tokens_of(simplified(normalise(name))))


def masked(text: str, product: ProductCatalogued) -> str:
    """A question with the product's name taken out: two words of it in a row or more."""
    own = _own(product.title, product.brand or "")
    chinese = simplified(normalise(product.title_zh or ""))
    pieces = _PIECE.findall(text)
    kept: list[str] = []
    run: list[str] = []
    words = 0
    for piece in [*pieces, ""]:
        if piece and piece.isascii() and (piece.isalnum() or "." in piece) and stem(piece) in own:
            run.append(piece)
            words += 1
            continue
        if run and piece and not piece.isalnum() and piece.isascii() and piece in " -'\"&":
            run.append(piece)
            continue
        kept += [" | "] if words > 1 else run
        run, words = [], 0
        kept.append(_without_run(piece, chinese) if piece and piece[0] >= "\u3400" else piece)
    return "".join(kept)


def _without_run(piece: str, name: str) -> str:
    for size in range(min(len(piece), len(name)), _RUN_MIN - 1, -1):
        for start in range(len(piece) - size + 1):
            if piece[start : start + size] in name:
                return f"{piece[:start]} | {piece[start + size :]}"
    return piece
