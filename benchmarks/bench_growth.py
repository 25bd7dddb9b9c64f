"""What a click costs as users and items grow: one recommender process, counts, views, checkpoints.

For each size the same number of clicks, in sessions of six on neighbouring items of Zipf-like
popularity, two thousand of which run at a time; users take turns. One of `--lists-every` clicks is
of now, so that a list is published for it; the others are old: learned, no lists. Everything is
published beforehand; there are as many partitions as keep all users (100,000 each).

Seconds are of the worker's processor time, from its first click until counts, views and
checkpoints have settled, without what it took to start. On the embedded broker, which writes all
of its log every five seconds, millions of clicks share the machine with that; TEST_BROKER=kafka
has no such neighbour.

usage: python benchmarks/bench_growth.py [--clicks 1000000] [--lists-every 75]
       [--sizes 10000x20000,1000000x200000]    (users x items)
prints: one JSON object a size, then the last one's cost over the first one's
"""

from __future__ import annotations

import argparse
import math
import time
from typing import TYPE_CHECKING

import numpy as np
from harness import PARTITIONS, cpu_s, fresh_topics, publish, report, rss_mb, tell, until_total

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.readers import ShopEvent
from shopkeeper.shared.testing.workers import worker_process

if TYPE_CHECKING:
    from collections.abc import Iterator

OLD_MS = 1_700_000_000_000
USERS_PER_PARTITION = 90_000  # a partition remembers 100,000, and keys do not fall evenly
SESSION_CLICKS, RUNNING = 6, 2_000
STRIDE = 7_919  # a prime: all users have their turn
LIST_AGE_MAX_S = 3_600


def clicks_of(count: int, users: int, items: int, lists_every: int) -> Iterator[ShopEvent]:
    """The clicks, a millisecond apart but for those of now."""
    chance = np.random.default_rng(1)
    block = SESSION_CLICKS * RUNNING
    now_ms = int(time.time() * 1000)
    for start in range(0, count, block):
        owners = chance.permutation(np.repeat(np.arange(RUNNING), SESSION_CLICKS))
        centres = (chance.pareto(1.2, RUNNING) * items / 50).astype(np.int64) % items
        steps = chance.integers(-8, 9, block)
        for place in range(min(block, count - start)):
            session = start // SESSION_CLICKS + int(owners[place])
            user = f"user-{session * STRIDE % users}"
            item = (int(centres[owners[place]]) + int(steps[place])) % items
            data = {"product_id": f"item-{item}", "user_id": user, "session_id": f"s-{session}"}
            number = start + place
            time_ms = OLD_MS + number if number % lists_every else now_ms
            yield ShopEvent(
                topics.CLICKS, "product.clicked.v1", user, data, time_ms, f"growth-{number}"
            )


def measured(count: int, users: int, items: int, lists_every: int) -> float:
    """Report one size; returns processor seconds per million clicks."""
    partitions = max(PARTITIONS, math.ceil(users / USERS_PER_PARTITION))
    settings = {
        "CHECKPOINT_INTERVAL": 5, "LOG_LEVEL": "WARNING", "LIST_AGE_MAX": LIST_AGE_MAX_S,
    }  # fmt: skip
    with fresh_topics(partitions=partitions) as kafka:
        tell(f"{count} clicks of {users} users on {items} items, {partitions} partitions")
        with worker_process("recommender", kafka, **settings) as worker:
            started_s = cpu_s(worker)
        publish(kafka, clicks_of(count, users, items, lists_every))
        with worker_process("recommender", kafka, ready=False, **settings) as worker:
            took, first = until_total(worker, "events_processed_total", count, topics.CLICKS)
            while worker.total("consumer_lag_messages") > 0:
                time.sleep(0.2)
            time.sleep(2 * settings["CHECKPOINT_INTERVAL"])  # what changed last is checkpointed
            spent_s = cpu_s(worker) - started_s
            lists = worker.metrics().get(
                ("shopkeeper_events_produced_total", (("topic", topics.RECOMMENDATIONS),)), 0.0
            )
            kept = worker.metrics().get(("shopkeeper_state_entries", (("table", "users"),)), 0.0)
            memory = rss_mb(worker)
    cost = spent_s / count * 1e6
    report(
        "growth", clicks=count, users=users, items=items, partitions=partitions,
        users_kept=int(kept), learned_per_second=round((count - first) / max(took, 1e-9)),
        lists=int(lists), lists_per_second=round(lists / max(took, 1e-9)),
        cpu_s_per_million=round(cost, 1), rss_mb=round(memory),
    )  # fmt: skip
    return cost


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clicks", type=int, default=1_000_000)
    parser.add_argument("--lists-every", type=int, default=75)
    parser.add_argument("--sizes", default="10000x20000,1000000x200000")
    arguments = parser.parse_args()
    sizes = [tuple(map(int, size.split("x"))) for size in arguments.sizes.split(",")]
    costs = [
        measured(arguments.clicks, users, items, arguments.lists_every) for users, items in sizes
    ]
    report("growth_ratio", last_over_first=round(costs[-1] / costs[0], 2))


if __name__ == "__main__":
    main()
