"""Reviews and searches per second, one worker process each, English and Chinese mixed; and how long
masking personal data takes of a text with none, of one with digits, of one with a telephone.

usage: python benchmarks/bench_text.py [EVENTS]
       python benchmarks/bench_text.py masking     # without a broker
"""

from __future__ import annotations

import itertools
import sys
import time
import timeit
from typing import TYPE_CHECKING

from harness import fresh_topics, publish, report, until_total

from shopkeeper.apps.demo.catalogue import built_in
from shopkeeper.apps.demo.shoppers import shop_events
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.testing.workers import worker_process
from shopkeeper.shared.text.personal_data import mask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopkeeper.shared.datasets.readers import ShopEvent


def of_topic(topic: str, count: int) -> Iterator[ShopEvent]:
    """The demo's own reviews or searches, repeated under new ids until there are enough."""
    stream = shop_events(
        built_in(), seed=1, start_ms=int(time.time() * 1000) - 3_600_000, events_per_s=50
    )
    sample = list(itertools.islice((e for e in stream if e.topic == topic), 2000))
    for index in range(count):
        event = sample[index % len(sample)]
        data = dict(event.data)
        if "review_id" in data:
            data["review_id"] = f"{data['review_id']}-{index}"
        yield event._replace(id=f"{event.id}-{index}", data=data)


MASKED = {
    "clean_en_46": "Love it, works great and looks nice on my desk",
    "clean_en_426": "I use this blender every morning and the lid is the only thing to change. "
    * 6,
    "clean_zh_47": "质量很好，物流也快，包装完整，客服态度不错，下次"
    "还会再来买，推荐给大家，性价比很高，值得购买！",
    "digits_en_60": "Bought 2 of these for $39.99, both broke after 3 short weeks",
    "digits_zh_28": "买了2件，花了399元，11月11日下单，15号才到，差评",
    "phone_en_38": "It never came, call me at 303-555-0123",
    "phone_zh_21": "还没收到货，请打我电话13800001234，急",
}


def masking() -> None:
    """Microseconds of `mask` for each text, the least of nine runs."""
    calls = 5_000
    figures = {
        name: round(
            min(timeit.repeat(lambda t=text: mask(t), number=calls, repeat=9)) / calls * 1e6, 2
        )
        for name, text in MASKED.items()
    }
    report("masking_us", **figures)


def main() -> None:
    if sys.argv[1:] == ["masking"]:
        masking()
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    figures = {}
    for service, source, output, name in (
        ("sentiment", topics.REVIEWS, topics.SENTIMENTS, "reviews_per_second"),
        ("intent", topics.SEARCHES, topics.INTENTS, "searches_per_second"),
    ):
        with fresh_topics() as kafka:
            publish(kafka, of_topic(source, count))
            with worker_process(
                service, kafka, ready=False, CHECKPOINT_INTERVAL=5, LOG_LEVEL="WARNING"
            ) as worker:
                took, first = until_total(worker, "events_produced_total", count, output)
            figures[name] = round((count - first) / max(took, 1e-9))
    report("text", events=count, **figures)


if __name__ == "__main__":
    main()
