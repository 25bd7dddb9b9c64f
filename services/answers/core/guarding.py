"""Guards: questions that nothing here may answer, whose answer is a fixed sentence and a person.

A question is guarded where it has a phrase of the pack, or where it reads more like the pack's
examples of such questions than like its other examples. Two nets, since what slips through the
first is what nobody thought of: naive Bayes on words and their pairs (Manning, Raghavan, Schütze
2008, chapter 13) learns in milliseconds from some hundred texts, when the service starts.
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
SMOOTHING = 2.0  # texts that a term is thought to be in as often as in all examples
LEAN = math.log(2.0)  # by how much the guarded examples have to fit better than the others
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
                return _handed_over(guard, text, language)
        return None

    def closed(self, text: str, answer: Answer) -> Answer:
        """An answer as it is; where there is none, the sentence of a guard that wants all of those:
        what nobody here can answer may well be what it guards."""
        if answer.text is not None:
            return answer
        guard = next((guard for guard, _, _ in self._guards if guard.unanswered), None)
        if guard is None:
            return answer
        said = _handed_over(guard, text, answer.language)
        return said if answer.handover is None else said._replace(handover=answer.handover)


def _handed_over(guard: Guard, text: str, language: str) -> Answer:
    summary = mask(plain(text))[:SUMMARY_CHARACTERS_MAX]
    return Answer(
        guard.of(language),
        1.0,
        "person",
        language,
        final=True,
        handover=Handover(reason="unanswered", summary=summary),
    )


class _Likeness(NamedTuple):
    """Log odds of terms between guarded and other examples."""

    odds: Mapping[str, float]

    @classmethod
    def of(cls, examples: Sequence[tuple[str, str]], intents: frozenset[str]) -> _Likeness | None:
        """None where there are no examples of both."""
        counts: tuple[Counter[str], Counter[str]] = Counter(), Counter()
        texts = [0, 0]
        for text, intent in examples:
            texts[intent in intents] += 1
            counts[intent in intents].update(set(_terms(simplified(normalise(text)))))
        if not intents or not all(texts):
            return None
        odds = {}
        for name in counts[0].keys() | counts[1].keys():
            overall = (counts[0][name] + counts[1][name]) / sum(texts)
            # Towards how often it comes at all: where one kind has few examples, what they lack
            # tells little.
            rest, guarded = (
                (found[name] + SMOOTHING * overall) / (count + SMOOTHING)
                for found, count in zip(counts, texts, strict=True)
            )
            odds[name] = math.log(guarded / rest)
        return cls(odds)

    def has(self, read: str) -> bool:
        """Whether a text reads like the guarded examples."""
        terms = set(_terms(read))
        known = [self.odds[term] for term in terms if term in self.odds]
        if len(known) < max(2.0, KNOWN_MIN * len(terms)):
            return False
        return sum(known) > LEAN


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
