"""`shopkeeper up` with real workers on a real broker."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import orjson
import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.processes.embedded import free_port
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import environment

SEARCH_COUNT = 40


@contextmanager
def up(kafka, tmp_path, *arguments, **settings):
    status_file = tmp_path / "status.json"
    log = tmp_path / "log"
    with log.open("wb") as sink:
        running = subprocess.Popen(
            [sys.executable, "-m", "shopkeeper", "up", "--status-file", str(status_file),
             *arguments],
            env=environment(kafka, WORKER_ID="test", **settings), stderr=sink,
        )  # fmt: skip
    try:
        yield running, lambda: json.loads(status_file.read_text())["workers"], log
    except BaseException:
        print(log.read_text(), file=sys.stderr)
        raise
    finally:
        running.terminate()
        running.wait(60)


def eventually(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return value


async def search(kafka, first):
    async with Publisher(kafka, "test") as publisher:
        for n in range(first, first + SEARCH_COUNT):
            value = orjson.dumps({"user_id": f"u{n}", "query": f"red shoes {n}"})
            await publisher.send(topics.SEARCHES, b"u%d" % n, value)


def test_a_killed_worker_is_restarted_and_goes_on_where_it_was(kafka, tmp_path):
    with up(kafka, tmp_path, "intent") as (running, workers, _):
        asyncio.run(search(kafka, 0))
        asyncio.run(until_consumed(kafka, "intent", [topics.SEARCHES]))
        (before,) = workers()
        assert before["name"] == "test-intent-1"
        os.kill(before["pid"], signal.SIGKILL)
        asyncio.run(search(kafka, SEARCH_COUNT))
        asyncio.run(until_consumed(kafka, "intent", [topics.SEARCHES]))
        (after,) = workers()
        assert (after["restarts"], after["last_exit"]) == (1, -signal.SIGKILL)
        assert after["pid"] != before["pid"]
        intents = asyncio.run(read_topic(kafka, topics.INTENTS))
        ids = {dict(record.headers)["ce_id"] for record in intents}
        assert len(ids) == 2 * SEARCH_COUNT, "none lost; repeats have the same ids"
        running.terminate()
        assert running.wait(60) == 0
    (stopped,) = workers()
    assert stopped["state"] == "stopped"
    assert stopped["last_exit"] == 0, "it drained and left by itself"


def test_a_wrong_setting_stops_up_at_once_and_is_named(kafka, tmp_path):
    with up(kafka, tmp_path, "intent", BATCH_RECORDS_MAX="many") as (running, _, log):
        assert running.wait(30) == 2
        assert "BATCH_RECORDS_MAX" in log.read_text()
        assert "Traceback" not in log.read_text()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["checkout"], "'checkout' is not one of"),
        (["--workers", "intent=many"], "0 to 64"),
        (["intent=0"], "no workers"),
        (["--status-file", "/nowhere/at/all.json"], "not a folder"),
    ],
)
def test_bad_usage_is_one_clear_line(kafka, tmp_path, arguments, complaint):
    with up(kafka, tmp_path, *arguments) as (running, _, log):
        assert running.wait(30) == 2
        assert complaint in log.read_text()
        assert "Traceback" not in log.read_text()


def test_workers_wait_for_a_broker_that_is_not_there_yet(kafka, tmp_path):
    """They say so, are not restarted for it, and stop at once when asked to."""
    port = free_port()
    settings = {"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{port}"}
    with up(kafka, tmp_path, "intent", **settings) as (running, workers, log):
        waiting = f"broker 127.0.0.1:{port}: connection refused"
        eventually(lambda: log.read_text().count(waiting) >= 3)
        assert workers()[0]["restarts"] == 0
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 0
