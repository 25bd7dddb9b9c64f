"""A broker that goes away is noticed, named and counted; its return too; nothing is lost."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time

import pytest

from shopkeeper.apps.cli import worker as worker_command
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.admin import init_topics
from shopkeeper.shared.runtime.settings import KafkaSettings, WorkerSettings
from shopkeeper.shared.runtime.worker.worker import Worker
from shopkeeper.shared.testing.frail_broker import frail_broker
from shopkeeper.shared.testing.workers import WorkerProcess, environment, worker_processes
from tests.broker.test_exact import PARTITIONS, assert_exact, publish, settle, synthetic

NOTICED_S_MAX = 10.0
BACK_S_MAX = 60.0  # a client's own waits between attempts, on a busy machine
AWAY_S = float(os.environ.get("TEST_BROKER_AWAY_S", "25"))


@contextlib.contextmanager
def workers(kafka, services, **settings):
    with worker_processes(services, kafka, **settings) as launched:
        for worker in launched:
            worker.wait_ready()
        yield launched


def gauge(worker, name):
    """The samples of one metric, whatever its labels."""
    return [v for (found, _), v in worker.metrics().items() if found == f"shopkeeper_{name}"]


def assert_well(worker):
    assert worker.get("/readyz") == (200, "ok\n")
    assert gauge(worker, "broker_up") == [1]


def assert_noticed(launched, address, gone_at):
    """In time, by name, in one line, without a lag, and without asking for a restart."""
    for worker in launched:
        while gauge(worker, "broker_up") != [0]:
            worker.alive()
            assert time.monotonic() - gone_at < NOTICED_S_MAX, worker.output()
            time.sleep(0.1)
        status, text = worker.get("/readyz")
        assert status == 503
        assert address in text
        lost = [line for line in worker.output().splitlines() if "nothing is read" in line]
        assert len(lost) == 1, worker.output()
        assert address in lost[0]
        time.sleep(0.3)  # the lag is measured four times a second
        assert gauge(worker, "consumer_lag_messages") == [], "neither 0 nor what it was is true"


def stays_noticed(launched, until):
    said = [worker.output() for worker in launched]
    while time.monotonic() < until:
        for worker in launched:
            worker.alive()
            assert worker.get("/readyz")[0] == 503
            assert worker.get("/livez") == (200, "ok\n"), "a restart would not bring it back"
            assert gauge(worker, "broker_up") == [0]
        time.sleep(0.5)
    assert [worker.output() for worker in launched] == said, "nothing new, nothing said"


def only_tables(worker):
    """Whether it consumes nothing, and so has no lag."""
    return worker.command[-1] == "gateway"


def assert_back(launched):
    deadline = time.monotonic() + BACK_S_MAX
    for worker in launched:
        while worker.get("/readyz")[0] != 200:
            worker.alive()
            assert time.monotonic() < deadline, worker.get("/readyz")[1] + worker.output()
            time.sleep(0.1)
        assert_well(worker)
        output = worker.output()
        assert (output.count("nothing is read"), output.count("is back after")) == (1, 1), output
        while not gauge(worker, "consumer_lag_messages") and not only_tables(worker):
            assert time.monotonic() < deadline, "the lag is known again"
            time.sleep(0.1)


def test_one_that_hangs_is_lost_and_comes_back():
    with frail_broker() as broker:
        kafka = KafkaSettings((broker.address,), topic_prefix="l.")
        asyncio.run(init_topics(kafka, 2, 1))
        with workers(kafka, topics.SERVICES) as launched:
            for worker in launched:
                assert_well(worker)
            broker.freeze()
            gone_at = time.monotonic()
            assert_noticed(launched, broker.address, gone_at)
            stays_noticed(launched, gone_at + 15.0)
            broker.thaw()
            assert_back(launched)
            for worker in launched:
                assert worker.terminate() == 0
                assert "Traceback" not in worker.output()


def test_one_that_is_killed_and_comes_back_after_a_while_leaves_the_counts_exact(kafka_node):
    kafka = KafkaSettings((kafka_node.address,), topic_prefix="l.")
    asyncio.run(init_topics(kafka, PARTITIONS, 1))
    events = list(synthetic())
    with workers(kafka, ["recommender"], WORKER_ID="r-1") as launched:
        (worker,) = launched
        asyncio.run(publish(kafka, events[:6000]))
        settle(kafka, worker.alive)
        assert_well(worker)
        asyncio.run(publish(kafka, events[6000:9000]))  # so that it is busy when the broker goes
        kafka_node.kill()
        gone_at = time.monotonic()
        assert_noticed(launched, kafka_node.address, gone_at)
        stays_noticed(launched, gone_at + AWAY_S)
        kafka_node.start()
        assert_back(launched)
        asyncio.run(publish(kafka, events[9000:]))
        settle(kafka, worker.alive)  # checkpoints are due as often as before it went
        assert worker.terminate() == 0
        assert "Traceback" not in worker.output()
    assert_exact(kafka, events)


@pytest.mark.parametrize("service", topics.SERVICES)
def test_one_that_is_not_there_yet_is_named_before_anything_has_begun(service):
    kafka = KafkaSettings(("127.0.0.1:9",))
    worker = WorkerProcess(
        [sys.executable, "-m", "shopkeeper", "worker", service], environment(kafka)
    )
    try:
        deadline = time.monotonic() + 60.0
        while "broker 127.0.0.1:9: connection refused" not in worker.get("/readyz")[1]:
            worker.alive()
            assert time.monotonic() < deadline, worker.output()
            time.sleep(0.1)
        assert gauge(worker, "broker_up") == [0]
        assert worker.get("/livez")[0] == 200
        assert worker.terminate() == 0
    finally:
        worker.discard()


def test_a_broker_lost_while_a_worker_joins_is_said_in_a_line(monkeypatch, caplog):
    """It ends, to be started again and to wait for the broker; nothing of ours is at fault."""
    join = Worker._join
    with frail_broker() as broker:
        kafka = KafkaSettings.from_env({"KAFKA_BOOTSTRAP_SERVERS": broker.address})
        asyncio.run(init_topics(kafka, PARTITIONS, 1))

        async def lost_before(worker, admin):
            broker.kill()
            await join(worker, admin)

        monkeypatch.setattr(Worker, "_join", lost_before)
        settings = WorkerSettings.from_env(environment(kafka, HTTP_PORT=-1))
        assert asyncio.run(worker_command.run("intent", settings)) == 1
    said = [r for r in caplog.records if "intent: cannot start" in r.getMessage()]
    assert len(said) == 1
    assert "the broker was lost meanwhile" in said[0].getMessage()
    assert said[0].exc_info is None
