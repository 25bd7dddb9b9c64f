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
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from shopkeeper import services
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.readers import ShopEvent
from shopkeeper.shared.runtime.kafka import partition_layout
from shopkeeper.shared.runtime.kafka.admin import connected, init_topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.operations.growth import Grower
from shopkeeper.shared.runtime.refusal import EXIT_AGAIN
from shopkeeper.shared.runtime.state.checkpoints import CheckpointStore
from shopkeeper.shared.testing.counts import batch_counts
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import WorkerProcess, environment
from tests.broker.counts import held_counts

BEFORE, AFTER = 4, 6


@pytest.fixture
def kafka4(bare_kafka):
    asyncio.run(init_topics(bare_kafka, BEFORE, 1))
    return bare_kafka


def grow(kafka, *arguments, seconds=600):
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


@contextlib.contextmanager
def start_up(kafka, folder, *services):
    """`shopkeeper up`, with `workers()`; what it wrote is shown if the test fails."""
    status, output = folder / "status.json", folder / "log"
    with output.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "shopkeeper", "up", *services, "--status-file", str(status)],
            env=environment(kafka, WORKER_ID="grow", SEARCH="off"), stderr=sink,
        )  # fmt: skip
    process.workers = lambda: json.loads(status.read_text())["workers"] if status.exists() else []
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        print(output.read_text(), file=sys.stderr)


@pytest.fixture
def up(kafka4, tmp_path):
    with start_up(kafka4, tmp_path, "recommender=2", "sentiment") as process:
        yield process


def wait_ready(up, seconds=600):
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
            asyncio.run(until_consumed(kafka, service, [topic], seconds=400))
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


async def alter(kafka, name, count):
    """What `kafka-topics.sh --alter` does."""
    async with connected(kafka) as admin:
        await admin.create_partitions({kafka.topic(name): NewPartitions(count)})


@contextlib.contextmanager
def worker(kafka, service, **settings):
    process = WorkerProcess(
        [sys.executable, "-m", "shopkeeper", "worker", service], environment(kafka, **settings)
    )
    try:
        yield process
    except BaseException:
        print(process.output(), file=sys.stderr)
        raise
    finally:
        process.discard()


