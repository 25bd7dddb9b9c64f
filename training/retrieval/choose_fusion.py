"""How BM25 and cosines are added: recall@1 / MRR on what was kept for choosing.

    python choose_fusion.py en MODELS DATA [QUESTIONS]

QUESTIONS: at most so many of each source (200). An answer of the same entry of our own counts.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from pairs import Pair, pairs

from shopkeeper.services.answers.core.entries import Entry
from shopkeeper.services.answers.core.ranking import LexicalRanker
from shopkeeper.shared.text.embedder import Embedder, load_embedders

WHOLE_POOL = ("own_faq", "cmrc", "drcd")  # of the others the answers of what is kept


def scores(questions: list[str], pool: list[str]) -> np.ndarray:
    """(questions, pool): BM25 over its bound."""
    ranker = LexicalRanker()
    ranker.put([Entry(id=str(n), title="", text=text, kind="page") for n, text in enumerate(pool)])
    found = np.zeros((len(questions), len(pool)))
    rankings = ranker.rank_all(questions, len(pool), [None] * len(questions))
    for row, ranking in zip(found, rankings, strict=True):
        for hit in ranking.hits:
            row[int(hit.id)] = hit.score / ranking.bound
    return found


def told(ranked: np.ndarray, gold: np.ndarray) -> str:
    """recall@1 / MRR; of equals half are before."""
    own = np.where(gold, ranked, -1e9).max(1, keepdims=True)
    before = (ranked > own).sum(1) + ((ranked == own) & ~gold).sum(1) / 2
    return f"{(before == 0).mean():.3f}/{(1 / (1 + before)).mean():.3f}"


def standard(found: np.ndarray) -> np.ndarray:
    return (found - found.mean(1, keepdims=True)) / (found.std(1, keepdims=True) + 1e-9)


def report(embedder: Embedder, source: str, found: list[Pair], most: int) -> None:
    kept = [pair for pair in found if pair.is_kept][:most]
    pool = list(dict.fromkeys(p.answer for p in (found if source in WHOLE_POOL else kept)))
    group = {pair.answer: pair.group for pair in found}
    gold = np.array(
        [
            [a == p.answer or (source.startswith("own") and group[a] == p.group) for a in pool]
            for p in kept
        ]
    )
    questions = [pair.question for pair in kept]
    words = scores(questions, pool)
    cosines = embedder.vectors(questions) @ embedder.vectors(pool).T
    print(f"{source}: {len(kept)} questions, pool {len(pool)}")
    print("  words", told(words, gold), " vectors", told(cosines, gold))
    for share in (0.3, 0.5, 0.7):
        both = (1 - share) * standard(words) + share * standard(cosines)
        print(f"  z-scores, vectors {share}:", told(both, gold))
    for weight in (0.1, 0.2, 0.3, 0.4, 0.6, 0.8):
        for square in (0.0, 1.0, 2.0, 4.0, 8.0):
            both = cosines + weight * words + square * words**2
            print(f"  cosine + {weight} s + {square} s^2:", told(both, gold), flush=True)


def main() -> None:
    language, models, data = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    most = int(sys.argv[4]) if len(sys.argv) > 4 else 200
    embedder = load_embedders(models)[language]
    by_source: dict[str, list[Pair]] = {}
    for pair in pairs(data, language):
        by_source.setdefault(pair.source, []).append(pair)
    for source, found in by_source.items():
        report(embedder, source, found, most)


if __name__ == "__main__":
    main()
