"""Reviews and searches per second, one worker process each, English and Chinese mixed.

usage: python benchmarks/bench_text.py [EVENTS]
"""

from __future__ import annotations

import itertools
import sys
import time
from typing import TYPE_CHECKING

from harness import fresh_topics, publish, report, until_total

from shopkeeper.apps.demo.catalogue import built_in
from shopkeeper.apps.demo.shoppers import shop_events
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.testing.workers import worker_process

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


def main() -> None:
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
