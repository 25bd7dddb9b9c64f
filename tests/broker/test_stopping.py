"""SIGTERM ends a worker within its drain deadline plus 2 s, whatever it waits for, and quietly."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
import time
from dataclasses import replace

import orjson
import pytest

from shopkeeper import services
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.api.service import Service, Source
from shopkeeper.shared.runtime.kafka.admin import connected, init_topics
from shopkeeper.shared.runtime.kafka.membership import describe
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.settings import KafkaSettings
from shopkeeper.shared.runtime.worker.worker import Worker
from shopkeeper.shared.testing.frail_broker import frail_broker
from shopkeeper.shared.testing.workers import worker_processes
from tests.broker.test_runtime import Bench, Totals

DRAIN_S = 3.0
LATE_S_MAX = 2.0  # what the requirement allows beyond the drain deadline
NOISE = ("Traceback", "Crashed", "never retrieved", "was destroyed", "is not responding")
SERVICES = topics.SERVICES
CONSUMERS = tuple(name for name in SERVICES if services.spec(name).consumes)  # in a group


def workers(kafka, names=SERVICES, **settings):
    """One worker of each service, none of them waited for."""
    return worker_processes(names, kafka, DRAIN_DEADLINE=DRAIN_S, **settings)


def until(condition, seconds=180.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def assert_they_stop(launched, again=False, number=signal.SIGTERM):
    """All at once: each has the same processor to share, which only makes it harder."""
    asked = time.monotonic()
    for worker in launched:
        worker.alive()
        worker.popen.send_signal(number)
    if again:
        time.sleep(0.3)
        for worker in launched:
            worker.popen.send_signal(number)
    for worker in launched:
        left = asked + DRAIN_S + LATE_S_MAX - time.monotonic()
        worker.popen.wait(max(0.0, left))  # raises TimeoutExpired
    for worker in launched:
        assert worker.popen.returncode == 0, worker.output()
        assert not [noise for noise in NOISE if noise in worker.output()], worker.output()


@contextlib.contextmanager
def silent_listener():
    """Accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept = []

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    kept.append(server.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        for one in kept:
            one.close()


def serving(worker):
    return worker.get("/livez")[0] != 0


def test_while_no_broker_listens():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kafka = KafkaSettings((f"127.0.0.1:{port}",))
    with workers(kafka) as launched:
        for worker in launched:
            until(lambda worker=worker: "connection refused" in worker.get("/readyz")[1])
        assert_they_stop(launched, number=signal.SIGINT)


def test_while_the_broker_accepts_and_says_nothing():
    with silent_listener() as port, workers(KafkaSettings((f"127.0.0.1:{port}",))) as launched:
        for worker in launched:
            until(lambda worker=worker: serving(worker))
        time.sleep(1.0)
        assert_they_stop(launched)


def test_when_idle_with_everything_well_also_when_asked_twice(kafka):
    with workers(kafka) as launched:
        for worker in launched:
            worker.wait_ready()
        assert_they_stop(launched, again=True)


def test_behind_a_dead_member_and_the_next_worker_does_not_wait_for_who_stopped(kafka, tmp_path):
    """Case O8: the embedded broker waits for a member that was killed for ever, where none of its
    machine comes after it: its temporary files are elsewhere."""
    with workers(kafka, CONSUMERS, TMPDIR=tmp_path) as dead:
        for worker in dead:
            worker.wait_ready()
        for worker in dead:
            worker.kill()
        with workers(kafka, CONSUMERS) as launched:
            for worker in launched:
                until(lambda worker=worker: "waiting for the group" in worker.get("/readyz")[1])
                assert worker.output().count("waiting for the group") == 1
            assert_they_stop(launched)
        for service in CONSUMERS:
            members = asyncio.run(members_of(kafka, f"shopkeeper-{service}"))
            assert len(members) <= 1, "who stopped is no member; the dead one may be"


async def members_of(kafka, group):
    async with connected(kafka) as admin:
        _, members = await describe(admin, kafka.topic(group))
    return members


@contextlib.contextmanager
def frail():
    with frail_broker() as broker:
        kafka = KafkaSettings((broker.address,), topic_prefix="s.")
        asyncio.run(init_topics(kafka, 2, 1))
        yield broker, kafka


@pytest.mark.parametrize("how", ["kill", "freeze"])
def test_when_the_broker_has_gone(how):
    with frail() as (broker, kafka), workers(kafka) as launched:
        for worker in launched:
            worker.wait_ready()
        getattr(broker, how)()
        time.sleep(1.0)
        assert_they_stop(launched)


@pytest.mark.parametrize("seconds", [0.0, 0.7])
def test_when_the_broker_falls_silent_while_the_worker_starts(seconds):
    """Wherever it is by then: topics, views, joining, checkpoints."""
    with frail() as (broker, kafka):
        asyncio.run(publish(kafka, 0, 2000))
        with workers(kafka) as launched:
            for worker in launched:
                until(lambda worker=worker: serving(worker))
            time.sleep(seconds)
            broker.freeze()
            time.sleep(0.5)
            assert_they_stop(launched)


@pytest.mark.parametrize("how", ["well", "kill", "freeze"])
def test_in_mid_batch(how):
    with frail() as (broker, kafka), workers(kafka, CONSUMERS) as launched:
        for worker in launched:
            worker.wait_ready()
        asyncio.run(publish(kafka, 0, 30_000))
        for worker in launched:
            until(lambda worker=worker: worker.total("events_consumed_total") > 0)
        if how != "well":
            getattr(broker, how)()
        assert_they_stop(launched)


async def publish(kafka, first, count):
    """A click, a search and a review each, and a question now and then."""
    async with Publisher(kafka, "test") as publisher:
        for n in range(first, first + count):
            user = f"u{n % 97}"
            click = {"user_id": user, "product_id": f"p{n % 89}", "id": f"c{n}"}
            search = {"user_id": user, "query": f"red shoes {n}", "id": f"s{n}"}
            review = {"product_id": user, "review_id": f"r{n}", "review_body": "I like it",
                      "id": f"r{n}"}  # fmt: skip
            for topic, event in (
                (topics.CLICKS, click), (topics.SEARCHES, search), (topics.REVIEWS, review)
            ):  # fmt: skip
                await publisher.send(topic, user.encode(), orjson.dumps(event))
            if n % 10 == 0:
                asked = {"user_id": user, "question": "is it waterproof", "id": f"q{n}"}
                await publisher.send(topics.QUESTIONS, user.encode(), orjson.dumps(asked))


# -- in this process, where a wait can be made to last


@pytest.fixture
def bench(kafka):
    return Bench(kafka)


async def assert_ends_in_time(worker):
    started = time.monotonic()
    await worker.stop()
    assert time.monotonic() - started < DRAIN_S + LATE_S_MAX
    assert worker.failure is None


def test_while_the_core_is_stuck_in_a_batch_of_which_nothing_is_committed(bench):
    async def scenario():
        await bench.send(range(10))
        bench.hold = threading.Event()
        async with bench.worker(drain_deadline_s=DRAIN_S) as worker:
            await bench.until(bench.entered.is_set)
            await assert_ends_in_time(worker)
        assert await bench.committed() == 0

    asyncio.run(scenario())


class SlowToDump(Totals):
    """Its checkpoint takes until `bench.hold` is set."""

    def snapshot(self):
        assert self.bench.hold.wait(30)
        return super().snapshot()


def test_while_a_checkpoint_is_taken_that_nobody_waits_for_any_more(bench):
    async def scenario():
        bench.hold = threading.Event()
        bench.hold.set()
        source = Source(
            topics.CLICKS, lambda n: SlowToDump(n, bench), frozenset({"product.clicked.v1"})
        )
        settings = replace(bench.settings, drain_deadline_s=DRAIN_S)
        worker = Worker(Service("recommender", [source]), settings)
        await worker.start()
        await bench.send(range(10))
        await bench.until(lambda: worker.durable_offset_of(0) == 10)
        bench.hold.clear()
        # The one that is awaited first is the one that waits for the state thread.
        for owned in reversed(list(worker._owned)):
            worker._checkpointer.begin(owned)
        await asyncio.sleep(0.2)
        await assert_ends_in_time(worker)
        bench.hold.set()
        await asyncio.sleep(0.5)  # the state thread is through with it now
        assert worker.failure is None

    asyncio.run(scenario())


@pytest.mark.parametrize("what", ["views", "checkpoints"])
def test_while_state_is_still_being_read(bench, monkeypatch, what):
    async def scenario():
        reading, go_on = threading.Event(), threading.Event()
        knowledge = {}

        def read(pairs):
            reading.set()
            go_on.wait(60)

        async def loaded(*_, **__):
            reading.set()
            await asyncio.Event().wait()

        if what == "views":
            knowledge = {topics.CATALOGUE: read}
            async with Publisher(bench.kafka, "test") as publisher:
                await publisher.send(topics.CATALOGUE, b"p", b"{}")
        source = Source(topics.CLICKS, lambda n: Totals(n, bench))
        settings = replace(bench.settings, drain_deadline_s=DRAIN_S)
        worker = Worker(Service("recommender", [source], knowledge), settings)
        if what == "checkpoints":
            monkeypatch.setattr(worker._store, "load", loaded)
        starting = asyncio.create_task(worker.start())
        await bench.until(reading.is_set)
        await asyncio.sleep(0.5)
        assert not starting.done()
        starting.cancel()
        await assert_ends_in_time(worker)
        go_on.set()
        assert await members_of(bench.kafka, "shopkeeper-recommender") == []

    asyncio.run(scenario())
