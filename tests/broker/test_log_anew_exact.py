"""O4 for the recommender: clicks made anew, shorter; after a reset its counts are the new log's."""

from __future__ import annotations

import asyncio
from itertools import islice

import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.counts import batch_counts
from shopkeeper.shared.testing.records import until_consumed
from shopkeeper.shared.testing.workers import worker_process
from tests.broker.counts import held_counts

from .test_exact import SOURCES, synthetic
from .test_log_gaps import make_anew, refused
from .test_replay_cli import shopkeeper

PARTITIONS = 2


async def publish(kafka, events):
    async with Publisher(kafka, "test") as publisher:
        for event in events:
            await publisher.publish(event)


def learn(kafka):
    with worker_process("recommender", kafka, LIST_AGE_MAX=1) as worker:
        asyncio.run(until_consumed(kafka, "recommender", SOURCES, 180, worker.alive))
        assert worker.terminate() == 0, worker.output()


@pytest.mark.parametrize("count", [300, 3000])
def test_counts_are_those_of_the_log_that_there_is(kafka, count):
    events = list(islice(synthetic(), 4000))
    asyncio.run(publish(kafka, events[:1000]))
    learn(kafka)
    asyncio.run(make_anew(kafka, topics.CLICKS))
    asyncio.run(publish(kafka, events[1000 : 1000 + count]))
    refused(kafka, "recommender")
    done = shopkeeper(kafka, "checkpoints", "reset", "recommender", "--yes")
    assert done.returncode == 0, done.stderr
    if count < 1000:  # what was committed of the old log is behind the new one's end
        asyncio.run(publish(kafka, events[1000 + count : 2500]))
        count = 1500
    learn(kafka)
    assert held_counts(kafka, PARTITIONS) == batch_counts(events[1000 : 1000 + count])
