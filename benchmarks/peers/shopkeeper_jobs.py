"""Shopkeeper's own runtime with `parse` and `count` as processors (item-cf is the recommender).

As every service it decodes, checks each field, drops repeats by event id, dead-letters what is bad
and writes checkpoints every five seconds. `count` counts by partition of the clicks, as Faust's.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
from common import Progress, Task

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.api.processor import Stateless
from shopkeeper.shared.runtime.api.service import Service, Source
from shopkeeper.shared.runtime.settings import KafkaSettings, WorkerSettings
from shopkeeper.shared.runtime.worker.worker import Worker

progress = Progress()


class Parse(Stateless):
    """Counts valid clicks."""

    def process(self, events: Sequence[Any], now_ms: int) -> tuple[list[Any], list[Any]]:
        progress.count += len(events)
        return [], []


class Count(Stateless):
    """Clicks by product."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def process(self, events: Sequence[Any], now_ms: int) -> tuple[list[Any], list[Any]]:
        for event in events:
            self.counts[event.data.product_id] += 1
        progress.count += len(events)
        return [], []

    def snapshot(self) -> dict[str, bytes]:
        return {"counts": orjson.dumps(self.counts)}

    def restore(self, sections: Mapping[str, bytes]) -> None:
        self.counts = Counter(orjson.loads(sections["counts"]))


async def main(task: Task) -> None:
    settings = WorkerSettings.from_env({"HTTP_PORT": "-1", "CHECKPOINT_INTERVAL": "5"})
    prefix = task.clicks.removesuffix(topics.CLICKS)
    kafka = KafkaSettings((task.broker,), topic_prefix=prefix)
    make = {"parse": Parse, "count": Count}[task.job]
    source = Source(topics.CLICKS, lambda partition: make(), frozenset({"product.clicked.v1"}))
    worker = Worker(Service("recommender", [source]), replace(settings, kafka=kafka))
    await worker.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Task.from_env()))