def until(condition, process, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, process.output()
        time.sleep(0.1)


def reviews(count, start=0):
    for index in range(start, start + count):
        product = f"p{index % 20}"
        data = {"product_id": product, "review_id": f"r{index}", "rating": 5.0}
        yield ShopEvent(topics.REVIEWS, "product.reviewed.v1", product, data,
                        int(time.time() * 1000), f"r{index}")  # fmt: skip


async def publish(kafka, events):
    async with Publisher(kafka, "test") as publisher:
        for event in events:
            await publisher.publish(event)


def test_a_count_changed_on_the_broker_is_noticed_in_one_line_and_mended(kafka4):
    asyncio.run(publish(kafka4, reviews(100)))
    with worker(kafka4, "sentiment") as first:
        first.wait_ready()
        asyncio.run(alter(kafka4, topics.REVIEWS, AFTER))
        asyncio.run(publish(kafka4, reviews(100, 100)))
        assert first.popen.wait(60) == EXIT_AGAIN
        (line,) = [x for x in first.output().splitlines() if f"topics grow {AFTER}" in x]
        assert f"{topics.REVIEWS} has {AFTER} partitions, its state is split by {BEFORE}" in line
        assert "Traceback" not in first.output()
    with worker(kafka4, "sentiment") as second:
        until(lambda: second.get("/readyz")[0] == 503, second)
        until(lambda: f"topics grow {AFTER}" in second.get("/readyz")[1], second)
        time.sleep(3)
        assert second.output().count(f"topics grow {AFTER}") == 1, "said once"
        assert second.get("/livez")[0] == 200
        done = grow(kafka4, AFTER)
        assert done.returncode == 0, done.stderr
        # It drained by the old count and left for the split, or there was nothing to drain.
        until(lambda: second.popen.poll() == EXIT_AGAIN or second.get("/readyz")[0] == 200, second)
        if second.popen.poll() is None:
            assert second.terminate() == 0
        assert "Traceback" not in second.output()
    with worker(kafka4, "sentiment") as third:
        third.wait_ready()
        asyncio.run(until_consumed(kafka4, "sentiment", [topics.REVIEWS], check=third.alive))
        until(lambda: sorted(counted(kafka4).values()) == [10] * 20, third)
        assert third.terminate() == 0


def counted(kafka):
    """How many reviews each product has by its newest view."""
    records = asyncio.run(read_topic(kafka, topics.PRODUCT_SENTIMENT))
    return {record.key: json.loads(record.value)["count"] for record in records}


class Killed(BaseException):
    """Where the growth under test is killed."""


@pytest.mark.parametrize("step", range(6))
def test_a_growth_that_was_killed_is_finished_by_running_it_again(kafka4, monkeypatch, step):
    """Killed before each of its writes to the layout, between partitions and half-way through the
    checkpoints."""
    asyncio.run(publish(kafka4, reviews(200)))
    with worker(kafka4, "sentiment") as first:
        first.wait_ready()
        asyncio.run(until_consumed(kafka4, "sentiment", [topics.REVIEWS], check=first.alive))
        assert first.terminate() == 0
    calls = itertools.count()

    def killing(original):
        async def wrapped(*arguments, **options):
            if next(calls) == step:
                raise Killed
            return await original(*arguments, **options)

        return wrapped

    if step < 4:
        monkeypatch.setattr(partition_layout, "write", killing(partition_layout.write))
    elif step == 4:
        calls = itertools.count(1)
        monkeypatch.setattr(
            AIOKafkaAdminClient, "create_partitions", killing(AIOKafkaAdminClient.create_partitions)
        )
    else:
        calls = itertools.count(2)
        monkeypatch.setattr(CheckpointStore, "save", killing(CheckpointStore.save))
    with pytest.raises(Killed):
        asyncio.run(Grower(kafka4, print, services.reshard, services.merge, wait_s=60).grow(AFTER))
    monkeypatch.undo()
    done = asyncio.run(
        Grower(kafka4, print, services.reshard, services.merge, wait_s=60).grow(AFTER)
    )
    assert done.growth is None
    assert done.counts[topics.REVIEWS] == AFTER
    asyncio.run(publish(kafka4, reviews(200, 200)))
    with worker(kafka4, "sentiment") as second:
        second.wait_ready()
        asyncio.run(until_consumed(kafka4, "sentiment", [topics.REVIEWS], check=second.alive))
        until(lambda: set(counted(kafka4).values()) == {20}, second)
        assert second.terminate() == 0


def test_a_growth_that_waits_can_be_given_up(kafka4):
    asyncio.run(publish(kafka4, reviews(100)))
    with worker(kafka4, "sentiment") as first:
        first.wait_ready()
        asyncio.run(until_consumed(kafka4, "sentiment", [topics.REVIEWS], check=first.alive))
        assert first.terminate() == 0
    asyncio.run(publish(kafka4, reviews(50, 100)))
    waiting = grow(kafka4, AFTER, "--workers-wait", 2)
    assert waiting.returncode == 1
    assert "50 events of sentiment" in waiting.stderr
    assert "Traceback" not in waiting.stderr
    other = grow(kafka4, AFTER + 1)
    assert f"a growth to {AFTER} is under way" in other.stderr
    assert grow(kafka4, "--cancel").returncode == 0
    found = asyncio.run(partition_layout.survey(kafka4))
    assert found.layout.growth is None
    assert found.counts[topics.REVIEWS] == BEFORE
    smaller = grow(kafka4, BEFORE - 1)
    assert smaller.returncode == 1
    assert "partitions are never taken away" in smaller.stderr


def test_what_a_killed_worker_had_published_is_not_published_again(kafka4, tmp_path):
    """It had no checkpoint; by the new count others would count the same clicks once more."""
    chance = random.Random(3)
    events = []
    for index in range(3000):
        user = f"u{chance.randrange(300)}"
        data = {"user_id": user, "session_id": "s", "product_id": f"i{chance.randrange(99)}"}
        events.append(ShopEvent(topics.CLICKS, "product.clicked.v1", user, data,
                                int(time.time() * 1000), f"e{index}"))  # fmt: skip
    with worker(
        kafka4, "recommender", WORKER_ID="grow-recommender-1", CHECKPOINT_INTERVAL=3600,
        SEARCH="off",
    ) as dies:  # fmt: skip
        dies.wait_ready(300)
        asyncio.run(publish(kafka4, events[:2000]))
        processed = "shopkeeper_events_processed_total", (("topic", topics.CLICKS),)
        until(lambda: dies.metrics().get(processed) == 2000, dies, 120)
        until(lambda: len(asyncio.run(read_topic(kafka4, topics.ITEM_PAIRS))) > 3, dies)
        time.sleep(1)
        dies.kill()
    asyncio.run(publish(kafka4, events[2000:]))
    with start_up(kafka4, tmp_path, "recommender") as up:
        done = grow(kafka4, AFTER, "--workers-gone")
        assert done.returncode == 0, done.stderr
        wait_ready(up)
        for topic in (topics.CLICKS, topics.ITEM_PAIRS):
            asyncio.run(until_consumed(kafka4, "recommender", [topic], seconds=400))
        up.terminate()
        assert up.wait(60) == 0
    counts, totals = held_counts(kafka4, BEFORE)
    assert (counts, totals) == batch_counts(events)


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
    found = asyncio.run(partition_layout.survey(kafka4))
    assert found.layout.growth is None
    assert {found.counts[name] for name in topics.GROWING} == {AFTER}
    assert found.counts[topics.ITEM_PAIRS] == BEFORE
    assert_exact(kafka4, load)
