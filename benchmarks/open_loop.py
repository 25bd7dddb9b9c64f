"""Events sent at fixed times, and the lists that they cause: measured by a subscriber, from the
moment an event was to be sent.

Events are due whether or not earlier ones were answered, and lateness of the sender counts (no
coordinated omission). Sender and subscriber are processes of their own.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from harness import PARTITIONS, fresh_topics, publish, synthetic_clicks, until_total

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.outputs import rfc3339
from shopkeeper.shared.runtime.kafka import fetching
from shopkeeper.shared.runtime.kafka.sink import partition_of
from shopkeeper.shared.testing.workers import WorkerProcess, worker_process

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shopkeeper.shared.runtime.settings import KafkaSettings

START_S = 3.0  # until the first event is due: the subscriber is there by then
SILENCE_S = 8.0  # without a list, after which no more are waited for

LEARNED, SETTLED_S = 50_000, 3
OLD_MS = 1_700_000_000_000

fetching.install()  # the subscriber, too, paces its fetches where the broker does not hold them


@contextmanager
def learned_worker() -> Iterator[tuple[KafkaSettings, WorkerProcess]]:
    """A broker and a recommender that has learned from some clicks and come to rest."""
    with fresh_topics() as kafka:
        publish(kafka, synthetic_clicks(LEARNED, 5_000, LEARNED // 6, OLD_MS))
        with worker_process(
            "recommender", kafka, CHECKPOINT_INTERVAL=5, LOG_LEVEL="WARNING"
        ) as worker:
            until_total(worker, "events_processed_total", LEARNED, topics.CLICKS)
            while worker.total("consumer_lag_messages") > 0:
                time.sleep(0.2)
            time.sleep(SETTLED_S)
            yield kafka, worker


class Sent(NamedTuple):
    """One event. due_s: seconds after the start."""

    due_s: float
    partition: int
    key: bytes
    value: bytes


class Answers(NamedTuple):
    """latencies_ms: of the lists, in order of arrival. late_ms: the sender's, at most."""

    latencies_ms: list[float]
    late_ms: float

    def percentile(self, share: float) -> float | None:
        """In milliseconds; None of no list."""
        if not self.latencies_ms:
            return None
        return round(float(np.percentile(self.latencies_ms, share)), 2)


def keyed(due_s: float, user: str, value: bytes) -> Sent:
    """An event of a user, in its partition."""
    return Sent(due_s, partition_of(user.encode(), PARTITIONS), user.encode(), value)


async def send(bootstrap: str, topic: str, event_type: str, events: Sequence[Sent]) -> None:
    """Send events at their due times; ce_id begins with the due time in nanoseconds
    since 1970.

    Events that are due in the same millisecond leave in one request, as a shop's producer with
    batches of a millisecond would send them.
    """
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=0)
    await producer.start()
    await producer.partitions_for(topic)
    start = time.time() + START_S
    late_ms_max = 0.0
    at = 0
    while at < len(events):
        now = time.time()
        batches = {}
        while at < len(events) and start + events[at].due_s <= now:
            event = events[at]
            due = start + event.due_s
            late_ms_max = max(late_ms_max, (now - due) * 1000)
            if event.partition not in batches:
                batches[event.partition] = producer.create_batch()
            batches[event.partition].append(
                key=event.key,
                value=event.value,
                timestamp=int(due * 1000),
                headers=[
                    ("ce_type", event_type.encode()),
                    ("ce_source", b"open-loop"),
                    ("ce_id", b"%d-%d" % (int(due * 1e9), at)),
                    ("ce_time", rfc3339(int(due * 1000))),
                ],
            )
            at += 1
        for partition, batch in batches.items():
            batch.close()
            await producer.send_batch(batch, topic, partition=partition)
        await asyncio.sleep(0.001)
    await producer.stop()
    print(f"{late_ms_max:.1f}", flush=True)


@contextmanager
def sending(
    kafka: KafkaSettings, topic: str, event_type: str, events: Sequence[Sent]
) -> Iterator[subprocess.Popen[str]]:
    """A process that sends these events, encoded beforehand so that it takes as little as it can
    of the machine that it shares."""
    with tempfile.NamedTemporaryFile(suffix=".events") as file:
        file.write(msgspec.msgpack.encode(events))
        file.flush()
        command = [
            sys.executable, str(Path(__file__)), kafka.bootstrap_servers[0], topic, event_type,
            file.name,
        ]  # fmt: skip
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


async def listen(kafka: KafkaSettings, count: int, process: subprocess.Popen[str]) -> Answers:
    """The lists that the events of one sending process cause."""
    consumer = AIOKafkaConsumer(
        **kafka.client_options(), group_id=None, fetch_max_wait_ms=100, max_poll_records=5000
    )
    await consumer.start()
    places = [TopicPartition(topics.RECOMMENDATIONS, p) for p in range(PARTITIONS)]
    consumer.assign(places)
    await consumer.seek_to_end(*places)
    for place in places:
        await consumer.position(place)
    latencies: list[float] = []
    silent_since = time.monotonic() + START_S
    while len(latencies) < count and (
        process.poll() is None or time.monotonic() - silent_since < SILENCE_S
    ):
        found = await consumer.getmany(timeout_ms=100)
        now = time.time()
        for records in found.values():
            for record in records:
                cause = dict(record.headers).get("ce_causationid", b"")
                if b"-" in cause:
                    latencies.append((now - int(cause.split(b"-")[0]) / 1e9) * 1000)
                    silent_since = time.monotonic()
    await consumer.stop()
    late = float(process.communicate(timeout=30)[0].strip() or 0)
    return Answers(latencies, late)


def answered(kafka: KafkaSettings, topic: str, event_type: str, events: Sequence[Sent]) -> Answers:
    """Send events and wait for their lists."""
    with sending(kafka, topic, event_type, events) as process:
        return asyncio.run(listen(kafka, len(events), process))


if __name__ == "__main__":
    *where, path = sys.argv[1:]
    asyncio.run(send(*where, msgspec.msgpack.decode(Path(path).read_bytes(), type=list[Sent])))
