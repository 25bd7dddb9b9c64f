"""A running shop for the tests: every service, and traffic of every kind until the block ends."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx
import orjson

from shopkeeper import services
from shopkeeper.apps.demo import catalogue, faq, shoppers
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets import products
from shopkeeper.shared.datasets.knowledge import knowledge_events
from shopkeeper.shared.datasets.readers import ShopEvent
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.processes.embedded import free_port
from shopkeeper.shared.testing.records import read_topic
from shopkeeper.shared.testing.workers import worker_processes
from tests.broker.test_drift import searches
from tests.broker.test_end_to_end import publish
from tests.unit.text.drift_texts import fashion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopkeeper.shared.runtime.settings import KafkaSettings
    from shopkeeper.shared.testing.workers import WorkerProcess

EXPERIMENT = orjson.dumps(
    {
        "name": "short-lists",
        "variants": {"control": {"share": 0.5}, "short": {"share": 0.5, "list_items_max": 3}},
    }
).decode()
BACKLOG_S = 240.0
EVENTS_PER_S = 12.0
BAD = (b"no JSON", b'{"product_id": 7, "user_id": "u"}', b'{"user_id": "u"}')
SHOPPERS = [f"shopper-{number:05d}" for number in range(shoppers.SHOPPERS_DEFAULT)]


class BusyShop:
    """What runs: workers by service, and the gateway's port."""

    def __init__(self, workers: dict[str, WorkerProcess], gateway_port: int) -> None:
        self.workers, self.gateway_port = workers, gateway_port

    @property
    def ports(self) -> dict[str, int]:
        """By service, where it is asked for metrics."""
        return {name: worker.port for name, worker in self.workers.items()}

    def alive(self) -> None:
        """Raise AssertionError if one of them has ended."""
        for worker in self.workers.values():
            worker.alive()


@contextlib.contextmanager
def busy_shop(kafka: KafkaSettings, **settings: object) -> Iterator[BusyShop]:
    """Every service, an experiment between two variants, and shoppers who go on."""
    gateway_port, names = free_port(), services.NAMES
    environ = {"EXPERIMENT": EXPERIMENT, "GATEWAY_PORT": gateway_port, **settings}
    now_ms = int(time.time() * 1000)
    stocked = catalogue.built_in()
    publish(kafka, list(products.catalogue_events(stocked, now_ms)))
    publish(kafka, list(knowledge_events(faq.built_in(), now_ms)))
    with worker_processes(names, kafka, **environ) as launched:
        shop = BusyShop(dict(zip(names, launched, strict=True)), gateway_port)
        for worker in launched:
            worker.wait_ready()
        publish(kafka, _profiles(now_ms))
        publish(kafka, searches(0, 2000, fashion, now_ms - 86_400_000))
        stop = threading.Event()
        failed: list[BaseException] = []
        thread = threading.Thread(target=_trade, args=(kafka, shop, stop, failed))
        thread.start()
        try:
            yield shop
        finally:
            stop.set()
            thread.join()
        if failed:
            raise failed[0]


def _profiles(now_ms: int) -> list[ShopEvent]:
    return [
        ShopEvent(
            topics.PROFILES,
            "user.profiled.v1",
            user,
            {"user_id": user, "region": ("north", "south")[number % 2]},
            now_ms,
            f"profile-{number}",
        )
        for number, user in enumerate(SHOPPERS)
    ]


def _trade(
    kafka: KafkaSettings, shop: BusyShop, stop: threading.Event, failed: list[BaseException]
) -> None:
    """What happens in the shop, until it stops."""
    try:
        asyncio.run(_traffic(kafka, shop, stop))
    except BaseException as error:
        failed.append(error)


async def _traffic(kafka: KafkaSettings, shop: BusyShop, stop: threading.Event) -> None:
    start_s = time.time() - BACKLOG_S
    events = shoppers.shop_events(
        catalogue.built_in(), seed=1, start_ms=int(start_s * 1000), events_per_s=EVENTS_PER_S
    )
    async with Publisher(kafka, "test") as publisher, httpx.AsyncClient() as http:
        for turn in itertools.count():
            until_ms = time.time() * 1000
            for event in events:
                await publisher.publish(event)
                if event.time_ms > until_ms or stop.is_set():
                    break
            for value in BAD:
                await publisher.send(topics.CLICKS, b"u", value, [])
            await publisher.send(topics.REVIEWS, b"p", b"[]", [])
            await publisher.send(topics.CLICKS, b"u", b'{"event": "page_view"}', [])
            await publisher.publish(_rating(turn))
            for event in await _echoes(kafka, turn) if turn % 5 == 2 else ():
                await publisher.publish(event)
                await publisher.publish(event)  # a producer that sends it once more
            await publisher.flush()
            await _visit_gateway(http, f"http://127.0.0.1:{shop.gateway_port}", turn)
            if stop.is_set():
                return
            await asyncio.sleep(0.3)


def _rating(turn: int) -> ShopEvent:
    """What a reader says of an answer; two of three say that it helped."""
    said = {"answer_id": f"a-{turn}", "helpful": turn % 3 > 0, "route": "knowledge"}
    user, now_ms = SHOPPERS[turn % len(SHOPPERS)], int(time.time() * 1000)
    said["user_id"] = user
    return ShopEvent(topics.QUESTIONS, "answer.rated.v1", user, said, now_ms, f"rating-{turn}")


async def _echoes(kafka: KafkaSettings, turn: int) -> list[ShopEvent]:
    """Clicks in lists, and orders from them, of some users who have one."""
    newest: dict[str, dict[str, Any]] = {}
    for record in await read_topic(kafka, topics.RECOMMENDATIONS):
        if record.key is not None and record.value is not None:
            newest[record.key.decode()] = orjson.loads(record.value)
    now_ms, found = int(time.time() * 1000), []
    for user in random.Random(turn).sample(sorted(newest), min(60, len(newest))):
        shown = newest[user]
        if not shown["items"]:
            continue
        product = shown["items"][0]["product_id"]
        by = {"user_id": user, "recomm_id": shown["recomm_id"]}
        name = f"echo-{turn}-{user}"
        found.append(
            ShopEvent(
                topics.CLICKS,
                "product.clicked.v1",
                user,
                {**by, "product_id": product},
                now_ms,
                name,
            )
        )
        if len(found) % 3 == 0:
            bought = {"order_id": name, "products": [{"product_id": product}], **by}
            found.append(
                ShopEvent(topics.CLICKS, "order.completed.v1", user, bought, now_ms, f"{name}-o")
            )
    return found


async def _visit_gateway(http: httpx.AsyncClient, address: str, turn: int) -> None:
    """A visitor of the gateway, who asks, buys nothing and rates the answer."""
    user = SHOPPERS[turn % len(SHOPPERS)]
    click = {"event": "Product Clicked", "user_id": user, "product_id": "p-1"}
    for method, path, options in (
        ("POST", "/v1/events", {"json": click}),
        ("POST", "/v1/events", {"content": b"no JSON"}),
        ("GET", f"/v1/users/{user}/recommendations", {}),
        ("GET", "/v1/trending", {}),
        ("GET", f"/v1/search?q=headphones&user={user}&wait=0", {}),
        (
            "POST",
            "/v1/questions",
            {"json": {"question": "How long does delivery take?", "user_id": user}},
        ),
    ):
        await http.request(method, address + path, timeout=30.0, **options)
