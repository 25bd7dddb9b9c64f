"""What one trip of the recommender's state thread costs, by how many clicks it takes along.

In one process without a broker: the partition's state, the processor, the ranker and the packing of
record batches are those that serve; records are handed to them as a consumer hands them on (a slice
of bytes from 32 records on). The worker has learned, its blend ranks, and each click makes a list
due. Times are of this thread on the processor, so that waiting does not count; each is what nine of
ten trips of its size exceed, for neighbours in the processor's caches count all the same. `records`
is a digest of all that was published: versions that make the same lists have the same.

usage: OPENBLAS_NUM_THREADS=1 python benchmarks/bench_trips.py [TRIPS]
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import os
import statistics
import sys
import time
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from harness import report, synthetic_clicks

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.evaluation.local_cluster import LocalCluster
from shopkeeper.shared.bulk.records import index_records
from shopkeeper.shared.bulk.table import COLUMNS, TIMESTAMP
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.clicks_in_bulk import ClickDecoder
from shopkeeper.shared.contracts.outputs import rfc3339
from shopkeeper.shared.runtime.kafka.record_slices import RecordSlice
from shopkeeper.shared.runtime.kafka.sink import Sink
from shopkeeper.shared.runtime.kafka.slicing import HEADER, RECORDS_MIN
from shopkeeper.shared.runtime.settings import KafkaSettings
from shopkeeper.shared.runtime.state.partition import PartitionState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shopkeeper.shared.contracts.envelope import Output
    from shopkeeper.shared.datasets.readers import ShopEvent

LEARNED, TAUGHT = 50_000, 10_000  # clicks without lists; and with them, for the blend
ITEMS = 5_000
SIZES = (1, 17, 500)  # clicks of a trip
TAKEN_TOGETHER = 500  # while it learns
CLICKS_MAX = 10_000  # of one size
REST = 100  # trips, at most, from one flush to the next: 0.25 s apart, as the worker has it
SPED_UP = 5  # the clock while the blend is taught, which remembers so many lists a second
CLOCK_MS = 10_000  # by which the clock goes on then: groups of users are soon known
OLD_MS = 1_700_000_000_000
STAGES = ("fold", "rank", "publish", "pack")


class Trip(NamedTuple):
    """Microseconds of processor time by stage, and what was published."""

    microseconds: tuple[float, ...]
    outputs: list[Output]


class Worker:
    """One partition of a worker's interactions, with all that it needs to make lists."""

    def __init__(self, sink: Sink) -> None:
        # No budgets by the clock between trips: then the lists are the same in every run.
        config = replace(RecommenderConfig(), tick_budget_ms=1e9, refresh_budget_ms=1e9)
        self.cluster = LocalCluster(config)
        self.sink = sink
        wanted = frozenset(topics.BY_NAME[topics.CLICKS].types)
        self.state = PartitionState(
            topics.CLICKS,
            0,
            service="recommender",
            processor=self.cluster.interactions[0],
            decoder=ClickDecoder(topics.CLICKS, wanted, "recommender", "com.example."),
            recent_ids_max=100_000,
        )

    def trip(self, records: RecordSlice, now_ms: int) -> Trip:
        """What `StateThread` does with the batch of one partition."""
        taken: Sequence[object] = records if len(records) >= RECORDS_MIN else list(records)
        at = [time.thread_time_ns()]
        result = self.state.fold(taken, lambda: now_ms)
        at.append(time.thread_time_ns())
        self.cluster.worker.rank_pending()
        at.append(time.thread_time_ns())
        outputs = self.state.publish(result).outputs
        at.append(time.thread_time_ns())
        self.sink.pack(outputs)
        at.append(time.thread_time_ns())
        return Trip(tuple((b - a) / 1000 for a, b in pairwise(at)), outputs)

    def rest(self) -> None:
        """What the clock brings between trips."""
        self.cluster.deliver(self.state.flush())
        self.cluster.deliver(self.state.on_timer(self.cluster.clock_ms))
        self.cluster.on_timer(CLOCK_MS)


