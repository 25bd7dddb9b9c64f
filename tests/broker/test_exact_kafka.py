"""Counts are exact also when Apache Kafka evicts a worker, and when it crashes in mid-replay."""

from __future__ import annotations

import asyncio
import sys
import threading
from contextlib import contextmanager

import pytest

from shopkeeper.shared.runtime.kafka.admin import init_topics
from shopkeeper.shared.runtime.settings import KafkaSettings
from shopkeeper.shared.testing.workers import WorkerProcess, environment
from tests.broker.test_exact import PARTITIONS, assert_exact, publish, settle, synthetic


@pytest.fixture
def crashing(kafka_node):
    kafka = KafkaSettings((kafka_node.address,), topic_prefix="e.")
    asyncio.run(init_topics(kafka, PARTITIONS, 1))
    return kafka


@contextmanager
def recommenders(kafka, count, **settings):
    command = [sys.executable, "-m", "shopkeeper", "worker", "recommender"]
    workers = [WorkerProcess(command, environment(kafka, **settings)) for _ in range(count)]
    try:
        for worker in workers:
            worker.wait_ready()
        yield workers
    except BaseException:
        for worker in workers:
            print(worker.output(), file=sys.stderr)
        raise
    finally:
        for worker in workers:
            worker.discard()


def test_a_worker_killed_and_not_restarted_is_evicted_and_the_counts_stay_exact(crashing):
    events = list(synthetic())
    with recommenders(crashing, 2, SESSION_TIMEOUT=6) as (stays, dies):
        asyncio.run(publish(crashing, events[:6000]))
        dies.kill()
        asyncio.run(publish(crashing, events[6000:]))
        settle(crashing, stays.alive)
        assert stays.terminate() == 0
    assert_exact(crashing, events)


def test_a_broker_killed_and_restarted_in_mid_replay_leaves_the_counts_exact(crashing, kafka_node):
    events = list(synthetic())
    with recommenders(crashing, 1, WORKER_ID="static-1") as (worker,):
        asyncio.run(publish(crashing, events[:4000]))
        asyncio.run(publish(crashing, events[4000:8000]))
        kafka_node.kill()  # what was confirmed is on its disk or in the page cache: it survives
        restart = threading.Timer(3.0, kafka_node.start)
        restart.start()
        restart.join()
        asyncio.run(publish(crashing, events[8000:]))
        settle(crashing, worker.alive)
        assert worker.terminate() == 0
    assert_exact(crashing, events)
