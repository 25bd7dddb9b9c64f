"""Clicks learned per second by one recommender process, beside a stock Faust agent.

One million clicks are published beforehand to 4 partitions. Ours reads them with everything on:
decoding, repeats, sessions, pair deltas through the broker and back, counts, views, checkpoints.
The stock agent only does `table[product] += 1` (memory store) on the same topic, and is stopped
after a sample. Both in one run, one after the other, nothing beside them.

usage: python benchmarks/bench_clicks.py [CLICKS] [SECONDS_OF_STOCK]
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from harness import fresh_topics, publish, report, rss_mb, synthetic_clicks, until_total

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.testing.workers import worker_process

OLD_MS = 1_700_000_000_000  # older than LIST_AGE_MAX: learned, no lists


def stock_rate(bootstrap: str, topic: str, seconds: float) -> float:
    """Events per second of the stock agent, from its own progress lines."""
    script = Path(__file__).with_name("stock_faust.py")
    process = subprocess.Popen(
        [sys.executable, str(script), "worker", "--without-web"],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        env={**os.environ, "KAFKA_BOOTSTRAP_SERVERS": bootstrap, "BENCH_TOPIC": topic,
             "TOPIC_PREFIX": f"bench-{os.getpid()}"},
    )  # fmt: skip
    rate = 0.0
    watchdog = threading.Timer(120.0, process.kill)  # a line may never come
    watchdog.start()
    try:
        assert process.stderr is not None
        for line in process.stderr:
            parts = line.split()
            if len(parts) == 2 and parts[0].isdigit():
                rate = int(parts[0]) / max(float(parts[1]), 1e-9)
                if float(parts[1]) >= seconds:
                    break
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()
    if not rate:
        raise SystemExit("the stock agent made no progress within 120 s")
    return rate


def main() -> None:
    clicks = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 15.0
    with fresh_topics() as kafka:
        published = publish(kafka, synthetic_clicks(clicks, 20_000, clicks // 6, OLD_MS))
        started = time.monotonic()
        with worker_process(
            "recommender", kafka, ready=False, CHECKPOINT_INTERVAL=5, LOG_LEVEL="WARNING"
        ) as worker:
            took, first = until_total(worker, "events_processed_total", clicks, topics.CLICKS)
            learned_at = time.monotonic() - started
            rate = (clicks - first) / max(took, 1e-9)
            produced = worker.metrics()
            while worker.total("consumer_lag_messages") > 0:
                time.sleep(0.1)
            settled_at = time.monotonic() - started
            memory_mb = rss_mb(worker)
        stock = stock_rate(kafka.bootstrap_servers[0], kafka.topic(topics.CLICKS), seconds)
    views = sum(
        value for (name, labels), value in produced.items()
        if name == "shopkeeper_events_produced_total"
        and ("topic", topics.SIMILAR_ITEMS) in labels
    )  # fmt: skip
    report(
        "clicks",
        clicks=clicks,
        published_per_second=round(published),
        learned_per_second=round(rate),
        learned_per_second_with_start_up=round(clicks / learned_at),
        seconds_until_counts_and_checkpoints_settled=round(settled_at, 1),
        similar_items_rows_published_meanwhile=int(views),
        worker_rss_mb=round(memory_mb),
        stock_faust_table_per_second=round(stock),
        times_stock=round(rate / stock, 1),
    )


if __name__ == "__main__":
    main()
