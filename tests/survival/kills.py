"""`python -m tests.survival.kills --kills 200`: three recommender workers over a paced log, killed
at random, frozen, and their broker killed; at the end every count is that of a batch job.

The log is yoochoose-100k where it is beside the checkout, else simulated sessions: the result, JSON
on standard output, says which. The same seed draws the same faults, if not at the same moments.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from aiokafka.errors import KafkaError

from shopkeeper.shared.datasets.readers import read
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.counts import batch_counts
from tests.broker.counts import held_counts
from tests.broker.test_exact import synthetic

from .checks import differences
from .nodes import running_node
from .shop import PARTITIONS, SESSION_TIMEOUT_S, Shop

BESIDE = "shared/data/recsys/yoochoose-100k/clicks_train.csv.gz"  # the checkout, or further up
WORKERS = 3
SHARE_FROZEN, SHARE_BROKER = 0.1, 0.04  # of the faults; the others are kills of a worker
SHARE_STARTING = 0.15  # of the kills: of one that may still be starting
PAUSE_S = (0.5, 4.0)  # between two faults
BATCH = 50  # clicks that are published at once
READY_S_MAX = 600


def recorded():
    """(name, events) of what is played."""
    for parent in Path(__file__).resolve().parents:
        if (path := parent / BESIDE).exists():
            return "yoochoose-100k", list(read(path, "yoochoose"))
    return "simulated sessions", list(synthetic(60_000))


class Load(threading.Thread):
    """Publishes a log at a pace, which follows from how far the faults are; then what is left."""

    def __init__(self, kafka, events):
        super().__init__(name="load")
        self._kafka, self._events = kafka, events
        self.share = 0.0  # of the faults that are over
        self.published = 0
        self.failure = None

    def run(self):
        try:
            asyncio.run(self._publish())
        except BaseException as error:
            self.failure = error

    async def _publish(self):
        while self.published < len(self._events):
            # A batch that was not confirmed in time is published again, by a new client: what had
            # arrived all the same is a repeat, and does not count.
            with contextlib.suppress(KafkaError, OSError):
                async with Publisher(self._kafka, "test", delivery_timeout_s=600) as publisher:
                    await self._batches(publisher)

    async def _batches(self, publisher):
        while self.published < len(self._events):
            # A little ahead, so that there is something to do at each fault.
            while self.published > (self.share + 0.02) * len(self._events):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            batch = self._events[self.published : self.published + BATCH]
            for event in batch:
                await publisher.publish(event)
            await publisher.flush()
            self.published += len(batch)


def ready(shop):
    return [name for name, worker in shop.workers.items() if worker.get("/readyz")[0] == 200]


def one_ready(shop):
    deadline = time.monotonic() + READY_S_MAX
    while not (names := ready(shop)):
        shop.supervise()
        assert time.monotonic() < deadline, "no worker becomes ready"
        time.sleep(0.1)
    return names


def torment(shop, load, kills, seed):
    """`kills` kills of workers, with freezes and kills of the broker in between; counts of each."""
    chance, done = random.Random(seed), Counter()
    while done["kills"] < kills:
        assert load.failure is None, load.failure
        roll = chance.random()
        starting = chance.random() < SHARE_STARTING
        time.sleep(chance.uniform(*PAUSE_S))
        names = one_ready(shop)
        name = chance.choice(sorted(shop.workers if starting else names))
        if roll < SHARE_BROKER and shop.node.crashes_freely:
            shop.node.kill()
            time.sleep(chance.uniform(0.0, 3.0))
            shop.node.start()
            done["broker kills"] += 1
        elif roll < SHARE_BROKER + SHARE_FROZEN:
            shop.freeze(name)
            time.sleep(chance.uniform(0.5, SESSION_TIMEOUT_S + 3.0))
            shop.thaw(name)
            done["freezes"] += 1
        else:
            done["kills"] += 1
            done["kills of ready workers"] += name in names
            shop.kill(name)
        shop.supervise()
        load.share = done["kills"] / kills
    return done


def survived(kills, seed=1, kind="auto", events=None):
    """Play it; returns what happened, as JSON."""
    name, log = recorded() if events is None else ("simulated sessions", list(events))
    begun = time.monotonic()
    with running_node(kind) as node, Shop(node, services=("recommender",)) as shop:
        shop.create_topics()
        shop.fleet = {f"recommender-{n}": "recommender" for n in range(1, WORKERS + 1)}
        shop.start_all()
        load = Load(shop.kafka, log)
        load.start()
        try:
            done = torment(shop, load, kills, seed)
        finally:
            load.share = 1.0
        ended = time.monotonic()
        while load.is_alive():
            shop.supervise()
            time.sleep(0.1)
        assert load.failure is None, load.failure
        shop.settle()
        normal_s = time.monotonic() - ended
        pairs, totals = batch_counts(log)
        found_pairs, found_totals = held_counts(shop.kafka, PARTITIONS)
        restarts = dict(shop.restarts)
        wrong = differences(found_totals, totals) + differences(found_pairs, pairs)
    return {
        "log": name, "clicks": load.published, "broker": node.kind, "seed": seed, **done,
        "restarts by itself": restarts, "entries": len(totals) + len(pairs), "wrong": wrong,
        "holds": not wrong, "faults_s": ended - begun, "normal_s": normal_s,
    }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.survival.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--broker", choices=("auto", "kafka", "embedded"), default="auto")
    asked = parser.parse_args()
    result = survived(asked.kills, asked.seed, asked.broker)
    print(json.dumps(result, indent=1))
    return 0 if result["holds"] else 1


if __name__ == "__main__":
    sys.exit(main())
