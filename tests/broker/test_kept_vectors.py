"""Vectors of the knowledge outlive the worker that made them, on a topic, as long as they are right
and needed."""

from __future__ import annotations

import asyncio
import json
import time

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.records import read_topic
from shopkeeper.shared.testing.workers import worker_process
from tests.broker.test_answers import question, waited_for
from tests.broker.test_end_to_end import publish

ENTRIES = {
    "money": "Refunds arrive on your card within a week.",
    "lost": "If a parcel goes missing we send another one.",
    "hours": "The shop is open on Sundays until six.",
    "运费": "满99元免邮，不满收8元。",
}
MEANT = {"q-money": "when do i get reimbursed", "q-lost": "my package never came"}


def send(kafka, records):
    """records: (topic, key, value)."""

    async def run():
        async with Publisher(kafka, "test") as publisher:
            for topic, key, value in records:
                await publisher.send(topic, key, value)

    asyncio.run(run())


def said(name, text):
    data = {"knowledge_id": name, "text": text, "kind": "page"}
    return topics.KNOWLEDGE, name.encode(), json.dumps(data).encode()


def held(kafka):
    """What compaction leaves of the topic."""
    records = asyncio.run(read_topic(kafka, topics.ENTRY_VECTORS))
    newest = {record.key: record.value for record in records}
    return {key: value for key, value in newest.items() if value}


def until(worker, true):
    deadline = time.monotonic() + 240
    while not true():
        worker.alive()
        assert time.monotonic() < deadline
        time.sleep(0.2)


def origins(worker):
    return {
        dict(labels)["origin"]: value
        for (name, labels), value in worker.metrics().items()
        if name == "shopkeeper_entry_vectors_total"
    }


def ask(kafka, worker, turn):
    """Answers without what differs from one time to another."""
    names = {f"{turn}-{name}": text for name, text in MEANT.items()}
    publish(kafka, [question(name, text) for name, text in names.items()])
    answers = waited_for(kafka, names.keys(), worker)
    kept = ("answer", "confidence", "route", "sources", "abstained")
    return [{field: answers[name].get(field) for field in kept} for name in sorted(names)]


def test_vectors_outlive_a_killed_worker_and_follow_the_entries(kafka):
    send(kafka, [said(name, text) for name, text in ENTRIES.items()])
    with worker_process("answers", kafka, WORKER_ID="a") as worker:
        until(worker, lambda: len(held(kafka)) == len(ENTRIES))
        until(worker, lambda: worker.get("/readyz") == (200, "ok\n"))
        before = ask(kafka, worker, "before")
        assert {each["route"] for each in before} <= {"knowledge", "person"}
        worker.kill()
    first = held(kafka)
    with worker_process("answers", kafka, WORKER_ID="a") as worker:
        assert ask(kafka, worker, "again") == before
        until(worker, lambda: sum(origins(worker).values()) == len(ENTRIES))
        assert origins(worker) == {"made": 0, "kept": len(ENTRIES)}
        worker.kill()
    assert held(kafka) == first
    damaged = next(iter(first))
    send(
        kafka,
        [
            (topics.ENTRY_VECTORS, damaged, b"damaged"),
            (topics.ENTRY_VECTORS, b"of other models.", first[damaged]),
        ],
    )
    with worker_process("answers", kafka, WORKER_ID="a") as worker:
        until(worker, lambda: origins(worker) == {"made": 1, "kept": len(ENTRIES) - 1})
        assert worker.total("entry_vectors_refused_total") == 2
        assert ask(kafka, worker, "mended") == before
        until(worker, lambda: held(kafka) == first)
        # The shop goes on: a new text has a new vector, the old one's and the removed one's go.
        send(
            kafka,
            [
                said("hours", "The shop is closed on Sundays."),
                (topics.KNOWLEDGE, "运费".encode(), None),
            ],
        )
        until(worker, lambda: len(held(kafka)) == 3)
        assert worker.terminate() == 0, worker.output()
    last = held(kafka)
    kept = first.keys() & last.keys()
    assert len(kept) == 2
    assert {key: last[key] for key in kept} == {key: first[key] for key in kept}
