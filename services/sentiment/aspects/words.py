"""The words of both languages, looked up unit by unit: a unit is a word, or a Chinese character."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from shopkeeper.shared.contracts.events.sentiment import ASPECTS

from . import lexicon_en, lexicon_zh

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

NOUN, POLAR, OPEN, NEGATION, NOTHING, CONTRAST, ELSEWHERE, STOP = range(8)
NO_ASPECT = -1
# "Fast" is delivery in a review of a dinner and performance in one of a telephone.
SPEED = len(ASPECTS)
_NUMBERS = {name: number for number, name in enumerate((*ASPECTS, "speed"))} | {"-": NO_ASPECT}


class Word(NamedTuple):
    """What a word is. aspect: its place in ASPECTS, or NO_ASPECT. sign: 1, -1, or 0."""

    kind: int
    aspect: int = NO_ASPECT
    sign: int = 0


class Found(NamedTuple):
    """A word where it stands, in units."""

    word: Word
    start: int
    end: int


class Lexicon:
    """The words of one language. `find` is linear in the units."""

    def __init__(self, words: ModuleType, unit: str | None, reach: int, stops: str) -> None:
        """unit: a pattern; None stands for characters. reach: how many units a negation may stand
        before what it turns. stops: units between clauses."""
        self.unit = None if unit is None else re.compile(unit)
        self.reach = reach
        self.devices = re.compile(_any(words.DEVICES))
        self.works = re.compile(_any(words.WORKS))
        self._words: dict[Sequence[str], Word] = {}
        for text, kind, sign in (
            (words.NOUNS, NOUN, 0),
            (words.POSITIVE, POLAR, 1),
            (words.NEGATIVE, POLAR, -1),
            (words.OPEN_POSITIVE, OPEN, 1),
            (words.OPEN_NEGATIVE, OPEN, -1),
            ("-: " + _one_line(words.NOT_BAD), OPEN, 1),
            ("-: " + _one_line(words.NEGATIONS), NEGATION, 0),
            ("-: " + _one_line(words.NO_NEGATIONS), NOTHING, 0),
            ("-: " + _one_line(words.CONTRASTS), CONTRAST, 0),
            ("-: " + _one_line(words.ELSEWHERE), ELSEWHERE, 0),
        ):
            for aspect, phrase in _phrases(text):
                units = self.split(phrase)
                for each in (units, self._plural(units)):
                    # A word given twice means what is said of it first.
                    self._words.setdefault(each, Word(kind, aspect, sign))
        for stop in stops:
            self._words[stop if unit is None else (stop,)] = Word(STOP)
        lengths: dict[Sequence[str], set[int]] = {}
        for known in self._words:
            if len(known) > 1:
                lengths.setdefault(known[:2], set()).add(len(known))
        # First two units -> how many units their phrases have, the longest first. Two, since most
        # Chinese characters begin some word.
        self._sizes = {first: sorted(found, reverse=True) for first, found in lengths.items()}
        self._single = {known[0]: word for known, word in self._words.items() if len(known) == 1}
        self._firsts = {known[0] for known in self._words}

    def split(self, text: str) -> Sequence[str]:
        """Units: of equal type for every text, and so are their slices, which can be looked up."""
        return text if self.unit is None else tuple(self.unit.findall(text))

    def _plural(self, units: Sequence[str]) -> Sequence[str]:
        return units if self.unit is None else (*units[:-1], units[-1] + "s")

    def find(self, units: Sequence[str]) -> list[Found]:
        """The words in their order, the longest first, none overlapping."""
        found = []
        sizes, words, single, firsts = self._sizes.get, self._words.get, self._single, self._firsts
        end = 0
        for place, unit in enumerate(units):
            if unit not in firsts or place < end:
                continue
            for size in sizes(units[place : place + 2], ()):
                word = words(units[place : place + size])
                if word is not None:
                    end = min(place + size, len(units))
                    found.append(Found(word, place, end))
                    break
            else:
                if unit in single:
                    end = place + 1
                    found.append(Found(single[unit], place, end))
        return found


def _one_line(text: str) -> str:
    return ",".join(line for line in text.split("\n") if line)


def _any(text: str) -> str:
    """A pattern of any of the words."""
    return "|".join(re.escape(each.strip()) for each in _one_line(text).split(","))


def _phrases(text: str) -> Iterator[tuple[int, str]]:
    for line in text.strip().split("\n"):
        aspect, _, phrases = line.partition(":")
        number = _NUMBERS[aspect]
        for phrase in phrases.split(","):
            if phrase := phrase.strip():
                yield number, phrase


_STOPS = ".!?;,()[]/\n。！？；，：（）、…~～&+"
ENGLISH = Lexicon(lexicon_en, r"[a-z0-9]+(?:'[a-z]+)?|[^\sa-z0-9'\"\-]", 5, _STOPS)
CHINESE = Lexicon(lexicon_zh, None, 3, _STOPS + " \t\u3000")
