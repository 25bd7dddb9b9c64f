"""The batched Faust runtime on a real broker: what is committed when a batch goes wrong.

The service under test sums numbers; its processor can be told to raise, or to take its time.
Everything else is the real thing: Faust, the batch transport, checkpoints, the broker.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Output
from shopkeeper.shared.runtime.api.service import Service, Source
from shopkeeper.shared.runtime.kafka.offsets import Partition
from shopkeeper.shared.runtime.settings import WorkerSettings
from shopkeeper.shared.runtime.worker.worker import Worker

if TYPE_CHECKING:
    from shopkeeper.shared.runtime.settings import KafkaSettings

PARTITION_COUNT = 2  # what the `kafka` fixture creates
BOOM = "boom"


class Totals:
    """Counts events and remembers the order of their positions; publishes one record each."""

    def __init__(self, number: int, bench: Bench) -> None:
        self.number, self.bench = number, bench
        self.positions: list[int] = []
        bench.totals[number] = self

    def process(self, events, now_ms):
        self.bench.entered.set()
        if any(e.data.product_id == BOOM for e in events) and self.bench.raising:
            raise RuntimeError("a bug in the core")
        if self.bench.hold is not None:
            assert self.bench.hold.wait(30)
        self.positions += [e.data.position for e in events]
        return [
            Output(topics.RECOMMENDATIONS, e.key, b"%d" % e.data.position, [], self.number)
            for e in events
        ], []

    def flush(self):
        return []

    def snapshot(self):
        return {"positions": orjson.dumps(self.positions)}

    def restore(self, sections):
        self.positions = orjson.loads(sections["positions"])

    def on_timer(self, now_ms):
        return []


class Bench:
    """What a test knows of the workers that it starts."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self.kafka = kafka
        self.totals: dict[int, Totals] = {}
        self.raising = True
        self.hold: threading.Event | None = None
        self.entered = threading.Event()
        self.settings = replace(
            WorkerSettings.from_env({"HTTP_PORT": "-1", "CHECKPOINT_INTERVAL": "0.1"}),
            kafka=kafka, batch_records_max=10,
        )  # fmt: skip

    @asynccontextmanager
    async def worker(self, **changes):
        source = Source(topics.CLICKS, lambda n: Totals(n, self), frozenset({"product.clicked.v1"}))
        worker = Worker(Service("recommender", [source]), replace(self.settings, **changes))
        await worker.start()
        try:
            yield worker
        finally:
            await worker.stop()
            if self.hold is not None:
                self.hold.set()  # so that the state thread can end

    async def send(self, positions, partition=0, product_id="p"):
        producer = AIOKafkaProducer(**self.kafka.client_options())
        await producer.start()
        try:
            for position in positions:
                value = {"product_id": product_id, "user_id": "u", "position": position}
                await producer.send_and_wait(
                    self.kafka.topic(topics.CLICKS),
                    orjson.dumps(value), key=b"u", partition=partition,
                )  # fmt: skip
        finally:
            await producer.stop()

    async def committed(self, partition=0) -> int:
        admin = AIOKafkaAdminClient(**self.kafka.client_options())
        await admin.start()
        try:
            group = self.kafka.topic("shopkeeper-recommender")
            offsets = await admin.list_consumer_group_offsets(group)
        finally:
            await admin.close()
        found = offsets.get(TopicPartition(self.kafka.topic(topics.CLICKS), partition))
        return max(0, found.offset) if found is not None else 0

    async def until(self, condition, seconds=20.0):
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110  # conditions are of many objects
                await asyncio.sleep(0.02)

    def done(self, count, partition=0):
        return lambda: partition in self.totals and len(self.totals[partition].positions) >= count


@pytest.fixture
def bench(kafka):
    return Bench(kafka)


def test_a_stopped_worker_has_committed_everything_and_the_next_one_goes_on(bench):
    async def scenario():
        await bench.send(range(25))
        async with bench.worker():
            await bench.until(bench.done(25))
        assert await bench.committed() == 25
        await bench.send(range(25, 30))
        async with bench.worker():
            await bench.until(bench.done(30))
        assert bench.totals[0].positions == list(range(30))
        assert await bench.committed() == 30

    asyncio.run(scenario())


