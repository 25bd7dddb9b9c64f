"""Which words of reviewers are quoted: short, inert, one of each side where they disagree."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..plain import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .counting import Opinions, Said

QUOTES_MAX = 2
CHARACTERS_MIN, CHARACTERS_MAX = 6, 160
_CHARACTERS_BEST = 20  # from which on a quote says something
# Addresses and names at other services are advertising, whoever wrote them.
_LINK = re.compile(
    r"https?:|www\.|\b[\w-]+\.(?:com|net|org|io|cn|co|info|shop|xyz|top|ru|de|uk)\b|@\w"
    r"|\[(?:email|phone|card|account|contact|address|id number)\]",
    re.IGNORECASE,
)


def chosen(opinions: Opinions, language: str) -> list[Said]:
    """Up to two, of different reviews: one of the side that more reviewers take, and one against,
    or else a second. language: quotes in it are preferred."""
    majority = 1 if opinions.positive >= opinions.negative else -1
    ranked = _ranked(opinions.sentences, language)
    for_it = [each for each in ranked if each.sign == majority]
    against = [each for each in ranked if each.sign == -majority]
    first = (for_it or against or ranked)[:1]
    split = bool(opinions.positive and opinions.negative)
    others = against if split and for_it else for_it or ranked
    return first + [each for each in others if _differs(each, first)][: QUOTES_MAX - len(first)]


def _differs(each: Said, quoted: Sequence[Said]) -> bool:
    return all(each.review_id != q.review_id and each.text != q.text for q in quoted)


def _ranked(sentences: Sequence[Said], language: str) -> list[Said]:
    """Those that can be quoted, best first; of equal ones the newest."""
    usable = [each._replace(text=plain(each.text, CHARACTERS_MAX)) for each in sentences]
    usable = [
        each
        for each in usable
        if len(each.text) >= (CHARACTERS_MIN if each.text.isascii() else CHARACTERS_MIN // 2)
        and not _LINK.search(each.text)
    ]
    return sorted(
        usable,
        key=lambda each: (
            each.language != language,
            not each.named,
            each.text.isascii() and len(each.text) < _CHARACTERS_BEST,
        ),
    )
