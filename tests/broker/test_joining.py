"""A worker that joins its group: what it has read by then, on a real broker."""

from __future__ import annotations

import asyncio
import threading

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.api.service import Service, Source
from shopkeeper.shared.runtime.kafka.membership import take_out
from shopkeeper.shared.runtime.worker.worker import Worker
from tests.broker.test_runtime import Bench, Totals
from tests.broker.test_stopping import members_of

JOINED_S = 3.0  # in which a worker that joins has been given its partitions


class SlowTable:
    """Takes records in when it may."""

    def __init__(self) -> None:
        self.entered, self.may_go_on = threading.Event(), threading.Event()
        self.records = 0

    def apply(self, records) -> None:
        self.entered.set()
        assert self.may_go_on.wait(60)
        self.records += len(records)


async def put_product(kafka) -> None:
    producer = AIOKafkaProducer(**kafka.client_options())
    await producer.start()
    try:
        value = orjson.dumps({"product_id": "p", "title": "A lamp"})
        await producer.send_and_wait(kafka.topic(topics.CATALOGUE), value, key=b"p")
    finally:
        await producer.stop()


def test_no_partition_moves_to_a_worker_that_still_reads_its_tables(kafka):
    """Others would give it up, and it would be nobody's until the tables are read."""

    async def run() -> None:
        bench, table = Bench(kafka), SlowTable()
        source = Source(
            topics.CLICKS, lambda n: Totals(n, joining), frozenset({"product.clicked.v1"})
        )
        joining = Bench(kafka)
        service = Service("recommender", [source], tables={topics.CATALOGUE: table.apply})
        await put_product(kafka)
        async with bench.worker() as first:
            await bench.until(lambda: len(first._owned) == 2)
            generation = first.generation
            second = Worker(service, joining.settings)
            starting = asyncio.create_task(second.start())
            try:
                await bench.until(table.entered.is_set)
                await asyncio.sleep(JOINED_S)
                for partition in (0, 1):
                    await bench.send(range(20), partition)
                await bench.until(lambda: bench.done(20, 0)() and bench.done(20, 1)())
                assert first.generation == generation
                assert not starting.done()
                table.may_go_on.set()
                await bench.until(lambda: len(first._owned) == len(second._owned) == 1)
                assert table.records == 1
                await starting
            finally:
                table.may_go_on.set()
                await second.stop()

    asyncio.run(run())


def test_a_worker_that_is_to_stop_does_not_wait_for_its_tables(kafka):
    async def run() -> None:
        bench, table = Bench(kafka), SlowTable()
        source = Source(
            topics.CLICKS, lambda n: Totals(n, bench), frozenset({"product.clicked.v1"})
        )
        service = Service("recommender", [source], tables={topics.CATALOGUE: table.apply})
        await put_product(kafka)
        worker = Worker(service, bench.settings)
        starting = asyncio.create_task(worker.start())
        try:
            await bench.until(table.entered.is_set)
            worker.fail(RuntimeError("asked to stop"))
            async with asyncio.timeout(20):
                await starting
            assert worker._app is None  # it has joined no group
        finally:
            table.may_go_on.set()
            await worker.stop()

    asyncio.run(run())


def test_a_member_of_an_old_generation_joins_again_as_who_it_is(kafka):
    """As somebody else it would leave a dead member behind, for whom the group waits."""

    async def run() -> None:
        bench = Bench(kafka)
        async with bench.worker() as worker:
            await bench.until(lambda: len(worker._owned) == 2)
            generation, consumer = worker.generation, worker._app.consumer
            before = consumer.member_id()
            coordinator = consumer._thread._consumer._coordinator
            coordinator.generation -= 1  # as where a rebalance ended that it has not heard of
            await bench.until(lambda: worker.generation > generation and len(worker._owned) == 2)
            assert consumer.member_id() == before
            await bench.send(range(5))
            await bench.until(bench.done(5))
            assert len(await members_of(kafka, "shopkeeper-recommender")) == 1

    asyncio.run(run())


def test_a_member_that_its_group_forgot_is_no_double_of_itself(kafka):
    """It joins anew, under another member id; the next rebalance finds that one under its name."""

    async def run() -> None:
        bench = Bench(kafka)
        async with bench.worker(worker_id="w-1", client_id="w-1") as worker:
            await bench.until(lambda: len(worker._owned) == 2)
            generation, consumer = worker.generation, worker._app.consumer
            before = consumer.member_id()
            admin = AIOKafkaAdminClient(**kafka.client_options())
            await admin.start()
            try:
                assert await take_out(admin, kafka.topic("shopkeeper-recommender"), {"w-1"})
            finally:
                await admin.close()
            await bench.until(lambda: worker.generation > generation and len(worker._owned) == 2)
            assert consumer.member_id() != before
            async with bench.worker(worker_id="w-2", client_id="w-2") as second:
                await bench.until(lambda: len(worker._owned) == len(second._owned) == 1)
            await bench.until(lambda: len(worker._owned) == 2)
            assert worker.failure is None
            await bench.send(range(5))
            await bench.until(bench.done(5))

    asyncio.run(run())
