"""A text as the rules read it: character by character in its place, digits and marks in ASCII.

Every rule reads a `Draft`: the folded text, in which what was found is blanked out, so that no rule
sees what an earlier one took. A blank is a NUL; no rule may match one.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from .prefilter import NUMERALS, WIDE_DIGITS

BLANK = "\0"


class Kind(StrEnum):
    """What was found; the value stands between brackets in a masked text."""

    EMAIL = "email"
    PHONE = "phone"
    CARD = "card"
    ID_NUMBER = "id number"
    ACCOUNT = "account"
    CONTACT = "contact"
    ADDRESS = "address"


class Span(NamedTuple):
    """text[start:end] is personal data of this kind."""

    kind: Kind
    start: int
    end: int


PLACEHOLDER = re.compile(rf"\[(?:{'|'.join(Kind)})\]")

_DASHES = "‐‑‒–—―−﹣－ー─"
_SPACES = (
    "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000"
)
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufe0e\ufe0f\ufeff\u20e3"
_TABLE = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_TABLE |= dict.fromkeys(_DASHES, "-") | dict.fromkeys(_SPACES, " ") | {"’": "'"}
_TABLE |= dict(zip("①②③④⑤⑥⑦⑧⑨⓪❶❷❸❹❺❻❼❽❾", "1234567890123456789", strict=True))
_TABLE |= dict(zip("【】〔〕", "[][]", strict=True))
_FOLDABLE = re.compile(rf"[！-～{re.escape(_DASHES + _SPACES)}’【】〔〕{WIDE_DIGITS}]")
_UNSEEN = re.compile(f"[{_INVISIBLE}]")

# A number read out digit by digit; three or five of these characters are words or a quantity.
_NUMERALS = dict(zip(NUMERALS, "0012345678911234567892", strict=True))
_READ_OUT = re.compile(rf"[0-9{NUMERALS}](?:[- ]?[0-9{NUMERALS}]){{6,}}")


def _folded(found: re.Match[str]) -> str:
    character = found[0]
    plain = _TABLE.get(character)
    if plain is not None:
        return plain
    return str(unicodedata.decimal(character)) if character.isdecimal() else character


def _digits(found: re.Match[str]) -> str:
    return "".join(_NUMERALS.get(character, character) for character in found[0])


@dataclass(slots=True)
class Draft:
    """The folded text and what was found in it so far; `places` where the text has characters that
    cannot be seen, and so is shorter when folded: the place of each character that is left."""

    text: str
    places: list[int] | None = None
    spans: list[Span] = field(default_factory=list)

    @classmethod
    def of(cls, text: str) -> Draft:
        """The draft of a text, placeholders blanked."""
        places = None
        if not text.isascii():
            if _UNSEEN.search(text):
                places = [i for i, c in enumerate(text) if c not in _INVISIBLE]
                text = _UNSEEN.sub("", text)
            text = _FOLDABLE.sub(_folded, text)
            text = _READ_OUT.sub(_digits, text)
        if "[" in text:
            text = PLACEHOLDER.sub(lambda found: BLANK * len(found[0]), text)
        return cls(text, places)

    def take(self, kind: Kind, start: int, end: int) -> None:
        """Note text[start:end] as found, and blank it."""
        while start < end and self.text[start].isspace():
            start += 1
        while start < end and self.text[end - 1] in " \t\r\n,;":
            end -= 1
        if start < end:
            self.spans.append(Span(kind, start, end))

    def blank(self) -> None:
        """Blank what was noted, once per rule: a text of many finds is not copied for each."""
        pieces, at = [], 0
        for _, start, end in sorted(self.spans, key=lambda span: span.start):
            if start >= at:
                pieces += [self.text[at:start], BLANK * (end - start)]
                at = end
        self.text = "".join([*pieces, self.text[at:]])

    def in_the_text(self) -> list[Span]:
        """The spans in the text as it was given, in order, none over another."""
        spans: list[Span] = []
        for kind, start, end in sorted(self.spans, key=lambda span: span.start):
            if self.places is not None:
                start, end = self.places[start], self.places[end - 1] + 1
            if not spans or start >= spans[-1].end:
                spans.append(Span(kind, start, end))
        return spans
