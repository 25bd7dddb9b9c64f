"""`shopkeeper broker`: topics at once, a log that stays where it is asked to, and clear ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys

from aiokafka import AIOKafkaConsumer, TopicPartition

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka import admin
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.processes import process
from shopkeeper.shared.runtime.processes.embedded import HOST, free_port
from shopkeeper.shared.runtime.settings import KafkaSettings

SECONDS_MAX = 120


@contextlib.contextmanager
def running(*arguments, **environ):
    """The command as a process of its own; yields it, and what it says, line by line."""
    with subprocess.Popen(
        [sys.executable, "-m", "shopkeeper", "broker", *map(str, arguments)],
        stderr=subprocess.PIPE,
        text=True,
        **process.child_options({**os.environ, **environ}),
    ) as command:
        try:
            yield command
        finally:
            command.kill()


def until_said(command, words):
    said = []
    for line in command.stderr:
        said.append(line)
        if words in line:
            return "".join(said)
    raise AssertionError(f"it ended without {words!r}: {''.join(said)}")


def ended(command, by):
    command.send_signal(by)
    return command.wait(SECONDS_MAX)


def clicks_on(kafka):
    """How many clicks its log holds."""

    async def ends():
        topic = kafka.topic(topics.CLICKS)
        async with AIOKafkaConsumer(**kafka.client_options()) as consumer:
            await consumer._client._wait_on_metadata(topic)
            places = [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic)]
            return await consumer.end_offsets(places)

    return sum(asyncio.run(ends()).values())


async def published(kafka):
    async with Publisher(kafka, "test") as publisher:
        await publisher.send(topics.CLICKS, b"u", b'{"user_id":"u","product_id":"p"}', [])


def test_topics_are_there_and_the_next_run_goes_on_with_the_log(tmp_path):
    port = free_port()
    kafka = KafkaSettings((f"{HOST}:{port}",), topic_prefix="mine.")
    for run in (1, 2):
        with running("--port", port, "--data", tmp_path / "log", TOPIC_PREFIX="mine.") as command:
            said = until_said(command, "shopkeeper up")
            assert f"KAFKA_BOOTSTRAP_SERVERS={HOST}:{port} shopkeeper up" in said
            states = asyncio.run(admin.list_topics(kafka))
            assert all(state.partition_count for state in states)
            assert len(states) == len(topics.ALL)
            asyncio.run(published(kafka))
            assert clicks_on(kafka) == run
            assert ended(command, signal.SIGTERM) == 0
        assert f"{0 if run == 2 else len(states)} topics created" in said


def test_a_taken_port_is_named_and_nothing_is_started():
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with running("--port", port) as command:
            assert f"port {port} is taken" in until_said(command, "taken")
            assert command.wait(SECONDS_MAX) == 1


def test_a_broker_that_is_gone_ends_the_command():
    port = free_port()
    with running("--port", port) as command:
        until_said(command, "shopkeeper up")
        found = subprocess.run(
            ["pgrep", "-f", f"noida-db start --only kafka --host {HOST} --kafka-port {port} "],
            capture_output=True,
            text=True,
            check=True,
        )
        for pid in found.stdout.split():
            os.kill(int(pid), signal.SIGKILL)
        until_said(command, "ended by itself")
        assert command.wait(SECONDS_MAX) == 1
