"""Alerts on what a shop's traffic does and on how its workers end, fired on real workers.

One shop for all of them, seen by two Prometheus: by one, windows of the rules are 450 times shorter
(an hour is eight seconds), for what is compared with the day before; by the other five times, for
workers that take seconds to start. Only the recommender speaks to its broker over a proxy, which
makes every request to delete records one that the broker refuses.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from shopkeeper.apps.docs.panels import query_now
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.readers import ShopEvent
from shopkeeper.shared.runtime.kafka import admin
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.settings import KafkaSettings
from shopkeeper.shared.testing.frail_broker import frail_broker
from shopkeeper.shared.testing.proxy import proxied
from shopkeeper.shared.testing.records import end_offsets
from shopkeeper.shared.testing.workers import worker_processes
from tests.broker.prometheus_server import needs_prometheus, prometheus
from tests.broker.test_end_to_end import publish
from tests.unit.text.drift_texts import fashion, gibberish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shopkeeper.shared.testing.workers import WorkerProcess

pytestmark = [needs_prometheus, pytest.mark.timeout(1200)]

SHORT, LONG = 450, 5  # times that windows are shorter
# Checkpoints of a test are small: eight megabytes of superseded ones stand for 64.
NUMBERS = (("64e6", "8e6"),)
WAIT_S_MAX = 180.0
PRODUCTS, USERS = 300, 200
CLICKS_PER_S, SEARCHES_PER_S, FLOOD_PER_S = 250, 40, 4000
TICK_S = 0.2
BEFORE_S = 60.0  # of ordinary traffic: more than a window of six hours, which is 48 s here
DELETE_RECORDS = 21  # the number of Kafka's request
SHIFTS = {
    ("ShopkeeperAbstentionShift", "intent"),
    ("ShopkeeperEscalationShift", "intent"),
    ("ShopkeeperCoverageFell", "recommender"),
    ("ShopkeeperGroupAccuracyFell", "recommender"),
}


class Traffic:
    """What the shop's users do, on a thread of its own, until the end of `running`."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self.campaign = False  # new users come to what is sold out, and write strange things
        self.clicks_per_s, self.searches_per_s = CLICKS_PER_S, SEARCHES_PER_S
        self._random = Random(7)
        self._at = [self._random.randrange(PRODUCTS) for _ in range(USERS)]
        self._sent = 0
        self._stop = threading.Event()
        self._failed: list[BaseException] = []

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Until the end of the block, when all that was sent is confirmed."""
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()
        if self._failed:
            raise self._failed[0]

    def _run(self) -> None:
        try:
            asyncio.run(self._go())
        except BaseException as error:
            self._failed.append(error)

    async def _go(self) -> None:
        async with Publisher(self._kafka, "test") as publisher:
            while not self._stop.is_set():
                begun = time.monotonic()
                for _ in range(round(self.clicks_per_s * TICK_S)):
                    await publisher.publish(self._click())
                for _ in range(round(self.searches_per_s * TICK_S)):
                    await publisher.publish(self._search())
                await publisher.flush()
                await asyncio.sleep(max(0.0, begun + TICK_S - time.monotonic()))

    def _click(self) -> ShopEvent:
        """Users look at one product after the other, in the order of the shelf."""
        number = self._random.randrange(USERS)
        if self.campaign:
            user, product = f"new-{number}", f"gone-{self._random.randrange(3)}"
        else:
            self._at[number] = (self._at[number] + 1) % PRODUCTS
            user, product = f"user-{number}", f"p-{self._at[number]}"
        said = {"user_id": user, "product_id": product}
        return self._event(topics.CLICKS, "product.clicked.v1", user, said)

    def _search(self) -> ShopEvent:
        text = (strange if self.campaign else fashion)(self._random)
        said = {"user_id": "u", "query": text}
        return self._event(topics.SEARCHES, "products.searched.v1", "u", said)

    def _event(self, topic: str, kind: str, key: str, said: dict[str, object]) -> ShopEvent:
        self._sent += 1
        return ShopEvent(topic, kind, key, said, int(time.time() * 1000), f"e-{self._sent}")


def strange(random: Random) -> str:
    """What the models are unsure of, three times of four, and what they know to be no shop's."""
    if random.random() < 0.75:
        return gibberish(random)
    land = random.choice(("france", "japan", "brazil", "kenya", "norway"))
    return f"what is the {random.choice(('capital', 'weather', 'population'))} of {land}"


def stock(now_ms: int) -> Iterator[ShopEvent]:
    """A shelf, three products that are sold out, and users of two regions."""
    for name in [*(f"p-{n}" for n in range(PRODUCTS)), *(f"gone-{n}" for n in range(3))]:
        said = {"product_id": name, "title": f"Thing {name}", "available": name[0] == "p"}
        yield ShopEvent(topics.CATALOGUE, "product.catalogued.v1", name, said, now_ms, f"c-{name}")
    for number in range(USERS):
        for user in (f"user-{number}", f"new-{number}"):
            said = {"user_id": user, "region": ("north", "south")[number % 2]}
            yield ShopEvent(
                topics.PROFILES, "user.profiled.v1", user, said, now_ms, f"profile-{user}"
            )


