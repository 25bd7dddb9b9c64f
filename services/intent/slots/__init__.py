"""What a search or question names: brand, category, price, order number, quantity, colour, size.

A grammar of two languages, pure: a function of the text, of whether it looks for goods, and of the
names that the shop's catalogue has.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from shopkeeper.shared.text.personal_data import find as find_personal

from . import colours, goods, measures, orders, prices
from .asking import looks_for_goods
from .base import Found, Reading
from .names import Names
from .text import fold

__all__ = ["CHARACTERS_MAX", "SLOTS_MAX", "Asks", "Found", "Names", "slots_of"]

Asks: TypeAlias = Literal["search", "question", "other"]

_HAN = re.compile(r"[\u3400-\u9fff]")
# Mail addresses and links: nothing in them is looked for, or repeated.
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+|(?:https?:|www\.)\S+")
CHARACTERS_MAX = 200  # of a text are read: who writes more tells a story
PERSONAL_MAX = CHARACTERS_MAX + 100
SLOTS_MAX = 16  # of one text


def slots_of(text: str, names: Names, asks: Asks) -> list[Found]:
    """The slots of a text, in its order; they do not overlap.

    asks: "search" of a text that looks for goods, so that what is left of it names them, and a
    bare number or letter at its end is a size; "question" of one about goods, which may begin with
    them; "other" of the rest, where no category is looked for. A text that looks for goods by its
    own words is a search, whatever it was taken for.
    """
    head = text[:CHARACTERS_MAX]
    reading = Reading(fold(head))
    chinese = _HAN.search(head) is not None
    shopping = asks == "search"
    if "@" in reading.rest or "http" in reading.rest or "www." in reading.rest:
        for match in _ADDRESS.finditer(reading.rest):
            reading.hide(*match.span())
    reading.take_all(orders.find(reading))
    # Found beyond the end as well: half a telephone is not recognised.
    personal = [s for s in find_personal(text[:PERSONAL_MAX]) if s.start < len(head)]
    for span in personal:
        reading.hide(span.start, min(span.end, len(head)))  # unless it was called an order's
    reading.take_all(prices.find(reading, chinese))
    shopping = shopping or looks_for_goods(reading, names, asks == "question")
    if shopping:
        reading.take_all(goods.families(reading))
    reading.take_all(goods.brands(reading, names, shopping))
    reading.take_all(measures.quantities(reading, chinese))
    reading.take_all(measures.sizes(reading, shopping))
    reading.take_all(colours.find(reading, chinese))
    if shopping or asks == "question":
        # What is left beside a telephone may be a name.
        known_only = asks != "search" or bool(personal)
        reading.take_all(goods.categories(reading, names, shopping, known_only=known_only))
    return sorted(reading.found, key=lambda found: found.start)[:SLOTS_MAX]
