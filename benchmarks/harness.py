"""What the benchmarks share: a broker of their own, worker processes, rates read from /metrics."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.readers import ShopEvent
from shopkeeper.shared.runtime.kafka.admin import init_topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.settings import KafkaSettings
from shopkeeper.shared.testing.broker import broker_under_test

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shopkeeper.shared.testing.workers import WorkerProcess

PARTITIONS = 4


@contextmanager
def fresh_topics(prefix: str = "", partitions: int = PARTITIONS) -> Iterator[KafkaSettings]:
    """A broker (embedded, or what TEST_BROKER names) with every topic."""
    with broker_under_test(os.environ) as address:
        kafka = KafkaSettings.from_env({"KAFKA_BOOTSTRAP_SERVERS": address, "TOPIC_PREFIX": prefix})
        asyncio.run(init_topics(kafka, partitions, 1))
        yield kafka


def synthetic_clicks(
    count: int, items: int, sessions: int, start_ms: int, seed: int = 1
) -> Iterator[ShopEvent]:
    """Clicks of interleaved sessions over items of Zipf-like popularity; a millisecond apart.

    Neighbouring item numbers are clicked together (a session walks about a random place), so that
    there are similar items to find.
    """
    chance = np.random.default_rng(seed)
    centre = (chance.pareto(1.2, sessions) * items / 50).astype(np.int64) % items
    owner = chance.integers(0, sessions, count)
    steps = chance.integers(-8, 9, count)
    for index in range(count):
        session = int(owner[index])
        item = (int(centre[session]) + int(steps[index])) % items
        user = f"user-{session}"
        data = {"product_id": f"item-{item}", "user_id": user, "session_id": f"s-{session}"}
        yield ShopEvent(
            topics.CLICKS, "product.clicked.v1", user, data, start_ms + index, f"{seed}-{index}"
        )


def publish(kafka: KafkaSettings, events: Iterable[ShopEvent]) -> float:
    """Publish everything; returns events per second."""

    async def run() -> float:
        started = time.monotonic()
        async with Publisher(kafka, "bench") as publisher:
            for event in events:
                await publisher.publish(event)
            await publisher.flush()
            return publisher.sent / (time.monotonic() - started)

    return asyncio.run(run())


def until_total(
    worker: WorkerProcess, metric: str, target: float, topic: str, seconds: float = 600.0
) -> tuple[float, float]:
    """Poll /metrics until a counter of `topic` reaches `target`.

    Returns (seconds from its first movement to the end, its first non-zero value), so that
    start-up does not count: rate = (target - first) / seconds.
    """
    key = (f"shopkeeper_{metric}", (("topic", topic),))
    first_at, first = 0.0, 0.0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = worker.metrics().get(key, 0.0)
        now = time.monotonic()
        if value and not first_at:
            first_at, first = now, value
        if value >= target:
            return now - first_at, first
        worker.alive()
        time.sleep(0.2)  # each look takes the worker a few milliseconds
    raise SystemExit(f"{metric} of {topic} did not reach {target} within {seconds} s")


def cpu_s(worker: WorkerProcess) -> float:
    """Processor seconds that a worker has used since it began."""
    return worker.metrics()[("process_cpu_seconds_total", ())]


def rss_mb(worker: WorkerProcess) -> float:
    """Its resident memory."""
    return worker.metrics()[("process_resident_memory_bytes", ())] / 2**20


def tell(what: str) -> None:
    """Say on standard error what happens now: a run that hangs shows where."""
    print(time.strftime("%H:%M:%S"), what, file=sys.stderr, flush=True)


class Figures(dict[str, Any]):
    """Figures by name, each told as it comes."""

    def __setitem__(self, name: str, figure: Any) -> None:
        super().__setitem__(name, figure)
        tell(f"{name}: {figure}")


def report(name: str, **figures: Any) -> None:
    """One JSON object on standard output."""
    machine = {
        "cores": os.cpu_count(), "python": platform.python_version(),
        "processor": platform.machine(),
    }  # fmt: skip
    json.dump({"benchmark": name, **figures, "machine": machine}, sys.stdout)
    sys.stdout.write("\n")
    sys.stdout.flush()
