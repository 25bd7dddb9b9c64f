"""Reviews in, questions in, answers out with counts and quotes, over the real sentiment and answers
workers: withdrawals, an erased author, and workers that are killed."""

from __future__ import annotations

import asyncio
import time

import msgspec

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.erased_users import ErasedUser
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_process
from tests.broker.test_answers import START_MS, event, question, waited_for
from tests.broker.test_end_to_end import publish

WAIT_S = 120
TEXTS = [
    *((f"Very comfortable, my feet are happy on day {n}.", f"u{n}") for n in range(1, 5)),
    ("Not comfortable at all, <b>visit</b> nothing.", "u5"),
    ("穿着很舒服，质量也好", "u6"),
]


def review(number, text, user):
    data = {"product_id": "shoe", "review_id": f"r{number}", "review_body": text, "user_id": user}
    return event(topics.REVIEWS, "product.reviewed.v1", "shoe", data, f"e{number}")


def withdrawn(number):
    data = {"product_id": "shoe", "review_id": f"r{number}"}
    return event(topics.REVIEWS, "review.withdrawn.v1", "shoe", data, f"w{number}")


def catalogued():
    data = {"product_id": "shoe", "title": "Larchmont Trail Shoe", "title_zh": "落叶松徒步鞋"}
    return event(topics.CATALOGUE, "product.catalogued.v1", "shoe", data, "c")


def until_said(kafka, worker, text, words, tag):
    """The answer, once it has these words: what a table holds arrives when it arrives."""
    deadline = time.monotonic() + WAIT_S
    asked = 0
    while True:
        name = f"{tag}{(asked := asked + 1)}"
        publish(kafka, [question(name, text)])
        answer = waited_for(kafka, {name}, worker)[name]
        if words in (answer["answer"] or ""):
            return answer
        assert time.monotonic() < deadline, answer
        time.sleep(0.2)


async def erase(kafka, user):
    record = msgspec.json.encode(ErasedUser(user=user, time_ms=START_MS + 1))
    async with Publisher(kafka, "test") as publisher:
        await publisher.send(topics.ERASED_USERS, user.encode(), record)


def test_opinions_are_counted_quoted_withdrawn_and_erased_over_killed_workers(kafka):
    english = "Is the Larchmont Trail Shoe comfortable?"
    reviews = [review(n, text, user) for n, (text, user) in enumerate(TEXTS, 1)]
    spam = [review(100 + n, "So comfortable!", "u1") for n in range(20)]
    publish(kafka, [catalogued(), *reviews, *spam])
    with worker_process("sentiment", kafka, WORKER_ID="s") as sentiment:
        asyncio.run(until_consumed(kafka, "sentiment", [topics.REVIEWS], WAIT_S, sentiment.alive))
        with worker_process("answers", kafka, WORKER_ID="a") as worker:
            answer = until_said(kafka, worker, english, "5 of 6 reviewers", "q")
            assert (answer["route"], answer["sources"][0]["kind"]) == ("opinions", "reviews")
            quotes = [source["quote"] for source in answer["sources"] if source["kind"] == "review"]
            assert len(quotes) == 2
            assert "Not comfortable at all, visit nothing." in quotes
            assert all(quote in answer["answer"] for quote in quotes)
            said = until_said(kafka, worker, "落叶松徒步鞋穿着舒服吗", "6位提到舒适度", "z")
            assert "“穿着很舒服，质量也好”" in said["answer"]
            publish(kafka, [withdrawn(5)])
            answer = until_said(kafka, worker, english, "All 5 reviewers", "w")
            assert "Not comfortable" not in answer["answer"]
            worker.kill()
        sentiment.kill()
    asyncio.run(erase(kafka, "u1"))
    publish(kafka, [withdrawn(2)])
    with (
        worker_process("sentiment", kafka, WORKER_ID="s") as sentiment,
        worker_process("answers", kafka, WORKER_ID="a") as worker,
    ):
        answer = until_said(kafka, worker, english, "All 3 reviewers", "k")
        assert "So comfortable!" not in answer["answer"]
        deadline = time.monotonic() + WAIT_S
        while any(b"So comfortable" in value for value in left(kafka).values()):
            assert time.monotonic() < deadline
            worker.alive()
            time.sleep(0.2)
        for each in (sentiment, worker):
            assert each.terminate() == 0, each.output()
    assert not any(b"u1" in value for value in left(kafka).values())


def left(kafka):
    """What the compacted topic holds: the last value of each key."""
    records = asyncio.run(read_topic(kafka, topics.REVIEW_DIGESTS))
    held = {record.key: record.value for record in records}
    return {key: value for key, value in held.items() if value is not None}
