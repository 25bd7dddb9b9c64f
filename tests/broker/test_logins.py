"""Logins across partitions, carts and refunds, through the broker and workers that are killed."""

from __future__ import annotations

import asyncio
import json

import pytest

from shopkeeper.shared.contracts import outputs, topics
from shopkeeper.shared.contracts.events.recommendation import RECOMMENDATIONS_UPDATED
from shopkeeper.shared.runtime.kafka.admin import init_topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.kafka.sink import partition_of
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_process
from tests.broker.counts import held_counts

PARTITIONS = 4
LOGINS = 24


@pytest.fixture
def kafka4(bare_kafka):
    asyncio.run(init_topics(bare_kafka, PARTITIONS, 1))
    return bare_kafka


async def publish(kafka, events):
    async with Publisher(kafka, "test") as publisher:
        for event in events:
            key = event.get("user_id") or event["anonymous_id"]
            await publisher.send(topics.CLICKS, key.encode(), json.dumps(event).encode())


def settle(kafka, worker):
    for _ in range(3):  # partitions ask and answer each other; deltas come after it
        for topic in (topics.CLICKS, topics.ITEM_PAIRS):
            asyncio.run(
                until_consumed(kafka, "recommender", [topic], seconds=120, check=worker.alive)
            )


def test_a_login_keeps_its_session_across_partitions_and_kills(kafka4):
    def events(step):
        for n in range(LOGINS):
            who = {"anonymous_id": f"an{n}", "session_id": f"s{n}"}
            if step == 0:
                yield {**who, "product_id": f"P{n}"}
                yield {**who, "product_id": f"Q{n}"}
            else:
                yield {**who, "user_id": f"reg{n}", "product_id": f"R{n}"}
                yield {"user_id": f"reg{n}", "session_id": f"s{n}", "product_id": f"S{n}"}

    apart = sum(
        partition_of(f"an{n}".encode(), PARTITIONS) != partition_of(f"reg{n}".encode(), PARTITIONS)
        for n in range(LOGINS)
    )
    assert 0 < apart < LOGINS
    settings = {"SEARCH": "off", "CHECKPOINT_INTERVAL": 1, "WORKER_ID": "one"}
    with worker_process("recommender", kafka4, **settings) as worker:
        asyncio.run(publish(kafka4, events(0)))
        settle(kafka4, worker)
        asyncio.run(publish(kafka4, events(1)))
        worker.kill()
    with worker_process("recommender", kafka4, **settings) as worker:
        settle(kafka4, worker)
        joined = worker.metrics()["shopkeeper_sessions_handed_over_total", (("outcome", "joined"),)]
        assert joined > 0
        asyncio.run(publish(kafka4, [{"type": "user.erased.v1", "user_id": "reg0"}]))
        settle(kafka4, worker)
        assert worker.terminate() == 0
    counts, totals = held_counts(kafka4, PARTITIONS)
    of_sessions = [[f"{product}{n}" for product in "PQRS"] for n in range(LOGINS)]
    assert counts == {(0, i, j): 1 for of in of_sessions for i in of for j in of if i != j}
    assert totals == {(0, item): 1 for of in of_sessions for item in of}
    lists = {}
    for record in asyncio.run(read_topic(kafka4, topics.RECOMMENDATIONS)):
        lists[record.key.decode()] = record.value
    assert lists["reg0"] is None
    assert lists["an0"] is None
    newest = outputs.decode(RECOMMENDATIONS_UPDATED, lists["reg1"])
    assert newest.user_id == "reg1"


def test_carts_and_refunds_are_learned_and_are_no_clicks(kafka4):
    who = {"user_id": "u", "session_id": "s"}
    events = [
        {**who, "type": "product.added.v1", "product_id": "A"},
        {**who, "type": "product.removed.v1", "product_id": "A"},
        {**who, "type": "product.added.v1", "product_id": "B"},
        {**who, "type": "order.completed.v1", "order_id": "o", "products": [{"product_id": "B"}]},
        {**who, "type": "order.refunded.v1", "order_id": "o"},
        {**who, "product_id": "C"},
    ]
    with worker_process("recommender", kafka4, SEARCH="off") as worker:
        asyncio.run(publish(kafka4, events))
        settle(kafka4, worker)
        processed = worker.metrics()[
            "shopkeeper_events_processed_total", (("topic", topics.CLICKS),)
        ]
        assert processed == len(events)
        assert worker.terminate() == 0
    counts, totals = held_counts(kafka4, PARTITIONS)
    assert counts == {}, "A was no longer in the cart when B came"
    assert totals == {(1, "A"): 1, (1, "B"): 1, (2, "B"): 1, (0, "C"): 1}
    lists = asyncio.run(read_topic(kafka4, topics.RECOMMENDATIONS))
    assert len(lists) == 4, "none for what was removed or refunded"
