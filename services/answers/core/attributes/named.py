"""Attributes by the names that a domain pack gives them: "annual fee", 年费, and words like them.

What the grammar of `answering` knows is what shops sell. A pack names attributes of its own; a
question that is one of these names, and a product's name or nothing beside it, is answered with
what the catalogue says of that product, in the pack's words and units.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.normalisation import normalise

from ..plain import plain
from ..product_table import has_words
from .answering import AttributeAnswer, name_words
from .asking import understood
from .keys import Part
from .matching import Match
from .naming import clearly_named, own_words
from .saying import sentence_of
from .values import Value, own_facts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopkeeper.shared.contracts.events.shop import ProductCatalogued
    from shopkeeper.shared.domains.pack import Attribute

    from ..product_table import ProductTable
    from .values import Fact

_ASKING = re.compile(
    r"\b(?:how (?:much|many|high|long)|what(?:'s| is| are)?|which|is there|are there|tell me"
    r"|does|do|is|are|the|an?|have|has|cost|charged?|there|any|of|for|on|with|come)\b"
    "|多少|多长时间?|多久|多高|几[个张秒分天年月]?|什么|怎么样|有没有|是多少|要|收|需要|是否|能否|多大"
)
_SCORE = 3.0


class Name(NamedTuple):
    """One name of attributes. keys: as the catalogue has them."""

    pattern: re.Pattern[str]
    keys: tuple[str, ...]


class NamedAttributes:
    """The attributes of a pack. asked: further names by key, in any language."""

    def __init__(
        self, attributes: Mapping[str, Attribute], asked: Mapping[str, Sequence[str]]
    ) -> None:
        self._attributes = attributes
        keys: dict[str, list[str]] = {}
        for key, attribute in attributes.items():
            for name in (attribute.en, attribute.zh, *asked.get(key, ())):
                keys.setdefault(simplified(normalise(name)), []).append(key)
        self._of_keys = keys
        longest = sorted(keys, key=len, reverse=True)
        self._names = [Name(_pattern(name), tuple(dict.fromkeys(keys[name]))) for name in longest]

    def answer(
        self, products: ProductTable, question: str, product_id: str | None, language: str
    ) -> AttributeAnswer | None:
        """What the catalogue says; None where no name of an attribute is asked for, or of what is
        not plain. product_id: as of `answering.answer_from`."""
        text = simplified(normalise(question))
        hits = self._hits(text)
        declined: AttributeAnswer | None = None
        for name, start, end in hits:
            rest, said = f"{text[:start]} {text[end:]}", text[start:end]
            others = [text[hit[1] : hit[2]] for hit in hits if hit[1:] != (start, end)]
            product = _meant(products, text, rest, product_id)
            if isinstance(product, list):
                near = tuple(each.product_id for each in product)
                declined = declined or AttributeAnswer(None, said, None, several=True, near=near)
            elif product is not None and all(_is_of(product, other) for other in others):
                found = self._said(product, name.keys, text, language)
                if found is not None:
                    return found
                declined = declined or AttributeAnswer(None, said, product.product_id)
        return declined

    def _hits(self, text: str) -> list[tuple[Name, int, int]]:
        """Names in a text with their places; the longest first, and none inside another."""
        hits: list[tuple[Name, int, int]] = []
        for name in self._names:
            for at in name.pattern.finditer(text):
                if all(at.end() <= start or end <= at.start() for _, start, end in hits):
                    hits.append((name, at.start(), at.end()))
        return hits

    def _said(
        self, product: ProductCatalogued, keys: Collection[str], text: str, language: str
    ) -> AttributeAnswer | None:
        own = [fact for fact in own_facts(product) if fact.value.key in self._attributes]
        facts = [fact for fact in own if fact.value.key in keys] or [
            fact for fact in own if fact.value.key in self._wider(keys)
        ]
        if len(facts) != 1:
            return None
        fact = self._worded(facts[0], product)
        title = plain((product.title_zh if language == "zh" else None) or product.title, 300)
        match = Match(fact, _SCORE, frozenset())
        sentence = sentence_of(understood(text), match, title, language)
        if sentence is None:
            return None
        value = fact.value
        said = ", ".join(value.english) if value.truth is None else str(value.truth).lower()
        quote = f"{plain(value.key, 64)}: {said}"
        return AttributeAnswer(sentence, fact.meaning.english, product.product_id, title, quote)

    def _wider(self, keys: Collection[str]) -> set[str]:
        """The keys whose names have one of these keys' names in them: annual fee, of fee."""
        names = [name for name, of in self._of_keys.items() if not set(of).isdisjoint(keys)]
        patterns = [_pattern(name) for name in names]
        return {
            key
            for name, of in self._of_keys.items()
            for key in of
            if any(pattern.search(name) for pattern in patterns)
        }

    def _worded(self, fact: Fact, product: ProductCatalogued) -> Fact:
        """A fact under the pack's name, in the pack's unit where it is a number."""
        named = self._attributes[fact.value.key]
        value = fact.value
        number = (product.attributes or {}).get(value.key)
        if isinstance(number, int | float) and not isinstance(number, bool):
            amount = f"{number:g}" if math.isfinite(number) and abs(number) < 1e6 else ""
            if amount and (named.unit_en or named.unit_zh):
                after = "" if named.unit_en == "%" else " "
                english = f"{amount}{after}{named.unit_en}".rstrip()
                value = Value((english,), (f"{amount}{named.unit_zh}",), key=value.key)
        meaning = fact.meaning._replace(
            parts=(Part(None, named.en),), english=named.en, chinese=named.zh, free=False
        )
        return fact._replace(meaning=meaning, value=value)


def _pattern(name: str) -> re.Pattern[str]:
    if not name.isascii():
        return re.compile(re.escape(name))
    words = r"[ -]+".join(map(re.escape, name.split()))
    return re.compile(rf"\b{words}s?\b")


def _meant(
    products: ProductTable, text: str, rest: str, product_id: str | None
) -> ProductCatalogued | list[ProductCatalogued] | None:
    """The product that is asked about; several that could be; None where that is not plain."""
    looked = None if product_id is None else products.get(product_id)
    words = name_words(_ASKING.sub(" ", rest))
    if not words:
        return looked
    if looked is not None and _is_of(looked, words):
        return looked
    named = clearly_named(products, text, looked) or products.named(words)
    named = [each for each in named if _is_of(each, words)]
    if len(named) == 1:
        return named[0]
    return named if named and looked is None else None


def _is_of(product: ProductCatalogued, words: str) -> bool:
    own = own_words(product)
    return all(has_words(product, word) or word in own for word in words.split())
