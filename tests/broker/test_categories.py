"""Reviews of a category's products on several partitions, added up by workers that are killed."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict

import orjson
import pytest

from shopkeeper.services.sentiment.tally import PRIOR_COUNT, WEEKS_RECENT
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.murmur2 import partitions_of
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.records import end_offsets, read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_process

PREFIX = b"com.example.shop."
WAIT_S = 90
WEEK_MS = 7 * 86_400_000
PRODUCTS = [f"p{n}" for n in range(24)]
CATEGORIES = ["Home", "Home > Kitchen", "Home > Bath", "食品"]
# A review, and what it says of an aspect (aspect, whether it praises); all three are positive to
# the lexicon, none to the rating that counts where there are no words.
TEXTS = ("味道很好，就是送得太慢", "N/A", "The battery life is great but it broke")
ASPECTS = (
    (("taste", True), ("delivery", False)),
    (),
    (("battery", True), ("quality", False)),
)


class Shop:
    """What is published, and what is left of it by the rules of the README."""

    def __init__(self, now_ms):
        self.now_ms, self.chance, self.number = now_ms, random.Random(7), 0
        self.category = {}
        self.reviews = defaultdict(dict)  # product -> review -> (text number, rating, time)

    def catalogue(self, product, category):
        self.category[product] = category
        value = orjson.dumps({"product_id": product, "title": product, "category": category})
        return topics.CATALOGUE, product.encode(), value, []

    def removed(self, product):
        self.category.pop(product)
        return topics.CATALOGUE, product.encode(), None, []

    def reviewed(self):
        product = self.chance.choice(PRODUCTS)
        review, text = f"r{self.chance.randrange(20)}", self.chance.choice((0, 1, 1, 1, 2))
        rating = self.chance.choice((1, 3, 5))
        time_ms = self.now_ms - self.chance.randrange(3) * 2 * WEEK_MS
        self.reviews[product].pop(review, None)
        self.reviews[product][review] = text, rating, time_ms
        data = {"product_id": product, "review_id": review, "rating": rating}
        return self._event(b"product.reviewed.v1", {**data, "review_body": TEXTS[text]}, time_ms)

    def withdrawn(self):
        product, review = self.chance.choice(PRODUCTS), f"r{self.chance.randrange(20)}"
        self.reviews[product].pop(review, None)
        data = {"product_id": product, "review_id": review}
        return self._event(b"review.withdrawn.v1", data, self.now_ms)

    def emptied(self, product):
        self.reviews.pop(product, None)
        return topics.REVIEWS, product.encode(), None, []

    def some(self, count):
        return [
            self.withdrawn() if self.chance.random() < 0.2 else self.reviewed()
            for _ in range(count)
        ]

    def _event(self, kind, data, time_ms):
        self.number += 1
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time_ms / 1000)).encode()
        headers = [("ce_id", f"e{self.number}".encode()), ("ce_source", b"/shop"),
                   ("ce_type", PREFIX + kind), ("ce_time", when)]  # fmt: skip
        return topics.REVIEWS, data["product_id"].encode(), orjson.dumps(data), headers

    def expected(self, scored):
        """{category: figures}. scored: (product, review) -> label and value of its text."""
        of = defaultdict(list)
        for product, reviews in self.reviews.items():
            name = self.category.get(product)
            if reviews and name:
                of[name].append(product)
                if name.startswith("Home > "):
                    of["Home"].append(product)
        return {category: self._figures(products, scored) for category, products in of.items()}

    def _figures(self, products, scored):
        rows = [
            (*scored[product, review], ASPECTS[text], time_ms // WEEK_MS)
            for product in products
            for review, (text, _, time_ms) in self.reviews[product].items()
        ]
        newest = max(row[3] for row in rows)
        newer = [row[1] for row in rows if row[3] > newest - WEEKS_RECENT]
        older = [row[1] for row in rows if row[3] <= newest - WEEKS_RECENT]
        mean = sum(row[1] for row in rows) / (len(rows) + PRIOR_COUNT)
        parts = [(sum(p) + PRIOR_COUNT * mean) / (len(p) + PRIOR_COUNT) for p in (newer, older)]
        said = defaultdict(lambda: [0, 0])
        for _, _, aspects, _ in rows:
            for aspect, praise in aspects:
                said[aspect][not praise] += 1
        return {
            "products": len(products),
            "count": len(rows),
            **{name: sum(row[0] == name for row in rows)
               for name in ("positive", "neutral", "negative")},
            # Probabilities are published in four digits, values are summed in thousandths.
            "mean": pytest.approx(mean, abs=2e-3),
            "trend": pytest.approx(parts[0] - parts[1] if newer and older else 0.0, abs=4e-3),
            "aspects": {aspect: tuple(counts) for aspect, counts in said.items()},
            "summary": len(rows) >= 30,
        }  # fmt: skip


async def publish(kafka, records):
    async with Publisher(kafka, "test") as publisher:
        for topic, key, value, headers in records:
            await publisher.send(topic, key, value, headers)


def latest(kafka, topic):
    records = asyncio.run(read_topic(kafka, topic))
    return {
        key: value for key, value in {r.key.decode(): r.value for r in records}.items() if value
    }


def found(kafka):
    said = {}
    for category, value in latest(kafka, topics.CATEGORY_SENTIMENT).items():
        row = orjson.loads(value)
        assert row["category"] == category
        said[category] = {
            **{n: row[n] for n in ("products", "count", "positive", "neutral", "negative")},
            "mean": row["mean"],
            "trend": row["trend"],
            "aspects": {each["aspect"]: (each["positive"], each["negative"])
                        for each in row.get("aspects", ())},
            "summary": "summary" in row,
        }  # fmt: skip
    return said


def scores(kafka):
    """(product, review) -> label, and sentiment in -1 to 1 as it is summed: of its last record."""
    by_review = {}
    for record in asyncio.run(read_topic(kafka, topics.SENTIMENTS)):
        said = orjson.loads(record.value)
        lead = said["probabilities"]["positive"] - said["probabilities"]["negative"]
        by_review[said["product_id"], said["review_id"]] = said["label"], lead
    return by_review


def until_equal(kafka, shop, workers):
    """Until the topic says what a batch over the surviving reviews says."""
    for worker in workers:
        asyncio.run(until_consumed(kafka, "sentiment", [topics.REVIEWS], WAIT_S, worker.alive))
    expected = shop.expected(scores(kafka))
    deadline = time.monotonic() + WAIT_S
    while found(kafka) != expected and time.monotonic() < deadline:
        for worker in workers:
            worker.alive()
    assert found(kafka) == expected
    return expected


def worker(kafka, name):
    return worker_process("sentiment", kafka, WORKER_ID=name, CHECKPOINT_INTERVAL=1)


def test_categories_equal_a_batch_over_workers_that_are_killed(kafka):
    shop = Shop(int(time.time() * 1000))
    count = len(asyncio.run(end_offsets(kafka, topics.REVIEWS)))
    filed = [shop.catalogue(p, CATEGORIES[n % len(CATEGORIES)]) for n, p in enumerate(PRODUCTS)]
    places = partitions_of([p.encode() for p in PRODUCTS], count).tolist()
    for number in range(len(CATEGORIES)):
        assert len({*places[number :: len(CATEGORIES)]}) > 1, "each on several partitions"
    asyncio.run(publish(kafka, [*filed[:20], *shop.some(300), *filed[20:]]))
    with worker(kafka, "a") as first:
        with worker(kafka, "b") as second:
            until_equal(kafka, shop, [first, second])
            # Products change their category, go, and lose all their reviews, while one worker is
            # killed.
            moved = [shop.catalogue("p0", "食品"), shop.catalogue("p1", "Home > Attic"),
                     shop.catalogue("p3", None), shop.removed("p4")]  # fmt: skip
            asyncio.run(publish(kafka, [*shop.some(150), *moved[:2]]))
            second.kill()
            asyncio.run(publish(kafka, [*moved[2:], shop.emptied("p5"), *shop.some(100)]))
        with worker(kafka, "b") as second:  # back to its checkpoint
            until_equal(kafka, shop, [first, second])
            # Of one category nothing is left, of another all goes to a third.
            gone = [shop.emptied("p1"), *(shop.catalogue(p, "Home") for p in PRODUCTS[2::4])]
            asyncio.run(publish(kafka, gone))
            until_equal(kafka, shop, [first, second])
            assert set(found(kafka)) == {"Home", "Home > Kitchen", "食品"}
            first.kill()
            assert second.terminate() == 0, second.output()
    # Nobody is there: what is done meanwhile is put right by whoever comes.
    asyncio.run(publish(kafka, [shop.emptied(p) for p in PRODUCTS[3::4]] + shop.some(30)))
    with worker(kafka, "a") as first, worker(kafka, "b") as second:
        until_equal(kafka, shop, [first, second])
        assert sum(w.total("products_without_category") for w in (first, second)) == sum(
            not shop.category.get(product) for product, left in shop.reviews.items() if left
        )
        for each in (first, second):
            assert each.terminate() == 0, each.output()
    for value in latest(kafka, topics.CATEGORY_SENTIMENT).values():
        row = orjson.loads(value)
        quotes = {q for each in row.get("aspects", ()) for q in each.get("praise", ())}
        assert quotes <= {
            "味道很好",
            "The battery life is great",
            "The battery life is great but it broke",
        }
    letters = asyncio.run(read_topic(kafka, topics.dead_letters(topics.REVIEWS, "sentiment")))
    assert letters == []
