"""A user's events are one user's, whatever partitioner placed them, and whether or not by a key."""

from __future__ import annotations

import asyncio
import json
import time
import zlib
from collections import defaultdict

import pytest
from confluent_kafka import Producer

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.readers import ShopEvent
from shopkeeper.shared.runtime.kafka.admin import init_topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.counts import batch_counts
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_process
from tests.broker.counts import held_counts, held_sections

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


CLICKS_EACH = 6


def visits(start_ms):
    """Clicks of every user in turn: a session of six, with returns, and a neighbour's product."""
    return [
        ShopEvent(
            topics.CLICKS,
            "product.clicked.v1",
            f"visitor-{n:03}",
            {
                "user_id": f"visitor-{n:03}",
                "session_id": f"s{n}",
                "product_id": f"P{(n * (turn % 4) + turn) % 50}",
            },
            start_ms + (turn * USERS + n) * 1000,
            f"{n}/{turn}",
        )
        for turn in range(CLICKS_EACH)
        for n in range(USERS)
    ]


async def publish_in_turn(kafka, events):
    """Each user's events by aiokafka (murmur2) and librdkafka (crc32) in turn, in their order."""
    failed = []
    other = Producer({"bootstrap.servers": ",".join(kafka.bootstrap_servers)})
    async with Publisher(kafka, "test") as publisher:
        for number, event in enumerate(events):
            value = json.dumps(
                {"type": event.type, "id": event.id, "time": event.time_ms, **event.data}
            ).encode()
            if (number // USERS + number) % 2:
                await publisher.send(topics.CLICKS, event.key.encode(), value)
            else:
                other.produce(
                    kafka.topic(topics.CLICKS),
                    value,
                    event.key.encode(),
                    on_delivery=lambda error, _: failed.append(error) if error else None,
                )
            if number % USERS == USERS - 1 or event is events[-1]:  # in the shop's own order
                await publisher.flush()
                assert await asyncio.to_thread(other.flush, 60) == 0
    assert not failed


def settled(kafka, worker):
    for _ in range(2):  # what is forwarded is consumed once more; deltas come after it
        for topic in (topics.CLICKS, topics.ITEM_PAIRS):
            asyncio.run(
                until_consumed(kafka, "recommender", [topic], seconds=120, check=worker.alive)
            )


def test_two_partitioners_in_turn_count_as_a_batch_job_does_and_erasure_is_complete(kafka4):
    start_ms = round(time.time() * 1000) - 300_000
    events = visits(start_ms)
    with worker_process("recommender", kafka4, SEARCH="off", LIST_AGE_MAX=3600) as worker:
        asyncio.run(publish_in_turn(kafka4, events))
        settled(kafka4, worker)
        assert worker.total("shopkeeper_events_failed_total") == 0
        assert worker.terminate() == 0
    assert held_counts(kafka4, PARTITIONS) == batch_counts(events)
    latest = defaultdict(dict)  # user -> partition -> the value that a compacted topic keeps
    for record in asyncio.run(read_topic(kafka4, topics.RECOMMENDATIONS)):
        latest[record.key.decode()][record.partition] = record.value
    assert set(latest) == {event.key for event in events}
    assert {len(places) for places in latest.values()} == {1}

    # Half of them ask to be forgotten, by a client that places the request elsewhere.
    gone = [f"visitor-{n:03}" for n in range(0, USERS, 2)]
    asked_ms = start_ms + 299_000
    request = [
        ShopEvent(topics.CLICKS, "user.erased.v1", user, {"user_id": user}, asked_ms, f"erase/{n}")
        for n, user in enumerate(gone)
    ]
    with worker_process("recommender", kafka4, SEARCH="off", LIST_AGE_MAX=3600) as worker:
        asyncio.run(publish_in_turn(kafka4, request))
        settled(kafka4, worker)
        assert worker.terminate() == 0
    for record in asyncio.run(read_topic(kafka4, topics.RECOMMENDATIONS)):
        latest[record.key.decode()][record.partition] = record.value
    removed = {user for user, places in latest.items() if set(places.values()) == {None}}
    assert removed == set(gone)
    held = held_sections(kafka4, PARTITIONS)
    assert all(user.encode() not in held for user in gone)
    assert all(f"visitor-{n:03}".encode() in held for n in range(1, USERS, 2))
