"""Reviews that come, change and are withdrawn, through a broker and a worker that is killed."""

from __future__ import annotations

import asyncio
import random
import time

import orjson
import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_process

PREFIX = b"com.example.shop."
RATINGS = (1, 3, 5)
WAIT_S = 60


def log_of(seed):
    """(key, value, headers) of each record, and {product: {review: rating}} of what survives."""
    chance = random.Random(seed)
    records, survivors = [], {}
    for number in range(600):
        product, review = f"p{chance.randrange(12)}", f"r{chance.randrange(8)}"
        reviews = survivors.setdefault(product, {})
        kind = chance.choice(("review",) * 6 + ("event", "subject", "all"))
        named = {"product_id": product, "review_id": review}
        headers, value = [("ce_id", f"e{number}".encode()), ("ce_source", b"/shop")], None
        if kind == "review":
            rating = chance.choice(RATINGS)
            reviews.pop(review, None)
            reviews[review] = rating
            value = orjson.dumps({**named, "rating": rating, "review_body": "N/A"})
            headers.append(("ce_type", PREFIX + b"product.reviewed.v1"))
        elif kind == "event":
            reviews.pop(review, None)
            value = orjson.dumps(named)
            headers.append(("ce_type", PREFIX + b"review.withdrawn.v1"))
        elif kind == "subject":
            reviews.pop(review, None)
            headers = [("ce_subject", review.encode())]
        else:
            reviews.clear()
            headers = []
        records.append((product.encode(), value, headers))
    return records, survivors


async def publish(kafka, records):
    async with Publisher(kafka, "test") as publisher:
        for key, value, headers in records:
            await publisher.send(topics.REVIEWS, key, value, headers)


def view(kafka):
    """{product: (count, negative, neutral, positive)} of the newest record of each key."""
    latest = {
        r.key.decode(): r.value for r in asyncio.run(read_topic(kafka, topics.PRODUCT_SENTIMENT))
    }
    found = {}
    for product, value in latest.items():
        if value is not None:
            said = orjson.loads(value)
            found[product] = tuple(said[n] for n in ("count", "negative", "neutral", "positive"))
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_after_kill_nine_the_view_is_of_the_surviving_reviews(kafka, seed):
    records, survivors = log_of(seed)
    # One product ends without a review, by its last record, behind the last checkpoint.
    records.append((b"p0", None, []))
    survivors["p0"] = {}
    expected = {
        product: (len(reviews), *(list(reviews.values()).count(r) for r in RATINGS))
        for product, reviews in survivors.items()
        if reviews
    }
    asyncio.run(publish(kafka, records[:300]))
    with worker_process("sentiment", kafka, WORKER_ID="w", CHECKPOINT_INTERVAL=1) as worker:
        asyncio.run(until_consumed(kafka, "sentiment", [topics.REVIEWS], WAIT_S, worker.alive))
        asyncio.run(publish(kafka, records[300:450]))
        worker.kill()
    asyncio.run(publish(kafka, records[450:]))
    with worker_process("sentiment", kafka, WORKER_ID="w") as worker:
        asyncio.run(until_consumed(kafka, "sentiment", [topics.REVIEWS], WAIT_S, worker.alive))
        deadline = time.monotonic() + WAIT_S
        while view(kafka) != expected and time.monotonic() < deadline:
            worker.alive()
        assert view(kafka) == expected
        assert worker.total("reviews_withdrawn_total") > 0
        assert worker.terminate() == 0, worker.output()
    letters = asyncio.run(read_topic(kafka, topics.dead_letters(topics.REVIEWS, "sentiment")))
    assert letters == []
