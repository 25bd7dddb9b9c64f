"""Latency of item-cf under an open load.

Open loop: clicks are due at fixed times, whether or not earlier ones were answered, and a late
sender counts as latency. Each click carries when it was due; so does the list that it causes.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from harness import PARTITIONS

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.outputs import rfc3339
from shopkeeper.shared.runtime.kafka import fetching
from shopkeeper.shared.runtime.kafka.sink import partition_of

if TYPE_CHECKING:
    from shopkeeper.shared.runtime.settings import KafkaSettings

SHARES = (0.1, 0.5, 0.8)  # of saturation
SENDER_RATE_MAX = 20_000.0  # clicks a second that one sender keeps up with
SECONDS = 10.0
SILENT_S_MAX = 10.0

fetching.install()  # the subscriber, too, paces its fetches where the broker does not hold them


async def send(bootstrap: str, topic: str, partitions: int, rate: float, seconds: float) -> None:
    """Send clicks of six-click sessions at their due times; prints how late it was, ms."""
    chance = np.random.default_rng(3)
    count = int(rate * seconds)
    owners = chance.integers(max(1, count // 6), size=count).tolist()
    items = chance.integers(5_000, size=count).tolist()
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=0)
    await producer.start()
    await producer.partitions_for(topic)
    start, at, late_ms = time.time() + 1.0, 0, 0.0
    while at < count:
        batches: dict[int, Any] = {}
        now = time.time()
        while at < count and (due := start + at / rate) <= now:
            late_ms = max(late_ms, (now - due) * 1000)
            key = f"latency-{owners[at]}".encode()
            partition = partition_of(key, partitions)
            value = orjson.dumps(
                {"product_id": f"item-{items[at]}", "user_id": key.decode(),
                 "session_id": "s", "due": int(due * 1e9)}
            )  # fmt: skip
            headers = [
                ("ce_type", b"product.clicked.v1"), ("ce_source", b"latency"),
                ("ce_id", b"%d-%d" % (int(due * 1e9), at)), ("ce_time", rfc3339(int(due * 1000))),
            ]  # fmt: skip
            if partition not in batches:
                batches[partition] = producer.create_batch()
            batches[partition].append(
                key=key, value=value, timestamp=int(due * 1000), headers=headers
            )
            at += 1
        for partition, batch in batches.items():
            batch.close()
            await producer.send_batch(batch, topic, partition=partition)
        await asyncio.sleep(0.001)
    await producer.stop()
    print(f"{late_ms:.1f}", flush=True)


def due_ns(record: Any) -> int:
    """When the click behind a list was due, Unix nanoseconds; 0 where it does not say."""
    cause: bytes = dict(record.headers).get("ce_causationid", b"")
    if cause:  # ours names its cause: the click's id
        number = cause.split(b"-")[0]
        return int(number) if len(number) > 12 else 0  # shorter: a click of the warm-up
    due = orjson.loads(record.value).get("due", 0) if record.value else 0
    return int(due)


async def listen(
    kafka: KafkaSettings, out: str, count: int, sender: subprocess.Popen[str]
) -> list[float]:
    """Milliseconds from due to the subscriber, of each list; until all came or none comes."""
    consumer = AIOKafkaConsumer(
        **kafka.client_options(), group_id=None, fetch_max_wait_ms=100, max_poll_records=5000
    )
    await consumer.start()
    found: list[float] = []
    try:
        places = [TopicPartition(out, number) for number in range(PARTITIONS)]
        consumer.assign(places)
        await consumer.seek_to_end(*places)
        for place in places:
            await consumer.position(place)
        heard = time.monotonic()
        while len(found) < count:
            for records in (await consumer.getmany(timeout_ms=100)).values():
                now_ms = time.time() * 1000
                for record in records:
                    if due := due_ns(record):
                        found.append(now_ms - due / 1e6)
                        heard = time.monotonic()
            if sender.poll() is not None and time.monotonic() > heard + SILENT_S_MAX:
                break
    finally:
        await consumer.stop()
    return found


def sender_of(kafka: KafkaSettings, rate: float, seconds: float) -> subprocess.Popen[str]:
    """A process that sends clicks; it prints, at its end, how many milliseconds it was late."""
    path = str(Path(__file__).parents[1])
    code = f"import sys; sys.path.insert(0, {path!r}); from peers import latency; latency.main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, kafka.bootstrap_servers[0], kafka.topic(topics.CLICKS),
         str(PARTITIONS), str(rate), str(seconds)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def main() -> None:
    bootstrap, topic, partitions, rate, seconds = sys.argv[1:]
    asyncio.run(send(bootstrap, topic, int(partitions), float(rate), float(seconds)))


def at_rate(kafka: KafkaSettings, out: str, rate: float) -> dict[str, Any]:
    """Latencies of lists at so many clicks a second, of a peer that runs and is warm."""
    expected = int(rate * SECONDS)
    sender = sender_of(kafka, rate, SECONDS)
    try:
        found = np.array(asyncio.run(listen(kafka, out, expected, sender)))
        late = float(sender.communicate(timeout=60)[0].strip() or 0)
    finally:
        sender.kill()
    result: dict[str, Any] = {"clicks_per_second": round(rate), "lists": len(found),
                              "lists_expected": expected, "sender_late_ms_max": late}  # fmt: skip
    for name, q in (("p50", 50.0), ("p99", 99.0), ("p999", 99.9)):
        if len(found):
            result[f"latency_ms_{name}"] = round(float(np.percentile(found, q)), 1)
    return result
