"""Cells, headers and ids, cleaned alike in every reader: an id is one in clicks and catalogue."""

from __future__ import annotations

import math
import re

# What stands around a text and is not seen: marks, joiners and controls; whitespace goes as well.
_UNSEEN = "\ufeff\ufffe\u200b\u200c\u200d\u200e\u200f\u2060\u00ad\x00\x7f"
_SPACE = "".join(chr(c) for c in range(0x3001) if chr(c).isspace())
_EDGES = _UNSEEN + _SPACE
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,(\d{1,2}|\d{4,})$")
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+\.\d+$")
# 1.299,00 and 1.299.000: points part thousands, and nothing else can be meant.
_POINTED_THOUSANDS = re.compile(r"[-+]?\d{1,3}((\.\d{3})+,\d+|(\.\d{3}){2,})$")
_CURRENCY = re.compile(r"^([A-Z]{3}|[$€£¥￥])?\s*([-+]?[\d.,]+)\s*([A-Z]{3}|[$€£¥￥元])?$")
_ATOMIC_TYPE = re.compile(r":(token|float)(_seq)?$")
_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP"}  # ¥ is two currencies


def clean(text: str) -> str:
    """A cell without what surrounds it: whitespace, no-break and zero-width spaces, marks."""
    return text.strip() if text.isascii() and "\x00" not in text else text.strip(_EDGES)


def plain_id(text: str) -> str:
    """An id without the `.0` that tables of numbers give it where another row has none: 17850.0 in
    the clicks and 17850 in the catalogue are one."""
    return text[:-2] if text.endswith(".0") and text[:-2].isdecimal() else text


def header_key(name: str) -> str:
    """A column's name as it is compared: letters and digits, lower case. `Customer ID`,
    `customer_id`, `customerId` and `customer_id:token` (RecBole types its columns) are one."""
    return "".join(c for c in _ATOMIC_TYPE.sub("", clean(name)).lower() if c.isalnum())


def number(text: str) -> float:
    """A finite number; a decimal comma is understood where it can mean nothing else.

    Raises ValueError.
    """
    try:
        found = float(text)
    except ValueError:
        if _DECIMAL_COMMA.match(text):
            found = float(text.replace(",", "."))
        elif _THOUSANDS.match(text):
            found = float(text.replace(",", ""))
        elif _POINTED_THOUSANDS.match(text):
            found = float(text.replace(".", "").replace(",", "."))
        else:
            raise
    if not math.isfinite(found) or "_" in text:
        raise ValueError(text)
    return found


def price(text: str) -> tuple[float, str | None]:
    """(amount, currency or None) of `19.99`, `19.99 EUR`, `$5`, `EUR 5,50`. Raises ValueError."""
    match = _CURRENCY.match(text)
    if match is None:
        raise ValueError(text)
    before, amount, after = match.groups()
    currency = before or after
    return number(amount), _SIGNS.get(currency, currency if (currency or "").isalpha() else None)
