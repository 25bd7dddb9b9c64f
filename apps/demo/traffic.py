"""The demo's catalogue, questions and simulated shoppers, for brokers and workers that run."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from shopkeeper.shared.datasets import products
from shopkeeper.shared.datasets.knowledge import knowledge_events
from shopkeeper.shared.runtime.kafka.publisher import Publisher

from . import catalogue, faq, shoppers

if TYPE_CHECKING:
    from shopkeeper.shared.runtime.settings import KafkaSettings

FLUSH_S = 0.25  # how far behind its time an event may be published


async def publish(
    kafka: KafkaSettings, events_per_s: float, seed: int, duration_s: float | None = None
) -> int:
    """Publish the catalogue and the questions at once, then what shoppers do, when it is due.

    duration_s: None: until cancelled. Returns how many events shoppers made. Raises KafkaError.
    """
    shop = catalogue.built_in()
    start_s = time.time()
    start_ms = int(start_s * 1000)
    count = 0
    async with Publisher(kafka, "demo") as publisher:
        said = knowledge_events(faq.built_in(), start_ms)
        for event in (*products.catalogue_events(shop, start_ms), *said):
            await publisher.publish(event)
        await publisher.flush()
        for event in shoppers.shop_events(
            shop, seed=seed, start_ms=start_ms, events_per_s=events_per_s
        ):
            due_s = event.time_ms / 1000
            if duration_s is not None and due_s - start_s > duration_s:
                break
            if due_s - time.time() > FLUSH_S:
                await publisher.flush()
                await asyncio.sleep(due_s - time.time())
            await publisher.publish(event)
            count += 1
    return count
