"""A user's events are one user's, whatever partitioner placed them, and whether or not by a key."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections import defaultdict

import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.admin import init_topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_process
from tests.broker.counts import held_counts

PARTITIONS = 4
USERS = 40


@pytest.fixture
def kafka4(bare_kafka):
    asyncio.run(init_topics(bare_kafka, PARTITIONS, 1))
    return bare_kafka


async def publish(kafka):
    async with Publisher(kafka, "test") as publisher:
        for number in range(USERS):
            user = f"user-{number}"
            for product, partition in (
                ("A", None),  # murmur2, as Java's client
                ("B", zlib.crc32(user.encode()) % PARTITIONS),  # librdkafka's default
            ):
                click = {"user_id": user, "session_id": user, "product_id": f"{product}{number}"}
                await publisher.send(
                    topics.CLICKS, user.encode(), json.dumps(click).encode(), partition=partition
                )
        for number in range(6):  # a console producer: no key, wherever it falls
            click = {"user_id": "keyless", "product_id": f"K{number}"}
            await publisher.send(
                topics.CLICKS,
                None,
                json.dumps(click).encode(),
                partition=(2, 3, 0, 3, 1, 0)[number],
            )


def test_pairs_are_learned_and_lists_lie_in_one_partition(kafka4):
    with worker_process("recommender", kafka4, SEARCH="off") as worker:
        asyncio.run(publish(kafka4))
        for _ in range(2):  # what is forwarded is consumed once more; deltas come after it
            for topic in (topics.CLICKS, topics.ITEM_PAIRS):
                asyncio.run(
                    until_consumed(kafka4, "recommender", [topic], seconds=120, check=worker.alive)
                )
        metrics = worker.metrics()
        rerouted = metrics["shopkeeper_events_skipped_total", (("reason", "rerouted"),)]
        processed = metrics["shopkeeper_events_processed_total", (("topic", topics.CLICKS),)]
        assert processed == 2 * USERS + 6
        assert rerouted > USERS / 2
        assert worker.terminate() == 0
    counts, totals = held_counts(kafka4, PARTITIONS)
    assert all(counts[0, f"A{n}", f"B{n}"] == 1 for n in range(USERS))
    keyless = {(i, j) for _, i, j in counts if i < j and i.startswith("K")}
    assert len(keyless) == 15
    assert set(totals.values()) == {1}
    places = defaultdict(set)
    for record in asyncio.run(read_topic(kafka4, topics.RECOMMENDATIONS)):
        places[record.key].add(record.partition)
    assert len(places) == USERS + 1
    assert {len(numbers) for numbers in places.values()} == {1}
