"""`shopkeeper erase` over real workers: a search of the raw records of every topic of ours, and of
the state that a worker would begin with, finds nothing of the user."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.readers import ShopEvent
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import environment, worker_process

from .gateways import Gateway
from .test_answers import catalogue, knowledge
from .test_end_to_end import publish
from .test_replay_cli import shopkeeper

pytestmark = pytest.mark.timeout(1200)
WAIT_S = 400
MINE, OTHER = "mia-7f3kq", "leo-5d2wp"
ANONYMOUS = "anon-91xzt"
WORD = "quibbleplotz"  # of the user's own in every text
ORDER = "884213579"
MARKS = [mark.encode() for mark in (MINE, ANONYMOUS, WORD, ORDER)]
SERVICES = ("recommender", "intent", "sentiment", "answers")
CHECKPOINTS = [topics.checkpoints(service) for service in SERVICES]
OURS = [name for name, topic in topics.BY_NAME.items() if "shop" not in topic.producers]


def life(user, word, order, anonymous=None, n=0):
    """What one user does in a shop."""
    who = {"user_id": user}

    def did(topic, kind, data, key=user):
        nonlocal n
        n += 1
        return ShopEvent(topic, kind, key, data, int(time.time() * 1000), f"{user}-{n}")

    first = [] if anonymous is None else [
        did(topics.CLICKS, "product.clicked.v1",
            {"anonymous_id": anonymous, "product_id": "jacket-01", "session_id": "s"}, anonymous),
        did(topics.CLICKS, "product.clicked.v1",
            {**who, "anonymous_id": anonymous, "product_id": "jacket-02", "session_id": "s"}),
    ]  # fmt: skip
    return [
        *first,
        *(did(topics.CLICKS, "product.clicked.v1", {**who, "product_id": each})
          for each in ("cookware-01b", "cookware-03b", "coffee-07b")),
        did(topics.CLICKS, "product.added.v1", {**who, "product_id": "cookware-01b"}),
        did(topics.SEARCHES, "products.searched.v1", {**who, "query": f"{word} wok"}),
        did(topics.SEARCHES, "products.searched.v1",
            {**who, "query": f"how long does delivery of my {word} take?"}),
        did(topics.SEARCHES, "products.searched.v1",
            {**who, "query": f"the {word} arrived broken, this is terrible, I am angry"}),
        did(topics.QUESTIONS, "question.asked.v1",
            {**who, "question": f"how much is the Guoyi wok, my {word}?", "conversation_id": "c"}),
        did(topics.QUESTIONS, "question.asked.v1",
            {**who, "question": f"and is it in stock, {word}?", "conversation_id": "c"}),
        did(topics.QUESTIONS, "question.asked.v1",
            {**who, "question": f"where is my order {order}?", "conversation_id": "c"}),
        did(topics.REVIEWS, "product.reviewed.v1",
            {**who, "product_id": "cookware-01b", "review_id": f"r-{user}",
             "review_body": f"The {word} quality is great, and the {word} price is too high."},
            "cookware-01b"),
        did(topics.PROFILES, "user.profiled.v1", {**who, "region": "CH-ZH"}),
        did(topics.PREFERENCES, "preference.set.v1", {**who, "ranking": "personalised"}),
        did(topics.ORDERS, "order.updated.v1",
            {**who, "order_id": order, "status": "shipped"}, order),
    ]  # fmt: skip


async def bad(kafka, user, word):
    """What no worker can use: it becomes dead letters."""
    async with Publisher(kafka, "test") as publisher:
        key = user.encode()
        wrong = json.dumps({"user_id": user, "query": 7, "note": word}).encode()
        await publisher.send(topics.SEARCHES, key, wrong)
        await publisher.send(topics.QUESTIONS, key, f'{{"user_id": "{user}", "{word}'.encode())
        await publisher.send(topics.CLICKS, key, json.dumps({"user_id": user}).encode())


def found(kafka, marks=MARKS, names=OURS):
    """(topic, partition, offset, mark) of raw records in which a mark stands anywhere."""
    hits = []
    for name in names:
        for record in asyncio.run(read_topic(kafka, name)):
            parts = [record.key, record.value, *(value for _, value in record.headers or ())]
            raw = b"\0".join(part or b"" for part in parts)
            hits += [(name, record.partition, record.offset, m) for m in marks if m in raw]
    return hits


def settle(kafka, workers):
    for _ in range(3):
        for service, worker in workers.items():
            names = [name for name, topic in topics.BY_NAME.items() if service in topic.consumers]
            asyncio.run(until_consumed(kafka, service, names, WAIT_S, worker.alive))


def values(kafka, topic, user):
    """Values of the records that name a user."""
    records = asyncio.run(read_topic(kafka, topic))
    return sorted(r.value for r in records if r.value and user.encode() in r.value)


def newest(kafka, topic):
    """What a compacted topic says: the last value of each key."""
    records = asyncio.run(read_topic(kafka, topic))
    held = {record.key: record.value for record in records}
    return {key: json.loads(value) for key, value in held.items() if value}


def of(view, user):
    """What a view says of one user."""
    return {key: value for key, value in view.items() if user in json.dumps(value)}


def erased(kafka, user, *options):
    done = shopkeeper(kafka, "erase", user, *options)
    print(done.stdout, done.stderr)
    return done


def workers_of(stack, kafka, services, log_level, interval_s=0.2):
    workers = {
        service: stack.enter_context(
            worker_process(
                service,
                kafka,
                ready=False,
                WORKER_ID=service,
                LIST_AGE_MAX=3600,
                LOG_LEVEL=log_level,
                CHECKPOINT_INTERVAL=interval_s,
            )
        )
        for service in services
    }
    for worker in workers.values():
        worker.wait_ready(600)
    return workers


def test_nothing_of_an_erased_user_is_left_and_others_are_untouched(kafka):
    publish(kafka, [*catalogue(), *knowledge()])
    with ExitStack() as stack:
        workers = workers_of(stack, kafka, SERVICES, "DEBUG", interval_s=5)  # the default
        gateway = stack.enter_context(Gateway(kafka, LOG_LEVEL="DEBUG"))
        publish(kafka, life(MINE, WORD, ORDER, ANONYMOUS))
        publish(kafka, life(OTHER, "flimsywomble", "112233445"))
        asyncio.run(bad(kafka, MINE, WORD))
        settle(kafka, workers)
        for user in (MINE, OTHER):
            gateway.until(f"/v1/users/{user}/recommendations", has_own_list)
        assert {name for name, *_ in found(kafka)} >= {
            topics.INTENTS, topics.ANSWERS, topics.RECOMMENDATIONS, topics.SENTIMENTS,
            topics.COMPLAINT_SENTIMENTS, topics.COMPLAINTS, topics.SEARCHED_QUESTIONS,
            topics.REVIEW_DIGESTS, topics.PRODUCT_SENTIMENT, topics.SEGMENTS,
            topics.checkpoints("recommender"), topics.checkpoints("answers"),
            *(topics.dead_letters(name, service) for name, service in (
                (topics.SEARCHES, "intent"), (topics.SEARCHES, "recommender"),
                (topics.QUESTIONS, "answers"), (topics.CLICKS, "recommender"))),
        }  # fmt: skip
        streams = (topics.INTENTS, topics.ANSWERS, topics.COMPLAINT_SENTIMENTS)
        views = (topics.RECOMMENDATIONS, topics.ORDERS, topics.PROFILES, topics.PREFERENCES)
        before = {name: values(kafka, name, OTHER) for name in streams}
        before |= {name: of(newest(kafka, name), OTHER) for name in views}
        assert all(of_other for name, of_other in before.items() if name in (*views, *streams[:2]))
        assert newest(kafka, topics.PRODUCT_SENTIMENT)[b"cookware-01b"]["count"] == 2
        looked = erased(kafka, MINE, "--dry-run", "--skip-inputs")
        assert looked.returncode == 0
        assert {line.split("\t")[0] for line in looked.stdout.splitlines()} >= {*streams}
        assert found(kafka) != []
        done = erased(kafka, MINE)
        assert done.returncode == 0, done.stderr
        assert found(kafka) == []
        assert MINE not in done.stdout + done.stderr
        after = {name: values(kafka, name, OTHER) for name in streams}
        after |= {name: of(newest(kafka, name), OTHER) for name in views}
        assert after == before
        gateway.until(f"/v1/users/{MINE}/recommendations", lambda a: not has_own_list(a))
        assert has_own_list(gateway.http.get(f"/v1/users/{OTHER}/recommendations"))
        assert newest(kafka, topics.PRODUCT_SENTIMENT)[b"cookware-01b"]["count"] == 1
        for name in (topics.ORDERS, topics.PROFILES, topics.PREFERENCES):
            assert not any(MINE in json.dumps(value) for value in newest(kafka, name).values())
        asked = {"question": "where is my flimsywomble?", "user_id": OTHER, "session_id": "c2"}
        assert gateway.http.post("/v1/questions", json=asked).status_code < 500
        assert gateway.http.post("/v1/events", content=f'{{"{WORD}'.encode()).status_code == 400
        for worker in (*workers.values(), gateway.worker):
            assert worker.terminate() == 0, worker.output()
            silent(worker)
    again_from_the_start(kafka)


def silent(worker):
    """Texts, good and bad records of users went through it; its log has nothing of them."""
    said = worker.output()
    assert "health and metrics on" in said
    for mark in (MINE, OTHER, ANONYMOUS, WORD, ORDER, "flimsywomble"):
        assert mark not in said


def again_from_the_start(kafka):
    """Inputs that retention has not taken yet are read by workers without any state."""
    for service in SERVICES:
        done = shopkeeper(kafka, "checkpoints", "reset", service, "--yes", "--force")
        assert done.returncode == 0, done.stderr
    with ExitStack() as stack:
        workers = workers_of(stack, kafka, SERVICES, "INFO")
        settle(kafka, workers)
        for worker in workers.values():
            silent(worker)
        by_replay = {topics.RECOMMENDATIONS, topics.SEGMENTS}  # a list, and that it is removed
        letters = {name for name in OURS if name.endswith(".dlq")}  # what is bad is refused again
        assert {name for name, *_ in found(kafka)} <= by_replay | letters | {*CHECKPOINTS}
        for name in by_replay:
            assert MINE.encode() not in newest(kafka, name)
        assert newest(kafka, topics.PRODUCT_SENTIMENT)[b"cookware-01b"]["count"] == 1
        done = erased(kafka, MINE)
        assert done.returncode == 0, done.stderr
        assert found(kafka) == []


def test_a_killed_erasure_is_repeated_and_a_worker_that_is_away_is_named(kafka):
    def asked(user, n):
        data = {"user_id": user, "query": f"red {user} shoes"}
        time_ms = int(time.time() * 1000)
        return ShopEvent(
            topics.SEARCHES, "products.searched.v1", user, data, time_ms, f"{user}-{n}"
        )

    users = [MINE, OTHER, *(f"u{n}" for n in range(20))]
    publish(kafka, [asked(user, n) for n in range(20) for user in users])
    with worker_process("intent", kafka, WORKER_ID="i") as worker:
        asyncio.run(until_consumed(kafka, "intent", [topics.SEARCHES], WAIT_S, worker.alive))
        others = {user: values(kafka, topics.INTENTS, user) for user in users if user != MINE}
        command = [sys.executable, "-m", "shopkeeper", "erase", MINE]
        for n in range(4):
            killed = subprocess.Popen(command, env=environment(kafka), stderr=subprocess.DEVNULL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                killed.wait(1.5 + 0.5 * n)
            killed.kill()
            killed.wait()
        done = erased(kafka, MINE)
        assert done.returncode == 0, done.stderr
        assert found(kafka) == []
        assert {user: values(kafka, topics.INTENTS, user) for user in others} == others
        assert worker.terminate() == 0, worker.output()
    publish(kafka, [asked(MINE, "later")])
    done = erased(kafka, MINE, "--wait", "5")
    assert done.returncode == 1
    assert "intent has not read" in done.stderr


def has_own_list(answer):
    return answer.status_code == 200 and answer.json().get("recomm_id") is not None
