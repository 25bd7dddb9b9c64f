"""Questions and passages as pieces of one vocabulary, with wrong passages beside them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.reading.windows import QUESTION_PIECES_MAX, kinds_of
from shopkeeper.shared.text.wordpiece import Placed, WordPiece

OTHERS = 5  # wrong passages that are kept for a question: those that have most of its words


@dataclass
class Row:
    """A question and a passage. span: of the answer among the passage's characters."""

    question: str
    passage: str
    span: tuple[int, int] | None
    source: str
    id: str = ""
    answers: list[str] = field(default_factory=list)  # all that are right


class Other(NamedTuple):
    """A wrong passage, and what its pieces are to the question."""

    text: str
    ids: list[int]
    kinds: list[int]


@dataclass
class Read:
    """A row as pieces. answer: first and last piece of the answer; None: it has none."""

    row: Row
    question: list[int]
    passage: Placed
    kinds: list[int]
    answer: tuple[int, int] | None
    others: list[Other] = field(default_factory=list)


class Reading:
    """Turns rows into pieces of one vocabulary."""

    def __init__(self, language: str, vocabulary: Sequence[str]) -> None:
        self.words = WordPiece(vocabulary, language == "en")
        self.marks = self.words.first, self.words.last
        self._passages: dict[str, Placed] = {}

    def read(self, row: Row) -> Read:
        question = self.words.placed(simplified(row.question)).ids[:QUESTION_PIECES_MAX]
        passage = self._passage(row.passage)
        answer = None
        if row.span:
            begin, end = row.span
            inside = [
                n
                for n, (b, e) in enumerate(zip(passage.begins, passage.ends, strict=True))
                if e > begin and b < end
            ]
            answer = (inside[0], inside[-1]) if inside else None
        return Read(row, question, passage, kinds_of(question, passage.ids), answer)

    def _passage(self, text: str) -> Placed:
        if text not in self._passages:
            self._passages[text] = self.words.placed(simplified(text))
        return self._passages[text]

    def with_others(self, found: list[Read]) -> None:
        """Give each answered question the wrong passages of its set that have most of its words."""
        for source in {each.row.source for each in found}:
            ours = [each for each in found if each.row.source == source]
            texts = sorted({each.row.passage for each in ours})
            terms = [_terms(self._passage(text).ids) for text in texts]
            count = Counter(term for one in terms for term in one)
            weight = {term: math.log1p(len(texts) / n) for term, n in count.items()}
            having: dict[object, list[int]] = {}
            for number, one in enumerate(terms):
                for term in one:
                    having.setdefault(term, []).append(number)
            for each in ours:
                if each.answer is None or each.row.span is None:
                    continue
                scores = np.zeros(len(texts))
                for term in _terms(each.question):
                    scores[having.get(term, [])] += weight.get(term, 0.0)
                answers = each.row.passage[slice(*each.row.span)], *each.row.answers
                wrong = [
                    texts[n]
                    for n in np.argsort(-scores, kind="stable")[: 4 * OTHERS].tolist()
                    if texts[n] != each.row.passage and not any(a in texts[n] for a in answers)
                ]
                for text in wrong[:OTHERS]:
                    ids = self._passage(text).ids
                    each.others.append(Other(text, ids, kinds_of(each.question, ids)))


def _terms(ids: list[int]) -> set[object]:
    return {*ids, *pairwise(ids)}
