"""Which of the offered products a line chooses: by place, by price, by name.

Phrases are written as `normalise` leaves texts: lower case, simplified characters.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ..attributes.answering import name_words
from ..attributes.lexicon import COLOUR_OF
from ..attributes.saying import comes_in
from ..attributes.values import attribute_of
from ..product_table import has_words
from .hearing import without_talk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

_NOUN = r"(?: (?:one|ones|product|item|option|model))?"
_THAT = "(?:那|这)?(?:[个款件双台只支条种把部瓶张顶本辆套]|一[个款件双台只种把])?的?"
_PLACES: tuple[tuple[int, re.Pattern[str]], ...] = tuple(
    (place, re.compile(rf"\b(?:the )?(?:{english})\b{_NOUN}|(?:{chinese}){_THAT}"))
    for place, english, chinese in (
        (0, "first|1st|former|option (?:1|one|a)|number (?:1|one)", "第[一1]|前者|前一|前面|头一"),
        (1, "second|2nd|option (?:2|two|b)|number (?:2|two)", "第[二两2]"),
        (2, "third|3rd|option (?:3|three|c)|number (?:3|three)", "第[三3]"),
        (-1, "last|latter|final", "最后|后者|后一|后面"),
    )
)
_LONE = {"1": 0, "a": 0, "一": 0, "one": 0, "2": 1, "b": 1, "二": 1, "two": 1, "3": 2, "三": 2}
_OTHER = re.compile(rf"\b(?:the )?other\b{_NOUN}|另外?一?[个款件双台只种把]?的?|别的那个")
_ALL = re.compile(
    r"\b(?:both(?: of them)?|all(?: of them| three| two)?|either)\b"
    r"|(?:[两三]?[个款种者])?都|[两三][个款种者]|全部"
)
_CHEAP = re.compile(
    rf"\b(?:the )?(?:cheap(?:er|est)?|(?:less|least) expensive|(?:lower|lowest)[- ]priced"
    rf"|more affordable)\b{_NOUN}|(?:最|比?较|更|价格)*(?:便宜|低价|实惠)(?:一?[点些])?{_THAT}"
)
_DEAR = re.compile(
    rf"\b(?:the )?(?:(?:more|most) expensive|pric(?:ier|iest)|dear(?:er|est))\b{_NOUN}"
    rf"|(?:最|比?较|更|价格)*(?:贵|高价)(?:一?[点些])?{_THAT}"
)
_LIGHT = re.compile(
    rf"\b(?:the )?(?:lighter|lightest)\b{_NOUN}|(?:最|比?较|更)*轻(?:一?[点些])?{_THAT}"
)
_HEAVY = re.compile(
    rf"\b(?:the )?(?:heavier|heaviest)\b{_NOUN}|(?:最|比?较|更)*重(?:一?[点些])的{_THAT}"
)
_COMPARED: tuple[tuple[re.Pattern[str], str, bool], ...] = (
    (_CHEAP, "price", False),
    (_DEAR, "price", True),
    (_LIGHT, "weight", False),
    (_HEAVY, "weight", True),
)
_WHICH = re.compile(r"\bwhich\b|\bwhat\b|哪")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


class Choice(NamedTuple):
    """products: several only where all are wanted. rest: what else the line says. attribute: what
    a comparison asks for in itself: "which is cheaper?"."""

    products: tuple[ProductCatalogued, ...]
    rest: str
    attribute: str | None = None


def chosen(
    text: str, offered: Sequence[ProductCatalogued], focus: str | None, names: bool
) -> Choice | None:
    """None: none of them. text: normalised, simplified. focus: id of the one that is spoken of.
    names: whether a part of a name alone chooses, and not only a place among them."""
    if not offered:
        return None
    lone = _LONE.get(text.strip(" .!?。)(#"))
    if lone is not None and names and lone < len(offered):
        return Choice((offered[lone],), "")
    for place, pattern in _PLACES:
        found = pattern.search(text)
        if found and place < len(offered):
            return Choice((offered[place],), _without(text, found))
    for pattern, attribute, most in _COMPARED:
        found = pattern.search(text)
        if found:
            best = _extreme(offered, attribute, most)
            if best is not None:
                asks = bool(_WHICH.search(text))
                return Choice(
                    (best,), "" if asks else _without(text, found), attribute if asks else None
                )
    other = _OTHER.search(text)
    if other and focus is not None and len(offered) == 2:
        left = [product for product in offered if product.product_id != focus]
        if len(left) == 1:
            return Choice((left[0],), _without(text, other))
    if names:
        everything = _ALL.search(text)
        if everything and not name_words(without_talk(_without(text, everything))):
            return Choice(tuple(offered), "")
        return _named(text, offered)
    return None


def _named(text: str, offered: Sequence[ProductCatalogued]) -> Choice | None:
    words = name_words(without_talk(text))
    if not words:
        return None
    fitting = [product for product in offered if has_words(product, words)]
    if not fitting and words in COLOUR_OF:
        fitting = [product for product in offered if _comes_in(product, COLOUR_OF[words])]
    return Choice((fitting[0],), "") if len(fitting) == 1 else None


def _comes_in(product: ProductCatalogued, colour: str) -> bool:
    value = attribute_of(product, "colour")
    return value is not None and any(comes_in(each, colour) for each in value.english)


def _extreme(
    offered: Sequence[ProductCatalogued], attribute: str, most: bool
) -> ProductCatalogued | None:
    """Of products that all say it, in one unit."""
    found: list[float] = []
    units = set()
    for product in offered:
        value = attribute_of(product, attribute)
        number = None if value is None or not value.english else _NUMBER.search(value.english[0])
        if value is None or number is None:
            return None
        found.append(float(number[0]))
        units.add(value.english[0][number.end() :])
    if len(units) != 1:
        return None
    return offered[found.index(max(found) if most else min(found))]


def _without(text: str, found: re.Match[str]) -> str:
    return text[: found.start()] + " " + text[found.end() :]
