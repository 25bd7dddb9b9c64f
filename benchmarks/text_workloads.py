"""Texts for the benchmarks of the text services: from labelled data files, or the demo's own.

A workload is events of one service, shuffled with a fixed seed, so that two runs read the same.
"""

from __future__ import annotations

import csv
import gzip
import itertools
import random
import time
from pathlib import Path
from typing import NamedTuple

from shopkeeper.apps.demo.catalogue import built_in
from shopkeeper.apps.demo.shoppers import shop_events
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.readers import ShopEvent

PRODUCTS = 2000  # that the reviews are spread over
DEMO_TEXTS = 2000  # of the demo, repeated until there are enough


class Part(NamedTuple):
    """Where texts come from below the folder of data, and which share of a workload they are."""

    source: str
    share: float


class Workload(NamedTuple):
    """Which service reads it, from where, to where; and of which texts it is made."""

    service: str
    source: str
    output: str
    parts: tuple[Part, ...]
    texts_default: int


_REVIEWS = ("sentiment", topics.REVIEWS, topics.SENTIMENTS)
WORKLOADS = {
    "reviews": Workload(
        *_REVIEWS,
        (
            Part("sentiment/online_shopping_10_cats", 0.7),
            Part("sentiment/waimai_10k", 0.2),
            Part("sentiment/pros_cons", 0.1),
        ),
        20_000,
    ),
    "amazon": Workload(*_REVIEWS, (Part("sentiment/amazon_multi_domain", 1.0),), 3_000),
    "searches": Workload(
        "intent",
        topics.SEARCHES,
        topics.INTENTS,
        (Part("intent/ecommerce_unified", 1.0),),
        40_000,
    ),
}


def rows_of(data: Path, source: str, split: str) -> list[tuple[str, str]]:
    """(text, label) of a CSV file `SOURCE/SPLIT.csv.gz` below `data`."""
    with gzip.open(data / source / f"{split}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return [
            (row["text"], row.get("label") or row.get("intent") or "")
            for row in csv.DictReader(file)
        ]


def texts_of(workload: Workload, count: int, data: Path | None, seed: int = 1) -> list[str]:
    """`count` texts; where the files hold fewer, they are repeated.

    Without `data` the demo's reviews or searches, whatever the workload's parts are.
    """
    if data is None:
        return list(itertools.islice(itertools.cycle(_demo(workload.source)), count))
    chance = random.Random(seed)
    texts: list[str] = []
    for part in workload.parts:
        found = [text for text, _ in rows_of(data, part.source, "dev") if text.strip()]
        chance.shuffle(found)
        texts += itertools.islice(itertools.cycle(found), round(part.share * count))
    chance.shuffle(texts)
    return texts


def _demo(topic: str) -> list[str]:
    stream = shop_events(
        built_in(), seed=1, start_ms=int(time.time() * 1000) - 3_600_000, events_per_s=50
    )
    found = (event.data for event in stream if event.topic == topic)
    texts = (data.get("review_body") or data.get("query") for data in found)
    return list(itertools.islice((text for text in texts if text), DEMO_TEXTS))


def event_of(workload: Workload, number: int, text: str, event_id: str) -> ShopEvent:
    """The event of one text; its product or user follows from its number."""
    time_ms = int(time.time() * 1000)
    if workload.source == topics.REVIEWS:
        # Squared, so that some products have many reviews.
        product = f"product-{int(PRODUCTS * random.Random(number).random() ** 2)}"
        data = {"product_id": product, "review_id": event_id, "review_body": text}
        return ShopEvent(workload.source, "product.reviewed.v1", product, data, time_ms, event_id)
    user = f"user-{number % 5000}"
    if workload.source == topics.QUESTIONS:
        asked = {"question": text, "user_id": user, "conversation_id": f"c-{number}"}
        return ShopEvent(workload.source, "question.asked.v1", user, asked, time_ms, event_id)
    data = {"query": text, "user_id": user, "session_id": f"s-{number}"}
    return ShopEvent(workload.source, "products.searched.v1", user, data, time_ms, event_id)
