"""Latency and throughput of answers, broker to broker, with 100,000 entries of knowledge.

The worker, a real process, has a core of its own; the broker, the producer and the subscriber share
another. Measured are: how long it takes from the worker's start until it is ready, and until all
entries have vectors; questions per second, as fast as they are answered; a mix of questions
(attributes of the demo's products, its FAQ, questions that nothing answers, and those whose answer
lies in one entry) at --rate per second; questions to long pages alone at --reading-rate; the time
from a new entry to the first answer from it, beside the mix; and a start again after kill -9, with
the vectors that were kept.

usage: python benchmarks/bench_questions.py [--entries N] [--data FOLDER] [--vectors FILE]
           [--stand-ins] [--rate R] [--reading-rate R] [--seconds S] [--burst N] [--new N]

--data: a folder with qa/NAME/*.jsonl.gz, whose sentences surround the facts of entries. --vectors:
kept vectors to start with; where there is no such file yet, it is written. --stand-ins: vectors are
made up (benchmarks/kept_vectors.py). Without either the worker makes all of them first.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import random
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kept_vectors
import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from bench_text_services import latencies, on_core, processor_seconds, throughput
from harness import PARTITIONS, Figures, fresh_topics, report
from passages import Page, pages
from text_workloads import Workload, event_of

from shopkeeper.apps.demo import faq
from shopkeeper.apps.demo.catalogue import built_in
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.readers import ShopEvent
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.workers import worker_process

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shopkeeper.shared.runtime.settings import KafkaSettings
    from shopkeeper.shared.testing.workers import WorkerProcess

QUESTIONS = Workload("answers", topics.QUESTIONS, topics.ANSWERS, (), 0)
METRICS_S = 3.0  # a worker brings its metrics up to date every second
KNOWN_S_MAX, NEW_S_MAX = 3600.0, 30.0


def knowledge(data: dict[str, Any]) -> ShopEvent:
    """The event of one entry."""
    name = data["knowledge_id"]
    return ShopEvent(
        topics.KNOWLEDGE, "knowledge.published.v1", name, data, int(time.time() * 1000), name
    )


def catalogue() -> Iterator[ShopEvent]:
    """The demo's products."""
    for product in built_in():
        yield ShopEvent(
            topics.CATALOGUE,
            "product.catalogued.v1",
            product.product_id,
            msgspec.to_builtins(product),
            int(time.time() * 1000),
            f"c-{product.product_id}",
        )


def mixed(pages: list[Page], count: int, chance: random.Random) -> list[str]:
    """Questions of all kinds, a quarter each."""
    titles = [(product.title, product.title_zh or product.title) for product in built_in()]
    attributes = [f"how much is the {english}?" for english, _ in titles]
    attributes += [f"{chinese}多少钱？" for _, chinese in titles]
    known = [entry.title or "" for entry in faq.built_in()]
    unknown = ["Who won the match?", "明天会下雨吗？", "Can you write a poem?", "你几岁了？"]
    kinds = [attributes, known, unknown, [each.question for each in pages]]
    for kind in kinds:
        chance.shuffle(kind)
    turns = zip(*(itertools.cycle(kind) for kind in kinds), strict=True)
    return list(itertools.islice(itertools.chain.from_iterable(turns), count))


async def publish(kafka: KafkaSettings, events: Iterable[ShopEvent]) -> None:
    """Send, in order."""
    async with Publisher(kafka, "bench") as publisher:
        for event in events:
            await publisher.publish(event)


def until_known(worker: WorkerProcess, entries: int) -> None:
    """Return once the worker holds so many entries, and none waits for its vector."""
    started = time.monotonic()
    while time.monotonic() - started < KNOWN_S_MAX:
        samples = worker.metrics()
        known = samples.get(("shopkeeper_state_entries", (("table", "knowledge"),)), 0)
        if known >= entries and not samples.get(("shopkeeper_entries_without_vectors", ()), 1):
            return
        time.sleep(0.5)
    raise SystemExit("the worker has not read all entries")


@contextlib.contextmanager
def started(
    kafka: KafkaSettings, entries: int, figures: dict[str, Any], name: str
) -> Iterator[WorkerProcess]:
    """A worker on a core of its own; tells how long it took until it was ready, and until all
    entries had vectors, where these came from, and what memory it then holds."""
    settings = {"CHECKPOINT_INTERVAL": 5, "LOG_LEVEL": "WARNING"}
    begun = time.monotonic()
    with contextlib.ExitStack() as stack:
        with on_core(0):
            worker = stack.enter_context(worker_process("answers", kafka, ready=False, **settings))
        worker.wait_ready(KNOWN_S_MAX)
        ready_s = time.monotonic() - begun
        until_known(worker, entries)
        time.sleep(METRICS_S)
        vectors = {
            dict(labels)["origin"]: int(value)
            for (metric, labels), value in worker.metrics().items()
            if metric == "shopkeeper_entry_vectors_total"
        }
        figures[name] = {
            "ready_s": round(ready_s, 1),
            "all_vectors_s": round(time.monotonic() - METRICS_S - begun, 1),
            "vectors": vectors,
            "cpu_s": round(processor_seconds(worker.popen.pid), 1),
            "resident_mb": resident_mb(worker.popen.pid),
        }
        yield worker


