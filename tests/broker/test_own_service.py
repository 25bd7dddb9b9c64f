"""Services that nobody here has heard of, hosted by the worker as it is.

One has a source and publishes; the other, a gateway, has no source: it reads a table whole and
answers from it over HTTP. `shared/` knows neither.
"""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Output
from shopkeeper.shared.runtime.api.processor import Stateless
from shopkeeper.shared.runtime.api.service import Service, Source
from shopkeeper.shared.runtime.kafka.membership import group_of
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.processes.embedded import HOST, free_port
from shopkeeper.shared.runtime.settings import WorkerSettings
from shopkeeper.shared.runtime.shutdown import LEAVE_S
from shopkeeper.shared.runtime.worker.worker import TopicsMissing, Worker
from shopkeeper.shared.testing.records import read_topic

LETTERS = "letters.v1"  # a topic that the project does not have
COUNTS = topics.TRENDING  # a compacted one that it has: the table that the gateway reads
DRAIN_S = 1.0


class LetterCounts(Stateless):
    """How often each letter came; publishes the new count of every letter."""

    def __init__(self):
        self.counts: dict[bytes, int] = {}

    def process(self, events, now_ms):
        for event in events:
            self.counts[event.data] = self.counts.get(event.data, 0) + 1
        return [
            Output(COUNTS, letter, b"%d" % self.counts[letter], [])
            for letter in sorted({event.data for event in events})
        ], []

    def snapshot(self):
        return {"counts": b" ".join(k + b"=%d" % n for k, n in self.counts.items())}

    def restore(self, sections):
        pairs = [each.split(b"=") for each in sections["counts"].split()]
        self.counts = {letter: int(count) for letter, count in pairs}


