"""Recommendation lists published per second by one recommender process at saturation.

It first learns a catalogue's worth of clicks (no lists), then as many fresh clicks are waiting,
each of which makes a list due (LIST_INTERVAL=0).

usage: python benchmarks/bench_lists.py [LISTS]
"""

from __future__ import annotations

import sys
import time

from harness import fresh_topics, publish, report, synthetic_clicks, until_total

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.testing.workers import worker_process

LEARNED = 200_000
OLD_MS = 1_700_000_000_000


def main() -> None:
    lists = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with fresh_topics() as kafka:
        publish(kafka, synthetic_clicks(LEARNED, 5_000, LEARNED // 6, OLD_MS))
        settings = {"CHECKPOINT_INTERVAL": 5, "LOG_LEVEL": "WARNING"}
        with worker_process("recommender", kafka, **settings) as worker:
            until_total(worker, "events_processed_total", LEARNED, topics.CLICKS)
            while worker.total("consumer_lag_messages") > 0:
                time.sleep(0.2)
        # Published while no worker runs, so that it meets them all at once.
        fresh = synthetic_clicks(lists, 5_000, lists // 6, int(time.time() * 1000), seed=2)
        publish(kafka, (e._replace(id=f"fresh-{e.id}") for e in fresh))
        with worker_process("recommender", kafka, ready=False, LIST_AGE_MAX=3600,
                            **settings) as worker:  # fmt: skip
            took, first = until_total(
                worker, "events_produced_total", lists, topics.RECOMMENDATIONS
            )
    report("lists", lists=lists, lists_per_second=round((lists - first) / max(took, 1e-9)))


if __name__ == "__main__":
    main()
