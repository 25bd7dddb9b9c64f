"""From a question to an attribute of one product: a small grammar, strict about what is left over.

A question is about an attribute only if nothing else is in it: the phrase that asks, the product's
name, and words that say nothing. "How much is express delivery" names no product, and is left to
the shop's knowledge.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.normalisation import normalise

from ..plain import plain
from ..product_table import has_words
from .lexicon import ATTRIBUTES, CHINESE_FILLERS, COLOUR_OF, FILLERS
from .phrasing import said_of, whether
from .values import attribute_of, own_attributes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

    from ..product_table import ProductTable
    from .values import Value

MOVING = frozenset({"price", "availability"})  # what only the newest event may tell
_ENGLISH_COLOURS = "|".join(sorted((w for w in COLOUR_OF if w.isascii()), key=len, reverse=True))
_CHINESE_COLOURS = "|".join(
    sorted((w for w in COLOUR_OF if not w.isascii()), key=len, reverse=True)
)
# "come in red", "do you have it in red", "is it red"; 有红色吗, 有没有红色的
_IN_COLOUR = re.compile(
    rf"\b(?:in|is it|are they)(?: the)?(?: colou?r)? ({_ENGLISH_COLOURS})\b(?: colou?r)?"
    rf"|(?:有没有|有|是)({_CHINESE_COLOURS})(?=的?(?:吗|么|嘛|没有|的|\W|$))"
)
_WORDS = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+(?:['.-][^\W_\u3400-\u9fff]+)*")


class AttributeAnswer(NamedTuple):
    """What the catalogue says. answer: None where it does not say, or several products could be
    meant."""

    answer: str | None
    attribute: str
    product_id: str | None  # of the one product that is meant and there
    title: str = ""
    quote: str = ""  # key and value as the catalogue has them
    several: bool = False

    @property
    def moving(self) -> bool:
        """Whether only the catalogue may answer this."""
        return self.attribute in MOVING


def answer_from(
    products: ProductTable, question: str, product_id: str | None, language: str
) -> AttributeAnswer | None:
    """The answer from the catalogue; None where the question is about no attribute of a product.

    product_id: the product that is looked at while asking, if any.
    """
    text = simplified(normalise(question))
    unknown: AttributeAnswer | None = None
    for asked in _asked(text, None if product_id is None else products.get(product_id)):
        found = _meant(products, asked.name_words, product_id)
        if not found and not asked.name_words and product_id is not None:
            unknown = unknown or AttributeAnswer(None, asked.attribute, None)  # it is removed
        if len(found) > 1:
            unknown = unknown or AttributeAnswer(None, asked.attribute, None, several=True)
        if len(found) == 1:
            said = _said(found[0], asked, language)
            if said.answer is not None:
                return said
            unknown = unknown or said
    return unknown


def _said(product: ProductCatalogued, asked: _Asked, language: str) -> AttributeAnswer:
    title = plain((product.title_zh if language == "zh" else None) or product.title, 300)
    value = attribute_of(product, asked.attribute)
    if value is None or (asked.colour is not None and not value.english):
        return AttributeAnswer(None, asked.attribute, product.product_id, title)
    if asked.colour is None:
        text = said_of(asked.attribute, value, title, language)
    else:
        there = any(_is_colour(each, asked.colour) for each in value.english)
        text = whether(asked.colour, there, value, title, language)
    return AttributeAnswer(text, asked.attribute, product.product_id, title, _quote(value))


class _Asked(NamedTuple):
    attribute: str
    name_words: str  # what is left of the question: the product's name
    colour: str | None = None


def _asked(text: str, product: ProductCatalogued | None) -> Iterator[_Asked]:
    """How a question can be read, that which is most likely first."""
    in_colour = _IN_COLOUR.search(text)
    if in_colour is not None:
        colour = COLOUR_OF[in_colour[1] or in_colour[2]]
        rest = text[: in_colour.start()] + " " + text[in_colour.end() :]
        yield _Asked("colour", _name_words(rest), colour)
    for attribute in ATTRIBUTES:
        if attribute.asked.search(text):
            yield _Asked(attribute.name, _name_words(attribute.asked.sub(" ", text)))
    if product is not None:
        for name, _ in own_attributes(product):
            if name and name in text:
                yield _Asked(name, _name_words(text.replace(name, " ")))


def _name_words(rest: str) -> str:
    """Without what says nothing."""
    kept = []
    for word in _WORDS.findall(rest):
        if "\u3400" <= word[0] <= "\u9fff":
            kept.append(CHINESE_FILLERS.sub(" ", word).strip())
        elif word not in FILLERS:
            kept.append(word)
    return " ".join(word for word in kept if word)


def _meant(
    products: ProductTable, name_words: str, product_id: str | None
) -> list[ProductCatalogued]:
    """The products that a question can be about: one, several, or none."""
    if product_id is not None:
        product = products.get(product_id)
        if product is not None and (not name_words or has_words(product, name_words)):
            return [product]
    return products.named(name_words) if name_words else []


def _is_colour(said: str, colour: str) -> bool:
    """Whether a catalogue's word means a colour: "Navy Blue" and 深蓝 are blue."""
    text = simplified(normalise(said))
    words = [*re.findall(r"[a-z]+", text), *re.findall("[\u3400-\u9fff]+", text)]
    return any(
        COLOUR_OF.get(word) == colour
        or (not word.isascii() and any(w in word for w, of in COLOUR_OF.items() if of == colour))
        for word in words
    )


def _quote(value: Value) -> str:
    said = ", ".join(value.english) if value.truth is None else str(value.truth).lower()
    return f"{plain(value.key, 64)}: {said}"
