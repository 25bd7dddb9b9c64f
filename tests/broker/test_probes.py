"""The worker serves what `evaluate` measures: the same items, order and scores, list by list."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.evaluation.local_cluster import BATCH_EVENTS, LocalCluster
from shopkeeper.services.recommender.publishers.recommendations import SCORE_DIGITS
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.shop import ProductClicked
from shopkeeper.shared.datasets.readers import ShopEvent, read
from shopkeeper.shared.runtime.kafka.admin import init_topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.records import end_offsets, until_consumed
from shopkeeper.shared.testing.workers import worker_process

DATA = Path(__file__).parents[3] / "shared" / "data" / "recsys"
CLICKS = 15_000
PROBES = 1_000
FILLING = 60  # distinct items: more than a session counts, or the index holds of one
OLD_MS = 1_700_000_000_000
VIEWS = (topics.SIMILAR_ITEMS, topics.ITEM_COUNTS, topics.SESSION_ITEMS)


def clicked(user: str, item: str, time_ms: int, number: int) -> ShopEvent:
    data = {"product_id": item, "user_id": user, "session_id": user}
    return ShopEvent(topics.CLICKS, "product.clicked.v1", user, data, time_ms, f"e{number}")


def synthetic():
    """Visitors who stay near where they began, so that items have neighbours."""
    chance = random.Random(11)
    places: dict[str, int] = {}
    for number in range(CLICKS):
        user = f"u{number // 40}-{chance.randrange(8)}"
        at = places.setdefault(user, chance.randrange(1_000))
        places[user] = (at + chance.choice((0, 1, 1, 2, 5))) % 1_000
        yield clicked(user, f"i{at}", OLD_MS + 1_000 * number, number)


def yoochoose():
    yield from islice(read(DATA / "yoochoose-100k" / "clicks_train.csv.gz", "yoochoose"), CLICKS)


async def at_rest(kafka, seconds: float = 60.0) -> None:
    """Until the views have not moved for three seconds."""
    deadline, before, since = time.monotonic() + seconds, None, time.monotonic()
    while time.monotonic() - since < 3.0:
        assert time.monotonic() < deadline, "the views never come to rest"
        now = [await end_offsets(kafka, topic) for topic in VIEWS]
        if now != before:
            before, since = now, time.monotonic()
        await asyncio.sleep(0.2)


async def answers(kafka, probes: list[str]) -> list[dict]:
    """The list of each probe, published one at a time and awaited."""
    partition = TopicPartition(kafka.topic(topics.RECOMMENDATIONS), 0)
    consumer = AIOKafkaConsumer(**kafka.client_options(), group_id=None)
    await consumer.start()
    found = []
    try:
        consumer.assign([partition])
        await consumer.seek_to_end(partition)
        await consumer.position(partition)
        async with Publisher(kafka, "probe") as publisher:
            for number, item in enumerate(probes):
                event = clicked("probe", item, int(time.time() * 1000), 10**6 + number)
                await publisher.publish(event)
                await publisher.flush()
                record = await asyncio.wait_for(consumer.getone(), 20)
                found.append(orjson.loads(record.value))
    finally:
        await consumer.stop()
    return found


@pytest.mark.parametrize(
    "log",
    [
        pytest.param(synthetic, id="synthetic"),
        pytest.param(
            yoochoose, id="yoochoose",
            marks=pytest.mark.skipif(
                not DATA.exists(), reason="the real data sets are not beside the checkout"
            ),
        ),
    ],
)  # fmt: skip
def test_lists_are_those_that_evaluate_makes(bare_kafka, log) -> None:
    """The probes' session is full before they begin, so they are lists and nothing else: nobody
    learns from them, and each can be compared with the same state."""
    kafka = bare_kafka
    asyncio.run(init_topics(kafka, 1, 1))
    events = list(log())
    items = sorted({event.data["product_id"] for event in events})
    chance = random.Random(3)
    for number, item in enumerate(chance.sample(items, FILLING)):
        events.append(clicked("probe", item, OLD_MS, 10**5 + number))
    probes = [chance.choice(items) for _ in range(PROBES)]

    async def publish() -> None:
        async with Publisher(kafka, "log") as publisher:
            for event in events:
                await publisher.publish(event)

    asyncio.run(publish())
    with worker_process("recommender", kafka, CHECKPOINT_INTERVAL=1) as worker:
        asyncio.run(
            until_consumed(
                kafka, "recommender", [topics.CLICKS, topics.ITEM_PAIRS], check=worker.alive
            )
        )
        asyncio.run(at_rest(kafka))
        served = asyncio.run(answers(kafka, probes))

    config = replace(
        RecommenderConfig(), row_interval_ms=0, tick_budget_ms=1e9, refresh_budget_ms=1e9,
        count_bytes_per_tick=1 << 40, trending_interval_ms=0,
    )  # fmt: skip
    pipeline = LocalCluster(config)
    typed = [
        Event(e.type, ProductClicked(**e.data), e.key.encode(), offset, e.time_ms, "", "", "")
        for offset, e in enumerate(events)
    ]
    for start in range(0, len(typed), BATCH_EVENTS):
        pipeline.learn(typed[start : start + BATCH_EVENTS], live=False)
    pipeline.settle()
    evaluated = pipeline.worker
    number = evaluated.knowledge.sessions.number_of(0, len(events) - FILLING)
    assert number >= 0
    recent = [event.data["product_id"] for event in events[-FILLING:]]
    names = evaluated.items.product_ids
    filled = 0
    for item, list_ in zip(probes, served, strict=True):
        recent.append(item)
        ids = [evaluated.items.number_of[name] for name in recent[-config.remembered_items_max :]]
        [expected] = evaluated.ranker.rank([ids], [[]], [number])
        assert list_["model"]["name"] == "item-cf", "the blend has nothing to learn from here"
        assert [i["product_id"] for i in list_["items"]] == [names[i] for i in expected.items]
        assert [i["score"] for i in list_["items"]] == pytest.approx(
            [round(score, SCORE_DIGITS) for score in expected.scores], abs=1e-6
        )
        assert [i["reason"]["code"] for i in list_["items"]] == expected.codes
        filled += expected.fallback == "none"
    assert filled > PROBES / 2, "most lists are made of neighbours, or this test says little"
