"""`shopkeeper topics` and what lies under it, on a real broker."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from dataclasses import replace

import pytest
from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka import admin
from shopkeeper.shared.runtime.processes.embedded import free_port
from shopkeeper.shared.runtime.settings import KafkaSettings


def run(kafka, *arguments, **environ):
    return subprocess.run(
        [sys.executable, "-m", "shopkeeper", "topics", *arguments],
        env={**os.environ, "KAFKA_BOOTSTRAP_SERVERS": ",".join(kafka.bootstrap_servers),
             "TOPIC_PREFIX": kafka.topic_prefix, **environ},
        capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


async def config_of(kafka, name):
    async with admin.connected(kafka) as client:
        answers = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
        return {entry[0]: entry[1] for entry in answers[0].resources[0][4]}


async def create(kafka, name, partitions):
    async with admin.connected(kafka) as client:
        await client.create_topics([NewTopic(kafka.topic(name), partitions, 1)])


def test_init_creates_every_topic_and_the_second_time_nothing(bare_kafka):
    first = run(bare_kafka, "init", TOPIC_PARTITIONS="3")
    assert first.returncode == 0, first.stderr
    assert sorted(first.stdout.split()) == sorted(bare_kafka.topic(t.name) for t in topics.ALL)
    second = run(bare_kafka, "init", TOPIC_PARTITIONS="3")
    assert (second.returncode, second.stdout) == (0, "")
    listed = [line.split("\t") for line in run(bare_kafka, "list").stdout.splitlines()]
    assert [line[0] for line in listed] == [bare_kafka.topic(t.name) for t in topics.ALL]
    assert {line[1] for line in listed} == {"3"}


def test_topics_have_the_settings_of_the_contracts(kafka):
    for topic in topics.ALL:
        config = asyncio.run(config_of(kafka, kafka.topic(topic.name)))
        policy = topic.config.get("cleanup.policy", topic.cleanup)
        assert config["cleanup.policy"] == policy, topic.name
        assert int(config["max.message.bytes"]) == topic.message_bytes_max, topic.name
        wanted = -1 if topic.retention_ms is None else topic.retention_ms
        assert int(config["retention.ms"]) == wanted, topic.name
        assert topic.config.items() <= config.items(), topic.name


def test_a_missing_topic_is_added_beside_the_others(bare_kafka):
    asyncio.run(create(bare_kafka, topics.REVIEWS, 2))
    created = asyncio.run(admin.init_topics(bare_kafka, 2, 1))
    assert set(created) == {
        bare_kafka.topic(t.name) for t in topics.ALL if t.name != topics.REVIEWS
    }


def test_a_partition_count_that_differs_is_an_error_that_names_the_topic(bare_kafka):
    asyncio.run(create(bare_kafka, topics.SEARCHES, 5))
    done = run(bare_kafka, "init", TOPIC_PARTITIONS="2")
    assert done.returncode == 1
    assert f"{topics.SEARCHES} has 5" in done.stderr
    assert "Traceback" not in done.stderr
    states = [line.split("\t")[1] for line in run(bare_kafka, "list").stdout.splitlines()]
    assert states.count("missing") == len(topics.ALL) - 1, "nothing was created half-way"


def test_two_inits_at_the_same_time_both_succeed(bare_kafka):
    async def both():
        return await asyncio.gather(*(admin.init_topics(bare_kafka, 2, 1) for _ in range(2)))

    first, second = asyncio.run(both())
    assert sorted({*first, *second}) == sorted(bare_kafka.topic(t.name) for t in topics.ALL)


def test_reset_empties_the_topics_and_asks_before(kafka):
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

    name = kafka.topic(topics.CLICKS)

    async def send():
        producer = AIOKafkaProducer(**kafka.client_options())
        await producer.start()
        await producer.send_and_wait(name, b"{}", partition=0)
        await producer.stop()

    async def ends():
        consumer = AIOKafkaConsumer(**kafka.client_options())
        await consumer.start()
        try:
            return await consumer.end_offsets([TopicPartition(name, 0), TopicPartition(name, 3)])
        finally:
            await consumer.stop()

    asyncio.run(send())
    unasked = run(kafka, "reset")
    assert unasked.returncode == 2
    assert "--yes" in unasked.stderr
    done = run(kafka, "reset", "--yes", TOPIC_PARTITIONS="4")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == len(topics.ALL)
    assert set(asyncio.run(ends()).values()) == {0}, "empty, and four partitions now"


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"TOPIC_PARTITIONS": "none"}, "TOPIC_PARTITIONS"),
        ({"TOPIC_REPLICATION": "10"}, "TOPIC_REPLICATION"),
        ({"TOPIC_PREFIX": "a b"}, "TOPIC_PREFIX"),
    ],
)
def test_a_wrong_setting_stops_at_once_and_is_named(bare_kafka, environ, name):
    done = run(bare_kafka, "init", **environ)
    assert done.returncode == 2
    assert name in done.stderr


def test_more_replicas_than_brokers_is_one_clear_line(bare_kafka):
    done = run(bare_kafka, "init", TOPIC_REPLICATION="3")
    if done.returncode == 0:  # the embedded broker takes any number
        assert len(done.stdout.split()) == len(topics.ALL)
    else:
        assert done.returncode == 1
        assert done.stderr.startswith("Error: ")
        assert "replica" in done.stderr.lower()
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("kind", ["refused", "unknown name", "silent"])
def test_a_broker_that_is_away_is_waited_for_with_a_clear_line(kind, monkeypatch):
    monkeypatch.setattr(admin, "ATTEMPT_S_MAX", 0.5)
    listener = socket.create_server(("127.0.0.1", 0))
    address = {
        "refused": f"127.0.0.1:{free_port()}",
        "unknown name": "no-such-host.invalid:9092",
        "silent": f"127.0.0.1:{listener.getsockname()[1]}",
    }[kind]
    kafka = KafkaSettings((address,))
    lines: list[str] = []
    with listener, pytest.raises(admin.BrokerAway):
        asyncio.run(admin.wait_for_broker(kafka, lines.append, deadline_s=3.0))
    assert len(lines) >= 2
    assert all(address in line and "\n" not in line for line in lines)
    reason = {"refused": "refused", "unknown name": "not known", "silent": "does not answer"}[kind]
    assert reason in lines[0], lines[0]


def test_waiting_ends_when_the_broker_comes(broker):
    """A proxy stands in for a broker that starts late: nothing listens at first."""
    port = free_port()
    host, _, real_port = broker.rpartition(":")
    kafka = KafkaSettings((f"127.0.0.1:{port}",))

    async def pump(reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def accept(reader, writer):
        real_reader, real_writer = await asyncio.open_connection(host, int(real_port))
        await asyncio.gather(pump(reader, real_writer), pump(real_reader, writer))

    async def scenario():
        lines: list[str] = []
        waiting = asyncio.create_task(admin.wait_for_broker(kafka, lines.append, deadline_s=30.0))
        while len(lines) < 2:  # noqa: ASYNC110  # a list, filled by what is under test
            await asyncio.sleep(0.01)
        assert not waiting.done()
        server = await asyncio.start_server(accept, "127.0.0.1", port)
        await waiting
        server.close()

    asyncio.run(scenario())


def test_min_insync_replicas_only_where_a_replica_may_be_lost():
    assert "min.insync.replicas" not in admin.topic_config(topics.ALL[0], 1)
    assert admin.topic_config(topics.ALL[0], 3)["min.insync.replicas"] == "2"


def test_only_logs_that_one_worker_reads_must_agree():
    assert (
        admin.partition_conflicts({topics.dead_letters(topics.CLICKS, "recommender"): 1}, 4) == []
    )
    assert admin.partition_conflicts({topics.CATALOGUE: 1}, 4) == [], "a view, read whole"
    assert admin.partition_conflicts({topics.CLICKS: 4}, 4) == []
    (conflict,) = admin.partition_conflicts({topics.CLICKS: 1}, 4)
    assert f"{topics.CLICKS} has 1" in conflict


def test_reset_with_a_prefix_leaves_other_prefixes_alone(kafka):
    other = replace(kafka, topic_prefix=kafka.topic_prefix + "other.")
    asyncio.run(admin.init_topics(other, 1, 1))
    try:
        asyncio.run(admin.delete_topics(kafka))

        async def counts():
            return {s.partition_count for s in await admin.list_topics(other)}

        assert asyncio.run(counts()) == {1}
    finally:
        asyncio.run(admin.delete_topics(other))
