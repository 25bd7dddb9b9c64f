"""Which brokers are asked, and what is said of one that does not answer."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from aiokafka.errors import KafkaConnectionError

from shopkeeper.shared.runtime.settings import KafkaSettings
from shopkeeper.shared.runtime.telemetry import logs
from shopkeeper.shared.runtime.telemetry.broker_watch import BrokerWatch
from shopkeeper.shared.runtime.telemetry.health import Health
from shopkeeper.shared.runtime.telemetry.metrics import Metrics


class Cluster:
    """Three brokers, of which some answer; stands in for aiokafka's client and its metadata."""

    def __init__(self, answering):
        self.answering = answering
        self.cluster = self

    def brokers(self):
        return [SimpleNamespace(nodeId=n) for n in (1, 2, 3)]

    def broker_metadata(self, node):
        return SimpleNamespace(host=f"kafka-{node}", port=9092) if node <= 3 else None

    async def ready(self, node, **_):
        return node <= 3

    async def send(self, node, request, **_):
        if node not in self.answering:
            raise KafkaConnectionError("gone")

    async def close(self):
        pass


def watch(cluster, needed):
    health, metrics = Health(), Metrics("w")
    one = BrokerWatch(KafkaSettings(("kafka-1:9092",)), "w-watch", health, metrics, lambda: needed)

    async def connect():
        one._client = cluster

    one._connect = connect
    return one, health, metrics


@pytest.mark.parametrize(
    ("needed", "answering", "said"),
    [
        ({1}, {1}, ""),  # nothing of ours is on the other two
        ({1, 2}, {1}, "broker kafka-2:9092 does not answer"),
        (set(), {3}, ""),  # nothing is assigned yet: one is enough
        (set(), set(), "broker kafka-1:9092 does not answer; broker kafka-2:9092 does not answer; "
         "broker kafka-3:9092 does not answer"),
        ({9}, {1, 2, 3}, "broker 9 cannot be connected to"),
    ],
)  # fmt: skip
def test_those_that_are_needed_must_answer(needed, answering, said):
    one, _, _ = watch(Cluster(answering), needed)
    assert asyncio.run(one._problem()) == said


def test_one_line_when_it_goes_one_when_it_is_back_and_no_lag_between(caplog):
    cluster = Cluster({1})
    one, health, metrics = watch(cluster, {1})
    metrics.lag.labels("t", "0").set(7)

    def ask():
        one._note(asyncio.run(one._problem()))
        samples = [s.value for f in metrics.lag.collect() for s in f.samples]
        return metrics.broker_up._value.get(), health.ready()[1], samples

    health.not_ready = {}
    assert ask() == (1, "ok", [7])
    cluster.answering = set()
    for _ in range(3):
        up, ready, samples = ask()
        assert (up, samples, logs._Calm.hushed) == (0, [], True)
        assert ready.startswith("broker kafka-1:9092 does not answer, for ")
        health.lag = 5
        health._progress_at -= 3600
        assert health.live() == (True, "ok"), "a restart would not bring it back"
    cluster.answering = {1}
    assert ask()[:2] == (1, "ok")
    assert health.live() == (True, "ok"), "the time without a broker was no stall"
    assert not logs._Calm.hushed
    assert [record.message.partition(" after ")[0] for record in caplog.records] == [
        "broker kafka-1:9092 does not answer: nothing is read or committed until it is back",
        "the broker is back",
    ]
