"""From the text of a review to what it says of which aspect, and the clause that shows it.

A word that is an opinion of one aspect ("flimsy", 好吃) says both. One that names an aspect
("battery", 味道) takes the nearest opinion of its clause. Where it finds none, and only there, the
sentiment model is asked about the clause: `read` hands such clauses out, so that a batch of reviews
costs one call, and `settle` takes the answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from shopkeeper.shared.contracts.events.sentiment import ASPECTS
from shopkeeper.shared.text.normalisation import clean, is_plain

from .words import (
    CHINESE,
    CONTRAST,
    ELSEWHERE,
    ENGLISH,
    NEGATION,
    NO_ASPECT,
    NOUN,
    OPEN,
    POLAR,
    SPEED,
    STOP,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from .words import Found, Lexicon

CHARACTERS_MAX: Final = 2000  # of a review are read
ASKED_MAX: Final = 3  # clauses of a review about which the model is asked
QUOTE_MAX: Final = 80  # characters
# How sure words are: their precision on reviews labelled afresh, both languages. On those to
# develop with it was 0.89.
SURE_WORD: Final = 0.68
SURE_PAIR: Final = 0.68
REACH_MAX: Final = 8  # units between a noun and its opinion
FRAGMENT_MAX: Final = {"en": 4, "zh": 7}  # units of a clause that names an aspect and says no more
WHOLE_MAX: Final = {"en": 14, "zh": 24}  # units of a text that is asked about as a whole
MARGIN_MIN: Final = 0.5  # of positive over negative or the other way, to believe the model
NOT_OF_WORKS: Final = frozenset(ASPECTS.index(a) for a in ("battery", "fit", "taste"))
TELLING: Final = 1 << NOUN | 1 << POLAR | 1 << OPEN  # kinds of words without which nothing is said
CONTENT, EASE = ASPECTS.index("content"), ASPECTS.index("ease")
DELIVERY, PERFORMANCE = ASPECTS.index("delivery"), ASPECTS.index("performance")
OF_WORKS: Final = NOT_OF_WORKS | {PERFORMANCE, EASE}  # what a book or film changes


class Said(NamedTuple):
    """aspect: place in ASPECTS. sign: 1 or -1. score: how sure, 0 to 1. quote: the clause."""

    aspect: int
    sign: int
    score: float
    quote: str


class Open(NamedTuple):
    """An aspect that is named, what to ask the model about, and the clause."""

    aspect: int
    text: str
    clause: str


class Reading(NamedTuple):
    """What a text says for certain, and what only the model can tell."""

    said: list[Said]
    asked: list[Open]


class Clause(NamedTuple):
    """kinds: of its words, a bit for each."""

    words: list[Found]
    start: int
    end: int
    kinds: int


def read(text: str, language: str) -> Reading:
    """Linear in the first CHARACTERS_MAX characters; of another language than en and zh, empty."""
    lexicon = {"en": ENGLISH, "zh": CHINESE}.get(language)
    if lexicon is None:
        return Reading([], [])
    text = text[:CHARACTERS_MAX]
    if not is_plain(text):
        text = clean(text)
    lower = text.lower()
    if len(lower) != len(text):
        text = lower  # a few letters grow when small: places must agree
    units: Sequence[str] = lexicon.split(lower)
    said: list[Said] = []
    asked: list[Open] = []
    spans: list[tuple[int, int]] = []
    clauses = _clauses(units, lexicon)
    for place, clause in enumerate(clauses):
        if clause.kinds & 1 << ELSEWHERE or not clause.kinds & TELLING:
            continue
        following = clauses[place + 1] if place + 1 < len(clauses) else None
        found, without = _judge(clause, lexicon, following)
        if found or without:
            start, end = clause.start, clause.end
            if lexicon.unit is not None:
                spans = spans or [match.span() for match in lexicon.unit.finditer(lower)]
                start, end = spans[start][0], spans[end - 1][1]
            quote = text[start:end].strip()[:QUOTE_MAX]
            said += [Said(aspect, sign, score, quote) for aspect, sign, score in found]
            if clause.end - clause.start <= FRAGMENT_MAX[language]:
                about = text if len(units) <= WHOLE_MAX[language] else quote
                asked += [Open(aspect, about, quote) for aspect in without]
    if SPEED in [each.aspect for each in said]:
        speed = PERFORMANCE if lexicon.devices.search(text) else DELIVERY
        said = [each._replace(aspect=speed) if each.aspect == SPEED else each for each in said]
    asked = [each for each in asked if each.aspect != SPEED]
    if any(each.aspect in OF_WORKS for each in said) and lexicon.works.search(lower):
        said = [_of_a_work(each) for each in said if each.aspect not in NOT_OF_WORKS]
    known = {each.aspect for each in said}
    return Reading(
        _distinct(said), [each for each in asked if each.aspect not in known][:ASKED_MAX]
    )


def settle(reading: Reading, rows: Sequence[NDArray[np.float32]]) -> list[Said]:
    """All that is said. rows: (negative, neutral, positive) of the clauses asked about."""
    said = list(reading.said)
    for each, row in zip(reading.asked, rows, strict=True):
        margin = float(row[2] - row[0])
        if abs(margin) >= MARGIN_MIN:
            said.append(Said(each.aspect, 1 if margin > 0 else -1, abs(margin), each.clause))
    return _distinct(said)


def _of_a_work(said: Said) -> Said:
    """Of a book or film, what performs is its content."""
    return said._replace(aspect=CONTENT) if said.aspect in (PERFORMANCE, EASE) else said


def _distinct(said: list[Said]) -> list[Said]:
    """The surest of each aspect and sign; ties go to the first."""
    best: dict[tuple[int, int], Said] = {}
    for each in said:
        known = best.get(each[:2])
        if known is None or each.score > known.score:
            best[each[:2]] = each
    return list(best.values())


def _clauses(units: Sequence[str], lexicon: Lexicon) -> list[Clause]:
    """Parts between marks and contrasts that have words of the lexicon, and where they stand."""
    clauses: list[Clause] = []
    held: list[Found] = []
    start = kinds = 0
    for found in lexicon.find(units):
        kind = found.word.kind
        if kind not in (STOP, CONTRAST):
            held.append(found)
            kinds |= 1 << kind
            continue
        if held:
            clauses.append(Clause(held, start, found.start, kinds))
            held, kinds = [], 0
        start = found.end if kind == STOP else found.start
    if held:
        clauses.append(Clause(held, start, len(units), kinds))
    return clauses


def _judge(
    clause: Clause, lexicon: Lexicon, following: Clause | None
) -> tuple[list[tuple[int, int, float]], list[int]]:
    """([(aspect, sign, how sure)], aspects named without an opinion)."""
    opinions = _opinions(clause.words, lexicon.reach)
    nouns: list[Found] = []
    if clause.kinds & 1 << NOUN:
        nouns = [found for found in clause.words if found.word.kind == NOUN]
    said = [(o.word.aspect, sign, SURE_WORD) for o, sign in opinions if o.word.kind == POLAR]
    free = [(o, sign) for o, sign in opinions if o.word.kind == OPEN]
    without: list[int] = []
    for noun in nouns:
        aspect = noun.word.aspect
        if any(known == aspect for known, _, _ in said):
            continue
        near = [each for each in free if _distance(noun, each[0]) <= REACH_MAX]
        if near:
            _, sign = min(near, key=lambda each: _distance(noun, each[0]))
            said.append((aspect, sign, SURE_PAIR))
        elif lexicon is CHINESE and following is not None and not said:
            said += _from(aspect, following, lexicon) or []
            if not said:
                without.append(aspect)
        elif not said:
            without.append(aspect)
    if not nouns:
        said += [(o.word.aspect, sign, SURE_PAIR) for o, sign in free if o.word.aspect != NO_ASPECT]
    return said, without


def _from(aspect: int, clause: Clause, lexicon: Lexicon) -> list[tuple[int, int, float]]:
    """味道，很好: an aspect whose opinion is the next clause, where that names none itself."""
    if clause.kinds & (1 << NOUN | 1 << POLAR) or clause.end - clause.start > 6:
        return []
    opinions = _opinions(clause.words, lexicon.reach)
    return [(aspect, opinions[0][1], SURE_PAIR)] if opinions else []


def _opinions(words: list[Found], reach: int) -> list[tuple[Found, int]]:
    """Opinions with their signs, turned round by a negation before them."""
    opinions = []
    negation: Found | None = None
    for found in words:
        kind = found.word.kind
        if kind == NEGATION:
            negation = found
        elif kind in (POLAR, OPEN):
            sign = found.word.sign
            if negation is not None and found.start - negation.end < reach:
                sign = -sign
                negation = None
            opinions.append((found, sign))
    return opinions


def _distance(noun: Found, opinion: Found) -> int:
    if opinion.start >= noun.end:
        return opinion.start - noun.end
    return noun.start - opinion.end
