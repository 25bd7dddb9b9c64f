"""Click to list: measured by a subscriber, from the moment the click was to be sent.

Open loop: clicks are due at fixed times whether or not earlier ones were answered, and lateness
of the sender counts (no coordinated omission). Sender and subscriber are processes of their own;
broker, worker, sender and subscriber share this machine.

usage: python benchmarks/bench_latency.py [CLICKS_PER_SECOND] [SECONDS]
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from harness import PARTITIONS, fresh_topics, publish, report, synthetic_clicks, until_total

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.outputs import rfc3339
from shopkeeper.shared.runtime.kafka import fetching
from shopkeeper.shared.runtime.kafka.sink import partition_of
from shopkeeper.shared.runtime.settings import KafkaSettings
from shopkeeper.shared.testing.workers import worker_process

LEARNED = 50_000
OLD_MS = 1_700_000_000_000
USERS = 5_000

fetching.install()  # the subscriber, too, paces its fetches where the broker does not hold them


def clicks_of(rate: float, seconds: float) -> list[tuple[float, int, bytes, bytes, bytes]]:
    """(due, in seconds after the start; partition; key; value; number), encoded beforehand so
    that the sender takes as little as it can of the machine that it shares."""
    chance = np.random.default_rng(3)
    count = int(rate * seconds)
    users, items = chance.integers(USERS, size=count), chance.integers(5000, size=count)
    found = []
    for index, (user, item) in enumerate(zip(users.tolist(), items.tolist(), strict=True)):
        key = f"user-{user}".encode()
        value = orjson.dumps({"product_id": f"item-{item}", "user_id": key.decode()})
        found.append((index / rate, partition_of(key, PARTITIONS), key, value, b"%d" % index))
    return found


async def send(bootstrap: str, rate: float, seconds: float) -> None:
    """Send clicks at their due times; ce_id begins with the due time in nanoseconds since 1970.

    Clicks that are due in the same millisecond leave in one request, as a shop's producer with
    batches of a millisecond would send them.
    """
    clicks = clicks_of(rate, seconds)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=0)
    await producer.start()
    await producer.partitions_for(topics.CLICKS)
    start = time.time() + 3.0  # the subscriber is there by then
    late_ms_max = 0.0
    at = 0
    while at < len(clicks):
        now = time.time()
        batches = {}
        while at < len(clicks) and start + clicks[at][0] <= now:
            due_s, partition, key, value, number = clicks[at]
            due = start + due_s
            late_ms_max = max(late_ms_max, (now - due) * 1000)
            if partition not in batches:
                batches[partition] = producer.create_batch()
            batches[partition].append(
                key=key, value=value, timestamp=int(due * 1000),
                headers=[
                    ("ce_type", b"product.clicked.v1"), ("ce_source", b"latency"),
                    ("ce_id", b"%d-%s" % (int(due * 1e9), number)),
                    ("ce_time", rfc3339(int(due * 1000))),
                ],
            )  # fmt: skip
            at += 1
        for partition, batch in batches.items():
            batch.close()
            await producer.send_batch(batch, topics.CLICKS, partition=partition)
        await asyncio.sleep(0.001)
    await producer.stop()
    print(f"{late_ms_max:.1f}", flush=True)


async def listen(
    kafka: KafkaSettings, count: int, process: subprocess.Popen[str]
) -> tuple[list[float], float]:
    """Latencies in milliseconds, in order of arrival, and how late the sender was at most."""
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
    silent_since = time.monotonic()
    while len(latencies) < count and time.monotonic() - silent_since < 20:
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
    return latencies, late


def main() -> None:
    if sys.argv[1:2] == ["--send"]:
        asyncio.run(send(sys.argv[2], float(sys.argv[3]), float(sys.argv[4])))
        return
    rate = float(sys.argv[1]) if len(sys.argv) > 1 else 1000.0
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 60.0
    with fresh_topics() as kafka:
        publish(kafka, synthetic_clicks(LEARNED, 5_000, LEARNED // 6, OLD_MS))
        with worker_process(
            "recommender", kafka, CHECKPOINT_INTERVAL=5, LOG_LEVEL="WARNING"
        ) as worker:
            until_total(worker, "events_processed_total", LEARNED, topics.CLICKS)
            while worker.total("consumer_lag_messages") > 0:
                time.sleep(0.2)
            time.sleep(3)
            sender = [
                sys.executable, str(Path(__file__)), "--send", kafka.bootstrap_servers[0],
                str(rate), str(seconds),
            ]  # fmt: skip
            process = subprocess.Popen(sender, stdout=subprocess.PIPE, text=True)
            latencies, late = asyncio.run(listen(kafka, int(rate * seconds), process))
    array = np.array(latencies)
    report(
        "latency",
        clicks_per_second=rate,
        seconds=seconds,
        lists=len(latencies),
        lists_expected=int(rate * seconds),
        latency_ms_p50=round(float(np.percentile(array, 50)), 2),
        latency_ms_p90=round(float(np.percentile(array, 90)), 2),
        latency_ms_p99=round(float(np.percentile(array, 99)), 2),
        latency_ms_max=round(float(array.max()), 2),
        sender_late_ms_max=late,
    )


if __name__ == "__main__":
    main()
