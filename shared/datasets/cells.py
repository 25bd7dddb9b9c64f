"""Cells, headers and ids, cleaned alike in every reader: an id is one in clicks and catalogue."""

from __future__ import annotations

import math
import re

# What stands around a text and is not seen: marks, joiners and controls; whitespace goes as well.
_UNSEEN = (
    "\ufeff\ufffe\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2066\u2067\u2068\u2069\u00ad\x00\x1a\x7f"  # 1A: the end of a file, of DOS
)
_SPACE = "".join(chr(c) for c in range(0x3001) if chr(c).isspace())
_EDGES = _UNSEEN + _SPACE
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,(\d{1,2}|\d{4,})$")
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+\.\d+$|[-+]?\d{1,3}(,\d{3}){2,}$")  # 1,299.00
_CONTINENTAL = re.compile(r"[-+]?\d{1,3}(\.\d{3})+,\d+$|[-+]?\d{1,3}(\.\d{3}){2,}$")  # 1.299,00
# 1 299,00 and 1'299.00: spaces and apostrophes part nothing else.
_SPACED = re.compile(r"[-+]?\d{1,3}(?:([ \u00a0\u2009\u202f'’])\d{3})(?:\1\d{3})*([.,]\d+)?$")
_CURRENCY = re.compile(
    r"^([-+]?)\s*([A-Z]{3}|[A-Z]{0,2}[$€£¥￥₹₽₩₺₫฿]|kr|zł|Kč|Rs\.?)?\s*"
    r"([-+]?\d[\d.,\s'’]*?)(?:[.,][-–—]+)?\s*"
    r"([A-Z]{3}|[$€£¥￥元₹₽₩₺₫฿]|kr\.?|zł|Kč|Ft)?$"
)
_GUARDED = re.compile(r'="([^"]*)"$')  # ="00123", which keeps a spreadsheet from counting
# What a spreadsheet or a data frame makes of a long number: other digits were there.
_SHORTENED = re.compile(r"[-+]?\d(?:[.,]\d+)?[eE]\+\d{1,3}$")
_STARS = re.compile(r"([★⭐]+)\ufe0f?([☆]*)$")
_RATED = re.compile(
    r"(\d[\d.,]*)\s*(?:(?:/|out of|of|von|sur|de|su)\s*(\d{1,3})|(%))?\s*(?:stars?|★|⭐|星|分)?$",
    re.IGNORECASE,
)
_ATOMIC_TYPE = re.compile(r":(token|float)(_seq)?$")
_SIGNS = {
    "$": "USD",
    "€": "EUR",
    "£": "GBP",
    "zł": "PLN",
    "Kč": "CZK",
    "Ft": "HUF",
    "₹": "INR",
    "₽": "RUB",
    "₩": "KRW",
    "₺": "TRY",
    "₫": "VND",
    "฿": "THB",
    "R$": "BRL",
    "US$": "USD",
    "A$": "AUD",
    "C$": "CAD",
    "CA$": "CAD",
    "AU$": "AUD",
    "NZ$": "NZD",
    "HK$": "HKD",
    "S$": "SGD",
}
# ¥ is two currencies, kr is several.
_CODE = re.compile(r"[A-Z]{3}$")


def clean(text: str) -> str:
    """A cell without what surrounds it: whitespace, no-break and zero-width spaces, marks; of a
    spreadsheet's ="00123" what stands in it."""
    plain = text.isascii() and "\x00" not in text and "\x1a" not in text
    found = text.strip() if plain else text.strip(_EDGES)
    if found[:2] == '="' and (guarded := _GUARDED.match(found)):
        return clean(guarded[1])
    return found


def plain_id(text: str) -> str:
    """An id without the `.0` that tables of numbers give it where another row has none: 17850.0 in
    the clicks and 17850 in the catalogue are one."""
    return text[:-2] if text.endswith(".0") and text[:-2].isdecimal() else text


def is_shortened(text: str) -> bool:
    """Whether an id was a long number that a spreadsheet has rounded: 1.23E+12 stands for many."""
    return "+" in text and _SHORTENED.match(text) is not None


def header_key(name: str) -> str:
    """A column's name as it is compared: letters and digits, lower case. `Customer ID`,
    `customer_id`, `customerId` and `customer_id:token` (RecBole types its columns) are one."""
    return "".join(c for c in _ATOMIC_TYPE.sub("", clean(name)).lower() if c.isalnum())


def number(text: str) -> float:
    """A finite number; decimal commas and separators of thousands are understood where they can
    mean nothing else: 11,99 and 1.299,00 and 1 299,00, not 1,299.

    Raises ValueError.
    """
    try:
        found = float(text)
    except ValueError:
        if _DECIMAL_COMMA.match(text):
            found = float(text.replace(",", "."))
        elif _THOUSANDS.match(text):
            found = float(text.replace(",", ""))
        elif _CONTINENTAL.match(text):
            found = float(text.replace(".", "").replace(",", "."))
        elif spaced := _SPACED.match(text):
            found = float(text.replace(spaced[1], "").replace(",", "."))
        else:
            raise
    if not math.isfinite(found) or "_" in text:
        raise ValueError(text)
    return found


def price(text: str) -> tuple[float, str | None]:
    """(amount, currency or None) of `19.99`, `19.99 EUR`, `$5`, `EUR 5,50`, `CHF 5.-`. Raises
    ValueError."""
    match = _CURRENCY.match(text)
    if match is None:
        raise ValueError(text)
    sign, before, amount, after = match.groups()
    currency = before or after or ""
    found = number(sign + amount.strip())
    return found, _SIGNS.get(currency, currency if _CODE.match(currency) else None)


def rating_of(text: str) -> tuple[float, float | None]:
    """(rating, of how many) of `4.5`, `5 stars`, `4/5`, `4.0 out of 5 stars`, `80%`, `★★★☆☆`; None
    where it does not say of how many. Raises ValueError."""
    try:
        return number(text), None
    except ValueError:
        pass
    if stars := _STARS.match(text):
        return len(stars[1]), len(stars[1] + stars[2]) if stars[2] else None
    match = _RATED.match(text)
    if match is None:
        raise ValueError(text)
    rating, of, percent = match.groups()
    highest = 100.0 if percent else number(of) if of else None
    if highest is not None and highest <= 0:
        raise ValueError(text)
    return number(rating), highest