def test_a_raising_processor_commits_nothing_of_its_batch_and_nothing_after(bench):
    async def scenario():
        await bench.send(range(10))
        async with bench.worker() as worker:
            await bench.until(bench.done(10))
            await bench.send([10], product_id=BOOM)
            await bench.send(range(11, 40))
            await bench.until(lambda: worker.failure is not None)
            assert "a bug in the core" in str(worker.failure)
        assert await bench.committed() <= 10
        bench.raising = False
        async with bench.worker():
            await bench.until(bench.done(40))
        assert bench.totals[0].positions == list(range(40)), "none lost, none doubled"

    asyncio.run(scenario())


def test_stopping_in_mid_batch_waits_for_it_and_then_commits_it(bench):
    """What SIGTERM does: see test_workers.py for the signal itself."""

    async def scenario():
        await bench.send(range(10))
        bench.hold = threading.Event()
        async with bench.worker():
            await bench.until(bench.entered.is_set)
            asyncio.get_running_loop().call_later(0.5, bench.hold.set)
        assert await bench.committed() == 10
        assert bench.totals[0].positions == list(range(10))

    asyncio.run(scenario())


def test_a_batch_that_outlasts_the_drain_deadline_is_not_committed(bench):
    async def scenario():
        await bench.send(range(10))
        bench.hold = threading.Event()
        async with bench.worker(drain_deadline_s=0.5):
            await bench.until(bench.entered.is_set)
        assert await bench.committed() == 0
        bench.hold = None
        async with bench.worker():
            await bench.until(bench.done(10))
        assert bench.totals[0].positions == list(range(10))

    asyncio.run(scenario())


def test_cancelling_the_agents_in_mid_batch_commits_nothing(bench):
    async def scenario():
        await bench.send(range(10))
        bench.hold = threading.Event()
        async with bench.worker(drain_deadline_s=0.5) as worker:
            await bench.until(bench.entered.is_set)
            for agent in worker._app.agents.values():
                for actor in agent._actors:
                    actor.actor_task.cancel()
            await asyncio.sleep(1.5)  # commits happen once a second
            assert await bench.committed() == 0
            worker._owned.accepting = False  # as if the process ended here: nothing is drained
            bench.hold.set()
        assert await bench.committed() == 0
        bench.hold = None
        async with bench.worker():
            await bench.until(bench.done(10))
        assert bench.totals[0].positions == list(range(10))

    asyncio.run(scenario())


def test_a_batch_longer_than_max_poll_interval_causes_no_rebalance_and_no_growth(bench):
    async def scenario():
        await bench.send(range(10))
        bench.hold = threading.Event()
        async with bench.worker(
            max_poll_interval_s=2.0, session_timeout_s=6.0, buffer_bytes_max=65_536
        ) as worker:
            await bench.until(bench.entered.is_set)
            generation = worker.generation
            await bench.send(range(10, 200))
            await asyncio.sleep(6.0)
            assert worker.generation == generation, "no rebalance"
            assert worker._owned.offsets.open_bytes <= 2 * 65_536
            bench.hold.set()
            await bench.until(bench.done(200))
        assert bench.totals[0].positions == list(range(200))

    asyncio.run(scenario())


def test_a_failed_delivery_stops_the_worker_with_nothing_committed(bench):
    async def scenario():
        await bench.send(range(5))
        async with bench.worker() as worker:
            await bench.until(bench.done(5))
            await bench.until(lambda: worker.durable_offset_of(0) == 5)

            async def refuse(*args, **kwargs):
                raise TimeoutError("the broker is away")

            worker._sink._producer.send_batch = refuse
            await bench.send(range(5, 9))
            await bench.until(lambda: worker.failure is not None)
            assert "the broker is away" in str(worker.failure)
        assert await bench.committed() == 5
        async with bench.worker():
            await bench.until(bench.done(9))
        assert bench.totals[0].positions == list(range(9))

    asyncio.run(scenario())


def test_a_checkpoint_ahead_of_its_log_is_refused(bench):
    async def scenario():
        await bench.send(range(5))
        async with bench.worker():
            await bench.until(bench.done(5))
        admin = AIOKafkaAdminClient(**bench.kafka.client_options())
        await admin.start()
        topic = bench.kafka.topic(topics.CLICKS)
        await admin.delete_topics([topic])
        for _ in range(50):
            await asyncio.sleep(0.2)
            if topic not in await admin.list_topics():
                break
        await admin.create_topics([NewTopic(topic, PARTITION_COUNT, 1)])
        await asyncio.sleep(0.5)
        await admin.close()
        async with bench.worker() as worker:
            await bench.until(lambda: worker.failure is not None)
            assert "shopkeeper checkpoints reset recommender" in str(worker.failure)

    asyncio.run(scenario())


