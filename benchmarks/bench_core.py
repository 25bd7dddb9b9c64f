"""The recommender's core alone, on one core: learning, lists, and what the state weighs.

Learns diginetica's training clicks (or, where the data is not there, simulated sessions of the same
size), then makes lists for sessions drawn at random: one at a time, and in batches of 32.

usage: python benchmarks/bench_core.py [CSV of sessions]
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from harness import report

from shopkeeper.services.recommender.app import Recommender
from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.evaluation.local_cluster import (
    BATCH_EVENTS,
    LocalCluster,
    unhurried,
)
from shopkeeper.services.recommender.evaluation.splits import lines

DATA = Path(__file__).parents[2] / "shared/data/recsys/diginetica/sessions_train.csv.gz"
LISTS = 6_400
WITH_LISTS = 20_000  # events, at the end of the log: teach the blend, so that it ranks


def simulated() -> Iterator[str]:
    chance = np.random.default_rng(1)
    yield "session_id,position,item_id\n"
    for session in range(190_000):
        at = int(chance.zipf(1.3)) % 43_000
        for position in range(2 + int(chance.poisson(2.8))):
            yield f"{session},{position},{at}\n"
            at = (at + int(chance.integers(-3, 4))) % 43_000


def main() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA
    with tempfile.TemporaryDirectory() as folder:
        if not path.exists():
            path = Path(folder) / "simulated.csv"
            path.write_text("".join(simulated()))
        run(path)


def run(path: Path) -> None:
    events = list(lines(path))
    config = unhurried(RecommenderConfig(), "allow")
    LocalCluster(config).learn(
        events[:BATCH_EVENTS], live=False
    )  # loads compiled loops, as a start does
    gc.freeze()  # the log is not the core's
    cluster = LocalCluster(config)
    worker = cluster.worker
    learned = len(events) - WITH_LISTS
    started = time.perf_counter()
    stream = iter(events[:learned])
    while batch := list(islice(stream, BATCH_EVENTS)):
        cluster.learn(batch, live=False)
    learning_s = time.perf_counter() - started
    cluster.settle()
    settled_s = time.perf_counter() - started
    stream = iter(events[learned:])
    while batch := list(islice(stream, BATCH_EVENTS)):
        cluster.learn(batch, live=True)
    cluster.settle()

    sessions: dict[str, list[int]] = {}
    for event in events:
        sessions.setdefault(event.data.session_id, []).append(
            worker.items.number_of[event.data.product_id]
        )
    chance = np.random.default_rng(0)
    every = list(sessions.values())
    recents = []
    for number in chance.integers(len(every), size=LISTS).tolist():
        items = every[number]
        recents.append(
            items[: 1 + int(chance.integers(len(items)))][-config.remembered_items_max :]
        )
    alone = timed(worker, recents[:2_000], 1)
    batches = timed(worker, recents, 32)
    users = len(cluster.interactions[0].sessions.users)
    report(
        "core",
        data=path.name, events=len(events), items=len(worker.items), users=users,
        learned_per_second=round(learned / learning_s),
        learned_and_all_rows_computed_per_second=round(learned / settled_s),
        list_alone_ms_p50=round(float(np.percentile(alone, 50)), 3),
        list_alone_ms_p90=round(float(np.percentile(alone, 90)), 3),
        list_of_32_ms_mean=round(float(np.mean(batches)) / 32, 3),
        blend_ranks=worker.trainer is not None and worker.trainer.trusted(),
        bytes_per_item=round(item_bytes(worker, cluster) / len(worker.items)),
        bytes_per_user=round(len(cluster.interactions[0].snapshot()["sessions"]) / users),
        bytes_per_indexed_session=index_bytes(worker) // len(worker.knowledge.sessions),
    )  # fmt: skip


def timed(worker: Recommender, recents: list[list[int]], size: int) -> list[float]:
    """Milliseconds of each batch of so many lists."""
    found = []
    for start in range(0, len(recents), size):
        batch = recents[start : start + size]
        nothing: list[list[int]] = [[] for _ in batch]
        before = time.perf_counter()
        worker.ranker.rank(batch, nothing, count=20)
        found.append((time.perf_counter() - before) * 1000)
    return found


def item_bytes(worker: Recommender, cluster: LocalCluster) -> int:
    """Counts (pairs and totals), neighbour rows and arrays by item; not the ids' own strings."""
    knowledge = worker.knowledge
    arrays = [
        knowledge.similar_items.row_of,
        knowledge.similar_items.neighbours,
        knowledge.similar_items.scores,
        knowledge.similar_items.counts,
        knowledge.similar_items.classes,
        knowledge.item_counts.n,
        knowledge.sessions.heads,
        knowledge.sessions.heat,
        knowledge.sessions.heat_at,
        knowledge.sessions.returns,
        knowledge.vectors.inputs,
        knowledge.vectors.outputs,
    ]
    arrays += [a for p in cluster.item_pairs for m in p.counts.pairs for a in (m.keys, m.counts)]
    return sum(array.nbytes for array in arrays)


def index_bytes(worker: Recommender) -> int:
    index = worker.knowledge.sessions
    return index.entries.nbytes + index.lengths.nbytes


if __name__ == "__main__":
    main()
