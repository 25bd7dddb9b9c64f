"""What a click costs before a core sees it, one record at a time and in bulk, by stage.

From a fetch's bytes to events of which repeats are dropped: taken apart and its checksum looked at,
cut into batches, decoded, looked up whether it is this partition's, its id remembered. Processor
time, which a busy machine disturbs least; the best of a few rounds.

usage: python benchmarks/bench_bulk.py [CLICKS]
prints: one JSON object, microseconds per click
"""

from __future__ import annotations

import gc
import os
import struct
import sys
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import orjson
from aiokafka import TopicPartition
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from harness import report, synthetic_clicks

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.clicks_in_bulk import ClickDecoder
from shopkeeper.shared.contracts.outputs import JSON, rfc3339
from shopkeeper.shared.runtime.kafka import fetching, unpacking
from shopkeeper.shared.runtime.kafka.offsets import cut
from shopkeeper.shared.runtime.kafka.routing import Router
from shopkeeper.shared.runtime.kafka.sink import partition_of
from shopkeeper.shared.runtime.state.bulk import SliceTaker
from shopkeeper.shared.runtime.state.deduplicator import RecentIds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from shopkeeper.shared.contracts.envelope import Event

PREFIX = "com.example.shop."
PARTITIONS, NUMBER = 2, 1
FETCH_RECORDS, RECENT_IDS, ROUNDS = 4000, 100_000, 5
START_MS = 1_790_000_000_000
BULK, ONE_BY_ONE = TopicPartition("in-bulk", NUMBER), TopicPartition("one-by-one", NUMBER)


def fetches(count: int) -> list[tuple[int, bytes]]:
    """(first offset, a record batch) of so many clicks of one partition's users."""
    made: list[tuple[int, bytes]] = []
    base = filled = 0
    builder = _builder()
    for click in synthetic_clicks(count * PARTITIONS, 20_000, count // 3, START_MS):
        key = click.key.encode()
        if partition_of(key, PARTITIONS) != NUMBER:
            continue
        headers = [
            ("content-type", JSON),
            ("ce_specversion", b"1.0"),
            ("ce_id", click.id.encode()),
            ("ce_source", b"bench"),
            ("ce_type", f"{PREFIX}{click.type}".encode()),
            ("ce_time", rfc3339(click.time_ms)),
        ]
        builder.append(filled, click.time_ms, key, orjson.dumps(click.data), headers)
        filled += 1
        if filled == FETCH_RECORDS:
            made.append((base, struct.pack(">q", base) + bytes(builder.build())[8:]))
            base, filled, builder = base + filled, 0, _builder()
    return made


def _builder() -> DefaultRecordBatchBuilder:
    return DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 30)


def unpacked(tp: TopicPartition, first: int, raw: bytes) -> Any:
    """The records of a fetch."""
    found = unpacking.PartitionRecords(
        tp, unpacking.Batches(raw), None, first, None, None, True, isolation_level=1
    )
    return found.take(None)[0] if tp == BULK else list(found)


def user(event: Event) -> str | None:
    return event.data.user_id or event.data.anonymous_id  # type: ignore[no-any-return]


class Stages:
    """Processor time by stage."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)

    def run(self, stage: str, work: Callable[..., Any], *arguments: Any) -> Any:
        started = time.process_time()
        made = work(*arguments)
        self.spent[stage] += time.process_time() - started
        return made


def slices(stages: Stages, tp: TopicPartition, logs: Sequence[tuple[int, bytes]]) -> Iterator[Any]:
    """What the state thread is given."""
    for first, raw in logs:
        records = stages.run("unpack", unpacked, tp, first, raw)
        for start, end, _ in stages.run("cut", lambda r: list(cut(r, 2000, 1_000_000)), records):
            yield records[start:end]


def decoder() -> ClickDecoder:
    types = topics.BY_NAME[topics.CLICKS].types
    return ClickDecoder(topics.CLICKS, types, "recommender", PREFIX)


def one_by_one(logs: Sequence[tuple[int, bytes]]) -> dict[str, float]:
    stages, decode, recent = Stages(), decoder().decode, RecentIds(RECENT_IDS)
    router = Router(topics.CLICKS, NUMBER, PARTITIONS, user)
    for records in slices(stages, ONE_BY_ONE, logs):
        verdicts = stages.run("decode", decode, records)
        verdicts, _, _ = stages.run("route", router.route, records, verdicts)
        stages.run("repeats", lambda v: [e for e in v if not recent.seen(e.source, e.id)], verdicts)
    return stages.spent


def in_bulk(logs: Sequence[tuple[int, bytes]]) -> dict[str, float]:
    stages, bulk, recent = Stages(), decoder(), RecentIds(RECENT_IDS)
    taker = SliceTaker(bulk, recent, NUMBER, PARTITIONS, user)
    for records in slices(stages, BULK, logs):
        decoded = stages.run("decode", bulk.decode_bulk, records)
        assert stages.run("route", taker.all_ours, decoded)
        stages.run("repeats", taker.without_repeats, decoded)
    return stages.spent


def best(work: Callable[[Any], dict[str, float]], logs: Sequence[tuple[int, bytes]]) -> Any:
    """By stage, microseconds per click of the best round."""
    work(logs[:1])
    rounds = [work(logs) for _ in range(ROUNDS)]
    count = len(logs) * FETCH_RECORDS
    found = {s: min(each[s] for each in rounds) * 1e6 / count for s in rounds[0]}
    return {name: round(spent, 2) for name, spent in {**found, "sum": sum(found.values())}.items()}


def main() -> None:
    fetching.install()
    unpacking.read_in_bulk(BULK.topic)
    logs = fetches(int(sys.argv[1]) if len(sys.argv) > 1 else 120_000)
    gc.freeze()
    report(
        "bulk",
        clicks=len(logs) * FETCH_RECORDS,
        bytes=sum(len(raw) for _, raw in logs) // (len(logs) * FETCH_RECORDS),
        one_by_one=best(one_by_one, logs),
        in_bulk=best(in_bulk, logs),
        load=os.getloadavg()[0],
    )


if __name__ == "__main__":
    main()
