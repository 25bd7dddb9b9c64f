"""`shopkeeper checkpoints`: shows what there is, and gives up one service's state, nothing else."""

from __future__ import annotations

import asyncio
import time
from unittest.mock import ANY

import orjson
import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.refusal import EXIT_OPERATOR
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_process

from .test_replay_cli import shopkeeper

SENT = {  # of keys that belong to partition 1, so that nothing is forwarded
    topics.REVIEWS: ("sentiment", {"product_id": "p6", "review_id": "r", "review_body": "Good."}),
    topics.QUESTIONS: ("intent", {"question": "Where is my order?", "user_id": "u"}),
}


@pytest.fixture
def remembered(kafka):
    """Two services with checkpoints of two records each; no worker runs."""

    async def publish():
        async with Publisher(kafka, "test") as publisher:
            for topic, (_, data) in SENT.items():
                for n in range(2):
                    await publisher.send(topic, b"k", orjson.dumps(data | {"id": f"e{n}"}),
                                         partition=1)  # fmt: skip

    asyncio.run(publish())
    for topic, (service, _) in SENT.items():
        with worker_process(service, kafka) as worker:
            asyncio.run(until_consumed(kafka, service, [topic], check=worker.alive))
            assert worker.terminate() == 0, worker.output()
    return kafka


def listed(kafka, *services):
    done = shopkeeper(kafka, "checkpoints", "list", *services)
    assert done.returncode == 0, done.stderr
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_list_and_reset_of_one_service_alone(remembered):
    kafka = remembered
    lines = listed(kafka)
    at = {(service, source, number): offset for service, source, number, offset, *_ in lines}
    assert at["sentiment", topics.REVIEWS, "1"] == "2"
    assert at["intent", topics.QUESTIONS, "1"] == "2"
    assert all(int(size) > 0 and age.endswith(" s") for *_, size, age in lines)
    assert {line[0] for line in listed(kafka, "intent")} == {"intent"}
    before = {name: len(asyncio.run(read_topic(kafka, name))) for name in topics.BY_NAME}

    done = shopkeeper(kafka, "checkpoints", "reset", "sentiment")
    assert done.returncode == 2, "nobody to ask"
    assert "--yes" in done.stderr
    assert listed(kafka) == [[*line[:5], ANY] for line in lines]
    done = shopkeeper(kafka, "checkpoints", "reset", "sentiment", "--yes")
    assert done.returncode == 0, done.stderr
    assert listed(kafka, "sentiment") == []
    after = {name: len(asyncio.run(read_topic(kafka, name))) for name in topics.BY_NAME}
    assert after.pop(topics.checkpoints("sentiment")) == 0
    before.pop(topics.checkpoints("sentiment"))
    assert after == before, "no other topic is touched"
    with worker_process("sentiment", kafka) as worker:  # rebuilds from what the log holds
        deadline = time.monotonic() + 60
        while worker.total("events_consumed_total") != 2:
            worker.alive()
            assert time.monotonic() < deadline, worker.output()
        assert worker.terminate() == 0, worker.output()


def test_reset_is_refused_while_a_worker_is_in_the_group(remembered):
    kafka = remembered
    lines = listed(kafka)
    with worker_process("sentiment", kafka, WORKER_ID="s-1") as worker:
        done = shopkeeper(kafka, "checkpoints", "reset", "sentiment", "--yes")
        assert done.returncode == 1
        assert "sentiment has workers in its group: s-1 at " in done.stderr
        assert "--force" in done.stderr
        worker.kill()
    assert listed(kafka) == [[*line[:5], ANY] for line in lines]
    # It was killed, and the broker still counts it in.
    done = shopkeeper(kafka, "checkpoints", "reset", "sentiment", "--yes", "--force")
    assert done.returncode == 0, done.stderr
    assert listed(kafka, "sentiment") == []


def test_a_worker_that_refuses_a_newer_checkpoint_leaves_its_group(remembered):
    """Nobody starts it again, so others are not to wait for it, nor is who gives the state up: the
    embedded broker would count it in until it is restarted itself."""
    kafka = remembered
    name = topics.checkpoints("sentiment")
    newest = [r for r in asyncio.run(read_topic(kafka, name)) if r.key.endswith(b"/manifest")][-1]

    async def write_newer():
        async with Publisher(kafka, "test") as publisher:
            value = orjson.dumps(orjson.loads(newest.value) | {"format": 99})
            await publisher.send(name, newest.key, value, partition=newest.partition)

    asyncio.run(write_newer())
    held = [(record.partition, record.offset) for record in asyncio.run(read_topic(kafka, name))]
    with worker_process("sentiment", kafka, ready=False, WORKER_ID="s-1") as worker:
        assert worker.popen.wait(60) == EXIT_OPERATOR, worker.output()
        lines = [line for line in worker.output().splitlines() if "has format 99, " in line]
        assert len(lines) == 1, worker.output()
        assert "shopkeeper checkpoints reset sentiment" in lines[0]
    after = [(record.partition, record.offset) for record in asyncio.run(read_topic(kafka, name))]
    assert after == held, "nothing is deleted, nothing written"
    done = shopkeeper(kafka, "checkpoints", "reset", "sentiment", "--yes")
    assert done.returncode == 0, done.stderr
