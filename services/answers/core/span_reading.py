"""Answers out of pages: the sentences in which a span model finds the answer.

A bare span is seldom an answer ("30 days"), the sentence around it is ("You can return any item
within 30 days of delivery."), and it can be checked against its source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from .reading import ANSWER_CHARACTERS_MAX, Quote, sentences_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.text.reading.reader import Span

    from .entries import Entry
    from .reading import Reader

SENTENCES_WHOLE = 2  # an entry of no more is its own answer
SENTENCE_CHARACTERS_MIN = 12  # of a shorter one ("Yes.") the next belongs to it
ANSWERABLE_MIN = 0.1  # below it a span is a guess, and a longer quote the better answer


class SpanModel(Protocol):
    """Finds spans; `shared/text/reading` has it."""

    def read_all(self, asked: Sequence[tuple[str, str]]) -> list[Span | None]:
        """Of each question and passage; None where it cannot read the passage's language."""
        ...


class SpanQuotes:
    """A `Reader` for entries of many sentences; what it does not read, another one reads."""

    def __init__(self, model: SpanModel, otherwise: Reader) -> None:
        self._model, self._otherwise = model, otherwise

    def read_all(self, asked: Sequence[tuple[str, Entry]]) -> list[Quote]:
        """Of pages and rules the sentences of the answer; frequent questions' answers, and entries
        of two sentences or fewer, as the other reader does.

        `answerable` is of each entry in a language that the model reads, short ones as well.
        """
        quotes = self._otherwise.read_all(asked)
        spans = self._model.read_all([(question, entry.text) for question, entry in asked])
        for at, ((_, entry), span) in enumerate(zip(asked, spans, strict=True)):
            if span is None or span.begin == span.end:
                continue
            text = quotes[at].text
            sentences = [] if entry.kind == "faq" else sentences_of(entry.text)
            if len(sentences) > SENTENCES_WHOLE and span.answerable >= ANSWERABLE_MIN:
                text = around(sentences, span.begin, span.end)
            quotes[at] = Quote(text, span.answerable)
        return quotes


def around(sentences: Sequence[str], begin: int, end: int) -> str:
    """The sentences of the characters from `begin` to before `end`, which are not none; of very
    long ones, the `ANSWER_CHARACTERS_MAX` characters around those."""
    text = "".join(sentences)
    first = last = at = 0  # where the answer begins and ends
    for sentence in sentences:
        if at <= begin:
            first = at
        at += len(sentence)
        last = at
        if at >= end and len(text[first:at].strip()) >= SENTENCE_CHARACTERS_MIN:
            break
    if last - first > ANSWER_CHARACTERS_MAX:
        # As much before the words as after them, as far as the sentences go.
        spare = max(0, ANSWER_CHARACTERS_MAX - (end - begin)) // 2
        first = max(first, min(begin - spare, last - ANSWER_CHARACTERS_MAX))
        last = first + ANSWER_CHARACTERS_MAX
    return text[first:last].strip()
