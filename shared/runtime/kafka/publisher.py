"""Publishes events in bulk: for replays, the demo, tests and benchmarks.

One batch per partition is filled at a time and sent when full; keys go where every standard
client puts them. Memory is bounded: a partition with a batch in flight and another full makes the
caller wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError, UnknownTopicOrPartitionError

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.outputs import JSON, rfc3339

from .sink import partition_of

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from shopkeeper.shared.contracts.envelope import Headers
    from shopkeeper.shared.datasets.readers import ShopEvent

    from ..settings import KafkaSettings

BATCH_BYTES_MAX = 400_000
DELIVERY_TIMEOUT_S = 120.0
METADATA_PAUSE_S = 0.1
STOP_S_MAX = 5.0


class Publisher:
    """An async context manager; `publish` events, `flush` to have them confirmed.

    source and type_prefix become ce_source and the start of ce_type. A broker that goes away is
    waited for, up to `delivery_timeout_s` per batch. Raises KafkaError: KafkaTimeoutError then,
    UnknownTopicOrPartitionError for a topic that `shopkeeper topics init` has not created (a
    broker may be set up to create it on the spot, with its own idea of partitions).
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        source: str,
        type_prefix: str = "com.example.shop.",
        *,
        delivery_timeout_s: float = DELIVERY_TIMEOUT_S,
    ) -> None:
        self._kafka = kafka
        self._timeout_s = delivery_timeout_s
        self._source = source.encode()
        self._type_prefix = type_prefix.encode()
        self._producer: AIOKafkaProducer | None = None
        self._counts: dict[str, int] = {}
        self._batches: dict[tuple[str, int], Any] = {}
        self._in_flight: dict[tuple[str, int], asyncio.Future[Any]] = {}
        self.sent = 0

    async def __aenter__(self) -> Publisher:
        self._producer = AIOKafkaProducer(
            **self._kafka.client_options(),
            enable_idempotence=True,
            linger_ms=0,
            max_batch_size=BATCH_BYTES_MAX,
            max_request_size=4_000_000,
        )
        await self._producer.start()
        cluster = await self._producer.client.fetch_all_metadata()
        for topic in topics.BY_NAME:
            if found := cluster.partitions_for_topic(self._kafka.topic(topic)):
                self._counts[topic] = len(found)
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        producer = self._producer
        assert producer is not None
        try:
            if kind is None:
                await self.flush()
        finally:
            # It waits for what is unconfirmed, without end where the broker has gone.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_S_MAX):
                    await producer.stop()

    async def publish(self, event: ShopEvent) -> None:
        """Publish one shop event as CloudEvents in binary mode."""
        headers = [
            ("content-type", JSON),
            ("ce_specversion", b"1.0"),
            ("ce_id", event.id.encode()),
            ("ce_source", self._source),
            ("ce_type", self._type_prefix + event.type.encode()),
            ("ce_time", rfc3339(event.time_ms)),
        ]
        await self.send(event.topic, event.key.encode(), orjson.dumps(event.data), headers)

    async def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers | None = None,
        partition: int | None = None,
    ) -> None:
        """Publish any record (topic: unprefixed). Waits while too much is unconfirmed."""
        headers = headers or []  # aiokafka takes a list only
        count = self._counts.get(topic)
        if count is None:
            raise UnknownTopicOrPartitionError(
                f"no topic {self._kafka.topic(topic)} on the broker: run `shopkeeper topics init`"
            )
        place = (topic, partition if partition is not None else partition_of(key or b"", count))
        batch = self._batches.get(place)
        now_ms = int(time.time() * 1000)
        if batch is None or not batch.append(
            key=key, value=value, timestamp=now_ms, headers=headers
        ):
            if batch is not None:
                await self._ship(place, batch)
            assert self._producer is not None
            batch = self._batches[place] = self._producer.create_batch()
            # The first record of a batch is taken whatever its size.
            batch.append(key=key, value=value, timestamp=now_ms, headers=headers)
        self.sent += 1

    async def _ship(self, place: tuple[str, int], batch: Any) -> None:
        earlier = self._in_flight.pop(place, None)
        if earlier is not None:
            await self._confirmed(earlier)
        assert self._producer is not None
        topic, partition = place
        batch.close()
        await self._confirmed(self._known(self._kafka.topic(topic), partition))
        sending = self._producer.send_batch(batch, self._kafka.topic(topic), partition=partition)
        self._in_flight[place] = await self._confirmed(sending)

    async def _known(self, topic: str, partition: int) -> None:
        """Wait until the client knows the partition: while a topic grows, one answer of the broker
        may have more of them than the next, and the client refuses what it does not know."""
        assert self._producer is not None
        while partition not in await self._producer.partitions_for(topic):
            await self._producer.client.force_metadata_update()
            await asyncio.sleep(METADATA_PAUSE_S)

    async def _confirmed(self, waiting: Awaitable[Any]) -> Any:
        try:
            # Not asyncio.wait_for: before Python 3.12 it swallows a cancellation that meets the
            # result, and whoever publishes in a loop could then not be stopped.
            async with asyncio.timeout(self._timeout_s):
                return await waiting
        except TimeoutError:
            raise KafkaTimeoutError(
                f"the broker confirmed nothing for {self._timeout_s:g} s"
            ) from None

    async def ship(self) -> None:
        """Send what is batched, without waiting for confirmation."""
        for place, batch in list(self._batches.items()):
            del self._batches[place]
            await self._ship(place, batch)

    async def flush(self) -> None:
        """Send what is batched and wait until everything is confirmed. Raises KafkaError."""
        await self.ship()
        in_flight, self._in_flight = list(self._in_flight.values()), {}
        for future in in_flight:
            await self._confirmed(future)
