"""Records of one user are taken out of a partition, through a kill between copying and deleting."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiokafka.errors import KafkaError

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.erased_users import number_of
from shopkeeper.shared.runtime.kafka.copies import COPY
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.operations.erasure.rewriting import Rewriter
from shopkeeper.shared.runtime.operations.erasure.survey import survey
from shopkeeper.shared.runtime.operations.erasure.traces import Wanted
from shopkeeper.shared.testing.records import read_topic

USERS = ("a", "b", "gone", "c")
FAR_MS = 1 << 60


class Killed(KafkaError):
    """In the place of a process that is killed."""


async def publish(kafka, topic, users, first=0):
    async with Publisher(kafka, "test") as publisher:
        for n, user in enumerate(users, first):
            value = json.dumps({"user_id": user, "n": n}).encode()
            await publisher.send(topic, user.encode(), value, [("ce_id", b"%d" % n)], partition=0)


async def found(kafka, topic):
    return await survey(kafka, [topic], Wanted({number_of("gone"): FAR_MS}))


async def remove(kafka, topic, copies_max=1000, *, killed=False):
    [one] = await found(kafka, topic)
    async with Rewriter(kafka, copies_max) as rewriter:
        if killed:

            async def delete(each, before, real=rewriter._delete):
                if before > each.start:
                    raise Killed

            rewriter._delete = delete
            with pytest.raises(Killed):
                await rewriter.remove(one)
            return None
        return await rewriter.remove(one)


async def held(kafka, topic):
    records = await read_topic(kafka, topic)
    return [(json.loads(r.value)["n"], r.timestamp, dict(r.headers)["ce_id"]) for r in records]


def test_a_stream_keeps_all_others_once_and_in_order_through_kills(kafka):
    async def scenario():
        topic = topics.INTENTS
        await publish(kafka, topic, USERS * 20)
        before = await held(kafka, topic)
        for _ in range(2):
            await remove(kafka, topic, killed=True)
        await publish(kafka, topic, ["later"], 80)
        assert await remove(kafka, topic) == ""
        after = await held(kafka, topic)
        others = [each for each in before if each[0] % 4 != 2]
        assert sorted(after)[:-1] == others
        order = [n for n, *_ in after if n != 80]
        # What stood behind the user's last record stays where it was.
        assert order == [79, *(n for n, *_ in others if n != 79)]
        assert await found(kafka, topic) == []
        records = await read_topic(kafka, topic)
        assert sum(COPY in dict(r.headers) for r in records) == 59

    asyncio.run(scenario())


def test_a_view_keeps_the_newest_value_of_others_and_no_tombstone_of_the_user(kafka):
    async def scenario():
        topic = topics.RECOMMENDATIONS
        await publish(kafka, topic, USERS * 3)
        [one] = await found(kafka, topic)
        assert one.standing == [10]  # nobody has removed it yet
        async with Publisher(kafka, "test") as publisher:
            await publisher.send(topic, b"gone", None, [], partition=0)
        await publish(kafka, topic, ["b"], 20)
        [one] = await found(kafka, topic)
        assert one.standing == []
        await remove(kafka, topic, killed=True)
        assert await remove(kafka, topic) == ""
        records = await read_topic(kafka, topic)
        newest = {record.key: json.loads(record.value)["n"] for record in records}
        assert newest == {b"a": 8, b"b": 20, b"c": 11}
        assert await found(kafka, topic) == []

    asyncio.run(scenario())


def test_what_is_too_much_or_not_read_yet_is_left_alone_and_said(kafka):
    async def scenario():
        await publish(kafka, topics.ANSWERS, USERS * 3)
        await publish(kafka, topics.COMPLAINTS, USERS)
        before = await held(kafka, topics.ANSWERS)
        said = await remove(kafka, topics.ANSWERS, copies_max=5)
        assert "records would have to be published again, more than 5" in said
        assert await held(kafka, topics.ANSWERS) == before
        assert await remove(kafka, topics.COMPLAINTS) == "sentiment has not read it yet"

    asyncio.run(scenario())
