"""Click to list: measured by a subscriber, from the moment the click was to be sent.

Open loop (open_loop.py): clicks are due at fixed times whether or not earlier ones were answered.
Broker, worker, sender and subscriber share this machine.

usage: python benchmarks/bench_latency.py [CLICKS_PER_SECOND] [SECONDS]
"""

from __future__ import annotations

import sys
import time

import numpy as np
import orjson
from harness import fresh_topics, publish, report, synthetic_clicks, until_total
from open_loop import Sent, answered, keyed

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.testing.workers import worker_process

LEARNED = 50_000
OLD_MS = 1_700_000_000_000
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
    with fresh_topics() as kafka:
        publish(kafka, synthetic_clicks(LEARNED, 5_000, LEARNED // 6, OLD_MS))
        with worker_process(
            "recommender", kafka, CHECKPOINT_INTERVAL=5, LOG_LEVEL="WARNING"
        ) as worker:
            until_total(worker, "events_processed_total", LEARNED, topics.CLICKS)
            while worker.total("consumer_lag_messages") > 0:
                time.sleep(0.2)
            time.sleep(3)
            clicks = clicks_of(rate, seconds)
            answers = answered(kafka, topics.CLICKS, "product.clicked.v1", clicks)
    report(
        "latency",
        clicks_per_second=rate,
        seconds=seconds,
        lists=len(answers.latencies_ms),
        lists_expected=len(clicks),
        latency_ms_p50=answers.percentile(50),
        latency_ms_p90=answers.percentile(90),
        latency_ms_p99=answers.percentile(99),
        latency_ms_max=answers.percentile(100),
        sender_late_ms_max=answers.late_ms,
    )


if __name__ == "__main__":
    main()
