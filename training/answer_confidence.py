"""Fits when the answers service answers: the weights and thresholds of core/confidence.py.

    python training/answer_confidence.py DATA [MODEL_DIR]

DATA is a folder with public sets: qa/{amazon_qa_appliances,cmrc2018,drcd}/
train.jsonl.gz and intent/{bitext_customer_support,banking77}/train.csv.gz; beside them our own
questions of data/faq_own.jsonl. Only train parts are read, and of those that the encoders were
fitted to, only what they have not seen (retrieval/pairs.py).

Each question is asked twice: of everything, and with the entry that answers it taken away. An
answer is right where an entry that answers comes first. Of the intents' utterances the first is the
title of an entry, the second its text, and others are asked. "FAQ" sets ask half of the words of an
entry's own title. All sets of a language weigh the same. One fit per encoder, and one for words
alone. At last the route itself is asked, at the thresholds that the code has: half of the entries
are taken away in turn, so that each question is asked with its entry and without; with what
core/shop_matters.py makes of matters, and as if questions were about none.
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

from shopkeeper.services.answers.core import knowledge_route
from shopkeeper.services.answers.core.confidence import Overlap, overlap
from shopkeeper.services.answers.core.entries import Entry
from shopkeeper.services.answers.core.fused import FusedRanker
from shopkeeper.services.answers.core.knowledge_base import KnowledgeBase
from shopkeeper.services.answers.core.question import Question
from shopkeeper.shared.text.embedder import load_embedders

sys.path.insert(0, str(Path(__file__).parent / "retrieval"))
from pairs import Pair, own, pairs

WRONG_MAX = 0.05  # of all questions
L2 = 1e-3
NOTHING = Overlap(0, 0, 0, 0, 0)
SEEN_UTTERANCES = 60  # of each intent, by the encoders
ASKED_MAX = 600


def entry(name: object, title: str, text: str) -> Entry:
    return Entry(id=str(name), title=title, text=text, kind="faq" if title else "page")


def rows(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        if path.name.endswith(".csv.gz"):
            return list(csv.DictReader(file))
        return [json.loads(line) for line in file]


class Asking:
    """Asks one way of ranking."""

    def __init__(self, embedders: dict[str, Any], language: str) -> None:
        """embedders: none for words alone. language: of the questions, in which all sets are."""
        self._embedders = embedders if language in embedders else {}

    def outcomes(
        self, entries: list[Entry], asked: list[tuple[str, str]]
    ) -> list[tuple[Overlap, bool]]:
        """(overlap, whether right) of each question, asked of all entries and without its own."""
        ranker = FusedRanker(self._embedders)
        ranker.put(entries)
        ranker.catch_up()
        by_id = {each.id: each for each in entries}
        found = []
        questions = [question for question, _ in asked]
        rankings = ranker.rank_all(questions, 3, [None] * len(asked))
        for (question, right), ranking in zip(asked, rankings, strict=True):
            for hits in (ranking.hits, [hit for hit in ranking.hits if hit.id != right]):
                if not hits:
                    found.append((NOTHING, False))
                    continue
                first = by_id[hits[0].id]
                seen = overlap(question, first, ranking._replace(hits=hits), ranker.index.idf)
                found.append((seen, hits[0].id == right))
        return found


def passages(kept: list[Pair], pool: list[Pair]) -> tuple[list[Entry], list[tuple[str, str]]]:
    """Questions and texts without a title."""
    number = {text: str(n) for n, text in enumerate(dict.fromkeys(pair.answer for pair in pool))}
    asked = [(pair.question, number[pair.answer]) for pair in kept[:ASKED_MAX]]
    return [entry(name, "", text) for text, name in number.items()], asked


def titled(kept: list[Pair], pool: list[Pair]) -> tuple[list[Entry], list[tuple[str, str]]]:
    """Frequent questions with their answers, asked in other words."""
    groups: dict[str, list[Pair]] = defaultdict(list)
    for pair in pool:
        groups[pair.group].append(pair)
    entries = [entry(name, of[0].question, of[0].answer) for name, of in groups.items()]
    asked = {(p.question, p.group) for p in kept if p.question != groups[p.group][0].question}
    return entries, sorted(asked)


def frequent(kept: list[Pair]) -> tuple[list[Entry], list[tuple[str, str]]]:
    """Half of the words of each question, of entries that have question and answer."""
    chance = random.Random(1)
    entries, asked = [], []
    for place, pair in enumerate(kept[:ASKED_MAX]):
        question = pair.question
        units = question.split() if question.isascii() else list(question)
        part = [unit for unit in units if chance.random() < 0.5] or units
        entries.append(entry(place, question, pair.answer[:300]))
        asked.append(((" " if question.isascii() else "").join(part), str(place)))
    return entries, asked


def utterances(path: Path) -> tuple[list[Entry], list[tuple[str, str]]]:
    """Two utterances of an intent as an entry, others asked."""
    chance = random.Random(0)
    by_intent: dict[str, list[str]] = defaultdict(list)
    for row in rows(path):
        by_intent[row["intent"]].append(row["text"])
    asked = []
    entries = []
    for name, texts in by_intent.items():
        chance.shuffle(texts)
        unseen = texts[SEEN_UTTERANCES:]
        if len(unseen) > 2:
            entries.append(entry(name, unseen[0], unseen[1]))
            asked += [(text, name) for text in unseen[2:12]]
    return entries, asked


def fitted(features: Any, right: Any, weights: Any) -> Any:
    """Logistic regression by Newton's method. features: (n, 1 + features), the first column 1."""
    coefficients = np.zeros(features.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-features @ coefficients))
        gradient = features.T @ (weights * (p - right)) + L2 * coefficients
        curvature = (features * (weights * p * (1 - p))[:, None]).T @ features
        coefficients -= np.linalg.solve(curvature + L2 * np.eye(len(coefficients)), gradient)
    return coefficients


