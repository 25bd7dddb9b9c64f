"""`shopkeeper experiment --off-policy` on a real worker's lists: its figures are those of a naive
look through the topics."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time

import orjson
import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import environment, worker_process

from .test_experiment import event, lists_of, publish

USERS = [f"user-{n}" for n in range(120)]
ROUNDS = 4
SHARE = 0.3
POLICIES = ("never-explore", "always-explore", "as-logged")


def command(kafka, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "shopkeeper", "experiment", *arguments],
        capture_output=True, text=True, timeout=120, check=False, env=environment(kafka),
    )  # fmt: skip


def answers(kafka, chance):
    """What users do with their lists: the first item of three in ten is clicked, and a drawn last
    item of six in ten."""
    found = []
    for user, shown in lists_of(kafka).items():
        if not shown["items"]:
            continue  # of the very first events
        last = shown["items"][-1]
        if last["reason"]["code"] == "explore" and chance.random() < 0.6:
            wanted = last["product_id"]
        elif chance.random() < 0.3:
            wanted = shown["items"][0]["product_id"]
        else:
            continue
        told = {"product_id": wanted, "recomm_id": shown["recomm_id"]}
        found.append(event("product.clicked.v1", user, **told))
    return found


def naive(kafka):
    """By policy (IPS, SNIPS), from the raw records."""
    clicked, newest_ms = set(), 0
    for record in asyncio.run(read_topic(kafka, topics.CLICKS)):
        newest_ms = max(newest_ms, record.timestamp)
        clicked.add(orjson.loads(record.value).get("recomm_id"))
    sums = {name: [0.0, 0.0] for name in POLICIES}
    lists = 0
    for record in asyncio.run(read_topic(kafka, topics.RECOMMENDATIONS)):
        said = orjson.loads(record.value)
        if not said["items"] or record.timestamp > newest_ms:
            continue  # nothing to click, or nobody can have clicked it yet
        last = said["items"][-1]
        lists += 1
        explored = last["reason"]["code"] == "explore"
        p, gain = last["propensity"], said["recomm_id"] in clicked
        weights = (
            0.0 if explored else 1 / p,
            1 / SHARE if explored else float(p == 1.0),
            1.0,
        )
        for name, weight in zip(POLICIES, weights, strict=True):
            sums[name][0] += weight * gain
            sums[name][1] += weight
    return lists, {name: (gains / lists, gains / w) for name, (gains, w) in sums.items()}


def test_estimates_are_those_of_the_topics(kafka, tmp_path):
    rules = tmp_path / "rules.json"
    rules.write_text('{"explore": {"share": 0.3, "candidates": 20, "newest": 0}}')
    chance = random.Random(1)
    done = command(kafka, "--off-policy", "never-explore")
    assert (done.returncode, done.stdout) == (1, "")
    assert "set explore.share in RULES" in done.stderr
    with worker_process("recommender", kafka, RULES=str(rules)) as worker:
        for _ in range(30):  # until counts have come round, and lists are of several items
            publish(kafka, [event("product.clicked.v1", user) for user in USERS])
            asyncio.run(until_consumed(kafka, "recommender", [topics.CLICKS], 120, worker.alive))
            if all(len(shown["items"]) > 1 for shown in lists_of(kafka).values()):
                break
            time.sleep(1)
        for _ in range(ROUNDS):
            publish(kafka, answers(kafka, chance))
            asyncio.run(until_consumed(kafka, "recommender", [topics.CLICKS], 120, worker.alive))
    asked = [word for name in (*POLICIES, "popular") for word in ("--off-policy", name)]
    done = command(kafka, *asked, "--settle", "0")
    assert done.returncode == 1
    assert "popular: the policy would make" in done.stderr
    found = orjson.loads(done.stdout)
    lists, expected = naive(kafka)
    assert found["lists"] == lists
    assert found["users"] == len(USERS)
    assert found["explore_share"] == SHARE
    assert 0 < found["lists_explored"] < lists
    for name, (ips, snips) in expected.items():
        told = found["policies"][name]
        assert told["ips"]["value"] == pytest.approx(ips, abs=1e-5)
        assert told["snips"]["value"] == pytest.approx(snips, abs=1e-5)
        assert told["snips"]["low"] < snips < told["snips"]["high"]
    never, always = (found["policies"][name]["snips"]["value"] for name in POLICIES[:2])
    assert never < always, "drawn items are clicked twice as often"
    assert "refused" in found["policies"]["popular"]
    assert command(kafka, "--off-policy", "never-explore", "--settle", "0").returncode == 0
    wrong = command(kafka, "--off-policy", "greedy")
    assert wrong.returncode == 2
    assert "a policy is one of" in wrong.stderr
