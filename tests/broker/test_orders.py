"""Orders over a real broker: told to their user alone, known after a kill, gone with their user."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import ExitStack

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.readers import ShopEvent
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_process
from tests.broker.test_answers import START_MS, event, question, waited_for
from tests.broker.test_end_to_end import publish

CONSUMED = [topics.QUESTIONS, topics.SEARCHED_QUESTIONS, topics.KNOWLEDGE, topics.ORDERS]


def order(order_id, user, status, **more):
    data = {"order_id": order_id, "user_id": user, "status": status, **more}
    return event(topics.ORDERS, "order.updated.v1", order_id, data, f"{order_id}-{status}")


def asked(name, text, user):
    return question(name, text, user_id=user, conversation_id=f"c-{name}")


def test_an_order_is_told_to_its_user_alone_and_goes_with_its_user(kafka):
    publish(
        kafka,
        [
            order("1042", "mia", "placed"),
            order("2077", "li", "placed"),
            order("1042", "mia", "shipped", carrier="DHL", expected_on="2026-12-03"),
        ],
    )

    async def publish_bad_ones():
        async with Publisher(kafka, "test") as publisher:
            value = json.dumps({"order_id": "9", "user_id": "li", "status": "placed"}).encode()
            await publisher.send(topics.ORDERS, b"8", value)  # under another key
            await publisher.send(topics.ORDERS, b"9", value.replace(b"placed", b"vanished"))

    asyncio.run(publish_bad_ones())
    with worker_process("answers", kafka, WORKER_ID="a") as worker:
        questions = {
            "own": asked("own", "where is my order 1042?", "mia"),
            "others": asked("others", "where is my order 2077?", "mia"),
            "nobodys": asked("nobodys", "where is my order 3088?", "mia"),
            "zh": asked("zh", "我的订单2077到哪了", "li"),
        }
        publish(kafka, questions.values())
        found = waited_for(kafka, questions.keys(), worker)
        asyncio.run(until_consumed(kafka, "answers", CONSUMED, 120, worker.alive))
        worker.kill()
    assert found["own"]["answer"].startswith(
        "Order 1042 is on its way. It is expected on 3 December 2026."
    )
    assert (found["own"]["route"], found["own"]["sources"][0]["kind"]) == ("orders", "order")
    assert "已下单" in found["zh"]["answer"]
    its_own = ("cause", "latency_ms", "conversation_id")
    alike = [
        {k: v for k, v in found[name].items() if k not in its_own} for name in ("others", "nobodys")
    ]
    assert alike[0] == alike[1]
    assert (alike[0]["answer"], alike[0]["abstained"]) == (None, "unknown_order")
    letters = asyncio.run(read_topic(kafka, topics.dead_letters(topics.ORDERS, "answers")))
    assert sorted(letter.key for letter in letters) == [b"8", b"9"]

    erasure = ShopEvent(
        topics.CLICKS, "user.erased.v1", "mia", {"user_id": "mia"}, START_MS, "erase-mia"
    )
    with ExitStack() as stack:
        worker = stack.enter_context(worker_process("answers", kafka, WORKER_ID="a"))
        recommender = stack.enter_context(worker_process("recommender", kafka))
        publish(kafka, [asked("again", "where is my order 1042?", "mia")])
        assert waited_for(kafka, {"again"}, worker)["again"]["answer"] == found["own"]["answer"]
        publish(kafka, [erasure])
        deadline = time.monotonic() + 120
        while not removals(kafka, b"1042"):
            assert time.monotonic() < deadline
            recommender.alive()
            time.sleep(0.2)
        publish(
            kafka,
            [
                # Later than the erasure: what was asked before it is not answered any more.
                asked("after", "where is my order 1042?", "mia")._replace(time_ms=START_MS + 1000),
                asked("other", "where is my order 2077?", "li"),
            ],
        )
        found |= waited_for(kafka, {"after", "other"}, worker)
        assert worker.terminate() == 0, worker.output()
        assert recommender.terminate() == 0, recommender.output()
    assert sorted({record.partition for record in removals(kafka, b"1042")}) == [0, 1]
    assert found["after"]["abstained"] == "unknown_order"
    assert found["other"]["answer"].startswith("Order 2077 ")
    assert removals(kafka, b"2077") == []


def removals(kafka, key):
    """Empty records of this key."""
    records = asyncio.run(read_topic(kafka, topics.ORDERS))
    return [record for record in records if record.key == key and record.value is None]
