"""Columns of a catalogue that are no field of ours, as attributes of its products.

What is said of a product to customers (colour, size, material, a weight) is kept; addresses,
pictures, codes and long texts are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .cells import clean, header_key, number
from .yes_no import truth_of

COLUMNS_MAX = 40
TEXT_CHARACTERS_MAX = 200
NAME_CHARACTERS_MAX = 64
_NO_ATTRIBUTE = re.compile(
    "url|link|image|picture|photo|gtin|ean$|^upc|barcode|^mpn|description|body|html|^seo|meta"
    "|handle|^tags?$|status|published|created|updated|timestamp|^sku|^id$|^attributes$|^option"
    "|^variant|availab|price|currency|inventory|^cost|title|描述|图片|链接|条码"
)


def attribute_columns(names: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """The names of the columns that become attributes, by `header_key`; at most `COLUMNS_MAX`.

    known: the `header_key` of each column that is a field of ours.
    """
    taken = frozenset(known)
    found: dict[str, str] = {}
    for name in names:
        key, shown = header_key(name), clean(name)
        if not key or key in taken or _NO_ATTRIBUTE.search(key):
            continue
        if len(shown) <= NAME_CHARACTERS_MAX and len(found) < COLUMNS_MAX:
            found.setdefault(key, shown)
    return found


def attributes_of(columns: Mapping[str, str], cells: Mapping[str, Any]) -> dict[str, Any]:
    """What a row says in these columns: numbers, truths, and texts of one line that are short."""
    found = {}
    for key, name in columns.items():
        text = clean(cells.get(key) or "") if isinstance(cells.get(key) or "", str) else ""
        if text and len(text) <= TEXT_CHARACTERS_MAX and "\n" not in text and "://" not in text:
            found[name] = _value(text)
    return found


def _value(text: str) -> bool | int | float | str:
    if (truth := truth_of(header_key(text))) is not None:
        return truth
    if len(text) > 1 and text[0] == "0" and text.isdigit():
        return text  # a code, not an amount
    try:
        found = number(text)
    except ValueError:
        return text
    return int(found) if found.is_integer() and abs(found) < 1e15 else found