def not_negative(features: Any, right: Any, weights: Any) -> Any:
    """The same, where more of a feature never makes less sure: features that would are left out,
    the worst first."""
    used = list(range(features.shape[1]))
    while True:
        found = fitted(features[:, used], right, weights)
        worst = min(range(1, len(used)), key=lambda n: found[n])
        if found[worst] >= 0:
            break
        del used[worst]
    coefficients = np.zeros(features.shape[1])
    coefficients[used] = found
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


def sets_of(data: Path, language: str) -> dict[str, tuple[list[Entry], list[tuple[str, str]]]]:
    """By name, entries and what is asked of them."""
    by_source: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs(data, language):
        by_source[pair.source].append(pair)
    kept = {name: [p for p in found if p.is_kept] for name, found in by_source.items()}
    ours = own(language)
    answers = {pair.group: pair.answer for pair in reversed(ours)}  # one of each entry
    one = [pair for pair in ours if pair.answer == answers[pair.group]]
    found = {
        "own answers": passages([pair for pair in one if pair.is_kept], one),
        "own titles": titled(kept["own_faq"], ours),
    }
    if language == "en":
        found["amazon"] = passages(kept["amazon"], kept["amazon"])
        found["faq"] = frequent(kept["amazon"])
        for name in ("bitext_customer_support", "banking77"):
            found[name[:7]] = utterances(data / "intent" / name / "train.csv.gz")
    else:
        found["cmrc"] = passages(kept["cmrc"], by_source["cmrc"])
        found["drcd"] = passages(kept["drcd"], by_source["drcd"])
        found["faq"] = frequent(kept["cmrc"])
    return found


def fit(sets: dict[str, list[tuple[Overlap, bool]]], name: str) -> None:
    """Print weights, threshold and figures. name: of the encoder's language."""
    names = [each for each, found in sets.items() for _ in found]
    features = np.array([[1.0, *seen] for found in sets.values() for seen, _ in found])
    right = np.array([right for found in sets.values() for _, right in found])
    weights = np.array([1 / len(sets[each]) for each in names])
    coefficients = not_negative(features, right, weights)
    scores = 1 / (1 + np.exp(-features @ coefficients))
    order = (-scores).argsort(kind="stable")
    wrong = np.cumsum((weights * ~right)[order]) / weights.sum()
    last = int(np.searchsorted(wrong, WRONG_MAX, side="right")) - 1
    threshold = float(scores[order][max(last, 0)])
    print(f'WEIGHTS["{name}"] =', tuple(round(float(c), 2) for c in coefficients))
    print(f'THRESHOLDS["{name}"] =', round(threshold, 2))
    for each in (*sets, "all"):
        chosen = np.array([each in (one, "all") for one in names])
        share, given = weights * chosen, scores >= threshold
        total = share.sum()
        print(
            f"{each:12} AUROC {auroc(scores[chosen], right[chosen]):.3f}"
            f"  first right {(share * right).sum() / total:.3f}"
            f"  answered right {(share * (right & given)).sum() / total:.3f}"
            f"  answered wrong {(share * (~right & given)).sum() / total:.3f}",
            flush=True,
        )


def answered(
    embedders: dict[str, Any], entries: list[Entry], asked: list[tuple[str, str]], language: str
) -> tuple[float, float]:
    """Shares of questions that the route answers right and wrong, of those asked of either half."""
    right = wrong = 0
    for half in (0, 1):
        ranker = FusedRanker(embedders)
        knowledge = KnowledgeBase(ranker, len(entries))
        knowledge.change({each.id: each for each in entries[half::2]})
        ranker.catch_up()
        route = knowledge_route.KnowledgeRoute(knowledge, ranker)
        questions = [Question(text) for text, _ in asked]
        answers = route.answer_all(questions, [language] * len(asked))
        for answer, (_, name) in zip(answers, asked, strict=True):
            if answer.sources:
                right += answer.sources[0].id == name
                wrong += answer.sources[0].id != name
    return right / (2 * len(asked)), wrong / (2 * len(asked))


def ask_the_route(embedders: dict[str, Any], sets: dict[str, Any], language: str) -> None:
    """Print what the route answers, with matters and without."""
    matters_of = knowledge_route.matters_of
    for name, matters in (("with matters", matters_of), ("without", lambda _: frozenset())):
        knowledge_route.matters_of = matters  # type: ignore[assignment]
        shares = {each: answered(embedders, *of, language) for each, of in sets.items()}
        shares["all"] = tuple(np.mean(list(shares.values()), axis=0))
        for each, (right, wrong) in shares.items():
            print(
                f"{language} {name:12} {each:12} right {right:.3f}  wrong {wrong:.3f}", flush=True
            )
    knowledge_route.matters_of = matters_of


def main() -> None:
    data = Path(sys.argv[1])
    embedders = load_embedders(sys.argv[2] if len(sys.argv) > 2 else "")
    sets = {language: sets_of(data, language) for language in ("en", "zh")}
    every = {}
    for language, found in sets.items():
        words = Asking({}, language)
        every |= {f"{language} {name}": words.outcomes(*each) for name, each in found.items()}
        if language in embedders:
            both = Asking(embedders, language)
            fit({name: both.outcomes(*each) for name, each in found.items()}, language)
    fit(every, "")
    for language, found in sets.items():
        ask_the_route(embedders, found, language)


if __name__ == "__main__":
    main()
