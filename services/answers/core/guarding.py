"""Guards: questions that nothing here may answer, whose answer is a fixed sentence and a person.

A question is guarded where it has a phrase of the pack, or where it reads more like the pack's
examples of such questions than like its other examples, near misses among them. Two nets, since
what slips through the first is what nobody thought of: `ByExamples` puts the vector that a question
is looked up by in any case beside those of the examples.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shopkeeper.shared.contracts.events.answers import Handover
from shopkeeper.shared.text.by_examples import ByExamples
from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.language import detect
from shopkeeper.shared.text.normalisation import normalise
from shopkeeper.shared.text.personal_data import mask

from .plain import plain
from .question import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from shopkeeper.shared.domains.examples import Example
    from shopkeeper.shared.domains.pack import Guard
    from shopkeeper.shared.text.by_examples import Embeds

CHARACTERS_MAX = 600  # of a question that are read: its end as well as its beginning
SUMMARY_CHARACTERS_MAX = 300
LANGUAGES = ("en", "zh")
# As `Guard.false_alarms`, where nothing else answers: there the choice is between the sentence and
# none.
FALSE_ALARMS_UNANSWERED = 0.15
LEAD_MIN = -0.4  # below it a question is like no example, not like a guarded one
REMEMBERED_MAX = 4096  # questions whose leads are known
_GAP = r"[^.?!。？！]{0,60}?"


class Guards:
    """The guards of a pack; none by default. Not to be used by two threads at once."""

    def __init__(
        self,
        guards: Sequence[Guard] = (),
        examples: Iterable[Example] = (),
        encoders: Mapping[str, Embeds] | None = None,
    ) -> None:
        """examples: the pack's own training data. encoders: by language; of one without, words
        alone are compared."""
        self._guards = [(guard, _phrases(guard.phrases)) for guard in guards]
        said, known = list(examples), encoders or {}
        self._likeness = {
            language: found
            for language in LANGUAGES
            if any(guard.intents for guard in guards)
            and (found := _Likeness.of(said, language, guards, known.get(language))) is not None
        }
        self._leads: dict[str, tuple[float, ...]] = {}

    def look_at(self, texts: Sequence[str]) -> None:
        """Have the leads of a whole batch worked out together, before it is asked for."""
        new = [text for text in dict.fromkeys(texts) if text not in self._leads]
        languages = [detect(text) for text in new]
        for language, likeness in self._likeness.items():
            chosen = [text for text, of in zip(new, languages, strict=True) if of == language]
            if chosen:
                self._leads.update(zip(chosen, likeness.leads(chosen), strict=True))
        while len(self._leads) > max(REMEMBERED_MAX, len(texts)):
            del self._leads[next(iter(self._leads))]

    def answers(self, texts: Sequence[str], languages: Sequence[str]) -> list[Answer | None]:
        """Of each the fixed answer of the first guard whose question it is; None of any other.
        languages: that the answers are to be in."""
        if not self._guards:
            return [None] * len(texts)
        self.look_at(texts)
        return [self._of(text, spoken) for text, spoken in zip(texts, languages, strict=True)]

    def answer(self, text: str, language: str) -> Answer | None:
        """`answers`, of one."""
        return self.answers([text], [language])[0]

    def closed(self, text: str, answer: Answer) -> Answer:
        """An answer as it is; where there is none, the sentence of a guard that wants all of those,
        or all that are near to what it guards: what nobody here can answer may well be that."""
        if answer.text is not None or not self._guards:
            return answer
        self.look_at([text])
        for place, (guard, _) in enumerate(self._guards):
            if guard.unanswered is True or (
                guard.unanswered and self._leads_enough(text, place, unanswered=True)
            ):
                said = _handed_over(guard, text, answer.language)
                kept = answer.handover
                return said if kept is None else said._replace(handover=kept)
        return answer

    def _of(self, text: str, language: str) -> Answer | None:
        read = simplified(normalise(text))
        if len(read) > CHARACTERS_MAX:
            read = f"{read[: CHARACTERS_MAX // 2]} {read[-CHARACTERS_MAX // 2 :]}"
        for place, (guard, phrases) in enumerate(self._guards):
            if phrases.search(read) or self._leads_enough(text, place):
                return _handed_over(guard, text, language)
        return None

    def _leads_enough(self, text: str, place: int, *, unanswered: bool = False) -> bool:
        """Whether a text reads like the examples of the guard at this place."""
        leads = self._leads.get(text)
        if leads is None:  # of a language that no example is in
            return False
        limit = self._likeness[detect(text)].limits[place][unanswered]
        return leads[place] > limit


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
    """Examples of one language. columns: those of each guard's intents. limits: of each guard the
    leads from which on a question is its, in any case, and where nothing else answers."""

    learned: ByExamples
    columns: tuple[tuple[int, ...], ...]
    limits: tuple[tuple[float, float], ...]

    @classmethod
    def of(
        cls,
        examples: Sequence[Example],
        language: str,
        guards: Sequence[Guard],
        encoder: Embeds | None,
    ) -> _Likeness | None:
        """None where a language has no examples of both kinds."""
        mine = [each for each in examples if each.language == language]
        labels = sorted({each.intent for each in mine})
        guarded = {intent for guard in guards for intent in guard.intents}
        if not guarded & set(labels) or guarded >= set(labels):
            return None
        learned = ByExamples(
            [each.text for each in mine],
            [labels.index(each.intent) for each in mine],
            len(labels),
            encoder,
        )
        columns: list[tuple[int, ...]] = []
        limits: list[tuple[float, float]] = []
        for guard in guards:
            own = tuple(labels.index(intent) for intent in guard.intents if intent in labels)
            columns.append(own)
            if not own:
                limits.append((np.inf, np.inf))
                continue
            others = learned.left_out.lead(own)[~np.isin(learned.truth, own)]
            unanswered = max(guard.false_alarms, FALSE_ALARMS_UNANSWERED)
            limits.append((_limit(others, guard.false_alarms), _limit(others, unanswered)))
        return cls(learned, tuple(columns), tuple(limits))

    def leads(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        """Of each text, by guard. Of a long one the end counts as well as the whole."""
        ends = [text[-CHARACTERS_MAX // 2 :] for text in texts if len(text) > CHARACTERS_MAX // 2]
        found = self.learned.found([*texts, *ends])
        rows = np.stack(
            [
                found.lead(own) if own else np.full(len(found.scores), -np.inf)
                for own in self.columns
            ],
            axis=1,
        )
        whole = rows[: len(texts)]
        long = [at for at, text in enumerate(texts) if len(text) > CHARACTERS_MAX // 2]
        if long:
            whole[long] = np.maximum(whole[long], rows[len(texts) :])
        return [tuple(row) for row in whole.tolist()]


def _limit(others: NDArray[np.float64], share: float) -> float:
    """The lead that a share of the other examples have."""
    return max(LEAD_MIN, float(np.quantile(others, 1.0 - share)))


def _phrases(phrases: Sequence[str]) -> re.Pattern[str]:
    patterns = []
    for phrase in phrases:
        parts = [part.strip() for part in simplified(normalise(phrase)).split("*")]
        pattern = _GAP.join(re.escape(part) for part in parts if part)
        if pattern.isascii() and pattern:
            pattern = rf"(?<![a-z0-9]){pattern}(?![a-z0-9])"
        patterns.append(pattern)
    return re.compile("|".join(filter(None, patterns)) or r"(?!)")
