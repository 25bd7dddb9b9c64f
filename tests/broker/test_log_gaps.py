"""What a log no longer holds, and a log that is another one: said, counted, refused; never passed
over in silence."""

from __future__ import annotations

import asyncio
import signal
import time

import orjson
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import NewTopic, RecordsToDelete

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.admin import connected
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_process

from .test_replay_cli import shopkeeper

REVIEWS = topics.REVIEWS
REFUSED = 3
WAIT_S = 60


async def review(kafka, count, first=0):
    async with Publisher(kafka, "test") as publisher:
        for n in range(first, first + count):
            data = {"product_id": "p", "review_id": f"r{n}", "review_body": "Very good.",
                    "rating": 5}  # fmt: skip
            await publisher.send(REVIEWS, b"p", orjson.dumps(data), partition=0)


async def delete_before(kafka, offset):
    async with connected(kafka) as admin:
        place = TopicPartition(kafka.topic(REVIEWS), 0)
        await admin.delete_records({place: RecordsToDelete(offset)})


async def make_anew(kafka, topic=REVIEWS):
    name = kafka.topic(topic)
    async with connected(kafka) as admin:
        await admin.delete_topics([name])
        async with asyncio.timeout(WAIT_S):
            while name in await admin.list_topics():  # noqa: ASYNC110  # of a broker
                await asyncio.sleep(0.2)
            created = False
            while not created:  # a broker may still be busy deleting
                answer = await admin.create_topics([NewTopic(name, 2, 1)])
                created = answer.topic_errors[0][1] == 0
                await asyncio.sleep(0.3)


def consume(kafka, check=lambda worker: None, **settings):
    """Run a worker until it has read everything; returns what it wrote."""
    with worker_process("sentiment", kafka, **settings) as worker:
        asyncio.run(until_consumed(kafka, "sentiment", [REVIEWS], check=worker.alive))
        worker.kafka = kafka
        check(worker)
        assert worker.terminate() == 0, worker.output()
        return worker.output()


def refused(kafka, service="sentiment"):
    with worker_process(service, kafka, ready=False) as worker:
        assert worker.popen.wait(WAIT_S) == REFUSED, worker.output()
        output = worker.output()
    assert "Traceback" not in output
    lines = [line for line in output.splitlines() if " ERROR " in line]
    assert len(lines) == 1, output
    return lines[0]


def reviews_counted(kafka):
    found = asyncio.run(read_topic(kafka, topics.PRODUCT_SENTIMENT))
    return orjson.loads(found[-1].value)["count"] if found else 0


def lost(count, reviews=None):
    """A check of a worker: so many records lost, and so many reviews counted."""

    def check(worker):
        assert worker.total("records_lost_total") == count
        deadline = time.monotonic() + WAIT_S
        while reviews is not None and reviews_counted(worker.kafka) != reviews:
            worker.alive()
            assert time.monotonic() < deadline, reviews_counted(worker.kafka)
            time.sleep(0.2)

    return check


def test_o3_records_that_retention_took_are_counted_and_said(kafka):
    asyncio.run(review(kafka, 5))
    assert "lost" not in consume(kafka, lost(0))
    asyncio.run(review(kafka, 5, 5))
    asyncio.run(delete_before(kafka, 8))
    output = consume(kafka, lost(3, reviews=7))
    line = next(line for line in output.splitlines() if " ERROR " in line)
    assert "shop.reviews.v1/0: the log begins at offset 8, and 5 was to be read next" in line
    assert "up to 3 records are lost" in line
    assert output.count(" ERROR ") == 1
    assert "lost" not in consume(kafka, lost(0)), "said once"


def test_a_service_that_begins_behind_the_logs_start_has_lost_nothing(kafka):
    asyncio.run(review(kafka, 5))
    asyncio.run(delete_before(kafka, 3))
    assert "lost" not in consume(kafka, lost(0, reviews=2))


def test_a_running_worker_that_falls_behind_retention_says_so(kafka):
    """It is halted, and what is deleted meanwhile it never sees."""
    asyncio.run(review(kafka, 5))
    with worker_process("sentiment", kafka) as worker:
        asyncio.run(until_consumed(kafka, "sentiment", [REVIEWS], check=worker.alive))
        worker.popen.send_signal(signal.SIGSTOP)
        try:
            asyncio.run(review(kafka, 2, 5))  # may come by a fetch that is under way
            asyncio.run(review(kafka, 18, 7))
            asyncio.run(delete_before(kafka, 22))
        finally:
            worker.popen.send_signal(signal.SIGCONT)
        asyncio.run(until_consumed(kafka, "sentiment", [REVIEWS], check=worker.alive))
        gone = worker.total("records_lost_total")
        read = worker.total("events_consumed_total")
        assert gone >= 15, worker.output()
        assert read + gone == 25
        assert "records are lost" in worker.output()
        assert worker.terminate() == 0, worker.output()
        assert "Traceback" not in worker.output()


@pytest.mark.parametrize(("before", "after"), [(10, 5), (10, 0), (5, 10), (5, 5)])
def test_o4_a_topic_made_anew_shorter_or_longer_is_refused_and_one_command_mends_it(
    kafka, before, after
):
    asyncio.run(review(kafka, before))
    consume(kafka)
    asyncio.run(make_anew(kafka))
    asyncio.run(review(kafka, after, 100))
    line = refused(kafka)
    assert "checkpoint of shop.reviews.v1/0" in line
    assert "`shopkeeper checkpoints reset sentiment`" in line
    assert f"log ends at {after}" in line if after < before else "offset 4 is not" in line
    done = shopkeeper(kafka, "checkpoints", "reset", "sentiment", "--yes")
    assert done.returncode == 0, done.stderr
    # What the group has committed of the topic before is nobody's business any more.
    asyncio.run(review(kafka, before - after + 1, 200))
    consume(kafka, lost(0, reviews=max(after, before + 1)))


def test_a_last_record_that_is_gone_proves_nothing(kafka):
    """Retention may take all that a worker has read: then there is nothing to compare."""
    asyncio.run(review(kafka, 5))
    consume(kafka)
    asyncio.run(delete_before(kafka, 5))
    asyncio.run(review(kafka, 2, 5))
    assert "ERROR" not in consume(kafka, lost(0, reviews=7))
