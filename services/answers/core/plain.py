"""Texts of the shop as what they are in an answer: plain text, whatever was written into them."""

from __future__ import annotations

import re
import unicodedata

from shopkeeper.shared.text.normalisation import TEXT_CHARACTERS_MAX, clean

_SIGNS = frozenset("&<\\")
_TAG_OPENS = re.compile(r"<(?=[A-Za-z/!?])")
_WEB = re.compile(r"https?://[^\s<>\"'`\\]{1,2000}", re.IGNORECASE)


def plain(text: str, characters_max: int = TEXT_CHARACTERS_MAX) -> str:
    """Without markup, control characters and what cannot be seen, in one line; the punctuation
    stays as the shop wrote it. What could still open a tag is parted from its name, so that no
    browser takes it for one."""
    text = text[:characters_max]
    if not _SIGNS.isdisjoint(text):
        text = clean(text)
    visible = "".join(c if c.isprintable() else _instead(c) for c in text)
    return _TAG_OPENS.sub("< ", " ".join(visible.split()))[:characters_max].rstrip()


def _instead(character: str) -> str:
    return "" if unicodedata.category(character) == "Cf" else " "


def web_address(url: str | None) -> str | None:
    """The address if it is one of the web: no script, no data."""
    return url if url is not None and _WEB.fullmatch(url) else None
