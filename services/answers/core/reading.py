"""From an entry to the words that answer: the whole of a short one, sentences of a long one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from .terms import counts_of, question_ids

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from .entries import Entry

ANSWER_CHARACTERS_MAX = 600
_SENTENCE = re.compile(
    r"[^.!?;。！？；]+(?:[.!?;。！？；]+(?=\s|$|[\u3400-\u9fff\"')])|$)|.", re.DOTALL
)


class Quote(NamedTuple):
    """Words of an entry. answerable: how likely the entry answers at all, 0 to 1; None: unknown."""

    text: str
    answerable: float | None = None


class Reader(Protocol):
    """Finds the words of an entry that answer a question."""

    def read_all(self, asked: Sequence[tuple[str, Entry]]) -> list[Quote]:
        """Of each question and entry a quote of the entry's text. Not empty."""
        ...


def sentences_of(text: str) -> list[str]:
    """A text's sentences with their marks and the space before them: put together, the text."""
    found = [""]
    for sentence in _SENTENCE.findall(text):
        if sentence.strip() and found[-1].strip():
            found.append(sentence)
        else:
            found[-1] += sentence
    return found if found[0] else []


class SentenceReader:
    """The run of whole sentences that has most of the question's words, near the length limit."""

    def __init__(self, idf: Callable[[NDArray[np.int64]], NDArray[np.float64]]) -> None:
        """idf: how telling terms are."""
        self._idf = idf

    def read_all(self, asked: Sequence[tuple[str, Entry]]) -> list[Quote]:
        """The entry's text where it is short; of a frequent question's answer, its beginning."""
        return [Quote(self._read(question, entry)) for question, entry in asked]

    def _read(self, question: str, entry: Entry) -> str:
        text = entry.text
        if len(text) <= ANSWER_CHARACTERS_MAX:
            return text
        sentences = sentences_of(text)
        first = 0 if entry.kind == "faq" else self._best(question, sentences)
        answer = ""
        for sentence in sentences[first:]:
            if answer and len(answer) + len(sentence) > ANSWER_CHARACTERS_MAX:
                break
            answer += sentence
        return answer[:ANSWER_CHARACTERS_MAX].strip() or text[:ANSWER_CHARACTERS_MAX]

    def _best(self, question: str, sentences: list[str]) -> int:
        asked = question_ids(question)
        weights = self._idf(asked)
        scores = [
            float(weights[np.isin(asked, counts_of([(each, 1.0)]).ids)].sum()) for each in sentences
        ]
        return int(np.argmax(scores)) if scores else 0
