"""Questions answered per second from many entries, on one thread, without a broker.

    python benchmarks/bench_answers.py [ENTRIES]

Entries and questions are made of words drawn by Zipf's law, half English-like, half Chinese; prints
milliseconds a question (time of the thread, so that a busy machine counts less) and what it takes
to add a batch of 250 entries.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from shopkeeper.services.answers.core.answerer import Answerer
from shopkeeper.services.answers.core.attributes.route import CatalogueRoute
from shopkeeper.services.answers.core.entries import Entry
from shopkeeper.services.answers.core.knowledge_base import KnowledgeBase
from shopkeeper.services.answers.core.knowledge_route import KnowledgeRoute
from shopkeeper.services.answers.core.product_table import ProductTable
from shopkeeper.services.answers.core.question import Question
from shopkeeper.services.answers.core.ranking import LexicalRanker

BATCH, QUESTIONS = 250, 500
WORDS, CHARACTERS = 50_000, 3_000


def texts(random: np.random.Generator, count: int, length: int) -> list[str]:
    found = []
    for number in range(count):
        if number % 2:
            drawn = np.minimum(random.zipf(1.15, length), WORDS)
            found.append(" ".join(f"w{word:x}" for word in drawn))
        else:
            drawn = np.minimum(random.zipf(1.15, 2 * length), CHARACTERS)
            found.append("".join(chr(0x4E00 + word) for word in drawn))
    return found


def main() -> None:
    entries_max = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    random = np.random.default_rng(1)
    ranker = LexicalRanker()
    knowledge = KnowledgeBase(ranker, entries_max)
    batches = []
    for first in range(0, entries_max, BATCH):
        titles, bodies = texts(random, BATCH, 8), texts(random, BATCH, 50)
        entries = {
            str(first + n): Entry(id=str(first + n), title=title, text=body, kind="faq")
            for n, (title, body) in enumerate(zip(titles, bodies, strict=True))
        }
        started = time.thread_time()
        knowledge.change(entries)
        batches.append(time.thread_time() - started)
    answerer = Answerer([CatalogueRoute(ProductTable(1))], KnowledgeRoute(knowledge, ranker))
    seconds = []
    for text in texts(random, QUESTIONS, 8):
        started = time.thread_time()
        answerer.answer(Question(text))
        seconds.append(time.thread_time() - started)
    for name, values in (("question", seconds), (f"batch of {BATCH}", batches)):
        p50, p99, most = 1000 * np.quantile(values, (0.5, 0.99, 1.0))
        print(f"{len(knowledge)} entries, ms a {name}: p50 {p50:.1f} p99 {p99:.1f} max {most:.1f}")


if __name__ == "__main__":
    main()
