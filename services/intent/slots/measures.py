"""Sizes and quantities: XL, EU 38, 41码, 175/92A, 256 GB, 55 inch; two pairs, 3双, set of 6."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .base import Found
from .lexicon import words as words_in
from .numbers import CHINESE, CHINESE_DIGIT, ENGLISH, NUMBER_WORDS, value_of, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .base import Reading

_NUMBER = r"\d{1,6}(?:\.\d{1,3})?"
_UNITS = {
    "inch": "inch",
    "inches": "inch",
    "in": "inch",
    '"': "inch",
    "寸": "inch",
    "英寸": "inch",
    "gb": "GB",
    "g": "g",
    "tb": "TB",
    "t": "TB",
    "mb": "MB",
    "kg": "kg",
    "kgs": "kg",
    "千克": "kg",
    "公斤": "kg",
    "克": "g",
    "gram": "g",
    "grams": "g",
    "斤": "斤",
    "lb": "lb",
    "lbs": "lb",
    "oz": "oz",
    "gallon": "gallon",
    "gallons": "gallon",
    "pint": "pint",
    "pints": "pint",
    "cl": "cl",
    "mg": "mg",
    "ml": "ml",
    "毫升": "ml",
    "l": "l",
    "litre": "l",
    "litres": "l",
    "liter": "l",
    "liters": "l",
    "升": "l",
    "cm": "cm",
    "厘米": "cm",
    "公分": "cm",
    "mm": "mm",
    "毫米": "mm",
    "m": "m",
    "metre": "m",
    "metres": "m",
    "meter": "m",
    "meters": "m",
    "米": "m",
    "ft": "ft",
    "feet": "ft",
    "foot": "ft",
    "匹": "匹",
    "mah": "mAh",
    "毫安": "mAh",
}
_UNIT = "|".join(re.escape(u) for u in sorted(set(_UNITS) - {'"', "g", "t"}, key=len, reverse=True))
_MEASURE = re.compile(rf"(?<![a-z\d./])(?P<n>{_NUMBER})\s?-?(?P<u>{_UNIT}|[gt\"])(?![a-z]|穿|的人)")
_DIMENSIONS = re.compile(
    r"(?<![a-z\d.])\d{1,4}(?:\.\d{1,2})?(?:\s?[x*]\s?\d{1,4}(?:\.\d{1,2})?){1,2}\s?(?:cm|mm|m|厘米|米)?(?![a-z\d])"
)
_BODY = re.compile(r"(?<![\d/])1\d\d/\d{2,3}[a-c]?(?![a-z\d])")  # 175/92A: height and chest
# 1米8, 一米八, 五斤, 两升
_HAN_MEASURE = re.compile(
    r"(?<![\d零一二两三四五六七八九十百千万.第每])(?:(?P<m>[一二两三1-3])米(?P<d>[\d一二三四五六七八九])(?!\d)|"
    r"(?P<n>[一二两三四五六七八九十]{1,3})(?P<u>公斤|毫升|厘米|英寸|[寸升斤米匹克]))(?![路家饭粉线服虫])"
)
_SYSTEM = re.compile(r"\b(?P<s>eu|uk|us|fr|it|de)\s?(?:size\s)?(?P<n>\d{1,2}(?:\.5)?)(?![\d.a-z])")
_NAMED = re.compile(
    r"\bsize\s(?P<n>\d{1,3}(?:\.5)?|[2-6]?x{0,3}[sml]|small|medium|large)(?![a-z\d])"
)
_LETTERS = re.compile(
    r"(?<![a-z\d'&-])(?:[2-6]xl|x{1,4}[sl]|[sml](?=\s?码|号|\s*$|\s*\x00)|[ml](?=码))(?![a-z\d'-])"
)
_CHINESE_SIZE = re.compile(
    r"(?<![a-z\d.])(?P<n>\d{1,3}(?:\.5)?)\s?(?P<s>码|号(?![线楼月店]))|(?P<w>[特加超]?[大中小]号|均码|[大中小]码|[大中小]型|[特加][大小]码)"
)
_CHINESE_SIZE_ENDS = re.compile("[码号型]")
_SIZE_WORDS = frozenset(words_in("small medium large king queen single double twin a3 a4 a5 a6"))
_ENGLISH_WORDS = re.compile(
    r"\b(?:extra\s)?(?P<w>small|medium|large|king|queen|single|double|twin|a[3-6])(?:[\s-]sized?)?\b"
)
_NO_SIZES = re.compile(
    r"(?:small|large)\s(?:talk|business|order)|(?:double|single|small)\s(?:check|room|price)"
)
_BARE = re.compile(r"(?<=[a-z\x00] )\d{2}(?=\s*$|\s\x00)")
# Numbers that such a word is before are none of a size.
_BARE_NOT = re.compile(
    r"\b(?:spf|age|ages|aged|iphone|galaxy|pixel|pro|mate|series|gen|generation|version|v|model|no|"
    r"number|nr|top|under|over|windows|level|room|route|chapter|volume|vol|part|book|year|years|"
    r"fifa|nba|ps|mk)\s$"
)
# Of shoes and gloves one digit is a size as well.
_WORN = re.compile(
    r"\b(?:shoes?|boots?|trainers?|sneakers?|sandals?|heels|slippers?|loafers?|pumps|clogs?|wellies|"
    r"flip[ -]flops|gloves?)\b"
)
_BARE_WORN = re.compile(r"(?<=[a-z\x00] )(?:1[0-9]|[2-9])(?:\.5)?(?=\s*$|\s\x00)")
_BARE_LOW, _BARE_HIGH = 20, 60  # clothing, shoes, wheels; "planner 2027", "jigsaw 1000" are none

_COUNTERS = (
    r"(?:pairs?|pcs|pieces?|packs?|packets?|boxes|box|bottles?|items?|units?|sets?|cans?|bags?|"
    r"rolls?|dozen|copies|reams?|sachets?|tins?|jars?|tubes?|tubs?|capsules?|pods?|cartons?|crates?|"
    r"multipacks?|count|ct|pk)"
)
_NUMBERED = [
    re.compile(rf"\b(?:set|pack|box|packs|bundle|lot|case)\sof\s(?P<n>{ENGLISH})(?![a-z.])"),
    re.compile(rf"(?<![\w.$€£¥-])(?P<n>{ENGLISH})[\s-]?{_COUNTERS}\b"),
]
_IN_DIGITS = [
    re.compile(r"\b(?:qty|quantity)[:\s]\s?(?P<n>\d{1,4})\b"),
    re.compile(r"(?<![a-z\d])(?:x(?P<n>\d{1,3})|(?P<m>\d{1,3})x)(?![a-z\d])"),
]
_SPOKEN_QUANTITY = re.compile(r"\b(?P<n>a\sdozen|half\sa\sdozen|a\scouple\sof)\b")
_ZH_QUANTITY = re.compile(
    rf"(?<![\d.第每这那哪上下a-z])(?P<n>{CHINESE})"
    r"(?:(?P<c>[件双条只瓶盒包套箱台支袋张把副抽片粒枚打罐卷枝盏箱桶份])|个(?![月小星礼人订问电钟快地方])|"
    r"(?P<b>[本部对]))(?P<p>装|入)?(?!快递|事|货款|时|次|机子|套)"
)
_CASES = "箱盒包打瓶罐桶袋"
_NO_PIECES = re.compile(
    r"\b(?:jigsaws?|puzzles?|lego|(?:one|two|three)[ -]piece\s(?:swim|suit|dress|bath|outfit))"
)
_SPOKEN = {"a dozen": 12.0, "half a dozen": 6.0, "a couple of": 2.0}


def sizes(reading: Reading, shopping: bool) -> Iterator[Found]:
    """Sizes; words and bare numbers ("small", "jeans 34") only of a text that looks for goods."""
    rest, words, digits = reading.rest, reading.words, reading.has_digit()
    if not rest.isascii():
        for match in _HAN_MEASURE.finditer(rest):
            yield _size(_han_measure(match), match)
    if digits:
        for pattern in (_BODY, _DIMENSIONS):
            for match in pattern.finditer(rest):
                value = re.sub(r"\s", "", match[0]).replace("*", "x")
                yield _size(value.upper() if pattern is _BODY else value, match)
        for match in _SYSTEM.finditer(rest):
            yield _size(f"{match['s'].upper()} {match['n']}", match)
    if "size" in words:
        for match in _NAMED.finditer(rest):
            yield Found("size", _letters(match["n"]), match.start("n"), match.end("n"))
    if digits:
        for match in _MEASURE.finditer(rest):
            yield _size(f"{written(float(match['n']))} {_unit(match)}", match)
    if not rest.isascii() and _CHINESE_SIZE_ENDS.search(rest):
        for match in _CHINESE_SIZE.finditer(rest):
            yield _size(match["n"] or match["w"], match)
    if shopping:
        yield from _of_search(rest, words, digits)


def _of_search(rest: str, words: frozenset[str], digits: bool) -> Iterator[Found]:
    for match in _LETTERS.finditer(rest):
        yield _size(match[0].upper(), match)
    if not _SIZE_WORDS.isdisjoint(words) and not _NO_SIZES.search(rest):
        for match in _ENGLISH_WORDS.finditer(rest):
            yield _size(_letters(match["w"]), match)
    if digits:
        for match in _BARE.finditer(rest):
            if _BARE_LOW <= int(match[0]) <= _BARE_HIGH and not _BARE_NOT.search(
                rest, max(0, match.start() - 12), match.start()
            ):
                yield _size(match[0], match)
        if _WORN.search(rest):
            for match in _BARE_WORN.finditer(rest):
                yield _size(match[0], match)


def _han_measure(match: re.Match[str]) -> str:
    if match["m"]:
        whole, tenth = (value_of(match[name]) or 0 for name in ("m", "d"))
        return f"{written(whole + tenth / 10)} m"
    return f"{written(value_of(match['n']) or 0)} {_UNITS[match['u']]}"


def _unit(match: re.Match[str]) -> str:
    """Of memory "16g" are gigabytes, of coffee grams: 4, 8, 16 ... 512 is how memory is sold."""
    if match["u"] == "g" and match["n"] in ("4", "8", "16", "32", "64", "128", "256", "512"):
        return "GB"
    return _UNITS[match["u"]]


def _letters(size: str) -> str:
    return {"small": "S", "medium": "M", "large": "L"}.get(size) or (
        size.upper() if re.fullmatch(r"[2-6]?x*[sml]|a[3-6]", size) else size
    )


def _size(value: str, match: re.Match[str]) -> Found:
    return Found("size", value, match.start(), match.end())


def quantities(reading: Reading, chinese: bool) -> Iterator[Found]:
    """How many: whole numbers from 1 to 9,999, in digits."""
    for pattern in _quantity_patterns(reading, chinese):
        for match in pattern.finditer(reading.rest):
            parts = match.groupdict()
            said = parts.get("n") or parts.get("m") or ""
            number = _SPOKEN.get(said) or value_of(said)
            if number is None or number != int(number) or not 1 <= number < 10_000:
                continue
            if number == 1 and pattern is _ZH_QUANTITY and _is_article(match):
                continue
            if _is_of_a_puzzle(match[0], reading.text):
                continue
            if "dozen" in match[0] and said not in _SPOKEN:
                number *= 12
            yield Found("quantity", str(int(number)), match.start(), match.end())


def _is_of_a_puzzle(said: str, text: str) -> bool:
    """Whether pieces are those that goods consist of: "jigsaw 500 pieces", 拼图1000片."""
    if said[-1:] in "片块枚粒":
        return "拼图" in text or "积木" in text
    return "piece" in said and _NO_PIECES.search(text) is not None


def _is_article(match: re.Match[str]) -> bool:
    """Whether 一个, 一件, 一双 only says "a"; 一箱 and 1件 say how many."""
    return not match["c"] or (match["n"] == "一" and match["c"] not in _CASES and not match["p"])


def _quantity_patterns(reading: Reading, chinese: bool) -> list[re.Pattern[str]]:
    """Those that can match: each has a digit, or one of a few words."""
    digits, words = reading.has_digit(), reading.words
    found = []
    if digits or not NUMBER_WORDS.isdisjoint(words):
        found += _NUMBERED
    if digits:
        found += _IN_DIGITS
    if "dozen" in words or "couple" in words:
        found.append(_SPOKEN_QUANTITY)
    if chinese and CHINESE_DIGIT.search(reading.rest):
        found.append(_ZH_QUANTITY)
    return found
