"""Publishes what comes in over HTTP, and waits for the broker's word: a component of the worker."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer

from shopkeeper.shared.runtime.kafka.sink import partition_of
from shopkeeper.shared.runtime.telemetry.traceparents import NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopkeeper.shared.runtime.settings import KafkaSettings

    from .spans import GatewaySpans

    # (topic, key, value, headers)
    Unsent = tuple[str, bytes | None, bytes, Sequence[tuple[str, bytes]]]

LINGER_MS = 2
CONFIRMED_S_MAX = 10.0


class Producer:
    """Sends records, many requests' together."""

    def __init__(self, kafka: KafkaSettings, spans: GatewaySpans | None = None) -> None:
        """spans: who is told of what is sent."""
        self._kafka, self._spans = kafka, spans
        self._producer: AIOKafkaProducer | None = None
        self._published: Counter[str] = Counter()
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

    async def send(self, records: Sequence[Unsent]) -> None:
        """Return once the broker has confirmed all of (topic, key, value, headers).

        Raises KafkaError, or TimeoutError where it confirms nothing for 10 seconds: then some may
        have arrived.
        """
        if self._spans is not None and records:
            topic = self._kafka.topic(records[0][0])
            with self._spans.sending(topic, len(records)) as traceparent:
                await self._send(_with(records, traceparent))
        else:
            await self._send(records)
        self._published.update(record[0] for record in records)

    async def _send(self, records: Sequence[Unsent]) -> None:
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

    def take_published(self) -> Counter[str]:
        """Records confirmed since this was asked last, by topic."""
        taken, self._published = self._published, Counter()
        return taken


def _with(records: Sequence[Unsent], traceparent: bytes | None) -> Sequence[Unsent]:
    """Records that name our span in the place of the request's."""
    if traceparent is None:
        return records
    return [
        (topic, key, value, [*((n, v) for n, v in headers if n != NAME), (NAME, traceparent)])
        for topic, key, value, headers in records
    ]


def _partition(key: bytes | None, everywhere: Sequence[int], there: Sequence[int]) -> int:
    """As aiokafka's own, which computes a key's hash in Python, each time."""
    if key is None:
        return random.choice(there or everywhere)
    return everywhere[partition_of(key, len(everywhere))]
