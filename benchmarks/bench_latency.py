"""Click to list: measured by a subscriber, from the moment the click was to be sent.

Open loop (open_loop.py): clicks are due at fixed times whether or not earlier ones were answered.
Broker, worker, sender and subscriber share this machine.

usage: python benchmarks/bench_latency.py [CLICKS_PER_SECOND] [SECONDS]
"""

from __future__ import annotations

import sys

import numpy as np
import orjson
from harness import cpu_s, report
from open_loop import Sent, answered, keyed, learned_worker

from shopkeeper.shared.contracts import topics

USERS = 5_000


def clicks_of(rate: float, seconds: float) -> list[Sent]:
    """Clicks of random users on random items, evenly apart."""
    chance = np.random.default_rng(3)
    count = int(rate * seconds)
    users, items = chance.integers(USERS, size=count), chance.integers(5000, size=count)
    return [
        keyed(
            index / rate,
            f"user-{user}",
            orjson.dumps({"product_id": f"item-{item}", "user_id": f"user-{user}"}),
        )
        for index, (user, item) in enumerate(zip(users.tolist(), items.tolist(), strict=True))
    ]


def main() -> None:
    rate = float(sys.argv[1]) if len(sys.argv) > 1 else 1000.0
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 60.0
    with learned_worker() as (kafka, worker):
        clicks = clicks_of(rate, seconds)
        used_s = cpu_s(worker)
        answers = answered(kafka, topics.CLICKS, "product.clicked.v1", clicks)
        used_s = cpu_s(worker) - used_s
    report(
        "latency",
        clicks_per_second=rate,
        seconds=seconds,
        lists=len(answers.latencies_ms),
        lists_expected=len(clicks),
        worker_cpu_ms_per_list=round(used_s * 1000 / max(1, len(answers.latencies_ms)), 3),
        latency_ms_p50=answers.percentile(50),
        latency_ms_p90=answers.percentile(90),
        latency_ms_p99=answers.percentile(99),
        latency_ms_p99_9=answers.percentile(99.9),
        latency_ms_max=answers.percentile(100),
        sender_late_ms_max=answers.late_ms,
    )


if __name__ == "__main__":
    main()
