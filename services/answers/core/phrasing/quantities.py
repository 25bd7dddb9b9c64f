"""Numbers of a text, with their units: in figures or in words, in English or in Chinese.

For comparing what a model wrote with what it was given. What might be a number counts as one ("one"
in "no one", 一 in 一般): a reply loses nothing but the chance to be used.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from shopkeeper.shared.text.chinese import simplified

_FIGURES = r"\d+(?:[.,]\d+)*"
_CHINESE_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_CHINESE_PLACES = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}
_CHINESE_NUMBER = f"[{''.join(_CHINESE_DIGITS)}{''.join(_CHINESE_PLACES)}半]+"
_WORDS: dict[str, str] = {
    word: str(number)
    for number, words in {
        0: "zero",
        1: "one once single first",
        2: "two twice second double both couple pair",
        3: "three thrice third triple",
        4: "four fourth",
        5: "five fifth",
        6: "six sixth",
        7: "seven seventh",
        8: "eight eighth",
        9: "nine ninth",
        10: "ten tenth",
        11: "eleven eleventh",
        12: "twelve twelfth dozen",
        13: "thirteen",
        14: "fourteen fortnight",
        15: "fifteen",
        16: "sixteen",
        17: "seventeen",
        18: "eighteen",
        19: "nineteen",
        20: "twenty",
        30: "thirty",
        40: "forty",
        50: "fifty",
        60: "sixty",
        70: "seventy",
        80: "eighty",
        90: "ninety",
        100: "hundred hundreds",
        1000: "thousand thousands",
        1_000_000: "million millions",
    }.items()
    for word in words.split()
} | {"half": "0.5", "quarter": "0.25"}
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_ONES = "one|two|three|four|five|six|seven|eight|nine"

# Signs and words of one unit; the first one names it. A number without any may stand for itself.
_UNITS = (
    "% percent percentage",
    "minute minutes min mins 分钟",
    "hour hours hr hrs h 小时 钟头",
    "day days 天 日 号",
    "week weeks 周 星期 礼拜",
    "month months 月",
    "year years 年",
    "eur euro euros € 欧元",
    "usd dollar dollars $ us$ 美元 美金",
    "gbp pound pounds £ 英镑",
    "cny yuan rmb ¥ 元 块 人民币",
    "g gram grams 克",
    "kg kilogram kilograms kilo kilos 公斤 千克",
    "cm centimetre centimetres centimeter centimeters 厘米",
    "m metre metres meter meters 米",
    "litre litres liter liters l 升",
    "working business 个工作日 工作日",
)
_UNIT_OF = {word: words.split()[0] for words in _UNITS for word in words.split()}


def _either(words: list[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


_LATIN_UNITS = _either([word for word in _UNIT_OF if word.isascii() and word.isalpha()])
_OTHER_UNITS = _either([word for word in _UNIT_OF if not (word.isascii() and word.isalpha())])
_SIGNS = _either(["€", "$", "£", "¥"])
_NUMBER = re.compile(
    rf"(?P<sign>(?:{_SIGNS})\s?|(?<![a-z])(?:eur|usd|gbp|cny|rmb)\s?)?"
    rf"(?:(?P<figures>{_FIGURES})"
    rf"|(?<![a-z])(?P<pair>(?:{_TENS})[-\s](?:{_ONES}))(?![a-z])"
    rf"|(?<![a-z])(?P<word>{_either(list(_WORDS))})(?![a-z])"
    rf"|(?P<chinese>{_CHINESE_NUMBER}))"
    rf"(?:[-\s]*(?P<unit>(?:{_LATIN_UNITS})(?![a-z])|{_OTHER_UNITS}|个(?:月|小时|星期)))?"
)
_THOUSANDS = re.compile(r",(?=\d{3}(?!\d))")


class Quantity(NamedTuple):
    """A number as a plain decimal, and the unit beside it ("" where it has none that is known)."""

    value: str
    unit: str


def quantities_of(text: str) -> set[Quantity]:
    """All numbers of a text."""
    found = set()
    text = simplified(unicodedata.normalize("NFKC", text).replace("⁄", "/")).lower()
    for match in _NUMBER.finditer(text):
        unit = (match["unit"] or "").removeprefix("个") or (match["sign"] or "").strip()
        found.add(Quantity(_value(match), _UNIT_OF.get(unit, unit)))
    return found


def unsupported(reply: str, passages: str) -> set[Quantity]:
    """Numbers of a reply that the passages do not have: not at all, or with another unit."""
    given = quantities_of(passages)
    values = {quantity.value for quantity in given}
    return {
        quantity
        for quantity in quantities_of(reply)
        if (quantity not in given if quantity.unit else quantity.value not in values)
    }


def _value(match: re.Match[str]) -> str:
    if match["figures"]:
        return _decimal(match["figures"])
    if match["pair"]:
        tens, ones = re.split(r"[-\s]", match["pair"])
        return str(int(_WORDS[tens]) + int(_WORDS[ones]))
    if match["word"]:
        return _WORDS[match["word"]]
    return _chinese_value(match["chinese"])


def _decimal(figures: str) -> str:
    """ "1,000.50" is 1000.5, "010" is 10; what is no such number ("1.2.3", "5,00") stays itself."""
    digits = "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in figures)
    digits = _THOUSANDS.sub("", digits)
    whole, dot, fraction = digits.partition(".")
    if not (whole.isdigit() and (not dot or fraction.isdigit())):
        return digits
    fraction = fraction.rstrip("0")
    return f"{whole.lstrip('0') or '0'}{'.' if fraction else ''}{fraction}"


def _chinese_value(characters: str) -> str:
    """ "三十" is 30, "一百零五" 105, "二〇二六" 2026, "半" 0.5; "一个半" is two numbers."""
    if "半" in characters:
        return "0.5" if characters == "半" else characters
    if not any(c in _CHINESE_PLACES for c in characters):
        return "".join(str(_CHINESE_DIGITS[c]) for c in characters).lstrip("0") or "0"
    total = section = digit = 0
    for c in characters:
        place = _CHINESE_PLACES.get(c)
        if place is None:
            digit = _CHINESE_DIGITS[c]
        elif place < 10_000:
            section += (digit or 1) * place
            digit = 0
        else:
            total = (total + section + digit or 1) * place
            section = digit = 0
    return str(total + section + digit)