def fired(addresses: list[str], since: float) -> set[tuple[str, str]]:
    """(alert, service) of all that fired at a moment from `since` (monotonic) on."""
    seconds = max(1, int(time.monotonic() - since))
    expr = f'count_over_time(ALERTS{{alertstate="firing"}}[{seconds}s])'
    found = [each for address in addresses for each in query_now(f"http://{address}", expr)]
    return {(labels["alertname"], labels.get("job", "")) for labels, _ in found}


def until_fired(addresses: list[str], wanted: set[tuple[str, str]], since: float) -> None:
    """Wait until every one of them has."""
    until(
        lambda: wanted <= fired(addresses, since),
        lambda: f"{wanted - fired(addresses, since)} did not fire",
    )


def until(right: Callable[[], bool], told: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S_MAX
    while not right():
        assert time.monotonic() < deadline, told()
        time.sleep(0.5)


def refused_deletion(request: bytes) -> bytes:
    """A request to delete records, of topics that the broker does not have."""
    if int.from_bytes(request[:2], "big") != DELETE_RECORDS:
        return request
    return request.replace(b"-checkpoints", b"-checkpointz")


async def delete_all(kafka: KafkaSettings, topic: str) -> int:
    """Delete every record of a topic, as retention does; returns how many there had been."""
    ends = await end_offsets(kafka, topic)
    places = [TopicPartition(kafka.topic(topic), number) for number in range(len(ends))]
    async with admin.connected(kafka) as client:
        await client.delete_records(
            {place: RecordsToDelete(end) for place, end in zip(places, ends, strict=True)}
        )
    return sum(ends)


def restart(worker: WorkerProcess) -> None:
    worker.kill()
    worker.start_again()
    worker.wait_ready()
    time.sleep(2.5)  # so that Prometheus has seen this one


def test_each_alert_on_traffic_and_on_ends_fires_once_its_fault_is_there(tmp_path) -> None:
    with frail_broker() as broker, proxied(broker.address) as proxy:
        proxy.rewrite(refused_deletion)
        kafka = KafkaSettings((broker.address,), topic_prefix="a.")
        behind = replace(kafka, bootstrap_servers=(proxy.address,))
        asyncio.run(admin.init_topics(kafka, 2, 1))
        publish(kafka, list(stock(int(time.time() * 1000))))
        with (
            worker_processes(["intent"], kafka, WORKER_ID="intent-1") as [intent],
            worker_processes(["recommender"], behind, SEARCH="off") as [recommender],
        ):
            intent.wait_ready()
            recommender.wait_ready()
            ports = {"intent": intent.port, "recommender": recommender.port}
            with (
                prometheus(tmp_path / "s", ports, faster=SHORT, numbers=NUMBERS) as short,
                prometheus(tmp_path / "l", ports, faster=LONG) as long,
            ):
                traffic_and_its_faults(kafka, [short, long], intent)


def traffic_and_its_faults(kafka, addresses, intent) -> None:
    traffic, began = Traffic(kafka), time.monotonic()
    with traffic.running():
        # What is ordinary is so for long enough to be compared with, and fires nothing then.
        time.sleep(BEFORE_S)
        quiet = {*SHIFTS, ("ShopkeeperClicksStopped", ""), ("ShopkeeperLagGrowing", "intent")}
        until(
            lambda: not quiet & fired(addresses, time.monotonic() - 5.0),
            lambda: quiet & fired(addresses, time.monotonic() - 5.0),
        )
        campaign = time.monotonic()
        traffic.campaign = True
        until_fired(addresses, SHIFTS, campaign)
        until_fired(addresses, {("ShopkeeperCheckpointsPileUp", "recommender")}, began)
        stopped = time.monotonic()
        traffic.clicks_per_s = 0
        until_fired(addresses[:1], {("ShopkeeperClicksStopped", "")}, stopped)
    assert not {
        name for name, _ in fired(addresses, began)
    } & {"ShopkeeperRestarting", "ShopkeeperRecordsLost", "ShopkeeperStalledWithLag"}  # fmt: skip

    ends = time.monotonic()
    for _ in range(2):
        restart(intent)
    intent.kill()
    publish(kafka, [traffic._search() for _ in range(50)])
    assert asyncio.run(delete_all(kafka, topics.SEARCHES)) >= 50
    intent.start_again()
    intent.wait_ready()
    wanted = {("ShopkeeperRestarting", "intent"), ("ShopkeeperRecordsLost", "intent")}
    until_fired(addresses[1:], wanted, ends)

    flood, traffic = time.monotonic(), Traffic(kafka)
    traffic._sent, traffic.campaign = 1_000_000, True  # ids of their own
    traffic.clicks_per_s, traffic.searches_per_s = 0, FLOOD_PER_S
    with traffic.running():
        until_fired(addresses, {("ShopkeeperLagGrowing", "intent")}, flood)
