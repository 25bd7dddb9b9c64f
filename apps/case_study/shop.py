"""One run of a shop: events published at their times to real workers, until all is processed."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from shopkeeper.apps.demo import faq, shoppers
from shopkeeper.apps.demo.run import ask
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets import products, readers
from shopkeeper.shared.datasets.knowledge import knowledge_events
from shopkeeper.shared.runtime.kafka import admin
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.kafka.reader import Reader
from shopkeeper.shared.runtime.processes import supervisor
from shopkeeper.shared.runtime.settings import KafkaSettings, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

WORKERS = ("intent", "sentiment", "recommender", "answers")
READY_S_MAX, QUIET_S, DRAIN_S_MAX = 900.0, 5.0, 600.0  # a first start compiles
POLL_S = 0.5
# Of the environment: a broker that is not this run's.
NOT_OURS = ("KAFKA_", "TOPIC_PREFIX", "GATEWAY_")


class NotReady(RuntimeError):
    """Workers did not start, or did not come to an end, in time."""


@dataclass(frozen=True)
class Plan:
    """What happens in the shop. data: a file of behaviour instead of simulated shoppers, in the
    format `form`; events_max: the first so many of either."""

    products: Sequence[ProductCatalogued]
    events_max: int
    events_per_s: float
    data: Path | None = None
    form: str = ""
    seed: int = 1


async def run(
    plan: Plan, address: str, environ: Mapping[str, str], say: Callable[[str], None]
) -> int:
    """Events published; what the workers made of them lies on the broker at `address`.

    Raises NotReady, SettingsError, FormatError, KafkaError.
    """
    kafka = KafkaSettings((address,))
    partitions = int(read(environ, "TOPIC_PARTITIONS"))
    await admin.init_topics(kafka, partitions, 1, compacted=admin.COMPACTED_BY_US)
    own = {k: v for k, v in environ.items() if not k.startswith(NOT_OURS)}
    own |= {"KAFKA_BOOTSTRAP_SERVERS": address, "LOG_FORMAT": "text", "HTTP_PORT": "0"}
    if plan.data is not None:
        own["LIST_AGE_MAX"] = "1e10"  # events of years ago would else be learned only
    workers = supervisor.Supervisor(
        supervisor.worker_programs(dict.fromkeys(WORKERS, 1), own, "case-study"), forward=_forward
    )
    supervising = asyncio.create_task(workers.run())
    try:
        await _ready(workers, say)
        count = await _publish(plan, kafka, read(environ, "TYPE_PREFIX"), say)
        say(f"{count} events published; waiting for the workers")
        await _drained(workers, kafka)
    finally:
        workers.stop()
        await supervising
    return count


def _forward(lines: bytes) -> None:
    """Of the workers' logs, what somebody should read."""
    for line in lines.splitlines():
        if any(level in line for level in (b" ERROR ", b" CRITICAL ")):
            with contextlib.suppress(OSError):
                sys.stderr.buffer.write(line + b"\n")


async def _ready(workers: supervisor.Supervisor, say: Callable[[str], None]) -> None:
    say(f"starting {', '.join(WORKERS)}")
    deadline = time.monotonic() + READY_S_MAX
    while time.monotonic() < deadline:
        asked = [asyncio.to_thread(ask, status.http_port) for status in workers.status()]
        if all(ready for ready, _ in await asyncio.gather(*asked)):
            return
        await asyncio.sleep(POLL_S)
    raise NotReady(f"the workers were not ready within {READY_S_MAX:.0f} s")


async def _publish(
    plan: Plan, kafka: KafkaSettings, type_prefix: str, say: Callable[[str], None]
) -> int:
    count = 0
    async with Publisher(kafka, "case-study", type_prefix) as publisher:
        now_ms = int(time.time() * 1000)
        said = knowledge_events(faq.built_in(), now_ms) if plan.data is None else []
        for event in (*products.catalogue_events(plan.products, now_ms), *said):
            await publisher.publish(event)
        await publisher.flush()
        started = time.monotonic()
        for due_s, event in _events(plan):
            wait_s = due_s - (time.monotonic() - started)
            if wait_s > 0:
                await publisher.ship()
                await asyncio.sleep(wait_s)
            await publisher.publish(event)
            count += 1
            if count % 1000 == 0:
                say(f"{count} of {plan.events_max} events")
        await publisher.flush()
    return count


def _events(plan: Plan) -> Iterator[tuple[float, readers.ShopEvent]]:
    """(seconds after now at which it is due, event)."""
    now_ms = int(time.time() * 1000)
    if plan.data is not None:
        told = readers.read(plan.data, plan.form, now_ms=now_ms)
        for index, event in enumerate(islice(told, plan.events_max)):
            yield index / plan.events_per_s, event
        return
    simulated = shoppers.shop_events(
        plan.products, seed=plan.seed, start_ms=now_ms, events_per_s=plan.events_per_s
    )
    for event in islice(simulated, plan.events_max):
        yield (event.time_ms - now_ms) / 1000, event


async def _drained(workers: supervisor.Supervisor, kafka: KafkaSettings) -> None:
    """Until no worker is behind, and for some seconds no output has come."""
    outputs = [t.name for t in topics.ALL if t.name.startswith("personalisation.") and t.types]
    deadline = time.monotonic() + DRAIN_S_MAX
    quiet_since, before = time.monotonic(), -1
    async with Reader(kafka, outputs, from_start=False) as reader:
        while time.monotonic() < deadline:
            asked = [asyncio.to_thread(ask, status.http_port) for status in workers.status()]
            behind = any(lag is None or lag > 0 for _, lag in await asyncio.gather(*asked))
            there = sum((await reader.end_offsets()).values())
            if behind or there != before:
                quiet_since, before = time.monotonic(), there
            elif time.monotonic() - quiet_since >= QUIET_S:
                return
            await asyncio.sleep(POLL_S)
    raise NotReady(f"the workers were not done within {DRAIN_S_MAX:.0f} s")
