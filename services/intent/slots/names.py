"""Names of brands and categories: the built-in ones, and those of the shop's own catalogue."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from .brand_names import brands
from .lexicon import words
from .text import fold

if TYPE_CHECKING:
    from collections.abc import Iterable

PRODUCTS_MAX = 100_000  # remembered with their names, so that a removed product's names can go
NAMES_MAX = 50_000  # of each kind
NAME_CHARACTERS_MAX = 60
TOKENS_MAX = 12  # of a name: words, or Chinese characters
TOKEN = re.compile(r"[a-z0-9à-ɏ]+(?:['&.-][a-z0-9à-ɏ]+)*|&|[\u3400-\u9fff]")
_PATH = re.compile(r"\s*(?:>|/|\||»)\s*")
# What catalogues have as a category and nobody means by it.
_NO_CATEGORIES = frozenset(
    words(
        "other others misc miscellaneous sale new home general default all none unknown "
        "其他 其它 默认 全部 新品 特价 品牌"
    )
)
# Brands that are function words ("ON", "Next", "And") would be found in every sentence.
_NO_BRANDS = frozenset(
    words(
        "a an and are at be do for from get go good has have i if in is it just my new next no "
        "none not of off on one only or other our out so that the this to up us was we what with "
        "you your unknown generic 无 其他 其它 品牌"
    )
)


class _Beginnings:
    """First tokens of names, so that most places of a text cost one look-up."""

    def __init__(self, spellings: Iterable[str]) -> None:
        self.reach: dict[str, int] = {}  # first token -> the most tokens of such a name, so far
        self._count = Counter[str]()
        for spelling in spellings:
            self.add(spelling)

    def add(self, spelling: str) -> None:
        tokens = TOKEN.findall(spelling)
        if tokens:
            self._count[tokens[0]] += 1
            self.reach[tokens[0]] = max(self.reach.get(tokens[0], 0), len(tokens))

    def remove(self, spelling: str) -> None:
        first = TOKEN.findall(spelling)[0]
        self._count[first] -= 1
        if not self._count[first]:
            del self._count[first], self.reach[first]


class Names:
    """Which brands and categories there are, by folded spelling, with their normal form.

    Bounded: PRODUCTS_MAX products and NAMES_MAX names of each kind; what comes beyond is not
    known, and counted in `refused`. A product's names go when no product has them any more.
    """

    def __init__(self) -> None:
        self._built_in = brands()
        # By spelling, the names that are written so ("NIKE", "Nike"); the first is the normal form.
        self._brands: dict[str, list[str]] = {}
        self._categories: dict[str, list[str]] = {}
        self._brand_begins = _Beginnings(self._built_in)
        self._category_begins = _Beginnings(())
        self._held: Counter[tuple[str, str]] = Counter()
        self._products: dict[str, tuple[tuple[str, str], ...]] = {}
        self.refused = 0

    def __len__(self) -> int:
        """Names of the catalogue."""
        return len(self._brands) + len(self._categories)

    def knows(self, product_id: str) -> bool:
        """Whether a product is among those whose names are held."""
        return product_id in self._products

    def take_refused(self) -> int:
        """How many were not taken in since this was asked last."""
        refused, self.refused = self.refused, 0
        return refused

    def put(self, product_id: str, brand: str | None, category: str | None) -> None:
        """A product as it now is."""
        names = [("brand", brand.strip())] if brand else []
        if category:
            parts = [part for part in _PATH.split(category.strip()) if part]
            names += [("category", part) for part in parts[-1:]]
        usable = tuple((kind, name) for kind, name in names if 1 < len(name) <= NAME_CHARACTERS_MAX)
        before = self._products.get(product_id)
        if before == usable:
            return
        if before is not None:
            self.remove(product_id)
        elif len(self._products) >= PRODUCTS_MAX:
            self.refused += 1
            return
        kept = tuple(one for one in usable if self._add(*one))
        self._products[product_id] = kept

    def remove(self, product_id: str) -> None:
        """A product that is gone; of one that is not known, nothing."""
        for kind, name in self._products.pop(product_id, ()):
            self._held[kind, name] -= 1
            if not self._held[kind, name]:
                del self._held[kind, name]
                table, begins = self._tables(kind)
                for spelling in _spellings(kind, name):
                    table[spelling].remove(name)
                    if not table[spelling]:
                        del table[spelling]
                        begins.remove(spelling)

    def _add(self, kind: str, name: str) -> bool:
        table, begins = self._tables(kind)
        if (kind, name) not in self._held:
            if len(table) >= NAMES_MAX:
                self.refused += 1
                return False
            for spelling in _spellings(kind, name):
                if spelling not in table:
                    table[spelling] = []
                    begins.add(spelling)
                table[spelling].append(name)
        self._held[kind, name] += 1
        return True

    def _tables(self, kind: str) -> tuple[dict[str, list[str]], _Beginnings]:
        if kind == "brand":
            return self._brands, self._brand_begins
        return self._categories, self._category_begins

    def brand_reach(self, token: str) -> int:
        """The most tokens of a brand that begins with this one; 0 where none does."""
        return self._brand_begins.reach.get(token, 0)

    def category_reach(self, token: str) -> int:
        """As `brand_reach`, of categories."""
        return self._category_begins.reach.get(token, 0)

    def brand(self, spelling: str) -> str | None:
        """The normal form of a brand that is written so; the shop's own before a built-in one."""
        own = self._brands.get(spelling)
        return own[0] if own else self._built_in.get(spelling)

    def is_own_brand(self, spelling: str) -> bool:
        return spelling in self._brands

    def category(self, spelling: str) -> str | None:
        """The normal form of a category of the catalogue that is written so."""
        names = self._categories.get(spelling)
        return names[0] if names else None


def _spellings(kind: str, name: str) -> list[str]:
    """How a name is looked up: tokens joined as `spans` joins them; categories in one and many."""
    tokens = [match[0] for match in TOKEN.finditer(fold(name))]
    if not 0 < len(tokens) <= TOKENS_MAX:
        return []
    spelling = joined(tokens)
    if spelling in (_NO_BRANDS if kind == "brand" else _NO_CATEGORIES):
        return []
    found = [spelling]
    if kind == "category" and spelling[-1].isascii():
        if spelling.endswith("ies"):
            found.append(spelling[:-3] + "y")
        elif spelling.endswith(("ches", "shes", "sses", "xes")):
            found.append(spelling[:-2])
        elif spelling.endswith("s") and not spelling.endswith("ss"):
            found.append(spelling[:-1])
        else:
            found.append(spelling + "s")
    return [one for one in found if len(one) > 1]


def joined(tokens: list[str]) -> str:
    """Words with single spaces; Han characters without any."""
    text = ""
    for token in tokens:
        text = appended(text, token)
    return text


def appended(text: str, token: str) -> str:
    """What `joined` makes of the tokens of `text` and one more."""
    space = text and text[-1].isascii() and token[0].isascii()
    return f"{text} {token}" if space else text + token


def tokens_of(text: str) -> list[tuple[int, int, str]]:
    """(start, end, token) of a folded text: words, and Han characters one by one."""
    return [(match.start(), match.end(), match[0]) for match in TOKEN.finditer(text)]
