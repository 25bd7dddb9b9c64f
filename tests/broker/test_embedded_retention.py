"""The log cleaner beside the embedded broker: logs stay short, views keep their latest values."""

from __future__ import annotations

import asyncio
import os
import random

import orjson
import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.admin import COMPACTED_BY_US, init_topics
from shopkeeper.shared.runtime.kafka.copies import is_copy
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.processes.embedded_retention import EmbeddedRetention
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_process

pytestmark = pytest.mark.skipif(
    bool(os.environ.get("TEST_BROKER")), reason="Apache Kafka has a log cleaner of its own"
)
KEPT = 50


@pytest.fixture
def kafka(bare_kafka):
    asyncio.run(init_topics(bare_kafka, 2, 1, compacted=COMPACTED_BY_US))
    return bare_kafka


def cleaner(kafka):
    return EmbeddedRetention(
        kafka, records_kept=KEPT, view_bytes_kept=KEPT * 115, view_slack_bytes=5_000
    )


async def latest(kafka, topic):
    found = {}
    for record in await read_topic(kafka, topic):
        found[record.key] = record.value
    return {key: value for key, value in found.items() if value is not None}


def test_what_nobody_consumes_in_a_group_keeps_its_newest_records(kafka):
    async def scenario():
        async with Publisher(kafka, "test") as publisher:
            for n in range(300):
                await publisher.send(topics.INTENTS, b"u", b"%d" % n, partition=0)
        async with cleaner(kafka) as retention:
            await retention.clean()
        values = [int(r.value) for r in await read_topic(kafka, topics.INTENTS)]
        assert values == list(range(250, 300))

    asyncio.run(scenario())


def test_what_a_worker_has_not_consumed_yet_stays(kafka):
    async def searches(first, count):
        async with Publisher(kafka, "test") as publisher:
            for n in range(first, first + count):
                query = orjson.dumps({"user_id": "u", "query": f"shoes {n}"})
                await publisher.send(topics.SEARCHES, b"u", query)

    async def clean():
        async with cleaner(kafka) as retention:
            await retention.clean()

    asyncio.run(searches(0, 200))
    asyncio.run(clean())
    assert len(asyncio.run(read_topic(kafka, topics.SEARCHES))) == 200, "no worker has begun"
    with worker_process("intent", kafka, WORKER_ID="i-1"):
        asyncio.run(until_consumed(kafka, "intent", [topics.SEARCHES]))
    asyncio.run(clean())
    assert len(asyncio.run(read_topic(kafka, topics.SEARCHES))) == 200, "nor the recommender"
    with worker_process("recommender", kafka, WORKER_ID="r-1"):
        asyncio.run(until_consumed(kafka, "recommender", [topics.SEARCHES]))
    asyncio.run(searches(200, 100))  # which nobody has read
    asyncio.run(clean())
    values = [
        orjson.loads(r.value)["query"] for r in asyncio.run(read_topic(kafka, topics.SEARCHES))
    ]
    assert values == [f"shoes {n}" for n in range(200, 300)], "beyond what is kept anyway"


def test_a_view_keeps_the_latest_value_of_every_key_in_far_fewer_records(kafka):
    chance = random.Random(5)

    async def scenario():
        async with Publisher(kafka, "test") as publisher:
            for n in range(60):  # each said once, long ago; some taken back
                await publisher.send(topics.SIMILAR_ITEMS, b"old-%d" % n, b"%d" % n, partition=0)
                if n % 3 == 0:
                    await publisher.send(topics.SIMILAR_ITEMS, b"old-%d" % n, None, partition=0)
            for n in range(2000):
                key = b"new-%d" % chance.randrange(10)
                await publisher.send(topics.SIMILAR_ITEMS, key, b"%d" % n, partition=0)
        before = await latest(kafka, topics.SIMILAR_ITEMS)
        assert len(before) == 50
        async with cleaner(kafka) as retention:
            await retention.clean()
            records = await read_topic(kafka, topics.SIMILAR_ITEMS)
            assert len(records) <= KEPT + 60
            assert await latest(kafka, topics.SIMILAR_ITEMS) == before
            assert {r.key for r in records if is_copy(r)} == {
                b"old-%d" % n for n in range(60) if n % 3
            }
            await retention.clean()
            assert await latest(kafka, topics.SIMILAR_ITEMS) == before

    asyncio.run(scenario())


def test_a_value_published_while_the_view_is_rewritten_is_not_hidden_by_an_older_copy(kafka):
    """A writer goes on all the time; what it said last is the latest in the end."""

    async def scenario():
        said: dict[bytes, bytes] = {}
        done = asyncio.Event()

        async def write():
            chance = random.Random(7)
            async with Publisher(kafka, "test") as publisher:
                for n in range(4000):
                    # Mostly three keys, so that the other sixty lie far back and are copied.
                    many = chance.random() < 0.03
                    key = b"k%d" % (chance.randrange(60) if many else chance.randrange(3))
                    said[key] = b"%d" % n
                    await publisher.send(topics.SIMILAR_ITEMS, key, said[key], partition=0)
                    if n % 5 == 0:
                        await publisher.flush()
            done.set()

        async def clean():
            async with cleaner(kafka) as retention:
                while not done.is_set():
                    await retention.clean()

        await asyncio.gather(write(), clean())
        records = await read_topic(kafka, topics.SIMILAR_ITEMS)
        assert any(is_copy(r) for r in records), "it was rewritten"
        assert len(records) < 2000
        assert await latest(kafka, topics.SIMILAR_ITEMS) == said

    asyncio.run(scenario())
