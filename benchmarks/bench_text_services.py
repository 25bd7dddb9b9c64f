"""Texts per second and latency of the sentiment and intent services, broker to broker, on one core.

The worker, a real process, has a core of its own; the broker, the producer and the subscriber share
another. Wall time is from the first event sent to the last output on its topic. On a machine that
does other things, the worker's processor time per text says more: give both.

usage: python benchmarks/bench_text_services.py reviews|searches|amazon [--data FOLDER]
           [--models FOLDER] [--texts N] [--rate R --seconds S] [--compare]

--data: a folder with sentiment/NAME/dev.csv.gz and intent/NAME/dev.csv.gz; without it the demo's
own texts. --models: MODEL_DIR of the worker. --rate: texts per second whose latency is measured; 0
measures none. --compare: the same texts through other classifiers, see text_comparison.py.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from aiokafka import AIOKafkaConsumer, TopicPartition
from harness import PARTITIONS, fresh_topics, report
from text_comparison import comparison
from text_workloads import WORKLOADS, event_of, texts_of

from shopkeeper.shared.runtime.kafka import fetching
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.workers import worker_process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from text_workloads import Workload

    from shopkeeper.shared.runtime.settings import KafkaSettings

WARM_TEXTS = 500
SILENT_S_MAX = 120.0  # without a new output: something is wrong
LOOK_S = 0.02
METRICS_S = 3.0  # a worker brings its metrics up to date every second

fetching.install()  # the subscriber, too, paces its fetches where the broker does not hold them


@contextlib.contextmanager
def on_core(core: int) -> Iterator[bool]:
    """Keep this thread, and what it starts, on one core; yields whether the system can."""
    if not hasattr(os, "sched_setaffinity") or core >= (os.cpu_count() or 1):
        yield False
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield True
    finally:
        os.sched_setaffinity(0, before)


def processor_seconds(process_id: int) -> float:
    """What a process has used so far, user and system; 0 where /proc does not say."""
    try:
        fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def outputs_reach(consumer: AIOKafkaConsumer, topic: str, target: int) -> None:
    """Return once the topic holds so many records. Raises SystemExit where nothing more comes."""
    places = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
    held, since = -1, time.monotonic()
    while held < target:
        now_held = sum((await consumer.end_offsets(places)).values())
        if now_held > held:
            held, since = now_held, time.monotonic()
        elif time.monotonic() - since > SILENT_S_MAX:
            raise SystemExit(f"{topic} stays at {held} records of {target}")
        await asyncio.sleep(LOOK_S)


async def throughput(
    kafka: KafkaSettings, workload: Workload, texts: list[str], worker_id: int
) -> dict[str, float]:
    """Texts per second of wall time, and microseconds of the worker's processor for each."""
    events = [event_of(workload, number, text, f"t-{number}") for number, text in enumerate(texts)]
    warm = [
        event_of(workload, number, text, f"w-{number}")
        for number, text in enumerate(texts[:WARM_TEXTS])
    ]
    consumer = AIOKafkaConsumer(**kafka.client_options())
    await consumer.start()
    try:
        async with Publisher(kafka, "bench") as publisher:
            for event in warm:
                await publisher.publish(event)
            await publisher.flush()
            await outputs_reach(consumer, workload.output, len(warm))
            used, started = processor_seconds(worker_id), time.monotonic()
            for event in events:
                await publisher.publish(event)
            await publisher.flush()
            await outputs_reach(consumer, workload.output, len(warm) + len(events))
            took = time.monotonic() - started
            used = processor_seconds(worker_id) - used
    finally:
        await consumer.stop()
    return {
        "texts_per_second": round(len(texts) / took),
        "worker_cpu_us_per_text": round(used / len(texts) * 1e6, 1),
        "texts_per_worker_cpu_second": round(len(texts) / used) if used else 0,
        "wall_s": round(took, 2),
    }


async def latencies(
    kafka: KafkaSettings, workload: Workload, texts: list[str], rate: float, name: str = "l"
) -> dict[str, float]:
    """Milliseconds from when a text was due to when its output was read; open loop, so that
    lateness of the sender counts. name: what the events' ids begin with."""
    consumer = AIOKafkaConsumer(
        **kafka.client_options(), group_id=None, fetch_max_wait_ms=100, max_poll_records=5000
    )
    await consumer.start()
    places = [TopicPartition(workload.output, p) for p in range(PARTITIONS)]
    consumer.assign(places)
    await consumer.seek_to_end(*places)
    for place in places:
        await consumer.position(place)
    due = {f"{name}-{number}".encode(): number / rate for number in range(len(texts))}
    found: list[float] = []

    async def send(start: float) -> None:
        async with Publisher(kafka, "bench") as publisher:
            at = 0
            while at < len(texts):
                now = time.monotonic() - start
                while at < len(texts) and at / rate <= now:
                    await publisher.publish(event_of(workload, at, texts[at], f"{name}-{at}"))
                    at += 1
                await publisher.flush()
                await asyncio.sleep(0.001)

    start = time.monotonic() + 1.0
    sender = asyncio.create_task(send(start))
    silent_since = time.monotonic()
    while len(found) < len(texts) and time.monotonic() - silent_since < SILENT_S_MAX:
        records = await consumer.getmany(timeout_ms=100)
        now = time.monotonic() - start
        for each in records.values():
            for record in each:
                cause = dict(record.headers).get("ce_causationid", b"")
                if cause in due:
                    found.append((now - due[cause]) * 1000)
                    silent_since = time.monotonic()
    await sender
    await consumer.stop()
    if len(found) < len(texts):
        raise SystemExit(f"{len(found)} outputs of {len(texts)} texts")
    array = np.array(found)
    percentiles = {f"latency_ms_p{p}": float(np.percentile(array, p)) for p in (50, 90, 99)}
    return {"rate": rate, **{name: round(value, 2) for name, value in percentiles.items()}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("workload", choices=sorted(WORKLOADS))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--models", default="")
    parser.add_argument("--texts", type=int)
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--compare", action="store_true")
    options = parser.parse_args()
    workload: Workload = WORKLOADS[options.workload]
    texts = texts_of(workload, options.texts or workload.texts_default, options.data)
    figures: dict[str, Any] = {}
    settings = {"CHECKPOINT_INTERVAL": 5, "LOG_LEVEL": "WARNING", "MODEL_DIR": options.models}
    with on_core(1) as pinned, fresh_topics() as kafka, contextlib.ExitStack() as stack:
        with on_core(0):
            worker = stack.enter_context(
                worker_process(workload.service, kafka, ready=False, **settings)
            )
        worker.wait_ready()
        figures |= asyncio.run(throughput(kafka, workload, texts, worker.popen.pid))
        if options.rate:
            count = min(len(texts), int(options.rate * options.seconds))
            figures |= asyncio.run(latencies(kafka, workload, texts[:count], options.rate))
        time.sleep(METRICS_S)
        figures["tiers"] = {
            dict(labels)["tier"]: int(value)
            for (name, labels), value in worker.metrics().items()
            if name == "shopkeeper_tier_texts_total"
        }
    if options.compare:
        with on_core(0):
            figures["alone"] = comparison(workload, texts, options.models, options.data)
    report(
        "text_services", workload=options.workload, texts=len(texts), pinned=pinned,
        characters_mean=round(sum(map(len, texts)) / len(texts), 1), **figures,
    )  # fmt: skip


if __name__ == "__main__":
    main()
