"""Questions with passages, of the shared sets, as pieces; `select` is kept for choosing.

A part is chosen by its passage, so that no passage is in two parts. `dev` is opened for the report
alone.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "encoder"))
from export import vocabulary_of

from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.reading.windows import QUESTION_PIECES_MAX, kinds_of
from shopkeeper.shared.text.wordpiece import Placed, WordPiece

SELECT_OF = 12
SETS = {"zh": ("cmrc2018", "drcd"), "en": ("subjqa_products",)}
ANSWERS = "amazon_qa_appliances"  # English; passages are put together of its answers
OTHERS = 5  # wrong passages that are kept for a question: those that have most of its words
TOGETHER = (3, 7)  # answers of one product in a passage, at least and below
TELLING = (25, 200)  # characters of an answer: "Yes." could be anybody's, an essay is no answer


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


def lines(path: Path) -> Iterator[dict]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def rows_of(data: Path, source: str, part: str) -> list[Row]:
    """The rows of one set: part is `train` or `dev`."""
    found = []
    for row in lines(data / "qa" / source / f"{part}.jsonl.gz"):
        answers = row["answers"] if "answers" in row else [row["answer"]] * row["answerable"]
        start = row["answer_start"]
        span = (start, start + len(answers[0])) if answers else None
        found.append(Row(row["question"], row["context"], span, source, row["id"], answers))
    return found


def put_together(data: Path, part: str, seed: int = 0) -> list[Row]:
    """Answers of customers, some of one product in a row, as a passage for one of its questions."""
    chance = np.random.default_rng(seed)
    of_product: dict[str, list[dict]] = {}
    for row in lines(data / "qa" / ANSWERS / f"{part}.jsonl.gz"):
        of_product.setdefault(row["asin"], []).append(row)
    found = []
    for product, rows in of_product.items():
        order = chance.permutation(len(rows))
        size = int(chance.integers(*TOGETHER))
        for first in range(0, len(order), size):
            some = [rows[n] for n in order[first : first + size]]
            if len(some) < 2:
                continue
            passage, spans = "", []
            for row in some:
                text = " ".join(row["answer"].split())
                text += "" if text.endswith((".", "!", "?")) else "."
                passage += " " * bool(passage)
                spans.append((len(passage), len(passage) + len(text)))
                passage += text
            told = [
                Row(row["question"], passage, (begin, end), ANSWERS, product, [passage[begin:end]])
                for row, (begin, end) in zip(some, spans, strict=True)
                if TELLING[0] <= end - begin < TELLING[1]
            ]
            found += told[:1]
    return found


def is_selected(passage: str) -> bool:
    return int(hashlib.md5(passage.encode()).hexdigest(), 16) % SELECT_OF == 0


class Reading:
    """Turns rows into pieces of one vocabulary."""

    def __init__(self, language: str, tokens: Path) -> None:
        """tokens: the base model's file of its tokenizer."""
        self.words = WordPiece(vocabulary_of(tokens).split("\n"), language == "en")
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
            count = Counter(term for each in terms for term in each)
            weight = {term: math.log1p(len(texts) / n) for term, n in count.items()}
            having: dict[object, list[int]] = {}
            for number, each in enumerate(terms):
                for term in each:
                    having.setdefault(term, []).append(number)
            for each in ours:
                if each.answer is None:
                    continue
                scores = np.zeros(len(texts))
                for term in _terms(each.question):
                    scores[having.get(term, [])] += weight.get(term, 0.0)
                answer = each.row.passage[slice(*each.row.span)]
                wrong = [
                    texts[n]
                    for n in np.argsort(-scores, kind="stable")[: 4 * OTHERS].tolist()
                    if texts[n] != each.row.passage and answer not in texts[n]
                ]
                for text in wrong[:OTHERS]:
                    ids = self._passage(text).ids
                    each.others.append(Other(text, ids, kinds_of(each.question, ids)))


def _terms(ids: list[int]) -> set[object]:
    return {*ids, *pairwise(ids)}


def parts(data: Path, language: str, tokens: Path) -> tuple[dict[str, list[Read]], Reading]:
    """`train` and `select`."""
    reading = Reading(language, tokens)
    rows = [row for source in SETS[language] for row in rows_of(data, source, "train")]
    if language == "en":
        rows += put_together(data, "train")
    found: dict[str, list[Read]] = {"train": [], "select": []}
    for row in rows:
        read = reading.read(row)
        if row.span and read.answer is None:
            continue
        found["select" if is_selected(row.passage) else "train"].append(read)
    reading.with_others(found["train"])
    return found, reading
