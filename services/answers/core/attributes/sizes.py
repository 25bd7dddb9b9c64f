"""Sizes of clothes and shoes, as customers name them: "a 43", "XS", "size medium", 38码."""

from __future__ import annotations

import re

# Not of a measure ("28 l"), a word ("I'm") or a larger number.
_SIZE = re.compile(
    r"(?<![a-z\d.,'’-])(?<!\d )"
    r"(\d{2}(?:\.5)?(?![\d%°.])"
    r"(?= in [a-z]|(?! ?(?:[a-z%°\"€]|[元欧块年月天个升克斤度毫厘公分小米瓦寸支片岁倍])))"
    r"|(?:x{1,3}|[2-5]x)?[sl](?![a-z\d'])|m(?![a-z\d']))"
)
_WORDED = {
    "extra small": "xs",
    "extra large": "xl",
    "small": "s",
    "medium": "m",
    "large": "l",
    "加大": "xl",
    "小号": "s",
    "小码": "s",
    "中号": "m",
    "中码": "m",
    "大号": "l",
    "大码": "l",
}
_WORDS = re.compile("|".join(rf"\b{word}\b" if word.isascii() else word for word in _WORDED))
_RANGE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:-|to|~|–)\s*(\d+(?:\.\d+)?)")


def sizes_of(text: str) -> list[str]:
    """The sizes that a question names, as catalogues write them in lower case. text: normalised,
    simplified."""
    found = [match[1] for match in _SIZE.finditer(text)]
    return found or [_WORDED[match[0]] for match in _WORDS.finditer(text)]


def fits(size: str, value: str) -> bool:
    """Whether a size is one of a catalogue's value: "43", "40-42", "S/M". value: lower case."""
    if size in re.split(r"[/,\s]+", value):
        return True
    ranged = _RANGE.fullmatch(value)
    return bool(
        ranged and size[0].isdigit() and float(ranged[1]) <= float(size) <= float(ranged[2])
    )
