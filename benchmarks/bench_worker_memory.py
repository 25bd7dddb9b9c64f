"""Memory of one worker of each service, after its start and after a little work, in MB.

    python benchmarks/bench_worker_memory.py

What requests and limits in deploy/ begin with; products, users and sessions come on top
(docs/scaling.md). One worker at a time, on an embedded broker, each given `EVENTS` of the demo's
shoppers to read before it starts.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path

from shopkeeper import services
from shopkeeper.apps.demo import catalogue, faq, shoppers
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets import products
from shopkeeper.shared.datasets.knowledge import knowledge_events
from shopkeeper.shared.runtime.kafka.admin import init_topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.settings import KafkaSettings
from shopkeeper.shared.testing.broker import broker_under_test
from shopkeeper.shared.testing.records import until_consumed
from shopkeeper.shared.testing.workers import worker_process

EVENTS = 5_000
SOURCES = {
    "recommender": [topics.CLICKS, topics.SEARCHES],
    "sentiment": [topics.REVIEWS],
    "intent": [topics.SEARCHES, topics.QUESTIONS],
    "answers": [topics.QUESTIONS],
    "gateway": [],
}


async def publish(kafka: KafkaSettings) -> None:
    """The demo's catalogue and questions, and what its shoppers do."""
    await init_topics(kafka, 2, 1)
    shop, now_ms = catalogue.built_in(), int(time.time() * 1000)
    made = shoppers.shop_events(shop, seed=1, start_ms=now_ms - 3_600_000, events_per_s=40)
    async with Publisher(kafka, "benchmark") as publisher:
        for event in products.catalogue_events(shop, now_ms):
            await publisher.publish(event)
        for event in knowledge_events(faq.built_in(), now_ms):
            await publisher.publish(event)
        for _, event in zip(range(EVENTS), made, strict=False):
            await publisher.publish(event)


def memory_mb(pid: int) -> tuple[float, float]:
    """(resident now, resident at most), in millions of bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    said = {line.split(":")[0]: line.split(":")[1].split() for line in lines}
    return int(said["VmRSS"][0]) * 1024 / 1e6, int(said["VmHWM"][0]) * 1024 / 1e6


def main() -> None:
    with broker_under_test(os.environ) as address:
        kafka = KafkaSettings.from_env({"KAFKA_BOOTSTRAP_SERVERS": address})
        asyncio.run(publish(kafka))
        for service in services.NAMES:
            with worker_process(service, kafka, WORKER_ID="m-1") as worker:
                asyncio.run(until_consumed(kafka, service, SOURCES[service], 400, worker.alive))
                now, most = memory_mb(worker.popen.pid)
            row = {
                "service": service,
                "events": EVENTS,
                "rss_mb": round(now),
                "rss_peak_mb": round(most),
            }
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
