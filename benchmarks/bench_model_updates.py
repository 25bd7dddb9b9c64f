"""Review to sentiment, as a subscriber sees it: undisturbed, with a shadow model beside, and while
the model is replaced every other second; then reviews per second with and without a shadow.

Open loop: reviews are due at fixed times whether or not earlier ones were answered. Sender,
subscriber, broker and worker share this machine. The shadow and each new model are the one that
ships, under another version.

`calls`: without a broker, one call of the model for ten reviews, while a second model works without
a pause: on no thread, on a thread of the process, in a process of its own as the shadow does.

usage: python benchmarks/bench_model_updates.py [REVIEWS_PER_SECOND] [SECONDS] [BACKLOG]
       python benchmarks/bench_model_updates.py calls
"""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from aiokafka import AIOKafkaConsumer, TopicPartition
from bench_text import of_topic
from harness import PARTITIONS, fresh_topics, publish, report, until_total

from shopkeeper.services.sentiment.model import load_model
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka import fetching
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.workers import worker_process
from shopkeeper.shared.text.judge import Judge
from shopkeeper.shared.text.manifest import MANIFEST, model_folder

if TYPE_CHECKING:
    from shopkeeper.shared.runtime.settings import KafkaSettings
    from shopkeeper.shared.text.classifier import Classifier

REPLACE_S = 2.0

fetching.install()  # the subscriber, too, paces its fetches where the broker does not hold them


def revised(folder: Path, version: str) -> None:
    """The models that ship, the sentiment model under another version."""
    if not folder.exists():
        shutil.copytree(model_folder(), folder)
    content = json.loads((folder / MANIFEST).read_text("utf-8"))
    content["models"]["sentiment"]["version"] = version
    fresh = folder / "manifest.new"
    fresh.write_text(json.dumps(content), "utf-8")
    fresh.replace(folder / MANIFEST)


async def latencies_of(
    kafka: KafkaSettings, rate: float, seconds: float, replaced: Path | None
) -> list[float]:
    """Milliseconds from when a review was due to its sentiment's arrival."""
    count = int(rate * seconds)
    events = list(of_topic(topics.REVIEWS, count))
    consumer = AIOKafkaConsumer(
        **kafka.client_options(), group_id=None, fetch_max_wait_ms=100, max_poll_records=5000
    )
    await consumer.start()
    places = [TopicPartition(topics.SENTIMENTS, p) for p in range(PARTITIONS)]
    consumer.assign(places)
    await consumer.seek_to_end(*places)
    for place in places:
        await consumer.position(place)
    start = time.time() + 1.0

    async def send() -> None:
        async with Publisher(kafka, "bench") as publisher:
            at = 0
            while at < count:
                sent = at
                while at < count and start + at / rate <= time.time():
                    event = events[at]
                    due_ns = int((start + at / rate) * 1e9)
                    await publisher.publish(event._replace(id=f"{due_ns}-{at}"))
                    at += 1
                if at > sent:
                    await publisher.flush()
                await asyncio.sleep(0.001)

    async def replace() -> None:
        number = 0
        while replaced is not None:
            await asyncio.sleep(REPLACE_S)
            number += 1
            await asyncio.to_thread(revised, replaced, f"50.0.{number}")

    tasks = [asyncio.create_task(send()), asyncio.create_task(replace())]
    found: list[float] = []
    silent_since = time.monotonic()
    while len(found) < count and time.monotonic() - silent_since < 20:
        for records in (await consumer.getmany(timeout_ms=50)).values():
            now = time.time()
            silent_since = time.monotonic()
            found += [
                (now - int(dict(r.headers)["ce_causationid"].split(b"-")[0]) / 1e9) * 1000
                for r in records
            ]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await consumer.stop()
    return found