def test_an_offset_committed_without_a_checkpoint_is_not_believed(bench):
    """Commit without manifest: state would be empty, so reading starts at the beginning."""

    async def scenario():
        await bench.send(range(12))
        group = bench.kafka.topic("shopkeeper-recommender")
        consumer = AIOKafkaConsumer(
            **bench.kafka.client_options(), group_id=group, enable_auto_commit=False
        )
        await consumer.start()
        partition = TopicPartition(bench.kafka.topic(topics.CLICKS), 0)
        consumer.assign([partition])
        await consumer.commit({partition: 7})
        await consumer.stop()
        async with bench.worker():
            await bench.until(bench.done(12))
        assert bench.totals[0].positions == list(range(12))

    asyncio.run(scenario())


def test_two_workers_share_the_partitions_and_one_takes_over(bench):
    async def scenario():
        other = Bench(bench.kafka)
        await bench.send(range(20), 0)
        await bench.send(range(20), 1)
        async with bench.worker() as first:
            await bench.until(lambda: bench.done(20, 0)() and bench.done(20, 1)())
            async with other.worker() as second:
                await bench.until(lambda: len(first._owned) == 1 and len(second._owned) == 1)
                await bench.send(range(20, 40), 0)
                await bench.send(range(20, 40), 1)
                owner = {
                    owned.partition.partition: b
                    for b, worker in ((bench, first), (other, second))
                    for owned in worker._owned
                }
                await bench.until(
                    lambda: all(len(b.totals[n].positions) == 40 for n, b in owner.items())
                )
            await bench.until(lambda: len(first._owned) == 2)
            await bench.send(range(40, 50), 0)
            await bench.send(range(40, 50), 1)
            await bench.until(lambda: bench.done(50, 0)() and bench.done(50, 1)())
        for number in (0, 1):
            assert bench.totals[number].positions == list(range(50))

    asyncio.run(scenario())


def test_a_partition_that_stays_goes_on_with_the_state_that_it_has(bench):
    """One worker has all; another comes and gets one number, and goes; nothing that stayed was
    loaded, and what moved was, with what happened to it meanwhile."""

    async def run():
        async with bench.worker(worker_id="one") as one:
            await bench.send([1, 2], partition=0)
            await bench.send([3], partition=1)
            await bench.until(lambda: sum(len(t.positions) for t in bench.totals.values()) == 3)
            before = dict(bench.totals)
            async with bench.worker(worker_id="two") as two:
                await bench.until(lambda: len(two._owned) == len(one._owned) == 1)
                [moved] = [each.partition.partition for each in two._owned]
                stayed = 1 - moved
                assert bench.totals[stayed] is before[stayed]
                assert bench.totals[moved] is not before[moved]
                assert bench.totals[moved].positions == before[moved].positions
                await bench.send([4], partition=stayed)
                await bench.send([5], partition=moved)
                await bench.until(lambda: bench.totals[stayed].positions[-1:] == [4])
                await bench.until(lambda: bench.totals[moved].positions[-1:] == [5])
                of_two = bench.totals[moved]
            await bench.until(lambda: len(one._owned) == 2)
            assert bench.totals[stayed] is before[stayed]
            assert bench.totals[moved] is not of_two
            assert bench.totals[moved].positions == of_two.positions
            await bench.send([6], partition=0)
            await bench.send([7], partition=1)
            await bench.until(lambda: sum(len(t.positions) for t in bench.totals.values()) == 7)
            await bench.until(lambda: all(not each.changed for each in one._owned))
        assert await bench.committed(0) + await bench.committed(1) == 7

    asyncio.run(run())


def test_a_partition_that_was_added_is_not_begun(bench):
    """The group may hear of it before our own look at the layout does."""

    async def scenario():
        async with bench.worker() as worker:
            await bench.until(lambda: len(worker._owned) == PARTITION_COUNT)
            added = Partition(bench.kafka.topic(topics.CLICKS), PARTITION_COUNT)
            assert await worker._assignment.recover([added], unbroken=False) == {}
            assert worker.start_again
            assert worker.stop_requested.is_set()
            assert worker.failure is None

    asyncio.run(scenario())
