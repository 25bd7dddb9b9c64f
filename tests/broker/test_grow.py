"""Partitions grow from 4 to 6 under load, and nothing is lost, doubled or split.

Producers go on all the time: one that has just looked how many partitions there are, one that
looked before the growth, and one that hashes keys in its own way.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter, defaultdict

import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.formats.readers import ShopEvent
from shopkeeper.shared.runtime import layout
from shopkeeper.shared.runtime.admin import connected, init_topics
from shopkeeper.shared.runtime.publisher import Publisher
from shopkeeper.shared.testing.counts import batch_counts
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import WorkerProcess, environment
from tests.broker.counts import held_counts

BEFORE, AFTER = 4, 6


@pytest.fixture
def kafka4(bare_kafka):
    asyncio.run(init_topics(bare_kafka, BEFORE, 1))
    return bare_kafka


def grow(kafka, *arguments, seconds=240):
    return subprocess.run(
        [sys.executable, "-m", "shopkeeper", "topics", "grow", *map(str, arguments)],
        env=environment(kafka), capture_output=True, text=True, timeout=seconds,
        stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


class Load:
    """A thread that publishes clicks and reviews in all three ways, until it is stopped."""

    def __init__(self, kafka):
        self.kafka = kafka
        self.clicks: list[ShopEvent] = []
        self.ratings: dict[str, Counter[float]] = defaultdict(Counter)
        self.failure: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        if self.failure is not None:
            raise self.failure

    async def _run(self):
        try:
            async with Publisher(self.kafka, "test") as old:
                for turn in itertools.count():
                    if self._stop.is_set():
                        return
                    await self._publish(old, turn)
                    await asyncio.sleep(0.2)
        except BaseException as error:
            self.failure = error

    async def _publish(self, old, turn):
        chance = random.Random(turn)
        async with Publisher(self.kafka, "test") as fresh:
            for index in range(40):
                user = f"u{chance.randrange(300)}"
                data = {"user_id": user, "session_id": f"{user}-{turn // 60}",
                        "product_id": f"i{chance.randrange(120)}"}  # fmt: skip
                event = ShopEvent(topics.CLICKS, "product.clicked.v1", user, data,
                                  int(time.time() * 1000), f"{turn}-{index}")  # fmt: skip
                self.clicks.append(event)
                if index % 3 == 2:  # a bare record, with another hash of the key
                    partition = (turn + index) % BEFORE
                    value = json.dumps(data).encode()
                    await fresh.send(topics.CLICKS, user.encode(), value, partition=partition)
                else:
                    await (old, fresh)[index % 3].publish(event)
            for index in range(10):
                product, rating = f"p{chance.randrange(50)}", float(chance.randrange(6))
                self.ratings[product][rating] += 1
                data = {"product_id": product, "review_id": f"{turn}-{index}", "rating": rating}
                event = ShopEvent(topics.REVIEWS, "product.reviewed.v1", product, data,
                                  int(time.time() * 1000), f"r{turn}-{index}")  # fmt: skip
                await (old, fresh)[index % 2].publish(event)
            await old.flush()


@pytest.fixture
def up(kafka4, tmp_path):
    status, output = tmp_path / "status.json", tmp_path / "log"
    with output.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "shopkeeper", "up", "recommender=2", "sentiment",
             "--status-file", str(status)],
            env=environment(kafka4, WORKER_ID="grow", SEARCH="off"), stderr=sink,
        )  # fmt: skip
    process.workers = lambda: json.loads(status.read_text())["workers"] if status.exists() else []
    yield process
    if process.poll() is None:
        process.kill()
        process.wait()
    print(output.read_text(), file=sys.stderr)


def wait_ready(up, seconds=300):
    """Until every worker says that it is."""
    deadline = time.monotonic() + seconds
    while True:
        ports = [w["http_port"] for w in up.workers()]
        with contextlib.suppress(OSError):
            for port in ports:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
            if ports:
                return
        assert time.monotonic() < deadline, up.workers()
        time.sleep(0.2)


def settle(kafka):
    # What is forwarded is consumed once more; the deltas come after the clicks.
    for _ in range(2):
        for service, topic in (("recommender", topics.CLICKS), ("sentiment", topics.REVIEWS),
                               ("recommender", topics.ITEM_PAIRS)):  # fmt: skip
            asyncio.run(until_consumed(kafka, service, [topic], seconds=180))
        time.sleep(1)


def assert_exact(kafka, load):
    expected_counts, expected_totals = batch_counts(load.clicks)
    assert len(expected_counts) > 1000
    counts, totals = held_counts(kafka, BEFORE)
    assert totals == expected_totals
    assert counts == expected_counts
    latest = {r.key.decode(): json.loads(r.value)
              for r in asyncio.run(read_topic(kafka, topics.PRODUCT_SENTIMENT))}  # fmt: skip
    for product, ratings in load.ratings.items():
        found = latest[product]
        assert found["count"] == ratings.total(), product
        assert found["positive"] == ratings[4.0] + ratings[5.0]
        assert found["negative"] == ratings[0.0] + ratings[1.0] + ratings[2.0]
    places = defaultdict(set)
    for record in asyncio.run(read_topic(kafka, topics.RECOMMENDATIONS)):
        places[record.key].add(record.partition)
    assert len(places) > 200
    assert {len(numbers) for numbers in places.values()} == {1}, "one latest list per user"


def test_partitions_grow_under_load_and_counts_stay_exact(kafka4, up):
    wait_ready(up)
    with Load(kafka4) as load:
        time.sleep(8)
        done = grow(kafka4, AFTER)
        assert done.returncode == 0, done.stderr
        wait_ready(up)
        time.sleep(3)
        os.kill(next(w["pid"] for w in up.workers() if w["pid"]), signal.SIGKILL)
        time.sleep(10)
    settle(kafka4)
    up.terminate()
    assert up.wait(60) == 0
    found = asyncio.run(layout.survey(kafka4))
    assert found.layout.growth is None
    assert {found.counts[name] for name in topics.GROWING} == {AFTER}
    assert found.counts[topics.ITEM_PAIRS] == BEFORE
    assert_exact(kafka4, load)
