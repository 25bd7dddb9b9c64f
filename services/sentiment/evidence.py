"""What the text of a review gives to go by: words, signs without words, or nothing at all.

A model that was trained on sentences says something of every text, of "N/A" and of "..." too. A
text without a word, and a stock phrase, is no opinion: there the rating counts. Signs (emoji,
emoticons, "10/10", "five stars") speak where there is no rating.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from shopkeeper.shared.text.emoji import EMOTICONS, FEELINGS
from shopkeeper.shared.text.normalisation import TEXT_CHARACTERS_MAX, clean, is_plain

from .stock_phrases import is_stock_phrase

POLARITY_MAX = 2


class Evidence(NamedTuple):
    """kind, and what signs say: -1 (very bad) to 1 (very good)."""

    kind: Literal["words", "signs", "nothing"]
    value: float = 0.0


WORDS, NOTHING = Evidence("words"), Evidence("nothing")

_LETTER = re.compile(r"[^\W\d_]")
_SCORE = re.compile(r"(\d{1,3}(?:[.,]\d)?)\s*/\s*(5|10|100)")
# Three of ⭐ and more are a score of five; one may be a decoration, and counts as an emoji.
_STARS = re.compile("([★⭐🌟]{3,5})☆{0,2}|(★{1,5})☆{1,4}")
# The same in words, and nothing but that.
_STAR_WORDS = re.compile(
    r"(?P<n>[1-5]|one|two|three|four|five|[一二两三四五１-５])\s*[- ]?(?:stars?|颗星|顆星|个星|星)"
    r"(?P<kind>好评|好評|差评|差評|中评|中評| rating| review)?",
    re.IGNORECASE,
)
_STAR_NUMBERS = {
    **{word: n for n, word in enumerate(("one", "two", "three", "four", "five"), 1)},
    **{word: n for n, word in enumerate("一二三四五", 1)},
    "两": 2,
}
_STAR_WORDS_CHARACTERS = 20


def of(text: str, stock_phrases: frozenset[str] = frozenset()) -> Evidence:
    """What a review's text gives to go by. stock_phrases: a shop's own, each `spelled`."""
    if len(text) > TEXT_CHARACTERS_MAX and _LETTER.search(text):
        return WORDS
    if not is_plain(text):
        text = clean(text)
    if not _LETTER.search(text) or text.strip() in EMOTICONS:
        return _signs(text)
    if len(text) <= _STAR_WORDS_CHARACTERS:
        stars = _STAR_WORDS.fullmatch(text.strip(" .!,~。"))
        if stars is not None:
            number = _STAR_NUMBERS.get(stars["n"].lower()) or int(stars["n"])
            return Evidence("signs", (number - 3) / 2)
    return NOTHING if is_stock_phrase(text, stock_phrases) else WORDS


def _signs(text: str) -> Evidence:
    """Of a text without letters: a score, stars, or the mean of its emoji and emoticons."""
    if score := _SCORE.fullmatch(text.strip(" .!")):
        given, best = float(score[1].replace(",", ".")), int(score[2])
        return Evidence("signs", 2 * given / best - 1) if given <= best else NOTHING
    if stars := _STARS.fullmatch("".join(text.split())):
        return Evidence("signs", (len(stars[1] or stars[2]) - 3) / 2)
    found = [FEELINGS[sign].polarity for sign in text if sign in FEELINGS]
    found += [EMOTICONS[word] for word in text.split() if word in EMOTICONS]
    return Evidence("signs", sum(found) / (POLARITY_MAX * len(found))) if found else NOTHING
