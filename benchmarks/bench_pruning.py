"""What dropping pairs costs and saves: pairs kept, recall of rows, quality on a hold-out.

Learns a file of sessions but its last tenth, with pairs dropped by each rule, and compares with
exact counts. Rules: BOUND:DELTA as in core/pruning.py, `exact`, and, to compare with, `singles`:
pairs seen once that were there when last looked are dropped.

usage: python benchmarks/bench_pruning.py FILE [--blend] [--interval N] [--partitions N] [RULE...]
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from harness import report
from numpy.typing import NDArray

from shopkeeper.services.recommender.app import Recommender
from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.counting.cooccurrence import ItemPartition
from shopkeeper.services.recommender.core.ranking.ranker import Ranker
from shopkeeper.services.recommender.evaluation.local_cluster import (
    BATCH_EVENTS,
    LISTS_MAX,
    LIVE_BATCH_EVENTS,
    LocalCluster,
    unhurried,
)
from shopkeeper.services.recommender.evaluation.next_item import predict
from shopkeeper.services.recommender.evaluation.splits import split_of

HOLD_OUT = 0.1
BYTES_PER_PAIR = 12
RULES = (
    "pairs:0.01", "pairs:0.9", "sessions:0.01", "sessions:0.5",
    "chernoff:0.001", "chernoff:0.01", "chernoff:0.1", "singles",
)  # fmt: skip


class Singles(ItemPartition):
    """Drops pairs seen once that are older than one interval."""

    def __init__(self, config: RecommenderConfig, worker: Recommender, interval: int) -> None:
        super().__init__(config, worker.items)
        self._interval = interval
        self._before: NDArray[np.int64] = np.zeros(0, np.int64)  # seen once, when last looked

    def _prune_when_due(self, taken: int) -> None:
        due = (self.folded + taken) // self._interval > self.folded // self._interval
        self.folded += taken
        if due:
            self.merge()
            for pairs in self.pairs[:1]:
                old = (pairs.counts == 1) & np.isin(pairs.keys, self._before, kind="sort")
                pairs.keep(~old)
                self.pruned += int(old.sum())
                self._before = pairs.keys[pairs.counts == 1]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("rules", nargs="*", default=RULES)
    parser.add_argument("--blend", action="store_true", help="and lists by the blend: slower")
    parser.add_argument("--interval", type=int, default=500_000, help="entries between prunings")
    parser.add_argument("--partitions", type=int, default=1)
    parser.add_argument("--repeats", choices=("allow", "forbid"), default="allow")
    options = parser.parse_intermixed_args()
    exact = None
    for rule in ("exact", *options.rules):
        figures, worker = run(rule, options)
        rows = rows_of(worker)
        exact = exact or rows
        found = [len(rows.get(item, set()) & best) / len(best) for item, best in exact.items()]
        report("pruning", data=options.file.parent.name, rule=rule, **figures,
               recall_of_rows=round(float(np.mean(found)), 4))  # fmt: skip


def run(rule: str, options: argparse.Namespace) -> tuple[dict[str, Any], Recommender]:
    bound, _, delta = rule.partition(":")
    config = replace(unhurried(RecommenderConfig(), options.repeats), blend=options.blend)
    if delta:
        config = replace(
            config, pruning_bound=bound, pruning_delta=float(delta),
            pruning_interval_entries=options.interval,
        )  # fmt: skip
    split = split_of(options.file, None, HOLD_OUT)
    events = list(split.learned())
    cluster = LocalCluster(config, partitions=options.partitions)
    worker = cluster.worker
    if bound == "singles":
        for processor in cluster.item_pairs:
            processor.count_into(Singles(config, worker, options.interval))
    folded = [processor.counts for processor in cluster.item_pairs]
    size = BATCH_EVENTS if options.partitions == 1 else LIVE_BATCH_EVENTS
    lists_from = len(events) - LISTS_MAX if options.blend else len(events)
    stream, count, peak = iter(events), 0, 0
    started = time.perf_counter()
    while batch := list(islice(stream, size)):
        cluster.learn(batch, live=count + len(batch) > lists_from)
        count += len(batch)
        peak = max(peak, sum(len(m) for each in folded for m in each.pairs))
    learned = time.perf_counter()
    cluster.settle()
    pairs = sum(len(m) for each in folded for m in each.pairs)
    figures: dict[str, Any] = {
        "blend": options.blend, "interval": options.interval, "partitions": options.partitions,
        "repeats": options.repeats, "events": len(events), "pairs": pairs, "pairs_most": peak,
        "megabytes": round(pairs * BYTES_PER_PAIR / 1e6, 2),
        "pruned": sum(each.pruned for each in folded),
        "learn_seconds": round(learned - started, 1),
    }  # fmt: skip
    train_items = len(worker.items)
    plain = Ranker(config, worker.items, worker.knowledge)
    for name, ranker in (("", worker.ranker), ("_without_blend", plain)):
        if ranker is plain and not options.blend:
            continue
        worker.ranker = ranker
        tally, _ = predict(worker, split.tasks(worker), options.repeats, "all")
        quality = tally.figures(train_items)
        figures |= {f"{key}{name}": quality[key] for key in ("HR@20", "MRR@20", "coverage@20")}
    return figures, worker


def rows_of(worker: Recommender) -> dict[str, set[str]]:
    """The neighbours of every item, by name."""
    view, names = worker.knowledge.similar_items, worker.items.product_ids
    rows = {}
    for item in np.flatnonzero(view.row_of[: len(names)] >= 0).tolist():
        neighbours = view.neighbours[view.row_of[item]]
        if best := {names[other] for other in neighbours[neighbours >= 0].tolist()}:
            rows[names[item]] = best
    return rows


if __name__ == "__main__":
    main()
