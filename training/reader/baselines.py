"""What reading is held against: `python baselines.py DATA SET PART`, PART being `train` or `dev`.

Exact match and F1 of the whole passage, of its first sentence, and of the sentence that has most of
the question's words by BM25 among the passage's sentences; and how well the share of the question's
words that the passage has tells what is answerable (AUROC).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from questions import rows_of

from shopkeeper.services.answers.core.bm25 import Bm25Index
from shopkeeper.services.answers.core.reading import sentences_of
from shopkeeper.services.answers.core.terms import counts_of, question_ids
from shopkeeper.shared.text.language import detect
from shopkeeper.shared.text.reading.scores import auroc, score


def best_sentence(question: str, passage: str) -> str:
    """By BM25; the first of those with no word of the question."""
    sentences = sentences_of(passage)
    index = Bm25Index()
    names = [str(n) for n in range(len(sentences))]
    index.put(names, [counts_of([(each, 1.0)]) for each in sentences], [0] * len(names))
    found = index.search(question_ids(question), 1).hits
    return sentences[int(found[0][0])] if found else sentences[0]


def covered(question: str, passage: str) -> float:
    """The share of the question's words that the passage has."""
    asked = question_ids(question)
    return float(np.isin(asked, counts_of([(passage, 1.0)]).ids).mean()) if len(asked) else 0.0


def main(data: Path, name: str, part: str) -> None:
    rows = rows_of(data, name, part)
    answered = [row for row in rows if row.answers]
    ways = {
        "passage": lambda row: row.passage,
        "first sentence": lambda row: sentences_of(row.passage)[0],
        "best sentence": lambda row: best_sentence(row.question, row.passage),
    }
    for way, of in ways.items():
        scores = [score(of(row), row.answers, detect(row.passage)) for row in answered]
        print(json.dumps({
            "set": name,
            "baseline": way,
            "em": round(float(np.mean([each.exact for each in scores])), 4),
            "f1": round(float(np.mean([each.f1 for each in scores])), 4),
        }), flush=True)  # fmt: skip
    no = [covered(row.question, row.passage) for row in rows if not row.answers]
    if no:
        yes = [covered(row.question, row.passage) for row in answered]
        print(json.dumps({"set": name, "covered_auroc": round(auroc(yes, no), 4)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
