"""The checkpoint topic stays small, whatever the sources do, and recovery with it.

One source is busy, one said something once and never again, one never spoke.
"""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import asynccontextmanager
from dataclasses import replace

import orjson
import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.api.service import Service, Source
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.settings import WorkerSettings
from shopkeeper.shared.runtime.state.checkpoint_log import SLACK_BYTES
from shopkeeper.shared.runtime.worker.checkpointer import Checkpointer
from shopkeeper.shared.runtime.worker.worker import Worker
from shopkeeper.shared.testing.records import read_topic

STATE_BYTES = 300_000
BUSY, QUIET, SILENT = topics.CLICKS, topics.SEARCHES, topics.CATALOGUE


class Blob:
    """A state of a size worth deleting, different at every event, that knows its events."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def process(self, events, now_ms):
        self.seen += [event.offset for event in events]
        return [], []

    def flush(self):
        return []

    def on_timer(self, now_ms):
        return []

    def snapshot(self):
        padding = random.Random(len(self.seen)).randbytes(STATE_BYTES)
        return {"seen": orjson.dumps(self.seen), "padding": padding}

    def restore(self, sections):
        self.seen = orjson.loads(sections["seen"])


@pytest.fixture
def shop(kafka):
    return Shop(kafka)


class Shop:
    def __init__(self, kafka):
        self.kafka = kafka
        self.states: dict[tuple[str, int], Blob] = {}
        self.settings = replace(
            WorkerSettings.from_env({"HTTP_PORT": "-1", "CHECKPOINT_INTERVAL": "0.05"}), kafka=kafka
        )

    def _source(self, topic):
        def make(number):
            return self.states.setdefault((topic, number), Blob())

        return Source(topic, make, frozenset(topics.BY_NAME[topic].types))

    @asynccontextmanager
    async def worker(self):
        self.states.clear()
        sources = [self._source(topic) for topic in (BUSY, QUIET, SILENT)]
        worker = Worker(Service("recommender", sources), self.settings)
        await worker.start()
        try:
            yield worker
        finally:
            await worker.stop()

    async def clicks_one_by_one(self, publisher, worker, count):
        """Each is in a checkpoint of its own."""
        for number in range(count):
            value = orjson.dumps({"product_id": "p", "user_id": "u"})
            await publisher.send(BUSY, b"u", value, partition=0)
            await publisher.flush()
            await self.until(lambda done=number + 1: (worker.durable_offset_of(0) or 0) >= done)

    async def until(self, condition, seconds=60.0):
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110  # conditions are of many objects
                await asyncio.sleep(0.01)

    async def written_and_retained(self):
        """Bytes that the checkpoint topic's first partition has had, about, and holds now."""
        records = [r for r in await read_topic(self.kafka, topics.checkpoints("recommender"))
                   if r.partition == 0]  # fmt: skip
        sizes = [len(r.value or b"") for r in records]
        return records[-1].offset // 2 * STATE_BYTES, sum(sizes)

    async def retained_at_last(self, wanted):
        """What is held once it is as little as `wanted`, or after two minutes."""
        deadline = time.monotonic() + 120
        while (held := (await self.written_and_retained())[1]) > wanted:
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(0.5)
        return held


def test_a_quiet_source_and_one_that_never_spoke_keep_no_old_checkpoints_alive(shop):
    async def scenario():
        async with Publisher(shop.kafka, "test") as publisher, shop.worker() as worker:
            query = orjson.dumps({"user_id": "u", "query": "shoes"})
            await publisher.send(QUIET, b"u", query, partition=0)
            await shop.clicks_one_by_one(publisher, worker, 60)
            # Collected about once a second, and only what is worth it.
            bound = 3 * 3 * (STATE_BYTES + 10_000) + 2 * SLACK_BYTES
            retained = await shop.retained_at_last(bound)
            written, _ = await shop.written_and_retained()
            assert written > 1.5 * bound, "the test wrote enough to tell"
            assert retained <= bound
            # The gauge tells what the broker has, a second later at most.
            gauge = worker.metrics.checkpoint_log_bytes.labels("0")._value
            await shop.until(lambda: gauge.get() <= bound)
        # What is left is enough, and is all that recovery reads.
        async with shop.worker() as worker:
            await shop.until(lambda: worker.health.ready()[0])
            assert shop.states[BUSY, 0].seen == list(range(60))
            assert len(shop.states[QUIET, 0].seen) == 1
            assert shop.states[SILENT, 0].seen == []
            assert worker._store.retained_bytes()[0] <= bound

    asyncio.run(scenario())


def test_a_worker_that_starts_on_a_long_log_collects_what_it_finds(shop, monkeypatch):
    """An earlier version, or one that was killed often, left it so."""

    async def scenario():
        async with Publisher(shop.kafka, "test") as publisher:
            with monkeypatch.context() as patched:
                patched.setattr(Checkpointer, "collect_forever", lambda *_: asyncio.sleep(3600))
                async with shop.worker() as worker:
                    await shop.clicks_one_by_one(publisher, worker, 30)
            _, before = await shop.written_and_retained()
            assert before > 25 * STATE_BYTES
            async with shop.worker():
                bound = 3 * 3 * (STATE_BYTES + 10_000) + 2 * SLACK_BYTES
                assert await shop.retained_at_last(bound) <= bound
                assert shop.states[BUSY, 0].seen == list(range(30))

    asyncio.run(scenario())