def calls_ms(beside: Classifier | None, texts: list[str], seconds: float = 6.0) -> list[float]:
    """How long calls of ten texts took while `beside` worked, every few milliseconds one."""
    ended = threading.Event()

    def work() -> None:
        for first in itertools.cycle(range(0, len(texts) - 64, 64)):
            if beside is None or ended.is_set():
                return
            beside.probabilities(texts[first : first + 64])

    worker = threading.Thread(target=work)
    worker.start()
    served, found = load_model(), []
    until = time.perf_counter() + seconds
    for first in itertools.cycle(range(0, len(texts) - 10, 10)):
        if time.perf_counter() > until:
            break
        time.sleep(0.005)
        started = time.perf_counter()
        served.probabilities(texts[first : first + 10])
        found.append((time.perf_counter() - started) * 1000)
    ended.set()
    worker.join()
    return found


def calls() -> None:
    """Three rounds, in turn: what else the machine does falls on all alike."""
    sys.setswitchinterval(0.001)  # as in a worker
    events = of_topic(topics.REVIEWS, 2000)
    texts = [e.data["review_body"] for e in events if e.data.get("review_body")]
    judge = Judge(f"{load_model.__module__}:{load_model.__qualname__}", "")
    found: dict[str, list[float]] = {"nothing": [], "thread": [], "process": []}
    for _ in range(3):
        for name, beside in (("nothing", None), ("thread", load_model()), ("process", judge)):
            found[name] += calls_ms(beside, texts)
    judge.close()
    figures = {
        name: {f"p{q}": round(float(np.percentile(ms, q)), 2) for q in (50, 90, 99)}
        for name, ms in found.items()
    }
    report("model_updates_calls_ms", **figures)


def main() -> None:
    if sys.argv[1:] == ["calls"]:
        calls()
        return
    rate = float(sys.argv[1]) if len(sys.argv) > 1 else 200.0
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 30.0
    backlog = int(sys.argv[3]) if len(sys.argv) > 3 else 50_000
    with tempfile.TemporaryDirectory() as scratch:
        beside, served = Path(scratch, "shadow"), Path(scratch, "served")
        revised(beside, "88.0.0")
        revised(served, "50.0.0")
        shadow = {"SHADOW_MODEL_DIR": beside}
        for name, settings, replaced in (
            ("alone", {}, None),
            ("shadow", shadow, None),
            ("replaced", {"MODEL_DIR": served, "RELOAD_INTERVAL": 0.25}, served),
        ):
            with (
                fresh_topics() as kafka,
                worker_process("sentiment", kafka, CHECKPOINT_INTERVAL=5, **settings) as worker,
            ):
                asyncio.run(latencies_of(kafka, rate, 5.0, None))  # warm
                found = np.array(asyncio.run(latencies_of(kafka, rate, seconds, replaced)))
                report(
                    f"model_updates_{name}",
                    reviews_per_second=rate,
                    answered=len(found),
                    expected=int(rate * seconds),
                    latency_ms={
                        f"p{q}": round(float(np.percentile(found, q)), 1) for q in (50, 90, 99, 100)
                    },
                    models_loaded=worker.total("model_reloads_total"),
                    shadow_texts=worker.total("shadow_texts_total"),
                    shadow_dropped=worker.total("shadow_dropped_texts_total"),
                    resident_mb=round(
                        worker.metrics().get(("process_resident_memory_bytes", ()), 0.0) / 1e6
                    ),
                )
        for name, settings in (
            ("alone", {}),
            ("shadow", shadow),
            ("shadow_tenth", {**shadow, "SHADOW_SHARE": 0.1}),
        ):
            with fresh_topics() as kafka:
                publish(kafka, of_topic(topics.REVIEWS, backlog))
                with worker_process(
                    "sentiment", kafka, ready=False, CHECKPOINT_INTERVAL=5, **settings
                ) as worker:
                    took, first = until_total(
                        worker, "events_produced_total", backlog, topics.SENTIMENTS
                    )
                    report(
                        f"model_updates_backlog_{name}",
                        reviews_per_second=round((backlog - first) / max(took, 1e-9)),
                        shadow_texts=worker.total("shadow_texts_total"),
                        shadow_dropped=worker.total("shadow_dropped_texts_total"),
                    )


if __name__ == "__main__":
    main()