def resident_mb(process_id: int) -> int:
    """Memory of a process; 0 where /proc does not say."""
    try:
        lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    except OSError:
        return 0
    found = [line.split()[1] for line in lines if line.startswith("VmRSS:")]
    return int(found[0]) // 1024 if found else 0


async def beside(kafka: KafkaSettings, texts: list[str], rate: float, new: list[Page]) -> Any:
    """`until_new_answers` while a mix of questions is asked."""
    asking = asyncio.create_task(latencies(kafka, QUESTIONS, texts, rate, "b"))
    waited = await until_new_answers(kafka, new)
    return waited, await asking


def timed(worker: WorkerProcess, measured: Any, count: int) -> dict[str, float]:
    """What a coroutine measures of `count` questions, and the worker's processor for each."""
    before = processor_seconds(worker.popen.pid)
    figures: dict[str, float] = asyncio.run(measured)
    used = processor_seconds(worker.popen.pid) - before
    return {**figures, "worker_cpu_ms_per_question": round(1000 * used / count, 1)}


async def until_new_answers(kafka: KafkaSettings, pages: list[Page]) -> list[float]:
    """Milliseconds from each entry's event to the first answer from it, asked every 20 ms."""
    consumer = AIOKafkaConsumer(
        **kafka.client_options(), group_id=None, fetch_max_wait_ms=20, max_poll_records=500
    )
    await consumer.start()
    places = [TopicPartition(topics.ANSWERS, partition) for partition in range(PARTITIONS)]
    consumer.assign(places)
    await consumer.seek_to_end(*places)
    found = []
    async with Publisher(kafka, "bench") as publisher:
        for number, each in enumerate(pages):
            name = each.data["knowledge_id"]
            await publisher.publish(knowledge(each.data))
            await publisher.flush()
            started, asked, answered = time.monotonic(), 0, False
            while not answered and time.monotonic() - started < NEW_S_MAX:
                asked += 1
                event_id = f"n-{number}-{asked}"
                await publisher.publish(event_of(QUESTIONS, number, each.question, event_id))
                await publisher.flush()
                for records in (await consumer.getmany(timeout_ms=20)).values():
                    answered |= any(f'"{name}"'.encode() in record.value for record in records)
            if answered:
                found.append((time.monotonic() - started) * 1000)
    await consumer.stop()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--vectors", type=Path)
    parser.add_argument("--stand-ins", action="store_true")
    parser.add_argument("--rate", type=float, default=20.0)
    parser.add_argument("--reading-rate", type=float, default=5.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--burst", type=int, default=1_000)
    parser.add_argument("--new", type=int, default=20)
    options = parser.parse_args()
    chance = random.Random(1)
    known = [knowledge(msgspec.to_builtins(entry)) for entry in faq.built_in()]
    # With the frequent questions no more than --entries: a worker holds 100,000 by default.
    held = options.entries
    made = pages(held - len(known) + options.new, options.data)
    entries, new = made[: held - len(known)], made[held - len(known) :]
    figures = Figures(load_average=os.getloadavg()[0])
    with on_core(1) as pinned, fresh_topics() as kafka:
        asyncio.run(publish(kafka, [*catalogue(), *known, *(knowledge(p.data) for p in entries)]))
        if options.vectors is not None and options.vectors.exists():
            asyncio.run(kept_vectors.publish(kafka, kept_vectors.load(options.vectors)))
        elif options.stand_ins:
            asyncio.run(
                kept_vectors.publish(kafka, kept_vectors.stand_ins([p.data for p in entries]))
            )
        with started(kafka, held, figures, "first_start") as worker:
            if options.vectors is not None and not options.vectors.exists():
                time.sleep(METRICS_S)  # until the last are written
                kept_vectors.save(kafka, options.vectors)
            texts = mixed(entries, options.burst, chance)
            figures["burst"] = asyncio.run(throughput(kafka, QUESTIONS, texts, worker.popen.pid))
            texts = mixed(entries, int(options.rate * options.seconds), chance)
            asked = latencies(kafka, QUESTIONS, texts, options.rate)
            figures["mixed"] = timed(worker, asked, len(texts))
            long = [each.question for each in entries if each.long]
            read = chance.sample(long, int(options.reading_rate * options.seconds))
            asked = latencies(kafka, QUESTIONS, read, options.reading_rate, "r")
            figures["reading"] = timed(worker, asked, len(read))
            waited, figures["mixed_beside_new"] = asyncio.run(
                beside(kafka, texts[: len(texts) // 3], options.rate, new)
            )
            figures["new_entry_answers_after_ms"] = {
                "entries": len(new), "answered": len(waited),
                "median": round(statistics.median(waited), 1), "max": round(max(waited), 1),
            } if waited else {"entries": len(new), "answered": 0}  # fmt: skip
            figures["resident_mb"] = resident_mb(worker.popen.pid)
            worker.kill()
        with started(kafka, held, figures, "start_again"):
            pass
    report("questions", entries=held, stand_ins=options.stand_ins, pinned=pinned, **figures)


if __name__ == "__main__":
    main()
