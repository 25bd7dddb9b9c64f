"""What only Apache Kafka can show: members that are evicted, and a broker that crashes."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack

import orjson
import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.admin import init_topics, wait_for_broker
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.settings import KafkaSettings
from shopkeeper.shared.testing.records import end_offsets, read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_process

PARTITION_COUNT = 4
QUICK = {"SESSION_TIMEOUT": 6}


@pytest.fixture
def crashing(kafka_node):
    kafka = KafkaSettings((kafka_node.address,), topic_prefix="t.")
    asyncio.run(init_topics(kafka, PARTITION_COUNT, 1))
    return kafka


async def search(kafka, first, count):
    async with Publisher(kafka, "test") as publisher:
        for n in range(first, first + count):
            value = orjson.dumps(
                {"user_id": f"u{n % 97}", "query": f"red shoes {n}", "id": f"s{n}"}
            )
            await publisher.send(topics.SEARCHES, b"u%d" % (n % 97), value)


def intents(kafka):
    """Causing position -> the distinct values published for it (repeats share their ce_id)."""
    found: dict[bytes, set[bytes]] = {}
    for record in asyncio.run(read_topic(kafka, topics.INTENTS)):
        found.setdefault(dict(record.headers)["ce_id"], set()).add(record.value)
    return found


def consumed(kafka, *workers):
    def alive():
        for worker in workers:
            worker.alive()

    asyncio.run(until_consumed(kafka, "intent", [topics.SEARCHES], 90.0, alive))


def test_a_worker_killed_and_not_restarted_is_evicted_and_its_partitions_go_on(crashing):
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(worker_process("intent", crashing, **QUICK)) for _ in range(2)
        )
        asyncio.run(search(crashing, 0, 2000))
        consumed(crashing, first, second)
        assert second.total("events_consumed_total") > 0, "both had partitions"
        first.kill()
        asyncio.run(search(crashing, 2000, 2000))
        consumed(crashing, second)
        assert second.terminate() == 0
    found = intents(crashing)
    assert len(found) == 4000
    assert {len(values) for values in found.values()} == {1}, "repeats say the same"


def test_a_broker_killed_in_mid_stream_loses_nothing(crashing, kafka_node):
    asyncio.run(search(crashing, 0, 30_000))
    with worker_process("intent", crashing, WORKER_ID="i-1", **QUICK) as worker:
        while worker.total("events_consumed_total") < 1000:
            worker.alive()
            time.sleep(0.01)
        kafka_node.kill()
        time.sleep(3.0)
        kafka_node.start()
        restarts = []
        while worker.popen.poll() is None and lag(crashing):
            time.sleep(0.2)
        if worker.popen.poll() is not None:
            # A delivery that failed stops a worker, with nothing committed: `up` starts it again.
            restarts.append(worker.popen.returncode)
            assert "Traceback" not in worker.output()
            with worker_process("intent", crashing, WORKER_ID="i-1", **QUICK) as again:
                consumed(crashing, again)
        assert restarts in ([], [1])
    ends = asyncio.run(end_offsets(crashing, topics.SEARCHES))
    assert sum(ends) == 30_000, "what was confirmed to the publisher is there"
    found = intents(crashing)
    assert len(found) == 30_000
    assert {len(values) for values in found.values()} == {1}


def lag(kafka):
    try:
        asyncio.run(until_consumed(kafka, "intent", [topics.SEARCHES], 0.0))
    except AssertionError:
        return True
    return False


def test_a_worker_waits_through_an_absence_of_the_broker(crashing, kafka_node):
    """Idle, with no delivery under way: it goes on by itself."""
    with worker_process("intent", crashing, WORKER_ID="i-1", **QUICK) as worker:
        asyncio.run(search(crashing, 0, 100))
        consumed(crashing, worker)
        kafka_node.stop()
        time.sleep(5.0)
        worker.alive()
        kafka_node.start()
        asyncio.run(wait_for_broker(crashing, print, 60.0))
        asyncio.run(search(crashing, 100, 100))
        consumed(crashing, worker)
        assert worker.terminate() == 0
    assert len(intents(crashing)) == 200
