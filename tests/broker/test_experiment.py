"""An A/B test on a real broker: lists by variant, echoed ids counted, told alike by all."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
import time

import orjson

from shopkeeper.services.recommender.core.ab_testing.variants import KINDS, parse
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.readers import ShopEvent
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import environment, worker_process

USERS = [f"user-{n}" for n in range(240)]
TOLD = orjson.dumps(
    {
        "name": "short-lists",
        "variants": {
            "control": {"share": 0.5},
            "short": {"share": 0.5, "list_items_max": 3, "blend": False},
        },
    }
).decode()
EXPERIMENT = parse(TOLD)
NAMES = [variant.name for variant in EXPERIMENT.variants]
serial = itertools.count()


def event(kind, user, **data):
    if kind == "order.completed.v1":
        data = {"order_id": "o", "products": [{"product_id": "p1"}], **data}
    else:
        data = {"product_id": f"p{next(serial) % 30}", **data}
    moment = int(time.time() * 1000)
    return ShopEvent(
        topics.CLICKS, kind, user, {"user_id": user, **data}, moment, f"e{next(serial)}"
    )


def publish(kafka, events):
    async def run():
        async with Publisher(kafka, "test") as publisher:
            for each in events:
                await publisher.publish(each)

    asyncio.run(run())


def lists_of(kafka):
    """By user, the latest list on the topic."""
    records = asyncio.run(read_topic(kafka, topics.RECOMMENDATIONS))
    return {r.key.decode(): orjson.loads(r.value) for r in records if r.value is not None}


def command(kafka, **settings):
    return subprocess.run(
        [sys.executable, "-m", "shopkeeper", "experiment"],
        capture_output=True, text=True, timeout=120, check=False,
        env=environment(kafka, **settings),
    )  # fmt: skip


def samples(worker):
    """Counts of every variant, as /metrics has them."""
    found = worker.metrics()

    def value(name, **labels):
        return found.get((f"shopkeeper_experiment_{name}", tuple(sorted(labels.items()))), 0.0)

    return [
        {kind: value(kind, variant=name) for kind in KINDS[:3]}
        | {kind: value("events", variant=name, event=kind) for kind in KINDS[3:]}
        for name in NAMES
    ]


def test_variants_are_served_counted_and_told_alike(kafka):
    expected = [dict.fromkeys(KINDS, 0) for _ in NAMES]

    def count(user, **kinds):
        for kind, number in kinds.items():
            expected[EXPERIMENT.variant_of(user)][kind] += number

    with worker_process("recommender", kafka, WORKER_ID="r-1", EXPERIMENT=TOLD) as worker:
        knowledge = [event("product.clicked.v1", user) for user in USERS for _ in range(2)]
        publish(kafka, knowledge)
        asyncio.run(until_consumed(kafka, "recommender", [topics.CLICKS], 120, worker.alive))
        lists = lists_of(kafka)
        assert lists.keys() == set(USERS)
        for user, found in lists.items():
            name = NAMES[EXPERIMENT.variant_of(user)]
            assert (found["experiment"], found["variant"]) == ("short-lists", name)
            count(user, users_exposed=1, lists=2)
        answers, unattributed = [], 0
        for number, user in enumerate(USERS):
            mine, other = lists[user]["recomm_id"], lists[USERS[number - 1]]["recomm_id"]
            if number % 2:
                answers += [event("product.clicked.v1", user, recomm_id=mine)] * 2  # sent twice
                count(user, users_clicked=1, clicks=1, lists=1)
            if number % 3 == 0:
                answers.append(event("product.added.v1", user, recomm_id=mine))
                count(user, adds=1, lists=1)
            if number % 5 == 0:
                answers += [event("order.completed.v1", user, recomm_id=mine) for _ in range(2)]
                count(user, users_converted=1, orders=2, lists=2)
            if other.split("/")[1] != mine.split("/")[1]:  # a list of another partition
                answers.append(event("product.clicked.v1", user, recomm_id=other))
                count(user, lists=1)
                unattributed += 1
        assert unattributed
        publish(kafka, answers)
        # Killed on the way: what it counted before the last checkpoint is counted again, once.
        worker.kill()
    with worker_process("recommender", kafka, WORKER_ID="r-1", EXPERIMENT=TOLD) as worker:
        asyncio.run(until_consumed(kafka, "recommender", [topics.CLICKS], 120, worker.alive))
        # Views were read before it was ready: there are items enough for everybody.
        publish(kafka, [event("product.clicked.v1", user) for user in USERS])
        asyncio.run(until_consumed(kafka, "recommender", [topics.CLICKS], 120, worker.alive))
        for user, found in lists_of(kafka).items():
            assert len(found["items"]) == (3 if found["variant"] == "short" else 10)
            count(user, lists=1)
        while samples(worker) != expected:  # the metrics take them about once a second
            worker.alive()
            time.sleep(0.2)
        difference = {
            dict(labels)["bound"]: value
            for (name, labels), value in worker.metrics().items()
            if name == "shopkeeper_experiment_difference_ratio" and ("outcome", "click") in labels
        }
        assert worker.terminate() == 0, worker.output()
    done = command(kafka, EXPERIMENT=TOLD)
    assert done.returncode == 0, done.stderr
    found = orjson.loads(done.stdout)
    assert [{kind: v[kind] for kind in KINDS} for v in found["variants"]] == expected
    assert found["unattributed"] == unattributed
    assert found["not_enrolled"] == 0
    assert sum(found["lists_held"].values()) >= len(USERS)
    assert found["lists_of_another_variant"] == 0
    told = found["variants"][1]["click_difference"]
    assert {bound: round(value, 6) for bound, value in difference.items()} == told
    assert told["low"] < told["estimate"] < told["high"]


def test_a_wrong_experiment_stops_worker_and_command_at_once(kafka):
    wrong = TOLD.replace("0.5", "0.4")
    done = subprocess.run(
        [sys.executable, "-m", "shopkeeper", "worker", "recommender"],
        capture_output=True, text=True, timeout=120, check=False,
        env=environment(kafka, EXPERIMENT=wrong),
    )  # fmt: skip
    assert done.returncode == 2, "a wrong setting: a supervisor does not start it again"
    assert "EXPERIMENT: has shares that sum to 0.8" in done.stderr
    for told, said in ((wrong, "shares that sum to 0.8"), ("", "EXPERIMENT is not set")):
        done = command(kafka, EXPERIMENT=told)
        assert done.returncode == 2
        assert said in done.stderr
