"""From an entry to the words that answer: the whole of a short one, sentences of a long one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

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


class Reader(Protocol):
    """Finds the words of an entry that answer a question; a span model is another one."""

    def read_all(self, asked: Sequence[tuple[str, Entry]]) -> list[str]:
        """Of each question and entry a quote of the entry's text. Not empty."""
        ...


class SentenceReader:
    """The run of whole sentences that has most of the question's words, near the length limit."""

    def __init__(self, idf: Callable[[NDArray[np.int64]], NDArray[np.float64]]) -> None:
        """idf: how telling terms are."""
        self._idf = idf

    def read_all(self, asked: Sequence[tuple[str, Entry]]) -> list[str]:
        """The entry's text where it is short; of a frequent question's answer, its beginning."""
        return [self._read(question, entry) for question, entry in asked]

    def _read(self, question: str, entry: Entry) -> str:
        text = entry.text
        if len(text) <= ANSWER_CHARACTERS_MAX:
            return text
        sentences = [s for s in _SENTENCE.findall(text) if s.strip()]
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