class Gateway:
    """A component: GET /LETTER answers with its count, from a table."""

    def __init__(self):
        self.port = free_port()
        self.counts: dict[bytes, bytes] = {}
        self.known_at_start: dict[bytes, bytes] | None = None
        self.stops = 0
        self._server: asyncio.Server | None = None

    def apply(self, records):
        self.counts.update(records)

    async def start(self):
        self.known_at_start = dict(self.counts)
        self._server = await asyncio.start_server(self._answer, HOST, self.port)

    async def stop(self):
        self.stops += 1
        self._server.close()
        await self._server.wait_closed()

    async def _answer(self, reader, writer):
        letter = (await reader.readline()).split()[1].strip(b"/")
        body = self.counts.get(letter, b"0")
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    async def ask(self, letter: str) -> bytes:
        reader, writer = await asyncio.open_connection(HOST, self.port)
        writer.write(f"GET /{letter} HTTP/1.0\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        return answer.partition(b"\r\n\r\n")[2]


class Failing:
    """A component that works until it is told to fail."""

    def __init__(self, at_start: bool = False):
        self.at_start = at_start
        self.broken = asyncio.Event()
        self.stops = 0

    async def start(self):
        if self.at_start:
            raise RuntimeError("the port is taken")

    async def wait(self):
        await self.broken.wait()
        raise RuntimeError("the connection is gone")

    async def stop(self):
        self.stops += 1


@pytest.fixture
def settings(kafka):
    return replace(
        WorkerSettings.from_env({"HTTP_PORT": "-1", "CHECKPOINT_INTERVAL": "0.1"}),
        kafka=kafka,
        drain_deadline_s=DRAIN_S,
    )


@asynccontextmanager
async def running(service, settings):
    """The worker, started; on the way out it is stopped, in time."""
    worker = Worker(service, settings)
    try:
        await worker.start()
        yield worker
    finally:
        started = time.monotonic()
        await worker.stop()
        assert time.monotonic() - started < DRAIN_S + LEAVE_S + 0.5


async def until(condition, seconds=20.0):
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # conditions are of many objects
            await asyncio.sleep(0.02)


async def create_topics(kafka, *names):
    admin = AIOKafkaAdminClient(**kafka.client_options())
    await admin.start()
    try:
        await admin.create_topics([NewTopic(kafka.topic(name), 2, 1) for name in names])
    finally:
        await admin.close()


async def send(kafka, letters):
    producer = AIOKafkaProducer(**kafka.client_options())  # ours publishes to the project's topics
    await producer.start()
    try:
        for letter in letters:
            await producer.send_and_wait(kafka.topic(LETTERS), letter.encode(), partition=0)
    finally:
        await producer.stop()


def letter_service(made, components=()):
    def make(number):
        return made.setdefault(number, LetterCounts())

    source = Source(LETTERS, make, internal_type="letter")
    return Service("letters", [source], components=components)


def gateway_service(gateway):
    return Service("gateway", [], {COUNTS: gateway.apply}, components=[gateway])


def test_a_service_with_a_topic_of_its_own_and_a_gateway_that_answers_from_its_counts(settings):
    async def scenario():
        await create_topics(settings.kafka, LETTERS, topics.checkpoints("letters"))
        made, gateway = {}, Gateway()
        await send(settings.kafka, "aab")
        async with running(letter_service(made), settings) as letters:
            await until(lambda: letters.durable_offset_of(0) == 3)
            async with running(gateway_service(gateway), settings) as worker:
                assert worker.failure is None
                assert worker.health.ready() == (True, "ok")
                assert gateway.known_at_start == {b"a": b"2", b"b": b"1"}
                assert await gateway.ask("a") == b"2"
                assert worker.durable_offset_of(0) is None
                await send(settings.kafka, "a")
                await until(lambda: gateway.counts[b"a"] == b"3")
                assert await gateway.ask("a") == b"3"
            assert gateway.stops == 1
            with pytest.raises(ConnectionRefusedError):
                await gateway.ask("a")
            admin = AIOKafkaAdminClient(**settings.kafka.client_options())
            await admin.start()
            try:
                group = settings.kafka.topic("shopkeeper-gateway")
                assert (await group_of(admin, group))[1] == [], "it joins no group"
            finally:
                await admin.close()
        made.clear()
        await send(settings.kafka, "b")
        async with running(letter_service(made), settings) as letters:
            await until(lambda: letters.durable_offset_of(0) == 5)
        assert made[0].counts == {b"a": 3, b"b": 2}, "it went on where it had stopped"
        published = [(r.key, r.value) for r in await read_topic(settings.kafka, COUNTS)]
        assert published[-1] == (b"b", b"2")

    asyncio.run(scenario())


def test_a_topic_of_its_own_that_is_missing_is_named(settings):
    async def scenario():
        with pytest.raises(TopicsMissing, match=LETTERS):
            async with running(letter_service({}), settings):
                pass

    asyncio.run(scenario())


def test_components_stop_while_batches_are_still_taken(settings):
    async def scenario():
        await create_topics(settings.kafka, LETTERS, topics.checkpoints("letters"))
        accepted = []

        class Watching(Gateway):
            async def stop(self):
                accepted.append(worker._owned.accepting)
                await super().stop()

        async with running(letter_service({}, [Watching()]), settings) as worker:
            assert worker.health.ready() == (True, "ok")
        assert accepted == [True]

    asyncio.run(scenario())


@pytest.mark.parametrize("at_start", [True, False])
def test_a_component_that_fails_fails_the_worker(settings, at_start):
    async def scenario():
        gateway, failing = Gateway(), Failing(at_start)
        service = Service("gateway", [], components=[gateway, failing])
        async with running(service, settings) as worker:
            if not at_start:
                assert worker.health.ready() == (True, "ok")
                failing.broken.set()
            await asyncio.wait_for(worker.wait(), 5.0)
            said = "the port is taken" if at_start else "the connection is gone"
            assert str(worker.failure) == said
            assert worker.health.ready()[0] is False
        assert (gateway.stops, failing.stops) == (1, 1)

    asyncio.run(scenario())


def test_a_gateway_whose_table_is_still_being_read_is_not_ready_and_stops_in_time(settings):
    async def scenario():
        go_on, gateway = threading.Event(), Gateway()
        async with Publisher(settings.kafka, "test") as publisher:
            await publisher.send(COUNTS, b"a", b"1")
        tables = {COUNTS: lambda records: go_on.wait(60)}
        worker = Worker(Service("gateway", [], tables, components=[gateway]), settings)
        starting = asyncio.create_task(worker.start())
        await until(lambda: "tables" in worker.health.not_ready)
        await asyncio.sleep(0.5)
        assert not starting.done()
        assert worker.health.ready()[1] == "tables: reading; components: not started"
        starting.cancel()
        started = time.monotonic()
        await worker.stop()
        assert time.monotonic() - started < DRAIN_S + LEAVE_S + 0.5
        go_on.set()
        assert (gateway.known_at_start, gateway.stops) == (None, 0)

    asyncio.run(scenario())
