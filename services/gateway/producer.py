"""Publishes what comes in over HTTP, and waits for the broker's word: a component of the worker."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer

from shopkeeper.shared.runtime.kafka.sink import partition_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopkeeper.shared.runtime.settings import KafkaSettings

LINGER_MS = 2
CONFIRMED_S_MAX = 10.0


class Producer:
    """Sends records, many requests' together."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._producer: AIOKafkaProducer | None = None
        self.ready: Callable[[], tuple[bool, str]] = lambda: (True, "ok")

    def follow_readiness(self, ready: Callable[[], tuple[bool, str]]) -> None:
        """What `/readyz` says decides whether anything is to be sent at all."""
        self.ready = ready

    async def start(self) -> None:
        """Connect."""
        self._producer = AIOKafkaProducer(
            **self._kafka.client_options(),
            enable_idempotence=True,
            linger_ms=LINGER_MS,
            partitioner=_partition,
        )
        await self._producer.start()

    async def stop(self) -> None:
        """Send what waits, and disconnect."""
        if self._producer is not None:
            await self._producer.stop()

    async def send(
        self, records: Sequence[tuple[str, bytes | None, bytes, Sequence[tuple[str, bytes]]]]
    ) -> None:
        """Return once the broker has confirmed all of (topic, key, value, headers).

        Raises KafkaError, or TimeoutError where it confirms nothing for 10 seconds: then some may
        have arrived.
        """
        producer = self._producer
        assert producer is not None
        async with asyncio.timeout(CONFIRMED_S_MAX):
            sent = [
                await producer.send(
                    self._kafka.topic(topic), value=value, key=key, headers=list(headers)
                )
                for topic, key, value, headers in records
            ]
            if len(sent) == 1:
                await sent[0]
            elif sent:
                await asyncio.gather(*sent)


def _partition(key: bytes | None, everywhere: Sequence[int], there: Sequence[int]) -> int:
    """As aiokafka's own, which computes a key's hash in Python, each time."""
    if key is None:
        return random.choice(there or everywhere)
    return everywhere[partition_of(key, len(everywhere))]
