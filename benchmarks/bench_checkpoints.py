"""What a checkpoint topic keeps, and what recovery reads, where sources are unlike one another.

One source gets a click every 50 ms, one said something once, one never spoke; all share a
partition, with a state of 135 kB each (the demo's clicks) and a checkpoint after each click. Runs
on an embedded broker of its own, or on an Apache Kafka of its own with TEST_BROKER=kafka.

usage: python benchmarks/bench_checkpoints.py [CHECKPOINTS]
prints: one JSON object: what was written, what is retained and live, recovery, the broker's size
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from harness import report

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.api.service import Service, Source
from shopkeeper.shared.runtime.kafka.admin import init_topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.settings import KafkaSettings, WorkerSettings
from shopkeeper.shared.runtime.worker.worker import Worker
from shopkeeper.shared.testing.broker import broker_under_test
from shopkeeper.shared.testing.records import read_topic

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

STATE_BYTES = 135_000
CLICK_S = 0.05
COLLECTED_S = 5.0  # for the last collection, and a broker's log cleaner
BUSY, QUIET, SILENT = topics.CLICKS, topics.SEARCHES, topics.CATALOGUE
CHECKPOINTS = topics.checkpoints("recommender")


class Blob:
    """A state of a fixed size that is another after every event."""

    def __init__(self) -> None:
        self.count = 0

    def process(self, events: Sequence[Any], now_ms: int) -> tuple[list[Any], list[Any]]:
        self.count += len(events)
        return [], []

    def flush(self) -> list[Any]:
        return []

    def on_timer(self, now_ms: int) -> list[Any]:
        return []

    def snapshot(self) -> dict[str, bytes]:
        padding = random.Random(self.count).randbytes(STATE_BYTES)
        return {"count": b"%d" % self.count, "padding": padding}

    def restore(self, sections: Mapping[str, bytes]) -> None:
        self.count = int(sections["count"])


@asynccontextmanager
async def worker_on(kafka: KafkaSettings) -> AsyncIterator[Worker]:
    settings = WorkerSettings.from_env({"HTTP_PORT": "-1", "CHECKPOINT_INTERVAL": "0.05"})
    sources = [
        Source(topic, lambda number: Blob(), frozenset(topics.BY_NAME[topic].types))
        for topic in (BUSY, QUIET, SILENT)
    ]
    worker = Worker(Service("recommender", sources), replace(settings, kafka=kafka))
    await worker.start()
    try:
        yield worker
    finally:
        await worker.stop()


async def bounds(kafka: KafkaSettings) -> tuple[int, int]:
    place = TopicPartition(kafka.topic(CHECKPOINTS), 0)
    consumer = AIOKafkaConsumer(**kafka.client_options(), group_id=None)
    await consumer.start()
    try:
        starts, ends = (
            await consumer.beginning_offsets([place]),
            await consumer.end_offsets([place]),
        )
    finally:
        await consumer.stop()
    return starts[place], ends[place]


async def measure(kafka: KafkaSettings, checkpoints: int) -> dict[str, Any]:
    await init_topics(kafka, 1, 1)
    async with Publisher(kafka, "bench") as publisher, worker_on(kafka) as worker:
        query = orjson.dumps({"user_id": "u", "query": "shoes"})
        await publisher.send(QUIET, b"u", query)
        click = orjson.dumps({"user_id": "u", "product_id": "p"})
        for number in range(1, checkpoints + 1):
            await publisher.send(BUSY, b"u", click)
            await publisher.flush()
            while (worker.durable_offset_of(0) or 0) < number:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            await asyncio.sleep(CLICK_S)
        await asyncio.sleep(COLLECTED_S)
    start, end = await bounds(kafka)
    held = sum(len(r.value or b"") for r in await read_topic(kafka, CHECKPOINTS))
    started = time.monotonic()
    async with worker_on(kafka) as worker:
        while not worker.health.ready()[0]:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        ready_s = time.monotonic() - started
        recovery_s = worker.metrics.recovery._value.get()
    return {
        "checkpoints_written": end // 2, "records_retained": end - start,
        "retained_mb": round(held / 1e6, 2), "live_mb": round(3 * STATE_BYTES / 1e6, 2),
        "recovery_s": round(recovery_s, 3), "ready_s": round(ready_s, 3),
    }  # fmt: skip


def broker_size() -> dict[str, float]:
    """Memory of an embedded broker of ours, disk of an Apache Kafka of ours."""
    sizes: dict[str, float] = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            text, name = status.read_text(), Path(status.parent, "comm").read_text().strip()
            parent = int(re.search(r"^PPid:\t(\d+)", text, re.MULTILINE)[1])  # type: ignore[index]
            ours = Path(f"/proc/{parent}/stat").read_text().split()[3] == str(os.getpid())
        except (OSError, IndexError):
            continue
        if ours and name == "noida-db":
            rss = int(re.search(r"^VmRSS:\s+(\d+)", text, re.MULTILINE)[1])  # type: ignore[index]
            sizes["broker_rss_mb"] = round(rss * 1024 / 1e6, 1)
        elif ours and name == "java":
            folder = Path(f"/proc/{status.parent.name}/cwd").resolve()
            logs = folder.glob(f"data/*{CHECKPOINTS}-0/*.log")
            sizes["topic_disk_mb"] = round(sum(f.stat().st_size for f in logs) / 1e6, 1)
    return sizes


def main(checkpoints: int) -> None:
    with broker_under_test(os.environ) as address:
        figures = asyncio.run(measure(KafkaSettings((address,)), checkpoints))
        broker = os.environ.get("TEST_BROKER") or "embedded"
        report("checkpoints", broker=broker, **figures, **broker_size())


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
