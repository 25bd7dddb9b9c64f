"""`shopkeeper status` and `shopkeeper get` on a real broker, with and without real workers."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from shopkeeper.shared.contracts import outputs, topics
from shopkeeper.shared.contracts.dead_letter import dead_letter
from shopkeeper.shared.contracts.envelope import Rejected
from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.contracts.events.recommendation import (
    Reason,
    RecommendationsUpdated,
    RecommendedItem,
    SimilarItem,
    SimilarItemsUpdated,
    TrendingItem,
    TrendingUpdated,
)
from shopkeeper.shared.contracts.events.sentiment import (
    AspectOpinions,
    CategorySentimentUpdated,
    ProductSentimentUpdated,
)
from shopkeeper.shared.runtime.kafka.newest import newest
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.kafka.sink import partition_of
from shopkeeper.shared.runtime.settings import KafkaSettings
from shopkeeper.shared.testing.records import until_consumed
from shopkeeper.shared.testing.workers import worker_process

from .test_dlq import Bad
from .test_replay_cli import shopkeeper

MODEL = Model("test", "1.0.0")


def publish(kafka, *records):
    async def body():
        async with Publisher(kafka, "test") as publisher:
            for topic, key, value, *partition in records:
                await publisher.send(topic, key.encode(), value, [], *partition)

    asyncio.run(body())


def recommended(user, *products, reason=None):
    items = [RecommendedItem(p, 0.5, reason or Reason("trending")) for p in products]
    data = RecommendationsUpdated(
        recomm_id=f"r-{user}-{products}", items=items, fallback="none", cause="c", model=MODEL,
        user_id=user,
    )  # fmt: skip
    return topics.RECOMMENDATIONS, user, outputs.encode(data)


def catalogued(product, title, title_zh=None):
    more = {} if title_zh is None else {"title_zh": title_zh}
    return topics.CATALOGUE, product, orjson.dumps({"product_id": product, "title": title, **more})


def status(kafka, *options):
    done = shopkeeper(kafka, "status", "--json", *options)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, orjson.loads(done.stdout)


def test_a_user_s_newest_list_with_titles_and_reasons(kafka):
    seen = Reason("viewed_together", {"product_id": "p9"})
    publish(
        kafka,
        catalogued("p1", "Mug", "马克杯"),
        catalogued("p9", "Kettle", "水壶"),
        recommended("u1", "p7"),
        *[recommended(f"other-{n}", "p1") for n in range(50)],
        recommended("u1", "p1", "p2", reason=seen),
    )
    done = shopkeeper(kafka, "get", "user", "u1")
    assert done.returncode == 0, done.stderr
    head, first, second = done.stdout.splitlines()
    assert head.startswith("u1: 2 items, made ")
    assert "Mug (p1): Others who looked at Kettle also looked at this" in first
    assert " p2: Others" in second, "without a title: its id"
    chinese = shopkeeper(kafka, "get", "user", "u1", "--lang", "zh").stdout
    assert "马克杯 (p1): 看过水壶的人也看了这个" in chinese
    assert chinese.startswith("u1：2 件商品，")
    assert "fallback" not in chinese
    data = orjson.loads(shopkeeper(kafka, "get", "user", "u1", "--json").stdout)
    assert data["user"] == "u1"
    found = data["recommendations"]
    assert [item["product_id"] for item in found["value"]["items"]] == ["p1", "p2"]
    assert (found["topic"], found["partition"]) == (
        topics.RECOMMENDATIONS,
        partition_of(b"u1", 2),
    )


def test_what_is_not_there_is_one_clear_line_and_status_1(kafka):
    publish(kafka, recommended("u1", "p1"), (topics.RECOMMENDATIONS, "gone", b"{}"),
            (topics.RECOMMENDATIONS, "gone", None))  # fmt: skip
    for arguments, said in (
        (["user", "nobody"], "user nobody: not on personalisation.recommendations.v1"),
        (["user", "gone"], "has been removed"),
        (["product", "p-none"], "product p-none: not on"),
        (["category", "Attic"], "shopkeeper tail personalisation.category-sentiment.v1"),
        (["trending"], "scope all: not on"),
        (["trending", "Pets"], "There is all, and category/NAME"),
    ):
        done = shopkeeper(kafka, "get", *arguments)
        assert done.returncode == 1, arguments
        assert said in done.stderr
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1


def test_a_list_that_stands_in_another_partition_is_found(kafka):
    """Where partitions were added to a topic by hand."""
    other = 1 - partition_of(b"u1", 2)
    publish(kafka, (*recommended("u1", "p1"), other))
    assert shopkeeper(kafka, "get", "user", "u1").returncode == 0


def test_a_product_s_neighbours_and_sentiment_and_what_is_trending(kafka):
    similar = SimilarItemsUpdated(
        product_id="p1", items=[SimilarItem("p2", 0.25, 7, "bought")], count=9, model=MODEL
    )
    mood = ProductSentimentUpdated(
        product_id="p1", count=4, mean=-0.5, trend=0.1, positive=1, neutral=0, negative=3,
        model=MODEL,
    )  # fmt: skip
    trend = TrendingUpdated(
        scope="category/Pets", items=[TrendingItem("p1", 3.5)], as_of_ms=0, model=MODEL
    )
    publish(
        kafka,
        catalogued("p2", "Lid"),
        (topics.SIMILAR_ITEMS, "p1", outputs.encode(similar)),
        (topics.PRODUCT_SENTIMENT, "p1", outputs.encode(mood)),
        (topics.TRENDING, "category/Pets", outputs.encode(trend)),
    )
    shown = shopkeeper(kafka, "get", "product", "p1").stdout
    assert "reviews: 4, mean -0.50, trend +0.10 (1 positive, 0 neutral, 3 negative)" in shown
    assert "Lid (p2): bought with it 7 times" in shown
    data = orjson.loads(shopkeeper(kafka, "get", "product", "p2", "--json").stdout)
    assert data == {"product": "p2", "title": "Lid", "similar_items": None, "sentiment": None}
    for scope in ("Pets", "category/Pets"):
        assert "3.50  p1" in shopkeeper(kafka, "get", "trending", scope).stdout


def test_what_reviews_say_of_a_category(kafka):
    name = "Home > Kitchen"
    said = CategorySentimentUpdated(
        category=name, products=2, count=40, mean=-0.5, trend=-0.1, positive=10, neutral=0,
        negative=30, model=MODEL, trend_p_value=0.03, praised=("price",), criticised=("quality",),
        aspects=(
            AspectOpinions(aspect="quality", positive=0, negative=9, mean=-0.6,
                           criticism=("it broke\x1b[2J",)),
            AspectOpinions(aspect="price", positive=2, negative=0, mean=0.3),
        ), summary="Of 40 reviews, 10 are positive.",
    )  # fmt: skip
    publish(kafka, (topics.CATEGORY_SENTIMENT, name, outputs.encode(said)))
    shown = shopkeeper(kafka, "get", "category", f" {name} ").stdout.splitlines()
    assert shown[0].startswith(f"{name}: 2 products, as of ")
    assert shown[1:] == [
        "reviews: 40, mean -0.50, trend -0.10 (10 positive, 0 neutral, 30 negative)",
        "the trend is by chance with a probability of 0.03 at most",
        "praised: price, 2 times",
        'criticised: quality, 9 times: "it broke�[2J"',
        "Of 40 reviews, 10 are positive.",
    ]
    data = orjson.loads(shopkeeper(kafka, "get", "category", name, "--json").stdout)
    assert data["category"] == name
    assert data["sentiment"]["value"]["count"] == 40


@pytest.mark.parametrize("window", [1, 7, 1000])
def test_the_newest_of_a_key_is_found_from_the_end(kafka, window):
    """Whatever the window, it is what reading everything finds."""
    publish(kafka, *[(topics.TRENDING, f"k{n % 13}", b"%d" % n) for n in range(200)])
    publish(kafka, (topics.TRENDING, "k3", None))
    keys = [b"k%d" % n for n in range(14)]
    found = asyncio.run(newest(kafka, topics.TRENDING, keys, window=window))
    wanted = {b"k%d" % (n % 13): b"%d" % n for n in range(200)} | {b"k3": None}
    assert {key: record.value for key, record in found.records.items()} == wanted
    assert found.complete
    given_up = asyncio.run(newest(kafka, topics.TRENDING, [b"k13"], window=window, bytes_max=50))
    assert not given_up.complete


def test_status_of_a_shop_without_workers_names_who_is_missing(kafka):
    code, quiet = status(kafka)
    assert (code, quiet["ok"], quiet["problems"]) == (0, True, []), "nothing waits: all is well"
    review = b'{"product_id":"p1","review_id":"r1","review_body":"Good."}'
    publish(kafka, (topics.REVIEWS, "p1", review))
    code, found = status(kafka)
    assert code == 1
    [problem] = found["problems"]
    assert problem.startswith("sentiment has 1 records to read and no worker")
    sentiment = next(s for s in found["services"] if s["service"] == "sentiment")
    assert (sentiment["lag"], sentiment["members"]) == (1, [])


def test_status_of_a_running_shop(kafka):
    review = b'{"product_id":"p1","review_id":"r%d","review_body":"Good."}'
    with worker_process("sentiment", kafka, WORKER_ID="s-1") as worker:
        publish(kafka, *[(topics.REVIEWS, "p1", review % n) for n in range(30)])
        asyncio.run(until_consumed(kafka, "sentiment", [topics.REVIEWS], check=worker.alive))
        code, found = status(kafka, "--minutes", "1")
        assert (code, found["problems"]) == (0, [])
        sentiment = next(s for s in found["services"] if s["service"] == "sentiment")
        assert [m["client_id"] for m in sentiment["members"]] == ["s-1"]
        assert sentiment["lag"] == 0
        assert 0 <= sentiment["checkpoint_s"] < 60
        reviews = next(t for t in found["traffic"] if t["topic"] == topics.REVIEWS)
        assert (reviews["retained"], reviews["recent"], reviews["rate_per_s"]) == (30, 30, 0.5)
        shown = shopkeeper(kafka, "status").stdout
        assert "sentiment: 1 worker (s-1" in shown
        assert shown.rstrip().endswith("all is well")


def test_fresh_dead_letters_are_told(kafka):
    rejected = Rejected(1, "validate", "wrong_type", "is wrong")
    out = dead_letter(Bad(0, 1, b"p", b"{}"), rejected, topics.REVIEWS, "sentiment")

    async def send():
        async with Publisher(kafka, "test") as publisher:
            await publisher.send(out.topic, out.key, out.value, out.headers, out.partition)

    asyncio.run(send())
    code, found = status(kafka)
    assert code == 1
    assert found["problems"] == [
        "1 dead letters in the last 5 min in shop.reviews.v1.sentiment.dlq: "
        "see `shopkeeper dlq show shop.reviews.v1.sentiment.dlq`"
    ]


def test_status_without_topics_says_how_to_make_them(bare_kafka):
    code, found = status(bare_kafka)
    assert code == 1
    assert "run `shopkeeper topics init`" in found["problems"][0]


def test_status_without_a_broker_says_so():
    done = shopkeeper(KafkaSettings(("127.0.0.1:9",)), "status", "--wait", "0")
    assert done.returncode == 1
    assert "127.0.0.1:9: connection refused" in done.stderr
    assert done.stdout == ""
