"""Notices within ten seconds that a broker which a worker needs does not answer any more.

Nothing else does: a fetch, a heartbeat and a delivery that get no answer are tried again for as
long as it takes, which is right, and looks from outside like a worker with nothing to do.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING, Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import ApiVersionRequest

from . import logs

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..settings import KafkaSettings
    from .health import Health
    from .metrics import Metrics

log = logging.getLogger(__name__)

# In the worst case a broker falls silent right after an answer and accepts connections still:
# 2 + 3 + 0.5 + 3 s. Two failures, since one may be a pause of the broker's own garbage collector.
INTERVAL_S = 2.0
ANSWER_S_MAX = 3.0
AGAIN_S = 0.5
CLOSE_S_MAX = 1.0


class _Silent(ConnectionError):
    """One broker did not answer; the message names it and says how."""


class BrokerWatch:
    """Asks each broker that is needed now for its versions, the cheapest request there is.

    needed: the ids of the brokers that lead our partitions or coordinate our group; where it names
    none, one that answers is enough. Costs two small requests per broker and second at most, on a
    connection and a task of its own, and nothing per event.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        client_id: str,
        health: Health,
        metrics: Metrics,
        needed: Callable[[], set[int]],
    ) -> None:
        self._kafka, self._client_id = kafka, client_id
        self._health, self._metrics = health, metrics
        self._needed = needed
        self._client: Any = None
        self._last_answer_at = time.monotonic()
        self.lost = False
        self.back_at = float("-inf")  # monotonic: when one that was lost answered again

    def waits(self, problem: str) -> None:
        """No broker has answered since the start; whoever waits for one says so itself."""
        self._health.broker = problem
        self._metrics.broker_up.set(0)

    def answers(self) -> None:
        """A broker has answered."""
        self._last_answer_at = time.monotonic()
        self._health.broker = ""
        self._metrics.broker_up.set(1)

    async def run(self) -> None:
        """Watch until cancelled."""
        try:
            while True:
                problem = await self._problem()
                if problem and not self.lost:
                    await asyncio.sleep(AGAIN_S)
                    problem = await self._problem()
                self._note(problem)
                await asyncio.sleep(INTERVAL_S)
        finally:
            await self._close()

    def _note(self, problem: str) -> None:
        away_s = time.monotonic() - self._last_answer_at
        if problem:
            if not self.lost:
                log.warning("%s: nothing is read or committed until it is back", problem)
            self.lost = True
            logs.hush(True)
            self._metrics.lag.clear()  # neither 0 nor what it was is true
            self.waits(f"{problem}, for {away_s:.0f} s")
            return
        if self.lost:
            self._health.progress()  # there was none to make
            self.back_at = time.monotonic()
            log.warning("the broker is back after %.0f s", away_s)
        self.lost = False
        logs.hush(False)
        self.answers()

    async def _problem(self) -> str:
        """Which needed broker does not answer, and how; empty if all do."""
        try:
            if self._client is None:
                await self._connect()
            nodes = self._needed()
            if nodes:
                await asyncio.gather(*map(self._ask, nodes))
            else:
                await self._ask_any()
        except Exception as error:  # whatever it is: who only looks on must not end a worker
            # Made anew for the next question: brokers may come back elsewhere.
            await self._close()
            servers = ", ".join(self._kafka.bootstrap_servers)
            return str(error) if isinstance(error, _Silent) else f"broker {servers}: {error!r}"
        return ""

    async def _connect(self) -> None:
        client = AIOKafkaClient(
            **self._kafka.client_options(),
            client_id=self._client_id,
            request_timeout_ms=int(ANSWER_S_MAX * 1000),
        )
        servers = ", ".join(self._kafka.bootstrap_servers)
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                await client.bootstrap()
        except TimeoutError:
            await _end(client)
            raise _Silent(f"broker {servers} does not answer") from None
        except (KafkaError, OSError):
            await _end(client)
            raise _Silent(f"broker {servers} cannot be connected to") from None
        self._client = client

    async def _ask_any(self) -> None:
        nodes = [broker.nodeId for broker in self._client.cluster.brokers()]
        problems = []
        for answer in await asyncio.gather(*map(self._ask, nodes), return_exceptions=True):
            if answer is None:
                return
            problems.append(str(answer))
        if problems:
            raise _Silent("; ".join(problems))

    async def _ask(self, node: int) -> None:
        client = self._client
        broker = client.cluster.broker_metadata(node)
        name = f"broker {broker.host}:{broker.port}" if broker else f"broker {node}"
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                if not await client.ready(node):
                    raise _Silent(f"{name} cannot be connected to")
                await client.send(node, ApiVersionRequest())
        except (TimeoutError, KafkaError, OSError) as error:
            if isinstance(error, _Silent):
                raise
            raise _Silent(f"{name} does not answer") from None

    async def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await _end(client)


async def _end(client: Any) -> None:
    with contextlib.suppress(TimeoutError, KafkaError, OSError):
        async with asyncio.timeout(CLOSE_S_MAX):
            await client.close()
