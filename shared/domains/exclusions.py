"""Exclusion rules: which products are sensitive, so that nothing is recommended or assumed by them.

Pure: a function of what the catalogue says of a product. A product is sensitive by its id, by its
category, or by a word in any of its texts, so that one that was put into the wrong category is
found as well.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.normalisation import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

_STEPS = re.compile(r"\s*[/>|]\s*")  # "Pharmacy > HIV": each step of the way is a category
_NEVER = re.compile(r"(?!)")
DEPTH_MAX = 8  # of nested attributes that are read


class Exclusions(NamedTuple):
    """What is sensitive. categories: folded. words: finds one in a folded text."""

    categories: frozenset[str] = frozenset()
    words: re.Pattern[str] = _NEVER
    products: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Whether anything is."""
        return self != NOTHING

    def covers(self, product: ProductCatalogued) -> bool:
        """Whether a product is sensitive, by all that the catalogue says of it."""
        if product.product_id in self.products or self.covers_category(product.category or ""):
            return True
        texts = (product.title, product.title_zh, product.brand, *_strings(product.attributes, 0))
        return any(text and self.covers_text(text) for text in texts)

    def covers_category(self, name: str) -> bool:
        """Whether a category is sensitive, by its name, a step of its path, or a word in it."""
        found, steps = _steps_of(name)
        return (
            found in self.categories
            or not self.categories.isdisjoint(steps)
            or self.words.search(found) is not None
        )

    def covers_text(self, text: str) -> bool:
        """Whether a text has a sensitive word."""
        return self.words.search(folded(text)) is not None


NOTHING = Exclusions()


def exclusions_of(
    categories: Sequence[str], words: Sequence[str], products: Sequence[str]
) -> Exclusions:
    """As a pack writes them. A word of letters is found whole ("hiv" not in "archive"), one with a
    Chinese character anywhere."""
    patterns = [_pattern(folded(word)) for word in words]
    return Exclusions(
        frozenset(map(folded, categories)),
        re.compile("|".join(patterns)) if patterns else _NEVER,
        frozenset(products),
    )


def folded(text: str) -> str:
    """A text as it is compared: lower case, full width made half, simplified characters."""
    return simplified(normalise(text)).strip()


@lru_cache(maxsize=4096)  # few categories, many products
def _steps_of(name: str) -> tuple[str, tuple[str, ...]]:
    found = folded(name)
    return found, tuple(_STEPS.split(found))


def _pattern(word: str) -> str:
    if not word.isascii():
        return re.escape(word)
    return rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])"


def _strings(value: Any, depth: int) -> Iterator[str]:
    """Every text in attributes, names of attributes too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict) and depth < DEPTH_MAX:
        for name, inner in value.items():
            yield str(name).replace("_", " ")
            yield from _strings(inner, depth + 1)
    elif isinstance(value, list) and depth < DEPTH_MAX:
        for inner in value:
            yield from _strings(inner, depth + 1)
