"""O2: what a transaction wrote is seen when it is committed, and never if it is not."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from confluent_kafka import Producer

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.kafka.reader import Reader
from shopkeeper.shared.testing.records import committed_offsets, read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_process

from .test_replay_cli import shopkeeper

pytestmark = pytest.mark.skipif(
    os.environ.get("TEST_BROKER") != "kafka", reason="the embedded broker has no transactions"
)
QUESTIONS = topics.QUESTIONS
WAIT_S = 60.0


def question(name):
    return orjson.dumps({"question": "Where is my order?", "user_id": "u", "id": name})


@contextlib.asynccontextmanager
async def transactional(kafka, name):
    async with AIOKafkaProducer(
        **kafka.client_options(), transactional_id=kafka.topic(name)
    ) as producer:

        async def send(topic, value, partition=0):
            await producer.send_and_wait(kafka.topic(topic), value, b"u", partition)

        producer.send_one = send
        yield producer


async def plain(kafka, *names, topic=QUESTIONS, partition=0):
    async with Publisher(kafka, "test") as publisher:
        for name in names:
            await publisher.send(topic, b"u", question(name), partition=partition)
            await publisher.flush()


def answered(kafka):
    records = asyncio.run(read_topic(kafka, topics.INTENTS))
    return {dict(r.headers)["ce_correlationid"].decode() for r in records}


def until(condition, worker):
    deadline = time.monotonic() + WAIT_S
    while not condition():
        worker.alive()
        assert time.monotonic() < deadline, worker.output()
        time.sleep(0.2)


def test_o2_committed_is_read_aborted_is_not_and_the_lag_comes_to_nothing(kafka):
    async def publish():
        async with transactional(kafka, "a") as one, transactional(kafka, "b") as other:
            await plain(kafka, "p1")
            await one.begin_transaction()
            await other.begin_transaction()
            await one.send_one(QUESTIONS, question("aborted1"))
            await plain(kafka, "p2")
            await other.send_one(QUESTIONS, question("committed1"))
            await one.send_one(QUESTIONS, question("aborted2"))
            await one.abort_transaction()
            await plain(kafka, "p3")
            await other.commit_transaction()
            await one.begin_transaction()
            await one.send_one(QUESTIONS, question("committed2"))
            await one.send_one(QUESTIONS, question("committed3"), 1)
            await one.commit_transaction()
            await one.begin_transaction()
            await one.send_one(QUESTIONS, question("aborted3"), 1)
            await one.abort_transaction()

    asyncio.run(publish())
    with worker_process("intent", kafka) as worker:
        # To the last offset, which is a marker, behind a batch that nobody may see.
        asyncio.run(until_consumed(kafka, "intent", [QUESTIONS], check=worker.alive))
        assert worker.total("events_processed_total") == worker.total("events_consumed_total") == 6
        until(lambda: worker.total("consumer_lag_messages") == 0, worker)
        assert worker.total("records_lost_total") == 0
        assert worker.get("/livez")[0] == 200
        assert worker.terminate() == 0, worker.output()
        assert "Traceback" not in worker.output()
    assert answered(kafka) == {"p1", "p2", "p3", "committed1", "committed2", "committed3"}
    # Begun anew at a marker, nothing is read again and nothing is lost.
    asyncio.run(plain(kafka, "p4"))
    with worker_process("intent", kafka) as worker:
        asyncio.run(until_consumed(kafka, "intent", [QUESTIONS], check=worker.alive))
        assert worker.total("events_consumed_total") == 1
        assert worker.total("records_lost_total") == 0
        assert worker.terminate() == 0, worker.output()


def test_a_transaction_left_open_is_no_lag_and_is_read_once_it_is_committed(kafka):
    async def open_one(worker):
        async with transactional(kafka, "open") as producer:
            await plain(kafka, "before")
            await producer.begin_transaction()
            await producer.send_one(QUESTIONS, question("late"))
            await plain(kafka, "behind")
            await plain(kafka, "elsewhere", partition=1)
            await until_consumed(kafka, "intent", [QUESTIONS], check=worker.alive)
            assert (await committed_offsets(kafka, "intent", QUESTIONS))[0] == 1
            await asyncio.sleep(2)  # long enough for a lag to be measured
            assert worker.total("consumer_lag_messages") == 0
            assert worker.total("events_consumed_total") == 2
            # Beside it, a worker, a reader and a tail begin and come to an end of what is to see.
            async with Reader(kafka, [QUESTIONS], from_start=True) as reader:
                async with asyncio.timeout(WAIT_S):
                    assert len([r async for r in reader.until_now()]) == 2
            await producer.commit_transaction()
        await until_consumed(kafka, "intent", [QUESTIONS], check=worker.alive)

    with worker_process("intent", kafka) as worker:
        asyncio.run(open_one(worker))
        assert worker.total("events_consumed_total") == 4
        assert worker.get("/livez")[0] == 200
        assert worker.terminate() == 0, worker.output()
    assert answered(kafka) == {"before", "late", "behind", "elsewhere"}


def test_views_and_checkpoints_that_end_in_an_open_transaction_hold_nobody_up(kafka):
    """Nobody of ours writes them so; somebody who may write can."""

    async def scenario():
        async with transactional(kafka, "views") as producer:
            await producer.begin_transaction()
            for topic in (topics.PRODUCT_SENTIMENT, topics.TRENDING,
                          topics.checkpoints("recommender")):  # fmt: skip
                await producer.send_one(topic, b"{}")
            with worker_process("recommender", kafka) as worker:  # it becomes ready
                click = orjson.dumps({"user_id": "u", "product_id": "p"})
                async with Publisher(kafka, "test") as publisher:
                    await publisher.send(topics.CLICKS, b"u", click, partition=0)
                await until_consumed(kafka, "recommender", [topics.CLICKS], check=worker.alive)
                assert worker.terminate() == 0, worker.output()
            await producer.abort_transaction()

    asyncio.run(scenario())


def test_aborted_clicks_of_librdkafka_teach_nothing(kafka):
    """O2 as it was seen: a click of an aborted transaction made a list for its user."""
    producer = Producer(
        {
            "bootstrap.servers": ",".join(kafka.bootstrap_servers),
            "transactional.id": kafka.topic("t"),
            "compression.type": "lz4",
        }
    )
    producer.init_transactions(WAIT_S)
    for user, product, commit in (("txa", "ABORTED", False), ("txc", "COMMITTED", True)):
        producer.begin_transaction()
        for n in range(3):
            data = {"user_id": user, "product_id": product, "id": f"{user}{n}"}
            producer.produce(kafka.topic(topics.CLICKS), orjson.dumps(data), user.encode(), 0)
        producer.flush(WAIT_S)
        (producer.commit_transaction if commit else producer.abort_transaction)(WAIT_S)
    with worker_process("recommender", kafka) as worker:
        asyncio.run(until_consumed(kafka, "recommender", [topics.CLICKS], check=worker.alive))
        assert worker.total("events_consumed_total") >= 3
        assert worker.terminate() == 0, worker.output()
    keys = {r.key for r in asyncio.run(read_topic(kafka, topics.RECOMMENDATIONS))}
    assert b"txa" not in keys
    assert b"txc" in keys
    assert b"ABORTED" not in {r.key for r in asyncio.run(read_topic(kafka, topics.SIMILAR_ITEMS))}
    done = shopkeeper(kafka, "checkpoints", "list", "recommender")
    assert f"recommender\t{topics.CLICKS}\t0\t8\t" in done.stdout, done.stdout
