"""Counts are exact: whatever happens to workers, c(i, j) and n(i) equal a batch job's.

The log is the real yoochoose sample where it is there (70,278 clicks), else a synthetic one; both
go through the broker, real worker processes, repartitioned deltas and checkpoints.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.readers import ShopEvent, read
from shopkeeper.shared.runtime.kafka.admin import init_topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.counts import batch_counts
from shopkeeper.shared.testing.records import until_consumed
from shopkeeper.shared.testing.workers import WorkerProcess, environment
from tests.broker.counts import held_counts

DATA = Path(__file__).parents[3] / "shared" / "data" / "recsys"
PARTITIONS = 4
SOURCES = [topics.CLICKS, topics.ITEM_PAIRS]


def synthetic(count=12_000):
    """Interleaved sessions with and without ids, adds and orders among the clicks."""
    chance = random.Random(5)
    time_ms = 1_700_000_000_000
    for index in range(count):
        user = f"u{chance.randrange(400)}"
        time_ms += chance.choice((1, 500, 60_000))
        who = {"user_id": user}
        if chance.random() < 0.7:
            who["session_id"] = f"{user}-{index // 3000}"
        item = f"i{min(chance.randrange(300), chance.randrange(300))}"
        roll = chance.random()
        if roll < 0.85:
            kind, data = "product.clicked.v1", {"product_id": item}
        elif roll < 0.95:
            kind, data = "product.added.v1", {"product_id": item}
        else:
            lines = [{"product_id": f"i{chance.randrange(300)}"} for _ in range(4)]
            kind, data = "order.completed.v1", {"order_id": f"o{index}", "products": lines}
        yield ShopEvent(topics.CLICKS, kind, user, data | who, time_ms, f"e{index}")


def yoochoose():
    yield from read(DATA / "yoochoose-100k" / "clicks_train.csv.gz", "yoochoose")


LOGS = [
    pytest.param(synthetic, id="synthetic"),
    pytest.param(
        yoochoose,
        id="yoochoose",
        marks=pytest.mark.skipif(
            not DATA.exists(), reason="the real data sets are not beside the checkout"
        ),
    ),
]


@pytest.fixture
def kafka4(bare_kafka):
    asyncio.run(init_topics(bare_kafka, PARTITIONS, 1))
    return bare_kafka


@pytest.fixture
def start(kafka4):
    """Starts recommender workers; whatever still runs at the end is ended."""
    started = []

    def starter(**settings):
        command = [sys.executable, "-m", "shopkeeper", "worker", "recommender"]
        worker = WorkerProcess(command, environment(kafka4, **settings))
        started.append(worker)
        return worker

    yield starter
    for number, worker in enumerate(started):  # pytest shows it where the test failed
        print(f"---- worker {number} wrote:\n{worker.output()}", file=sys.stderr)
        worker.discard()


async def publish(kafka, events):
    async with Publisher(kafka, "test") as publisher:
        for event in events:
            await publisher.publish(event)
        return publisher.sent


def slowly(kafka, events, parts, between):
    """Publish in parts, doing something to the workers after each."""
    events = list(events)
    size = -(-len(events) // parts)
    for number in range(parts):
        part = events[number * size : (number + 1) * size]
        asyncio.run(publish(kafka, part))
        between(number)


def settle(kafka, check=lambda: None):
    # The deltas of the last clicks are only all there once the clicks are done.
    for topic in SOURCES:
        asyncio.run(until_consumed(kafka, "recommender", [topic], seconds=240, check=check))


def assert_exact(kafka, events):
    expected_counts, expected_totals = batch_counts(events)
    counts, totals = held_counts(kafka, PARTITIONS)
    assert len(expected_counts) > 1000
    assert totals == expected_totals
    assert counts == expected_counts


@pytest.mark.parametrize("log", LOGS)
def test_one_worker(kafka4, start, log):
    worker = start()
    sent = asyncio.run(publish(kafka4, log()))
    settle(kafka4, worker.alive)
    consumed = worker.metrics()["shopkeeper_events_processed_total", (("topic", topics.CLICKS),)]
    assert consumed == sent, "none lost, none doubled"
    assert worker.terminate() == 0
    assert_exact(kafka4, log())


@pytest.mark.parametrize("log", LOGS)
def test_three_workers_come_and_go_in_mid_replay(kafka4, start, log):
    workers = [start()]

    def between(number):
        if number in (1, 2):
            workers.append(start())
            workers[-1].wait_ready()
        elif number == 4:
            assert workers.pop(0).terminate() == 0
        elif number == 5:
            assert workers.pop().terminate() == 0

    slowly(kafka4, log(), 7, between)
    settle(kafka4, workers[0].alive)
    assert workers[0].terminate() == 0
    assert_exact(kafka4, log())


@pytest.mark.parametrize("log", LOGS)
def test_kill_nine_in_mid_replay_and_restart_by_the_supervisor(kafka4, tmp_path, log):
    status = tmp_path / "status.json"
    output = tmp_path / "log"
    with output.open("wb") as sink:
        up = subprocess.Popen(
            [sys.executable, "-m", "shopkeeper", "up", "recommender=2", "--status-file",
             str(status)],
            env=environment(kafka4, WORKER_ID="exact"), stderr=sink,
        )  # fmt: skip

    def workers():
        return json.loads(status.read_text())["workers"] if status.exists() else []

    def between(number):
        if number in (1, 3):
            deadline = time.monotonic() + 60
            while len(running := [w for w in workers() if w["state"] == "running"]) < 2:
                assert time.monotonic() < deadline, output.read_text()
                time.sleep(0.1)
            os.kill(running[number % 2]["pid"], signal.SIGKILL)

    try:
        slowly(kafka4, log(), 6, between)
        settle(kafka4)
        assert sum(w["restarts"] for w in workers()) >= 2
        up.terminate()
        assert up.wait(60) == 0, output.read_text()
        assert_exact(kafka4, log())
    except BaseException:
        print(output.read_text(), file=sys.stderr)
        raise
    finally:
        if up.poll() is None:
            up.kill()
            up.wait()
