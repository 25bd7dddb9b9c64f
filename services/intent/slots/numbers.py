"""Numbers as people write them: digits, English words, Chinese numerals."""

from __future__ import annotations

import re

from .lexicon import words

_UNITS = {
    name: number
    for number, name in enumerate(
        words(
            "zero one two three four five six seven eight nine ten eleven twelve thirteen "
            "fourteen fifteen sixteen seventeen eighteen nineteen"
        )
    )
}
_TENS = {
    name: 10 * number
    for number, name in enumerate(
        words("twenty thirty forty fifty sixty seventy eighty ninety"), start=2
    )
}
_SCALES = {"hundred": 100, "thousand": 1000}
_WORD = "|".join(sorted([*_UNITS, *_TENS, *_SCALES], key=len, reverse=True))

# Whole words, one of which a number in words has.
NUMBER_WORDS = frozenset([*_UNITS, *_TENS, *_SCALES])

# Atomic, and never from within a number: else every rule tries all its parts.
DIGITS = r"(?<!\d)(?>(?:\d{1,3}(?:,\d{3}){1,3}(?:\.\d{1,2})?|\d{1,9}(?:[.,]\d{1,2})?)(?!\d))"
WORDS = (
    rf"(?>\b(?:an?\s)?(?:{_WORD})\b"
    rf"(?:(?:\s|-|(?:(?<=hundred)|(?<=thousand))\sand\s)(?:{_WORD})\b){{0,5}})"
)
# "k": thousands, but of no unit that begins with it ("5 kg").
ENGLISH = rf"(?:{DIGITS}(?:k(?![a-z]))?|{WORDS})"
_HAN = "零〇一二两俩三四五六七八九十百千万"
CHINESE = rf"(?>(?<!\d)\d{{1,9}}(?:\.\d{{1,2}})?(?!\d)[百千万wk]?|(?<![{_HAN}])[{_HAN}]{{1,12}}+)"

# What a match of CHINESE begins with.
CHINESE_DIGIT = re.compile(rf"[\d{_HAN}]")

_HAN_DIGITS = dict(
    zip("零〇一二两俩三四五六七八九", (0, 0, 1, 2, 2, 2, 3, 4, 5, 6, 7, 8, 9), strict=True)
)
_HAN_SCALES = {"十": 10, "百": 100, "千": 1000}
_SUFFIXES = {"百": 100, "千": 1000, "k": 1000, "万": 10_000, "w": 10_000}
_PLAIN = re.compile(r"\d+(?:\.\d+)?")


def value_of(text: str) -> float | None:
    """The number that a match of ENGLISH or CHINESE stands for; None where it stands for none.

    "1,299.50" is 1299.5, "29,90" is 29.9, "two hundred and fifty" 250, "3k" 3000, 一百二 120,
    两千零五 2005, 1.5万 15000.
    """
    text = text.strip()
    scale = 1
    if len(text) > 1 and text[0].isdigit() and text[-1] in _SUFFIXES:
        scale, text = _SUFFIXES[text[-1]], text[:-1]
    if text[:1].isdigit():
        return _digits(text, scale)
    if text and all(character in _HAN for character in text):
        return _han(text)
    return _words(text)


def _digits(text: str, scale: int) -> float | None:
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", text):
        text = text.replace(",", "")
    text = text.replace(",", ".")
    return round(float(text) * scale, 2) if _PLAIN.fullmatch(text) else None


def _words(text: str) -> float | None:
    total = current = 0
    known = False
    for word in text.replace("-", " ").split():
        if word in _UNITS or word in _TENS:
            current += _UNITS.get(word, 0) + _TENS.get(word, 0)
        elif word == "hundred":
            current = max(current, 1) * 100
        elif word == "thousand":
            total, current = total + max(current, 1) * 1000, 0
        elif word not in ("a", "an", "and"):
            return None
        known = known or word not in ("a", "an", "and")
    return float(total + current) if known else None


def _han(text: str) -> float | None:
    head, ten_thousand, tail = text.partition("万")
    if ten_thousand:
        if not head or "万" in tail:
            return None
        high, low = _below_ten_thousand(head), _below_ten_thousand(tail) if tail else 0
        if high is None or low is None:
            return None
        if len(tail) == 1 and tail in _HAN_DIGITS:
            low *= 1000  # 一万二: 12,000
        return float(high * 10_000 + low)
    found = _below_ten_thousand(text)
    return None if found is None else float(found)


def _below_ten_thousand(text: str) -> int | None:
    if not any(character in _HAN_SCALES for character in text):  # 三五零: digit by digit
        if "两" in text and len(text) > 1:
            return None
        return int("".join(str(_HAN_DIGITS[character]) for character in text))
    total, digit, last = 0, None, 10_000
    for character in text:
        if character in _HAN_DIGITS:
            if digit:
                return None
            digit = _HAN_DIGITS[character]
            last = 1 if character in "零〇" else last  # 两千零五: no 2,500
            continue
        scale = _HAN_SCALES[character]
        total += (1 if digit is None else digit) * scale
        digit, last = None, scale
    if digit:
        total += digit * (last // 10 if last in (100, 1000) else 1)  # 一百二: 120
    return total


def written(number: float) -> str:
    """Its one normal form: "50", "29.9"."""
    return str(int(number)) if number == int(number) else str(number)