def records_of(events: Iterable[ShopEvent], first: int) -> RecordSlice:
    """The events as a fetched batch, their offsets from `first` on."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 30)
    count = 0
    for event in events:
        assert event.key is not None
        headers = [
            ("ce_type", event.type.encode()),
            ("ce_source", b"bench-trips"),
            ("ce_id", event.id.encode()),
            ("ce_time", rfc3339(event.time_ms)),
        ]
        value = orjson.dumps(event.data)
        builder.append(count, event.time_ms, event.key.encode(), value, headers)
        count += 1
    raw = bytes(builder.build())
    *_, begin_ms, newest_ms, _ = HEADER.unpack_from(raw)
    table = np.empty((count, COLUMNS), np.int64)
    sound = index_records(
        np.frombuffer(raw, np.uint8),
        (HEADER.size, len(raw)),
        (first, first + count),
        (begin_ms, newest_ms, 0),
        table,
    )
    assert sound, "not a sound batch"
    return RecordSlice(topics.CLICKS, 0, raw, table)


def lower_decile(values: Sequence[float]) -> float:
    """What nine of ten trips exceed: who shares the caches makes a trip dearer, never cheaper."""
    return float(np.percentile(values, 10))


def learned(sink: Sink) -> Worker:
    """A worker that has learned, and whose blend ranks."""
    worker = Worker(sink)
    clicks = synthetic_clicks(LEARNED + TAUGHT, ITEMS, LEARNED // 6, OLD_MS)
    records = records_of(clicks, 0)
    for start in range(0, len(records), TAKEN_TOGETHER):
        part = records[start : start + TAKEN_TOGETHER]
        ahead = start - LEARNED
        now_ms = OLD_MS + LEARNED + ahead * SPED_UP if ahead >= 0 else 2 * OLD_MS
        worker.trip(part, now_ms)
        worker.rest()
    worker.cluster.settle()
    return worker


async def main() -> None:
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        raise SystemExit("set OPENBLAS_NUM_THREADS=1, as the command line of a worker does")
    gc.set_threshold(1_000_000, 10, 10)  # likewise
    trips = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    kafka = KafkaSettings.from_env({})
    sink = Sink(kafka, 30.0, "bench")
    sink._producer = AIOKafkaProducer(max_batch_size=900_000)  # makes batches, sends none
    sink._partition_counts = {topic.name: 4 for topic in topics.ALL}
    worker = learned(sink)
    digest, offset = hashlib.sha256(), LEARNED + TAUGHT
    figures: dict[str, dict[str, float]] = {}
    for size in SIZES:
        count = max(12, min(trips, CLICKS_MAX // size))
        clicks = synthetic_clicks(count * size, ITEMS, LEARNED // 6, OLD_MS + 10**8, seed=size + 1)
        records = records_of(clicks, offset)
        offset += len(records)
        made = []
        for nth in range(count):
            part = records[nth * size : (nth + 1) * size]
            trip = worker.trip(part, int(part.table[-1, TIMESTAMP]))
            made.append(trip.microseconds)
            for output in trip.outputs:
                digest.update(repr((output.key, output.value, output.headers)).encode())
            if (nth + 1) % min(REST, 1 + 1_000 // size) == 0:
                worker.rest()
        by_stage = [lower_decile(column) for column in zip(*made, strict=True)]
        whole = [sum(stages) for stages in made]
        figures[f"trip_of_{size}_us"] = {
            **{name: round(us, 1) for name, us in zip(STAGES, by_stage, strict=True)},
            "whole": round(lower_decile(whole), 1),
            "whole_p50": round(statistics.median(whole), 1),
            "per_list": round(lower_decile(whole) / size, 1),
        }
    trainer = worker.cluster.worker.trainer
    report(
        "trips",
        **figures,
        blend_ranks=trainer is not None and trainer.trusted(),
        user_groups=len(worker.cluster.worker.knowledge.user_groups),
        records=digest.hexdigest()[:16],
    )


if __name__ == "__main__":
    asyncio.run(main())
