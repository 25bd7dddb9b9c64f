"""Profiles through the broker: a new user's list by region; an erasure reaches state and topic."""

from __future__ import annotations

import asyncio
import json
import time
import zlib

import pytest

from shopkeeper.shared.contracts import outputs, topics
from shopkeeper.shared.contracts.events.recommendation import RECOMMENDATIONS_UPDATED
from shopkeeper.shared.runtime.kafka.admin import init_topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.kafka.sink import Sink, partition_of
from shopkeeper.shared.runtime.state.checkpoints import CheckpointStore
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_process

PARTITIONS = 4
USERS = 12  # of a region
ERASED = tuple(f"north{n}" for n in range(4))
SECONDS_MAX = 150


@pytest.fixture
def kafka4(bare_kafka):
    asyncio.run(init_topics(bare_kafka, PARTITIONS, 1))
    return bare_kafka


def crc32(user):
    """Where librdkafka puts a key by default."""
    return zlib.crc32(user.encode()) % PARTITIONS


async def publish(kafka, topic, events, partitions=(None,)):
    """Every event once for each of `partitions`: a partition, a function of the user, or None."""
    async with Publisher(kafka, "test") as publisher:
        for event in events:
            user = event.get("user_id") or event["userId"]
            for each in partitions:
                at = each(user) if callable(each) else each
                await publisher.send(topic, user.encode(), json.dumps(event).encode(), partition=at)


def settle(kafka, worker):
    for _ in range(3):  # what is forwarded, erased or passed on is consumed once more
        for topic in (topics.CLICKS, topics.PROFILES):
            asyncio.run(
                until_consumed(kafka, "recommender", [topic], seconds=120, check=worker.alive)
            )


def newest_lists(kafka):
    found = {}
    for record in asyncio.run(read_topic(kafka, topics.RECOMMENDATIONS)):
        value = record.value
        found[record.key.decode()] = value and outputs.decode(RECOMMENDATIONS_UPDATED, value)
    return found


def last_words(kafka, user):
    """By partition of the topic of profiles, the last value under a user's key."""
    found = {}
    for record in sorted(asyncio.run(read_topic(kafka, topics.PROFILES)), key=lambda r: r.offset):
        if record.key == user.encode():
            found[record.partition] = record.value
    return found


def held(kafka):
    """Everything that the checkpoints of profiles hold, as bytes."""

    async def load():
        topic = topics.checkpoints("recommender")
        store = CheckpointStore(kafka, topic, Sink(kafka, 30, "test"), "test")
        return await store.load({n: [topics.PROFILES] for n in range(PARTITIONS)})

    return b"".join(each.sections["profiles"] for each in asyncio.run(load()).values())


def test_new_users_get_lists_by_region_and_an_erased_one_is_gone_from_state_and_topic(kafka4):
    settings = {"SEARCH": "off", "CHECKPOINT_INTERVAL": 0.5, "WORKER_ID": "one"}
    users = [(f"{region}{n}", region) for region in ("north", "south") for n in range(USERS)]
    with worker_process("recommender", kafka4, **settings) as worker:
        profiles = [
            {"user_id": user, "region": region, "gender": "other"} for user, region in users
        ]
        asyncio.run(publish(kafka4, topics.PROFILES, profiles[::2]))
        asyncio.run(publish(kafka4, topics.PROFILES, profiles[1::2], [crc32]))
        settle(kafka4, worker)
        clicks = [
            {"user_id": user, "product_id": f"{region}-{k}"}
            for user, region in users
            for k in (1, 2)
        ]
        asyncio.run(publish(kafka4, topics.CLICKS, clicks))
        settle(kafka4, worker)
        deadline, attempt, first = time.monotonic() + SECONDS_MAX, 0, {}
        while not all(first.get(r, "").startswith(r) for r in ("north", "south")):
            assert time.monotonic() < deadline, first
            attempt += 1  # groups are reported every half minute: users who come since are served
            # one by a profile, the other by a call of Segment's among the clicks
            north = {"user_id": f"n{attempt}", "region": "North"}
            south = {
                "type": "identify",
                "userId": f"s{attempt}",
                "traits": {"address": {"country": "South"}},
            }
            asyncio.run(publish(kafka4, topics.PROFILES, [north]))
            asyncio.run(publish(kafka4, topics.CLICKS, [south]))
            settle(kafka4, worker)
            lists = newest_lists(kafka4)
            made = {"north": lists.get(f"n{attempt}"), "south": lists.get(f"s{attempt}")}
            first = {r: each.items[0].product_id for r, each in made.items() if each and each.items}
            time.sleep(1)
        came = (f"n{attempt}", f"s{attempt}")
        assert newest_lists(kafka4)[came[0]].items[0].reason.code == "trending_group"
        worker.kill()
    assert b"north" in held(kafka4)
    assert b"other" not in held(kafka4), "gender is neither allowed nor compared"
    with worker_process("recommender", kafka4, **settings) as worker:
        erased = [{"type": "user.erased.v1", "user_id": user} for user in (*ERASED, *came)]
        asyncio.run(publish(kafka4, topics.CLICKS, erased[::2]))
        asyncio.run(publish(kafka4, topics.CLICKS, erased[1::2], [crc32]))
        worker.kill()  # what was erased and not yet checkpointed is erased again
    with worker_process("recommender", kafka4, **settings) as worker:
        settle(kafka4, worker)
        lists = newest_lists(kafka4)
        text = worker.output()
        assert worker.terminate() == 0
    for user in (*ERASED, *came):
        assert last_words(kafka4, user) == dict.fromkeys(range(PARTITIONS), None), user
        assert lists[user] is None
        assert user.encode() + b"\xcf" not in held(kafka4)
        assert user not in text
    state = held(kafka4)
    assert not any(b"\xa6" + user.encode() in state for user in ERASED), "msgpack, six characters"
    assert all(user.encode() in state for user, _ in users if user not in ERASED)
    misplaced = [user for user, _ in users[1::2] if crc32(user) != partition_of(user.encode(), 4)]
    assert {*misplaced} & {*ERASED}, "the originals of some lay in another partition"
