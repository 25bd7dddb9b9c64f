"""What a click leaves behind and costs others: bytes by topic, tables read by every worker, memory.

In one process, without a broker: clicks are learned by the code that serves, and what it publishes
is measured; then a second worker that owns no partition reads the same records, as every worker of
a fleet does with all of them. Processor time throughout.

usage: python benchmarks/bench_footprint.py [CLICKS]
prints: one JSON object
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
from harness import report, synthetic_clicks

from shopkeeper.services.recommender.app import Recommender
from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.evaluation.local_cluster import LocalCluster, delta_of
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Event, Output
from shopkeeper.shared.contracts.events.shop import ProductClicked
from shopkeeper.shared.contracts.outputs import rfc3339
from shopkeeper.shared.runtime.state.deduplicator import RecentIds

if TYPE_CHECKING:
    from collections.abc import Iterator

START_MS = 1_790_000_000_000
PARTITIONS, ITEMS = 4, 20_000
BATCH = 1_000
TICK_MS = 250  # between two publications of rows
CLICKS_PER_TICK = 2_500  # of event time: 10,000 clicks a second


def events_of(count: int) -> Iterator[Event]:
    for offset, click in enumerate(synthetic_clicks(count, ITEMS, count // 6, START_MS)):
        data = ProductClicked(**click.data)
        yield Event("product.clicked.v1", data, b"", offset, START_MS, click.id, "", click.id)


def batches(count: int) -> Iterator[list[Event]]:
    found = []
    for event in events_of(count):
        found.append(event)
        if len(found) == BATCH:
            yield found
            found = []


def size_of(output: Output) -> int:
    headers = sum(len(name) + len(value) for name, value in output.headers)
    return len(output.key or b"") + len(output.value or b"") + headers


def rss_bytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def learned(clicks: int, live: bool) -> tuple[LocalCluster, list[Output], float]:
    """(workers of one process, all they published, processor seconds of it)."""
    sent: list[Output] = []
    cluster = LocalCluster(RecommenderConfig(), partitions=PARTITIONS, sent=sent.append)
    started = time.process_time()
    since = 0
    for batch in batches(clicks):
        cluster.learn(batch, live=live)
        since += len(batch)
        if since >= CLICKS_PER_TICK:
            cluster.on_timer(TICK_MS)
            since = 0
    return cluster, sent, time.process_time() - started


def read_by_others(outputs: list[Output]) -> dict[str, dict[str, float]]:
    """By topic that every worker reads whole: records, and microseconds of each."""
    worker = Recommender(RecommenderConfig())
    worker.prepare(lambda topic: PARTITIONS)
    by_topic: dict[str, list[Any]] = defaultdict(list)
    for output in outputs:
        by_topic[output.topic].append((output.key, output.value))
    found = {}
    for topic, apply in worker.tables().items():
        records = by_topic.get(topic, [])
        started = time.process_time()
        for start in range(0, len(records), 100):
            apply(records[start : start + 100])
        if records:
            us = (time.process_time() - started) / len(records) * 1e6
            found[topic] = {"records": len(records), "us_per_record": round(us, 2)}
    return found


def counted_us(outputs: list[Output], clicks: int) -> float:
    """Microseconds a click that the owners of items need to add up its increments."""
    worker = Recommender(RecommenderConfig())
    worker.prepare(lambda topic: PARTITIONS)
    owners = [worker.make_item_pairs(number) for number in range(PARTITIONS)]
    deltas = [
        (o.partition or 0, delta_of(o.value)) for o in outputs if o.topic == topics.ITEM_PAIRS
    ]
    started = time.process_time()
    for partition, delta in deltas:
        owners[partition].process([delta], 0)
    for owner in owners:
        owner.counts.merge()
    return (time.process_time() - started) / clicks * 1e6


def memory_of_users(users: int) -> int:
    """Resident bytes of a user with one session of six clicks, and of the user's share of ids."""
    from shopkeeper.services.recommender.core.counting.sessions import Sessions
    from shopkeeper.services.recommender.core.numeric.items import ItemIndex

    items = ItemIndex()
    for number in range(ITEMS):
        items.intern(f"item-{number}")
    sessions = Sessions(RecommenderConfig(users_max=10**7, sessions_max=10**7), items)
    gc.collect()
    before = rss_bytes()
    chance = np.random.default_rng(1)
    for start in range(0, 6 * users, 6 * 2_000):
        found = []
        for place in range(start, min(6 * users, start + 6 * 2_000)):
            data = ProductClicked(
                product_id=f"item-{chance.integers(ITEMS)}", user_id=f"user-{place // 6}",
                session_id=f"s-{place // 6}",
            )  # fmt: skip
            found.append(
                Event("product.clicked.v1", data, b"", place, START_MS, "", "", str(place))
            )
        sessions.learn(found, START_MS * 2)
    gc.collect()
    return (rss_bytes() - before) // users


def memory_of_ids(count: int) -> int:
    """Resident bytes of an event id that is remembered."""
    ids = RecentIds(count)
    gc.collect()
    before = rss_bytes()
    for number in range(count):
        ids.seen("shop", f"id-{number}-{number * 7919}")
    return (rss_bytes() - before) // count


def click_bytes() -> int:
    """Of one click as docs/examples/producer.py sends it: value, key and headers."""
    click = next(synthetic_clicks(1, ITEMS, 1, START_MS))
    value = b'{"user_id":"%s","session_id":"s-123456","product_id":"item-12345"}' % b"user-123456"
    headers = (
        b"ce_specversion1.0ce_id00000000-0000-0000-0000-000000000000ce_source/shop/web"
        b"ce_typecom.example.shop.product.clicked.v1ce_time" + rfc3339(START_MS)
    )
    return len(value) + len(click.key) + len(headers)


def main() -> None:
    clicks = int(sys.argv[1]) if len(sys.argv) > 1 else 60_000
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    learned(5 * BATCH, live=True)  # loads compiled loops
    cluster, outputs, learn_s = learned(clicks, live=False)
    records, sizes = Counter[str](), Counter[str]()
    for output in outputs:
        records[output.topic] += 1
        sizes[output.topic] += size_of(output)
    pairs = sum(len(each) for part in cluster.item_pairs for each in part.counts.pairs)
    table_of = read_by_others(outputs)
    listed = clicks // 6
    _, lists, list_s = learned(listed, live=True)
    made = [o for o in lists if o.topic == topics.RECOMMENDATIONS]
    per_click = {
        topic: {"records": round(records[topic] / clicks, 3),
                "bytes": round(sizes[topic] / clicks, 1)}
        for topic in sorted(records)
    }  # fmt: skip
    report(
        "footprint",
        clicks=clicks, items=len(cluster.worker.items), partitions=PARTITIONS,
        click_bytes=click_bytes(),
        learn_cpu_us_per_click=round(learn_s / clicks * 1e6, 2),
        learn_and_list_cpu_us_per_click=round(list_s / listed * 1e6, 2),
        lists=len(made),
        list_bytes=round(sum(map(size_of, made)) / max(1, len(made))),
        published_per_click=per_click,
        read_by_every_worker=table_of,
        rows_per_s_per_item_partition=round(
            records[topics.SIMILAR_ITEMS] / PARTITIONS / (clicks / CLICKS_PER_TICK)
            / TICK_MS * 1000
        ),
        count_cpu_us_per_click=round(counted_us(outputs, clicks), 2),
        pairs_per_click=round(pairs / clicks, 3),
        user_memory_bytes=memory_of_users(60_000),
        event_id_memory_bytes=memory_of_ids(200_000),
    )  # fmt: skip


if __name__ == "__main__":
    main()
