"""Outputs in bulk, each delivery confirmed; the first failure ends the worker.

`pack` is pure and runs on the state thread; `deliver` runs on the loop. Of each partition of a
source only one `deliver` is under way at a time, it sends one batch per target after the other,
and after a failure nothing more is sent: so what a target holds of that source is always an
unbroken beginning of what was to be sent. Receivers that remember the highest offset they have
applied rely on that (docs/architecture.md).
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shopkeeper.shared.contracts.envelope import Output

    from ..settings import KafkaSettings

BATCH_BYTES_MAX = 900_000  # below every broker's default limit of 1 MiB
REQUEST_BYTES_MAX = 4_000_000  # one dead letter of a record at the size limit must fit


class DeliveryError(RuntimeError):
    """The broker did not confirm an output: stop, commit nothing, start again from the log."""


@lru_cache(maxsize=65_536)
def partition_of(key: bytes, count: int) -> int:
    """Where Kafka's default partitioner (murmur2) places this key: that of Java's client, aiokafka
    and others; librdkafka's default is another."""
    return int((murmur2(key) & 0x7FFFFFFF) % count)


def _seen(future: asyncio.Future[Any]) -> None:
    """Look at a failure, lest asyncio print it when nobody has."""
    if not future.cancelled():
        future.exception()


Packed = dict[tuple[str, int], list[Any]]  # (broker's topic, partition) -> batches, in order


class Sink:
    """Publishes `Output`s. One per worker."""

    def __init__(self, kafka: KafkaSettings, delivery_timeout_s: float, client_id: str) -> None:
        self._kafka = kafka
        self._timeout_s = delivery_timeout_s
        self._client_id = client_id
        self._producer: AIOKafkaProducer | None = None
        self._partition_counts: dict[str, int] = {}
        self._failed: BaseException | None = None

    async def start(self, topics: Iterable[str]) -> None:
        """Connect, and learn how many partitions each of `topics` (unprefixed) has."""
        self._producer = AIOKafkaProducer(
            **self._kafka.client_options(),
            client_id=self._client_id,
            enable_idempotence=True,
            acks="all",
            linger_ms=0,
            max_batch_size=BATCH_BYTES_MAX,
            max_request_size=REQUEST_BYTES_MAX,
            request_timeout_ms=int(self._timeout_s * 1000),
        )
        await self._producer.start()
        for name in topics:
            self._partition_counts[name] = len(
                await self._producer.partitions_for(self._kafka.topic(name))
            )

    async def stop(self) -> None:
        """Disconnect; what is unconfirmed is given up."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    def partition_count(self, topic: str) -> int:
        """Partitions of a topic (unprefixed) that was named at start."""
        return self._partition_counts[topic]

    def pack(self, outputs: Sequence[Output]) -> Packed:
        """Build the batches of these outputs, in order per partition.

        Raises DeliveryError once the sink has stopped: a step that was given up may still ask.
        """
        producer = self._producer
        if producer is None:
            raise DeliveryError("the worker is stopping")
        now_ms = int(time.time() * 1000)
        counts, prefix = self._partition_counts, self._kafka.topic_prefix
        packed: Packed = {}
        for output in outputs:
            partition = output.partition
            if partition is None:
                partition = partition_of(output.key or b"", counts[output.topic])
            elif partition >= counts[output.topic]:
                partition %= counts[output.topic]  # a topic that did not grow with its source
            batches = packed.setdefault((prefix + output.topic, partition), [])
            headers = output.headers
            timestamp = now_ms if output.timestamp_ms is None else output.timestamp_ms
            if not batches or not batches[-1].append(
                key=output.key, value=output.value, timestamp=timestamp, headers=headers
            ):
                batch = producer.create_batch()
                batch.append(
                    key=output.key, value=output.value, timestamp=timestamp, headers=headers
                )
                batches.append(batch)
        return packed

    async def deliver(self, packed: Packed) -> Counter[str]:
        """Send and wait until all is confirmed. Returns records per topic (the broker's names).

        Raises DeliveryError on the first failure, and for ever after.
        """
        if self._failed is not None:
            raise DeliveryError("an earlier delivery failed") from self._failed
        sent: Counter[str] = Counter()
        for (topic, _), batches in packed.items():
            for batch in batches:
                batch.close()
                sent[topic] += batch.record_count()
        tasks = [self._send_in_order(t, p, batches) for (t, p), batches in packed.items()]
        if len(tasks) == 1:
            await tasks[0]
        elif tasks:
            await asyncio.gather(*tasks)
        return sent

    async def _send_in_order(self, topic: str, partition: int, batches: list[Any]) -> int:
        """Returns the offset of the last batch's first record."""
        producer = self._producer
        if producer is None:
            raise DeliveryError("the worker is stopping")
        offset = -1
        try:
            for batch in batches:
                future = await producer.send_batch(batch, topic, partition=partition)
                future.add_done_callback(_seen)  # also where nobody waits any more
                offset = (await future).offset
        except (KafkaError, TimeoutError) as error:
            self._failed = error
            raise DeliveryError(f"{topic}/{partition}: {error!r}") from error
        return offset

    async def send_chunks(self, topic: str, partition: int, records: Sequence[Output]) -> int:
        """Send `records` to one partition in order; returns the first record's offset.

        Used for checkpoints, whose own offsets matter. Raises DeliveryError.
        """
        packed = self.pack(records)
        [batches] = packed.values()
        for batch in batches:
            batch.close()
        first = await self._send_in_order(self._kafka.topic(topic), partition, batches[:1])
        await self._send_in_order(self._kafka.topic(topic), partition, batches[1:])
        return first
