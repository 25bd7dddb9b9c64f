"""Reviews in, aspects and product aggregates with quotes out, over a worker that is killed."""

from __future__ import annotations

import asyncio
import time

import orjson

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_process

PREFIX = b"com.example.shop."
WAIT_S = 60
TEXTS = (
    "味道很好，就是送得太慢",
    "很好吃，很满意",
    "The battery life is great but it broke",
    "N/A",
)


def record(number, kind, data):
    headers = [
        ("ce_id", f"e{number}".encode()),
        ("ce_source", b"/shop"),
        ("ce_type", PREFIX + kind),
    ]
    return data["product_id"].encode(), orjson.dumps(data), headers


def reviewed(number):
    product = f"p{number % 3}"
    named = {"product_id": product, "review_id": f"r{number}"}
    body = TEXTS[number % len(TEXTS)]
    return record(number, b"product.reviewed.v1", {**named, "rating": 1, "review_body": body})


def withdrawn(number, review):
    named = {"product_id": f"p{review % 3}", "review_id": f"r{review}"}
    return record(number, b"review.withdrawn.v1", named)


async def publish(kafka, records):
    async with Publisher(kafka, "test") as publisher:
        for key, value, headers in records:
            await publisher.send(topics.REVIEWS, key, value, headers)


def latest(kafka):
    records = asyncio.run(read_topic(kafka, topics.PRODUCT_SENTIMENT))
    return {r.key.decode(): r.value for r in records if r.value is not None}


def opinions(value):
    return {
        row["aspect"]: (row["positive"], row["negative"]) for row in orjson.loads(value)["aspects"]
    }


def test_aspects_and_their_quotes_survive_kill_nine_and_leave_with_withdrawn_reviews(kafka):
    reviews = [reviewed(number) for number in range(240)]
    # Of every product, all reviews whose text is the first are withdrawn: no delivery is left.
    gone = [withdrawn(1000 + n, n) for n in range(0, 240, len(TEXTS))]
    asyncio.run(publish(kafka, reviews[:150]))
    with worker_process("sentiment", kafka, WORKER_ID="w", CHECKPOINT_INTERVAL=1) as worker:
        asyncio.run(until_consumed(kafka, "sentiment", [topics.REVIEWS], WAIT_S, worker.alive))
        asyncio.run(publish(kafka, reviews[150:]))
        worker.kill()
    asyncio.run(publish(kafka, gone))
    expected = {
        f"p{n}": {"taste": (20, 0), "battery": (20, 0), "quality": (0, 20)} for n in range(3)
    }
    with worker_process("sentiment", kafka, WORKER_ID="w") as worker:
        asyncio.run(until_consumed(kafka, "sentiment", [topics.REVIEWS], WAIT_S, worker.alive))
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            worker.alive()
            held = latest(kafka)
            if {product: opinions(value) for product, value in held.items()} == expected:
                break
        assert {product: opinions(value) for product, value in held.items()} == expected
        assert worker.terminate() == 0, worker.output()
    for value in held.values():
        told = orjson.loads(value)
        assert told["criticised"] == ["quality"]
        assert set(told["praised"]) == {"taste", "battery"}
        rows = {row["aspect"]: row for row in told["aspects"]}
        assert rows["taste"]["praise"] == ["很好吃"]
        assert "味道很好" not in orjson.dumps(told).decode()  # a quote of a withdrawn review
        assert told["summary"].startswith("Of 60 reviews") or "60条评价" in told["summary"]
    scored = [orjson.loads(r.value) for r in asyncio.run(read_topic(kafka, topics.SENTIMENTS))]
    by_review = {each["review_id"]: each for each in scored}
    assert len(by_review) == 240
    assert by_review["r0"]["aspects"] == [
        {"aspect": "taste", "polarity": "positive", "score": 0.68, "quote": "味道很好"},
        {"aspect": "delivery", "polarity": "negative", "score": 0.68, "quote": "就是送得太慢"},
    ]
    assert by_review["r1"]["rating_disagrees"] is True  # praise beside one star
    assert "aspects" not in by_review["r3"]
