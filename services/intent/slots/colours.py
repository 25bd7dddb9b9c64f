"""Colours with their variants: "navy blue", "dark grey", 藏青色, 浅蓝."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .base import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .base import Reading

# The value of each is the English word, so that a consumer filters by one vocabulary.
_ENGLISH = {
    "black": "black",
    "white": "white",
    "whte": "white",
    "red": "red",
    "blue": "blue",
    "green": "green",
    "yellow": "yellow",
    "pink": "pink",
    "purple": "purple",
    "violet": "purple",
    "brown": "brown",
    "grey": "grey",
    "gray": "grey",
    "beige": "beige",
    "navy": "navy",
    "navy blue": "navy",
    "gold": "gold",
    "golden": "gold",
    "silver": "silver",
    "cream": "cream",
    "ivory": "ivory",
    "khaki": "khaki",
    "orange": "orange",
    "turquoise": "turquoise",
    "teal": "teal",
    "burgundy": "burgundy",
    "maroon": "burgundy",
    "charcoal": "charcoal",
    "olive green": "olive",
    "rose gold": "rose gold",
    "off white": "off-white",
    "off-white": "off-white",
    "royal blue": "royal blue",
    "sky blue": "sky blue",
    "lilac": "lilac",
    "lavender": "lavender",
    "coral": "coral",
    "mustard": "mustard",
    "magenta": "magenta",
    "indigo": "indigo",
    "camel": "camel",
    "taupe": "taupe",
    "multicoloured": "multicolour",
    "multicolored": "multicolour",
    "transparent": "transparent",
    "stainless steel": "stainless steel",
    "tan": "tan",
    "nude": "nude",
    "sage green": "sage",
    "mint green": "mint",
    "forest green": "dark green",
    "bottle green": "dark green",
    "emerald green": "emerald",
    "lime green": "lime",
    "baby blue": "light blue",
    "cobalt blue": "cobalt",
    "baby pink": "light pink",
    "wine red": "burgundy",
    "fuchsia": "fuchsia",
    "cyan": "cyan",
    "mauve": "mauve",
    "rust": "rust",
    "chestnut": "chestnut",
}
# A colour's name before one of these names a thing, not a colour.
_THINGS = (
    r"(?:juice|marmalade|tea|wine|rice|sugar|pepper|beans?|friday|polish|chocolate|cheese|board|"
    r"noise|lotion|remover|proof|converter|treatment|mushrooms?|puree|oil|soda|essential|oranges?|seeds?|cabbage|onions?|card|member|fish|"
    r"friday|bull|hat\slinux|bread|pudding|powder|coconut|lentils)"
)
_FIRST_WORDS = frozenset(re.split("[ -]", name)[0] for name in _ENGLISH)
_NAMES = "|".join(
    re.escape(name).replace(r"\ ", "[ -]") for name in sorted(_ENGLISH, key=len, reverse=True)
)
_ENGLISH_COLOUR = re.compile(
    rf"\b(?P<shade>(?:dark|light|pale|bright|deep|matte?|hot|pastel|neon)[ -])?(?P<name>{_NAMES})\b"
    rf"(?!['&]|[ -]{_THINGS}\b)"
)
# "face cream" is no face in the colour of cream.
_COSMETIC = re.compile(
    r"\b(?:face|facial|hand|eye|night|day|body|foot|skin|sun|ice|shaving|bb|cc|whipped|double|"
    r"anti[ -]?(?:ageing|aging|wrinkle)|wrinkle|moisturi[sz]ing|nappy|diaper|custard|"
    r"cake|sour|clotted)\s$"
)
_SHADES = {"dark": "dark", "deep": "dark", "light": "light", "pale": "light"}

_CHINESE = {
    "红": "red",
    "大红": "red",
    "正红": "red",
    "酒红": "burgundy",
    "玫红": "magenta",
    "玫瑰红": "magenta",
    "砖红": "red",
    "橘红": "orange",
    "蓝": "blue",
    "天蓝": "sky blue",
    "湖蓝": "blue",
    "宝蓝": "royal blue",
    "藏蓝": "navy",
    "藏青": "navy",
    "海军蓝": "navy",
    "绿": "green",
    "墨绿": "dark green",
    "军绿": "olive",
    "草绿": "green",
    "薄荷绿": "green",
    "黄": "yellow",
    "姜黄": "mustard",
    "鹅黄": "light yellow",
    "黑": "black",
    "纯黑": "black",
    "白": "white",
    "纯白": "white",
    "米白": "off-white",
    "奶白": "cream",
    "乳白": "cream",
    "灰": "grey",
    "银灰": "grey",
    "炭灰": "charcoal",
    "粉": "pink",
    "粉红": "pink",
    "紫": "purple",
    "紫红": "magenta",
    "香芋紫": "lilac",
    "棕": "brown",
    "褐": "brown",
    "咖啡": "brown",
    "咖": "brown",
    "橙": "orange",
    "橘": "orange",
    "金": "gold",
    "银": "silver",
    "玫瑰金": "rose gold",
    "米": "beige",
    "杏": "beige",
    "驼": "camel",
    "卡其": "khaki",
    "青": "teal",
    "肉": "beige",
    "香槟": "gold",
    "透明": "transparent",
    "彩": "multicolour",
}
_HAN_NAMES = "|".join(sorted(_CHINESE, key=len, reverse=True))
_CHINESE_COLOUR = re.compile(rf"(?P<shade>[深浅暗亮淡])?(?P<name>{_HAN_NAMES})色(?![彩素号香])")
# Without 色 only where it stands alone, names a shade of two characters, or is of jewellery.
_SURE = "|".join(
    sorted(
        {n for n in _CHINESE if len(n) > 1 and n[-1] in "红蓝绿青紫白黑灰"} - {"大红", "纯白"},
        key=len,
        reverse=True,
    )
)
_WITHOUT = re.compile(
    rf"(?P<name>{_SURE})|(?P<shade>[深浅])(?P<deep>[红蓝绿灰紫粉棕])|"
    r"(?:^|(?<=[ \x00]))(?P<alone>[红蓝绿黄黑白灰粉紫金银])(?=$|[ \x00])|"
    r"(?P<metal>[金银])(?=项链|手镯|戒指|耳环|耳钉|手链|吊坠|镯子|脚链)"
)
_HAN_SHADES = {"深": "dark", "暗": "dark", "浅": "light", "淡": "light"}


def find(reading: Reading, chinese: bool) -> Iterator[Found]:
    """The colours that the text names."""
    if chinese:
        for match in _CHINESE_COLOUR.finditer(reading.rest):
            yield _found(_HAN_SHADES.get(match["shade"] or ""), _CHINESE[match["name"]], match)
        for match in _WITHOUT.finditer(reading.rest):
            name = match["name"] or match["deep"] or match["alone"] or match["metal"]
            yield _found(_HAN_SHADES.get(match["shade"] or ""), _CHINESE[name], match)
    if _FIRST_WORDS.isdisjoint(reading.words):
        return
    for match in _ENGLISH_COLOUR.finditer(reading.rest):
        name = match["name"]
        if name == "cream" and _COSMETIC.search(reading.rest[: match.start()]):
            continue
        shade = _SHADES.get((match["shade"] or "").strip(" -"))
        yield _found(shade, _ENGLISH.get(name) or _ENGLISH[name.replace("-", " ")], match)


def _found(shade: str | None, colour: str, match: re.Match[str]) -> Found:
    if shade == "dark" and colour == "blue":
        shade, colour = None, "navy"
    value = colour if shade is None or colour.startswith(shade) else f"{shade} {colour}"
    return Found("colour", value, match.start(), match.end())
