"""Guards: questions that nothing here may answer, whose answer is a fixed sentence and a person.

A question is guarded where it has a phrase of the pack, or where it reads more like the pack's
examples of such questions than like its other examples. Two nets, since what slips through the
first is what nobody thought of: multinomial naive Bayes on words and their pairs (Manning,
Raghavan, Schütze 2008, chapter 13) learns in milliseconds from some hundred texts, when the
service starts.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from shopkeeper.shared.contracts.events.answers import Handover
from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.normalisation import normalise
from shopkeeper.shared.text.personal_data import mask

from .plain import plain
from .question import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from shopkeeper.shared.domains.pack import Guard

CHARACTERS_MAX = 600  # of a question that are read: its end as well as its beginning
SUMMARY_CHARACTERS_MAX = 300
SMOOTHING = 0.5
LEAN = math.log(2.0)  # it is guarded unless the other examples fit twice as well
KNOWN_MIN = 0.5  # share of a question's terms that examples have, below which they tell nothing
_LATIN = re.compile(r"[a-z0-9']+")
_HAN = re.compile(r"[\u3400-\u9fff]+")
_GAP = r"[^.?!。？！]{0,60}?"


class Guards:
    """The guards of a pack; none by default."""

    def __init__(
        self, guards: Sequence[Guard] = (), examples: Iterable[tuple[str, str]] = ()
    ) -> None:
        """examples: (text, intent) of the pack's own training data."""
        said = list(examples)
        self._guards = [
            (guard, _phrases(guard.phrases), _Likeness.of(said, frozenset(guard.intents)))
            for guard in guards
        ]

    def answer(self, text: str, language: str) -> Answer | None:
        """The fixed answer of the first guard whose question this is; None for any other text."""
        if not self._guards:
            return None
        read = simplified(normalise(text))
        if len(read) > CHARACTERS_MAX:
            read = f"{read[: CHARACTERS_MAX // 2]} {read[-CHARACTERS_MAX // 2 :]}"
        for guard, phrases, likeness in self._guards:
            if phrases.search(read) or (likeness is not None and likeness.has(read)):
                summary = mask(plain(text))[:SUMMARY_CHARACTERS_MAX]
                return Answer(
                    guard.zh if language == "zh" else guard.en,
                    1.0,
                    "person",
                    language,
                    final=True,
                    handover=Handover(reason="unanswered", summary=summary),
                )
        return None


class _Likeness(NamedTuple):
    """Log odds of terms between guarded and other examples."""

    odds: Mapping[str, float]

    @classmethod
    def of(cls, examples: Sequence[tuple[str, str]], intents: frozenset[str]) -> _Likeness | None:
        """None where there are no examples of both."""
        counts: tuple[Counter[str], Counter[str]] = Counter(), Counter()
        for text, intent in examples:
            counts[intent in intents].update(_terms(simplified(normalise(text))))
        if not intents or not all(counts):
            return None
        names = counts[0].keys() | counts[1].keys()
        totals = [each.total() + SMOOTHING * len(names) for each in counts]
        odds = {
            name: math.log((counts[1][name] + SMOOTHING) / totals[1])
            - math.log((counts[0][name] + SMOOTHING) / totals[0])
            for name in names
        }
        return cls(odds)

    def has(self, read: str) -> bool:
        """Whether a text reads like the guarded examples."""
        terms = list(_terms(read))
        known = [self.odds[term] for term in terms if term in self.odds]
        if len(known) < max(2.0, KNOWN_MIN * len(terms)):
            return False
        return sum(known) + LEAN > 0


def _terms(read: str) -> Iterator[str]:
    """Words and pairs of words; of Chinese, pairs of characters."""
    words = _LATIN.findall(read)
    yield from words
    yield from (f"{one} {other}" for one, other in pairwise(words))
    for run in _HAN.findall(read):
        yield from (run[at : at + 2] for at in range(max(1, len(run) - 1)))


def _phrases(phrases: Sequence[str]) -> re.Pattern[str]:
    patterns = []
    for phrase in phrases:
        parts = [part.strip() for part in simplified(normalise(phrase)).split("*")]
        pattern = _GAP.join(re.escape(part) for part in parts if part)
        if pattern.isascii() and pattern:
            pattern = rf"(?<![a-z0-9]){pattern}(?![a-z0-9])"
        patterns.append(pattern)
    return re.compile("|".join(filter(None, patterns)) or r"(?!)")
