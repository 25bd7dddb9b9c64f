"""The alert of a stalled worker, fired by one whose processor waits for a server that hangs."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import NewTopic

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.admin import connected
from shopkeeper.shared.testing.workers import worker_processes
from tests.broker import asking_service
from tests.broker.prometheus_server import needs_prometheus, prometheus
from tests.broker.test_alerts import firing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [needs_prometheus, pytest.mark.timeout(900)]

STALLED = ("ShopkeeperStalledWithLag", asking_service.NAME)
WAIT_S_MAX = 240.0  # /livez has its patience of a minute
REFERENCE = f"{asking_service.__name__}:SERVICE"
LAG = "consumer_lag_messages"


@contextmanager
def hanging_server() -> Iterator[tuple[int, threading.Event]]:
    """Its port, and the event from which on it answers; until then it takes connections only."""
    answers = threading.Event()

    def answer(connection: socket.socket) -> None:
        with connection:
            answers.wait(WAIT_S_MAX * 3)
            connection.sendall(b"y")

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:  # closed
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        try:
            yield server.getsockname()[1], answers
        finally:
            answers.set()
            server.shutdown(socket.SHUT_RDWR)


async def create_topics(kafka) -> None:
    names = asking_service.ASKED, topics.checkpoints(asking_service.NAME)
    async with connected(kafka) as admin:
        await admin.create_topics([NewTopic(kafka.topic(name), 1, 1) for name in names])


async def send(kafka, count: int) -> None:
    async with AIOKafkaProducer(**kafka.client_options()) as producer:
        for number in range(count):
            await producer.send_and_wait(kafka.topic(asking_service.ASKED), b"%d" % number)


def until(right: Callable[[], bool], told: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S_MAX
    while not right():
        assert time.monotonic() < deadline, told()
        time.sleep(0.3)


def test_a_worker_that_waits_for_a_server_without_a_limit_is_stalled_until_it_answers(
    kafka, tmp_path
) -> None:
    asyncio.run(create_topics(kafka))
    path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    with (
        hanging_server() as (port, answers),
        worker_processes([REFERENCE], kafka, PYTHONPATH=path, **{asking_service.SERVER: port}) as [
            worker
        ],
    ):
        worker.wait_ready()
        with prometheus(tmp_path, {asking_service.NAME: worker.port}) as address:
            time.sleep(5.0)
            assert STALLED not in firing(address)
            asyncio.run(send(kafka, 1))
            until(lambda: worker.total(LAG) == 1, worker.output)
            asyncio.run(send(kafka, 20))  # what comes while it hangs is counted as well
            until(lambda: worker.total(LAG) == 21, lambda: worker.total(LAG))
            until(lambda: STALLED in firing(address), lambda: firing(address))
            until(lambda: worker.get("/livez")[0] == 503, lambda: worker.get("/livez"))
            assert worker.get("/livez")[1].startswith("lag 21 and no progress for ")
            answers.set()
            until(lambda: STALLED not in firing(address), lambda: firing(address))
            until(lambda: worker.total(LAG) == 0, lambda: worker.total(LAG))
            assert worker.get("/livez")[0] == 200
