"""Three recommender workers restarted one after the other while clicks keep coming.

A stall of a partition is the longest time in which none of its clicks was learned: between two
records of what its sessions taught, by the broker's clock. Afterwards every count is compared with
those of the log, entry by entry.

usage: python benchmarks/bench_rolling_restart.py [EVENTS_PER_SECOND] [SECONDS_BETWEEN]
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections import Counter, defaultdict
from contextlib import ExitStack
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from aiokafka import AIOKafkaConsumer, TopicPartition
from harness import Figures, fresh_topics, report, synthetic_clicks

from shopkeeper.services.recommender.core.counting.cooccurrence import decode_snapshot
from shopkeeper.services.recommender.processors.item_pairs import SECTION
from shopkeeper.services.recommender.processors.merging import MERGE
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.kafka.sink import Sink
from shopkeeper.shared.runtime.state.checkpoints import CheckpointStore
from shopkeeper.shared.runtime.state.segments import whole
from shopkeeper.shared.testing.workers import worker_process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopkeeper.shared.datasets.readers import ShopEvent
    from shopkeeper.shared.runtime.settings import KafkaSettings

WORKERS, PARTITIONS = 3, 4
OLD_MS = 1_700_000_000_000
SLICE_S = 0.05
QUIET_S = 3.0  # nothing is left to learn, everybody is ready


def clicks() -> Iterator[ShopEvent]:
    """More than are ever published; the same each time."""
    return synthetic_clicks(2_000_000, 5_000, 100_000, OLD_MS)


class Source:
    """Publishes clicks at a steady rate, on a thread of its own, until it is told to stop."""

    def __init__(self, kafka: KafkaSettings, rate: float) -> None:
        self._kafka, self._rate = kafka, rate
        self._stopping = threading.Event()
        self.sent = 0
        self._thread = threading.Thread(target=lambda: asyncio.run(self._publish()), daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> int:
        self._stopping.set()
        self._thread.join()
        return self.sent

    async def _publish(self) -> None:
        log = clicks()
        async with Publisher(self._kafka, "bench") as publisher:
            started = time.monotonic()
            while not self._stopping.is_set():
                due = int((time.monotonic() - started) * self._rate)
                while self.sent < due:
                    await publisher.publish(next(log))
                    self.sent += 1
                await publisher.flush()
                await asyncio.sleep(SLICE_S)


async def learned_at(kafka: KafkaSettings) -> dict[int, list[int]]:
    """By partition, when what its clicks taught was published; Unix milliseconds."""
    consumer = AIOKafkaConsumer(
        **kafka.client_options(), group_id=None, isolation_level="read_committed"
    )
    await consumer.start()
    found: dict[int, list[int]] = defaultdict(list)
    try:
        name = kafka.topic(topics.SESSION_ITEMS)
        places = [TopicPartition(name, n) for n in range(PARTITIONS)]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        while any([await consumer.position(p) < ends[p] for p in places]):
            for place, records in (await consumer.getmany(timeout_ms=200)).items():
                found[place.partition] += [record.timestamp for record in records]
    finally:
        await consumer.stop()
    return found


def stalls(found: dict[int, list[int]], start_ms: float, end_ms: float) -> dict[int, float]:
    """The longest pause of each partition in seconds."""
    longest = {}
    for number, times in sorted(found.items()):
        within = [start_ms, *(t for t in sorted(times) if start_ms <= t <= end_ms), end_ms]
        longest[number] = round(float(np.diff(within).max()) / 1000, 2)
    return longest


def expected(sent: int) -> dict[str, int]:
    """n(i) of the clicks: sessions in which each item was clicked."""
    seen = {(e.data["session_id"], e.data["product_id"]) for e in islice(clicks(), sent)}
    return dict(Counter(item for _, item in seen))


async def counted(kafka: KafkaSettings) -> dict[str, int]:
    """n(i) by the workers' last checkpoints."""
    sink = Sink(kafka, 30, "bench")
    store = CheckpointStore(kafka, topics.checkpoints("recommender"), sink, "bench")
    found: Counter[str] = Counter()
    checkpoints = await store.load({n: [topics.ITEM_PAIRS] for n in range(PARTITIONS)})
    for checkpoint in checkpoints.values():
        sections = whole(checkpoint.sections, checkpoint.segments, MERGE[topics.ITEM_PAIRS])
        names, _, n = decode_snapshot(sections[SECTION])
        found.update({name: int(count) for name, count in zip(names, n[0], strict=True) if count})
    return dict(found)


def main() -> None:
    rate = float(sys.argv[1]) if len(sys.argv) > 1 else 5_000.0
    between_s = float(sys.argv[2]) if len(sys.argv) > 2 else 12.0
    figures = Figures()
    with fresh_topics() as kafka, ExitStack() as stack:
        options = {"CHECKPOINT_INTERVAL": 5, "LOG_LEVEL": "WARNING"}
        workers = [
            stack.enter_context(worker_process("recommender", kafka, WORKER_ID=f"w{n}", **options))
            for n in range(WORKERS)
        ]
        source = Source(kafka, rate)
        source.start()
        time.sleep(between_s)
        restarts = []
        for n in range(WORKERS):
            began = time.time() * 1000
            workers[n].terminate()
            workers[n] = stack.enter_context(
                worker_process("recommender", kafka, WORKER_ID=f"w{n}", **options)
            )
            time.sleep(between_s)
            restarts.append((began, time.time() * 1000))
        sent = source.stop()
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < QUIET_S:
            lag = sum(w.total("consumer_lag_messages") for w in workers)
            if lag or any(w.get("/readyz")[0] != 200 for w in workers):
                quiet_since = time.monotonic()
            time.sleep(0.2)
        for worker in workers:
            worker.terminate()
        found = asyncio.run(learned_at(kafka))
        want, have = expected(sent), asyncio.run(counted(kafka))
        figures["items"] = len(want)
        figures["items_counted_wrongly"] = sum(
            want.get(i) != have.get(i) for i in want.keys() | have.keys()
        )
        figures["events_sent"] = sent
        figures["stall_s_by_restart_and_partition"] = [stalls(found, *span) for span in restarts]
        figures["longest_stall_s"] = max(
            max(each.values()) for each in figures["stall_s_by_restart_and_partition"]
        )
    report("rolling_restart", rate=rate, workers=WORKERS, **figures)


if __name__ == "__main__":
    main()
