"""Latency of answers, broker to broker, with 100,000 entries of knowledge.

The worker, a real process, has a core of its own; the broker, the producer and the subscriber share
another. Three things are measured: a mix of questions (attributes of the demo's products, its FAQ,
questions that nothing answers, and those whose answer lies in a long page) at --rate per second;
questions to long pages alone at --reading-rate; and the time from a new entry to the first answer
from it.

usage: python benchmarks/bench_questions.py [--entries N] [--rate R] [--reading-rate R]
           [--seconds S] [--new N]

Entries and long pages are made up: sentences about numbered depots and codes in both languages, so
that each page has an answer that no other has.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import random
import statistics
import time
from typing import TYPE_CHECKING, Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from bench_text_services import latencies, on_core
from harness import PARTITIONS, fresh_topics, report
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
PAGE_SHARE = 0.1  # of the entries are long pages
KNOWN_S_MAX, NEW_S_MAX = 3600.0, 30.0
PLACES = ("Ashford", "Birkdale", "Carlow", "Dunmore", "Elsdon", "Farley", "Glenrock", "Harwick")
GOODS = ("tents", "lamps", "kettles", "headphones", "boots", "desks", "scooters", "blenders")
CITIES = ("苏州", "青岛", "昆明", "厦门", "长沙", "大连", "洛阳", "桂林")
KINDS = ("帐篷", "台灯", "水壶", "耳机", "靴子", "书桌", "滑板车", "搅拌机")


class Page(msgspec.Struct):
    """An entry, and a question that it alone answers."""

    data: dict[str, Any]
    question: str


def page(number: int, chance: random.Random) -> Page:
    """Entry `number`; one of ten is a long page."""
    name = f"page-{number}"
    long = number % int(1 / PAGE_SHARE) == 0
    day, hour = 1 + number % 28, 7 + number % 5
    if number % 2:
        place, goods = f"{chance.choice(PLACES)} {number}", chance.choice(GOODS)
        said = [
            f"The {place} depot sends {goods} on day {day} of each month.",
            f"It opens at {hour} o'clock and closes twelve hours later.",
            f"Parcels for the {place} depot carry the code K{number * 7}.",
            f"Questions about {goods} there are answered by a team of {2 + number % 9}.",
        ]
        asked = f"Which code do parcels for the {place} depot carry?"
        title, rest = f"The {place} depot", f"All {chance.choice(GOODS)} are checked twice. "
    else:
        place, goods = f"{chance.choice(CITIES)}{number}号", chance.choice(KINDS)
        said = [
            f"{place}仓库每月{day}日发送{goods}。",
            f"仓库早上{hour}点开门，十二小时以后关门。",
            f"寄往{place}仓库的包裹使用代码K{number * 7}。",
            f"那里有{2 + number % 9}个人回答关于{goods}的问题。",
        ]
        asked = f"寄往{place}仓库的包裹使用什么代码？"
        title, rest = f"{place}仓库", f"所有{chance.choice(KINDS)}都检查两次。"
    chance.shuffle(said)
    text = (" " if number % 2 else "").join(said)
    if long:
        text = rest * 12 + text + rest * 12
    return Page({"knowledge_id": name, "title": title, "text": text, "kind": "page"}, asked)


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


def until_known(worker: WorkerProcess, entries: int) -> float:
    """Seconds until the worker holds so many entries, and none waits for its vector."""
    started = time.monotonic()
    while time.monotonic() - started < KNOWN_S_MAX:
        samples = worker.metrics()
        known = samples.get(("shopkeeper_state_entries", (("table", "knowledge"),)), 0)
        if known >= entries and not worker.total("entries_without_vectors"):
            return time.monotonic() - started
        time.sleep(1)
    raise SystemExit("the worker has not read all entries")


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
    parser.add_argument("--rate", type=float, default=20.0)
    parser.add_argument("--reading-rate", type=float, default=5.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--new", type=int, default=20)
    options = parser.parse_args()
    chance = random.Random(1)
    pages = [page(number, chance) for number in range(options.entries)]
    new = [page(options.entries + 1 + 2 * n, chance) for n in range(options.new)]
    long = [each for number, each in enumerate(pages) if number % int(1 / PAGE_SHARE) == 0]
    known = [knowledge(msgspec.to_builtins(entry)) for entry in faq.built_in()]
    settings = {"CHECKPOINT_INTERVAL": 5, "LOG_LEVEL": "WARNING"}
    with on_core(1) as pinned, fresh_topics() as kafka, contextlib.ExitStack() as stack:
        asyncio.run(publish(kafka, [*catalogue(), *known, *(knowledge(p.data) for p in pages)]))
        with on_core(0):
            worker = stack.enter_context(worker_process("answers", kafka, ready=False, **settings))
        worker.wait_ready(KNOWN_S_MAX)
        figures: dict[str, Any] = {"known_after_s": round(until_known(worker, len(pages)), 1)}
        texts = mixed(pages, int(options.rate * options.seconds), chance)
        figures["mixed"] = asyncio.run(latencies(kafka, QUESTIONS, texts, options.rate))
        chance.shuffle(long)
        read = [each.question for each in long[: int(options.reading_rate * options.seconds)]]
        figures["reading"] = asyncio.run(
            latencies(kafka, QUESTIONS, read, options.reading_rate, "r")
        )
        waited = asyncio.run(until_new_answers(kafka, new))
        figures["new_entry_answers_after_ms"] = {
            "entries": len(new), "answered": len(waited),
            "median": round(statistics.median(waited), 1), "max": round(max(waited), 1),
        } if waited else {"entries": len(new), "answered": 0}  # fmt: skip
    report("questions", entries=len(pages) + len(known), pinned=pinned, **figures)


if __name__ == "__main__":
    main()
