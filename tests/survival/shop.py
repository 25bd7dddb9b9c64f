"""A whole shop for the survival matrix: topics on a node, supervised workers, what was written."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from dataclasses import replace

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.readers import ShopEvent
from shopkeeper.shared.runtime.kafka.admin import (
    committed_by,
    connected,
    delete_topics,
    init_topics,
)
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.refusal import EXIT_OPERATOR
from shopkeeper.shared.runtime.settings import KafkaSettings
from shopkeeper.shared.testing.proxy import proxied
from shopkeeper.shared.testing.records import read_topic
from shopkeeper.shared.testing.workers import WorkerProcess, environment

PARTITIONS = 4
SESSION_TIMEOUT_S = 6  # the least that there is: an eviction is to be seen
SETTLE_S_MAX = 600
READY_S_MAX = 600
PUBLISH_S_MAX = 300.0
RESTARTS_MAX = 40
FLEET = {
    "recommender-1": "recommender",
    "recommender-2": "recommender",
    "intent-1": "intent",
    "sentiment-1": "sentiment",
    "answers-1": "answers",
}
# Nothing can be written by these: no file grows, and what is printed fails as on a full disk.
NO_SPACE = ("sh", "-c", 'ulimit -f 0; exec "$@" >/dev/full 2>&1', "sh")


def consumed_by(service):
    return [name for name, topic in topics.BY_NAME.items() if service in topic.consumers]


async def partitions_of(admin, names):
    """Every partition of these topics (full names), as it is now."""
    return [
        TopicPartition(topic["topic"], each["partition"])
        for topic in await admin.describe_topics(names)
        for each in topic["partitions"]
    ]


class Shop:
    """Topics with a prefix of their own, and the workers of FLEET.

    Workers that end are started again, as `shopkeeper up` does, unless they were stopped here; one
    that asks for an operator fails the run, unless it is expected (`refused`). `connect_workers`
    puts a proxy between them and the broker.
    """

    def __init__(self, node, services=None, source=None, **settings):
        self.node = node
        base = KafkaSettings.from_env({"KAFKA_BOOTSTRAP_SERVERS": node.address})
        self.kafka = replace(base, topic_prefix=f"s{uuid.uuid4().hex[:8]}.")
        self.fleet = {
            name: service
            for name, service in FLEET.items()
            if services is None or service in services
        }
        self.services = sorted(set(self.fleet.values()))
        self.settings = {"SESSION_TIMEOUT": SESSION_TIMEOUT_S, "LIST_AGE_MAX": 1e10} | settings
        self.workers: dict[str, WorkerProcess] = {}
        self.proxy = None
        self.static = True  # workers have a WORKER_ID: who was killed has its place back at once
        self.restarts: Counter[str] = Counter()  # that nobody here asked for, by worker
        self.sent = 0
        self.notes: dict[str, str] = {}  # by check: what is odd, and promised by nobody
        self._commands: dict[str, list[str]] = {}
        self._frozen: set[str] = set()
        self.source = source  # the sources of another version, for its workers
        self.held = contextlib.ExitStack()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for name, worker in self.workers.items():
            if kind is not None:
                print(f"---- {name} wrote:\n{worker.output()[-6000:]}", file=sys.stderr)
            worker.popen.kill()
            worker.discard()
        self.held.close()
        # A broker that is killed looks through all that it has when it comes back.
        with contextlib.suppress(KafkaError, OSError):
            asyncio.run(delete_topics(self.kafka))

    # -- topics and records

    def create_topics(self):
        asyncio.run(init_topics(self.kafka, PARTITIONS, 1))

    def publish(self, events):
        """In order, by one producer; returns once everything is confirmed, which a broker that is
        away only delays. What is no ShopEvent is (topic, key, value)."""
        asyncio.run(self._publish(events))
        self.sent += len(events)

    async def _publish(self, events):
        async with contextlib.AsyncExitStack() as held:
            publisher = await self._connected_publisher(held)
            for event in events:
                if isinstance(event, ShopEvent):
                    await publisher.publish(event)
                else:
                    await publisher.send(*event)

    async def _connected_publisher(self, held):
        """One that has reached the broker: until then nothing is sent, so it may try again."""
        deadline = time.monotonic() + PUBLISH_S_MAX
        while True:
            publisher = Publisher(self.kafka, "test", delivery_timeout_s=PUBLISH_S_MAX)
            try:
                return await held.enter_async_context(publisher)
            except KafkaError:
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(0.2)

    def records(self, topic):
        """What the topic holds now; waits out a broker that is on its way back."""
        return asyncio.run(read_topic(self.kafka, topic))

    def newest(self, topic):
        """The last value of each key."""
        return {record.key.decode(): record.value for record in self.records(topic) if record.key}

    def extent(self):
        """Where each partition of each topic begins and ends, and what each group committed."""
        return asyncio.run(self._extent())

    async def _extent(self):
        names = [self.kafka.topic(name) for name in topics.BY_NAME]
        consumer = AIOKafkaConsumer(**self.kafka.client_options(), group_id=None)
        await consumer.start()
        try:
            async with connected(self.kafka) as admin:
                partitions = await partitions_of(admin, names)
                groups = [self.kafka.topic(f"shopkeeper-{service}") for service in self.services]
                committed = {group: await committed_by(admin, group) for group in groups}
            first = await consumer.beginning_offsets(partitions)
            ends = await consumer.end_offsets(partitions)
        finally:
            await consumer.stop()
        return {at: (first[at], ends[at]) for at in partitions}, committed

    # -- workers

    def connect_workers(self):
        """From now on workers that start reach the broker through `proxy`."""
        self.proxy = self.held.enter_context(proxied(self.node.address))

    def start(self, name, service=None, command=()):
        """Start a worker, or start it again. command: words in front of the worker's own."""
        if service is not None:
            self.fleet[name] = service
        kafka = self.kafka
        if self.proxy is not None:
            kafka = replace(kafka, bootstrap_servers=(self.proxy.address,))
        environ = environment(kafka, WORKER_ID=name if self.static else "", **self.settings)
        if self.source is not None:
            environ["PYTHONPATH"] = str(self.source)
        words = [*command, sys.executable, "-m", "shopkeeper", "worker", self.fleet[name]]
        self._commands[name] = list(command)
        if (before := self.workers.pop(name, None)) is not None:
            before.discard()
        self.workers[name] = WorkerProcess(words, environ)

    def start_all(self):
        for name in self.fleet:
            self.start(name)
        self.wait_ready()

    def wait_ready(self):
        deadline = time.monotonic() + READY_S_MAX
        while waiting := [n for n, w in self.workers.items() if w.get("/readyz")[0] != 200]:
            self.supervise()
            assert time.monotonic() < deadline, self._said(waiting)
            time.sleep(0.1)

    def kill(self, *names):
        """kill -9, and start again."""
        for name in names:
            self.workers[name].kill()
        for name in names:
            self.start(name, command=self._commands[name])

    def stop(self, *names, discard=False):
        """SIGTERM; they stay away. Each has to end in order."""
        stopping = {name: self.workers.pop(name) for name in names}
        for worker in stopping.values():
            worker.popen.send_signal(signal.SIGTERM)
        for name, worker in stopping.items():
            status = worker.popen.wait(120)
            assert status == 0, f"{name} ended with status {status}:\n{worker.output()[-3000:]}"
            worker.discard()
            if discard:
                del self.fleet[name]

    def freeze(self, *names):
        for name in names:
            self.workers[name].popen.send_signal(signal.SIGSTOP)
            self._frozen.add(name)

    def thaw(self, *names):
        for name in names:
            self.workers[name].popen.send_signal(signal.SIGCONT)
            self._frozen.discard(name)

    def supervise(self):
        """Start again who has ended. Raises AssertionError where that would not help."""
        for name, worker in list(self.workers.items()):
            status = worker.popen.poll()
            if status is None:
                continue
            said = worker.output()[-3000:]
            assert status != EXIT_OPERATOR, f"{name} asks for an operator:\n{said}"
            self.restarts[name] += 1
            assert self.restarts.total() < RESTARTS_MAX, f"{name} ends again and again:\n{said}"
            self.start(name, command=self._commands[name])

    def refused(self, command=()):
        """Start every worker, and return what each wrote, once all have refused to go on."""
        for name in self.fleet:
            self.start(name, command=command)
        said = {}
        for name in list(self.fleet):
            worker = self.workers.pop(name)
            deadline = time.monotonic() + READY_S_MAX
            while (status := worker.popen.poll()) is None:
                assert worker.get("/readyz")[0] != 200, f"{name} goes on"
                assert time.monotonic() < deadline, f"{name} waits:\n{worker.output()}"
                time.sleep(0.2)
            said[name] = worker.output()
            worker.discard()
            assert status == EXIT_OPERATOR, f"{name} ended with status {status}:\n{said[name]}"
        return said

    def shopkeeper(self, *words, wait=True):
        """A command of ours, while workers are supervised; returns (status, all that it wrote)."""
        running = subprocess.Popen(
            [sys.executable, "-m", "shopkeeper", *map(str, words)],
            env=environment(self.kafka), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        while running.poll() is None and wait:
            self.supervise()
            time.sleep(0.1)
        return running.wait(), running.stdout.read()

    def _said(self, names):
        return "".join(
            f"{name}: {self.workers[name].get('/readyz')[1]}\n{self.workers[name].output()[-2000:]}"
            for name in names
            if name in self.workers
        )

    # -- until all is as before

    def settle(self):
        """Return once every record of every source is in a checkpoint and committed."""
        deadline = time.monotonic() + SETTLE_S_MAX
        while behind := self._behind():
            self.supervise()
            if time.monotonic() > deadline:
                raise AssertionError(f"lag stays: {behind}\n{self._said(self.fleet)}")
            time.sleep(0.25)

    def _behind(self):
        try:
            return asyncio.run(self._lag())
        except (KafkaError, OSError, TimeoutError) as error:
            return {"broker": repr(error)}  # on its way back

    async def _lag(self):
        """(service, topic, partition) -> (committed, end) where they differ. What is committed is
        read first: had the end moved since, the two would differ."""
        done = {}
        async with connected(self.kafka) as admin:
            for service in self.services:
                found = await committed_by(admin, self.kafka.topic(f"shopkeeper-{service}"))
                done |= {(service, at): max(0, offset.offset) for at, offset in found.items()}
        consumer = AIOKafkaConsumer(
            **self.kafka.client_options(), group_id=None, isolation_level="read_committed"
        )
        await consumer.start()
        try:
            names = {s: consumed_by(s) for s in self.services}
            wanted = sorted({self.kafka.topic(n) for each in names.values() for n in each})
            async with connected(self.kafka) as admin:
                partitions = await partitions_of(admin, wanted)
            ends = await consumer.end_offsets(partitions)
        finally:
            await consumer.stop()
        return {
            (service, at.topic, at.partition): (done.get((service, at), 0), end)
            for service, topics_ in names.items()
            for at, end in ends.items()
            if at.topic in set(map(self.kafka.topic, topics_)) and done.get((service, at), 0) != end
        }
