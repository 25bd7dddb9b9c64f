"""Fits when the answers service answers: the weights and the threshold of core/confidence.py.

    python training/answer_confidence.py DATA

DATA is a folder with public sets: qa/{amazon_qa_appliances,cmrc2018,drcd}/train.jsonl.gz and
intent/{bitext_customer_support,banking77}/train.csv.gz. Only train parts are read.

Each question is asked twice: of everything, and with the entry that answers it taken away. An
answer is right where the right entry comes first. Of the intents' utterances the first is the
title of an entry, the second its text, and others are asked. "FAQ" sets ask half of the words of an
entry's own title. All sets weigh the same.
"""

from __future__ import annotations

import csv
import gzip
import json
import random
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from shopkeeper.services.answers.core.confidence import Overlap, overlap
from shopkeeper.services.answers.core.entries import Entry
from shopkeeper.services.answers.core.ranking import LexicalRanker

WRONG_MAX = 0.05  # of all questions
L2 = 1e-3
NOTHING = Overlap(0, 0, 0, 0, 0)


def entry(name: object, title: str, text: str) -> Entry:
    return Entry(id=str(name), title=title, text=text, kind="faq" if title else "page")


def rows(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        if path.name.endswith(".csv.gz"):
            return list(csv.DictReader(file))
        return [json.loads(line) for line in file]


def outcomes(entries: list[Entry], asked: list[tuple[str, str]]) -> list[tuple[Overlap, bool]]:
    """(overlap, whether right) of each question, asked of all entries and without its own."""
    ranker = LexicalRanker()
    ranker.put(entries)
    by_id = {each.id: each for each in entries}
    found = []
    for question, right in asked:
        ranking = ranker.rank_all([question], 3, [None])[0]
        for hits in (ranking.hits, [hit for hit in ranking.hits if hit.id != right]):
            if not hits:
                found.append((NOTHING, False))
                continue
            first = by_id[hits[0].id]
            seen = overlap(question, first, ranking._replace(hits=hits), ranker.index.idf)
            found.append((seen, hits[0].id == right))
    return found


def passages(folder: Path, field: str, every: int, limit: int) -> list[tuple[Overlap, bool]]:
    read = rows(folder / "train.jsonl.gz")[:limit]
    pool = {text: str(place) for place, text in enumerate({row[field]: 0 for row in read})}
    asked = [(row["question"], pool[row[field]]) for row in read[::every]]
    return outcomes([entry(name, "", text) for text, name in pool.items()], asked)


def frequent(folder: Path, field: str, limit: int) -> list[tuple[Overlap, bool]]:
    """Half of the words of each question, of entries that have question and answer."""
    chance = random.Random(1)
    entries, asked = [], []
    for place, row in enumerate(rows(folder / "train.jsonl.gz")[:limit]):
        question = row["question"]
        units = question.split() if question.isascii() else list(question)
        kept = [unit for unit in units if chance.random() < 0.5] or units
        entries.append(entry(place, question, row[field][:300]))
        asked.append(((" " if question.isascii() else "").join(kept), str(place)))
    return outcomes(entries, asked)


def utterances(path: Path) -> list[tuple[Overlap, bool]]:
    chance = random.Random(0)
    by_intent: dict[str, list[str]] = defaultdict(list)
    for row in rows(path):
        by_intent[row["intent"]].append(row["text"])
    for texts in by_intent.values():
        chance.shuffle(texts)
    entries = [entry(name, texts[0], texts[1]) for name, texts in by_intent.items()]
    return outcomes(entries, [(t, name) for name, texts in by_intent.items() for t in texts[2:14]])


def fitted(features: Any, right: Any, weights: Any) -> Any:
    """Logistic regression by Newton's method. features: (n, 1 + features), the first column 1."""
    coefficients = np.zeros(features.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-features @ coefficients))
        gradient = features.T @ (weights * (p - right)) + L2 * coefficients
        curvature = (features * (weights * p * (1 - p))[:, None]).T @ features
        coefficients -= np.linalg.solve(curvature + L2 * np.eye(len(coefficients)), gradient)
    return coefficients


def auroc(scores: Any, right: Any) -> float:
    order = scores.argsort(kind="stable")
    places = np.empty(len(scores))
    places[order] = np.arange(1, len(scores) + 1)
    positives = right.sum()
    return float(
        (places[right].sum() - positives * (positives + 1) / 2)
        / (positives * (len(right) - positives))
    )


def main() -> None:
    data = Path(sys.argv[1])
    qa, intent = data / "qa", data / "intent"
    sets = {
        "amazon": passages(qa / "amazon_qa_appliances", "answer", 1, 800),
        "cmrc": passages(qa / "cmrc2018", "context", 4, 10_000),
        "drcd": passages(qa / "drcd", "context", 4, 10_000),
        "faq en": frequent(qa / "amazon_qa_appliances", "answer", 600),
        "faq zh": frequent(qa / "cmrc2018", "context", 600),
        "bitext": utterances(intent / "bitext_customer_support" / "train.csv.gz"),
        "banking": utterances(intent / "banking77" / "train.csv.gz"),
    }
    names = [name for name, found in sets.items() for _ in found]
    features = np.array([[1.0, *seen] for found in sets.values() for seen, _ in found])
    right = np.array([right for found in sets.values() for _, right in found])
    weights = np.array([1 / len(sets[name]) for name in names])
    coefficients = fitted(features, right, weights)
    scores = 1 / (1 + np.exp(-features @ coefficients))
    order = (-scores).argsort(kind="stable")
    wrong = np.cumsum((weights * ~right)[order]) / weights.sum()
    last = int(np.searchsorted(wrong, WRONG_MAX, side="right")) - 1
    threshold = float(scores[order][max(last, 0)])
    print("WEIGHTS =", tuple(round(float(c), 2) for c in coefficients))
    print("THRESHOLD =", round(threshold, 2))
    for name in (*sets, "all"):
        chosen = np.array([name in (each, "all") for each in names])
        share, given = weights * chosen, scores >= threshold
        total = share.sum()
        print(
            f"{name:8} AUROC {auroc(scores[chosen], right[chosen]):.3f}"
            f"  first right {(share * right).sum() / total:.3f}"
            f"  answered right {(share * (right & given)).sum() / total:.3f}"
            f"  answered wrong {(share * (~right & given)).sum() / total:.3f}"
        )


if __name__ == "__main__":
    main()
