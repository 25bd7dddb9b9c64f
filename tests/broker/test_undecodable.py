"""A batch that cannot be decoded is one dead letter; its partition and all others go on."""

from __future__ import annotations

import asyncio
import os

import orjson
import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.dead_letter import PREFIX
from shopkeeper.shared.runtime.kafka.admin import init_topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.settings import KafkaSettings
from shopkeeper.shared.testing.batches import PAYLOAD_AT, build, sealed, send_raw
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_process

from .test_replay_cli import shopkeeper

DLQ = topics.dead_letters(topics.SEARCHES, "intent")


def searches(names):
    return [(b"u", orjson.dumps({"query": f"red shoes {n}", "user_id": "u"})) for n in names]


def spoilt():
    """name -> a batch of three records that every broker would take for one, and what is wrong."""
    pairs = searches("xyz")
    batches = {name: build(pairs, name) for name in ("gzip", "snappy", "lz4", "zstd")}
    for built in batches.values():
        del built[-9:]
    batches["unknown codec"] = build(pairs)
    batches["unknown codec"][22] |= 6
    batches["no records"] = build(pairs)
    batches["no records"][PAYLOAD_AT:] = b"\xff" * 40
    return {name: bytes(sealed(built)) for name, built in batches.items()}


@pytest.fixture
def only_embedded(kafka):
    """Apache Kafka looks into batches before it takes them: see the test that damages its log."""
    if os.environ.get("TEST_BROKER") == "kafka":
        pytest.skip("Apache Kafka does not take such batches")
    return kafka


def letters(kafka):
    return asyncio.run(read_topic(kafka, DLQ))


def test_each_is_one_dead_letter_and_everything_else_is_read(only_embedded):
    kafka, bad = only_embedded, spoilt()

    async def publish():
        firsts = {}
        for name, built in bad.items():
            await send_raw(kafka, topics.SEARCHES, 0, build(searches("ab")))
            firsts[await send_raw(kafka, topics.SEARCHES, 0, built)] = name
        await send_raw(kafka, topics.SEARCHES, 0, build(searches("ab"), "lz4"))
        await send_raw(kafka, topics.SEARCHES, 1, build(searches("cd"), "zstd"))
        return firsts

    firsts = asyncio.run(publish())
    good = 2 * (len(bad) + 1) + 2
    with worker_process("intent", kafka) as worker:
        asyncio.run(until_consumed(kafka, "intent", [topics.SEARCHES], check=worker.alive))
        assert worker.total("events_processed_total") == good
        assert worker.total("events_failed_total") == worker.total("dlq_events_total") == len(bad)
        assert worker.total("events_consumed_total") == good + len(bad), "the books balance"
        assert worker.total("rebalances_total") == 1, "it never started over"
        assert worker.terminate() == 0, worker.output()
        output = worker.output()
    assert "Traceback" not in output
    assert output.count(" ERROR ") == len(bad), output
    for first in firsts:
        assert f"{topics.SEARCHES}/0: the batch of offsets {first} to {first + 2} cannot" in output
    found = letters(kafka)
    assert len(found) == len(bad)
    for letter in found:
        headers = {name.removeprefix(PREFIX): value.decode() for name, value in letter.headers}
        first = int(headers["batch.first.offset"])
        assert int(headers["batch.last.offset"]) == int(headers["offset"]) == first + 2
        assert (headers["stage"], headers["exception.class.name"]) == ("decode", "corrupt_batch")
        assert f"offsets {first} to {first + 2} cannot be decoded" in headers["exception.message"]
        sent = bad[firsts[first]]
        assert letter.value[8:] != b""
        assert letter.value[16:] == sent[16:], "its bytes, but for what the broker fills in"
    # A restart reads on behind them; and a batch is not sent back as if it were an event.
    with worker_process("intent", kafka) as worker:
        assert worker.terminate() == 0, worker.output()
    assert len(letters(kafka)) == len(bad)
    done = shopkeeper(kafka, "dlq", "replay", DLQ, "--yes")
    assert orjson.loads(done.stdout) == {"published": 0, "left_out": len(bad)}, done.stderr


def test_killed_in_the_middle_nothing_is_dead_lettered_anew_or_lost(only_embedded):
    """A replay from the last checkpoint gives the same letters: by where they came from."""
    kafka, bad = only_embedded, list(spoilt().values())

    async def publish(rounds):
        for n in range(rounds):
            await send_raw(kafka, topics.SEARCHES, n % 2, build(searches("ab")))
            await send_raw(kafka, topics.SEARCHES, n % 2, bad[n % len(bad)])

    asyncio.run(publish(20))
    with worker_process("intent", kafka, WORKER_ID="i-1", CHECKPOINT_INTERVAL=60) as worker:
        while worker.total("dlq_events_total") < 10:
            worker.alive()
        worker.kill()
    asyncio.run(publish(4))
    with worker_process("intent", kafka, WORKER_ID="i-1") as worker:
        asyncio.run(until_consumed(kafka, "intent", [topics.SEARCHES], check=worker.alive))
        assert worker.terminate() == 0, worker.output()
    places = {
        tuple(value for name, value in letter.headers if name.endswith(("partition", "offset")))
        for letter in letters(kafka)
    }
    assert len(places) == 24


def test_views_and_checkpoints_leave_it_out(only_embedded):
    kafka, bad = only_embedded, spoilt()["lz4"]
    with worker_process("recommender", kafka) as worker:
        assert worker.terminate() == 0, worker.output()

    async def publish():
        for topic in (topics.PRODUCT_SENTIMENT, topics.checkpoints("recommender")):
            await send_raw(kafka, topic, 0, bad)
        async with Publisher(kafka, "test") as publisher:
            click = orjson.dumps({"user_id": "u", "product_id": "p"})
            await publisher.send(topics.CLICKS, b"u", click, partition=0)

    asyncio.run(publish())
    with worker_process("recommender", kafka) as worker:
        asyncio.run(until_consumed(kafka, "recommender", [topics.CLICKS], check=worker.alive))
        assert worker.total("batches_left_out_total") == 1
        assert worker.total("events_processed_total") >= 1
        assert worker.terminate() == 0, worker.output()
        assert worker.output().count("cannot be decoded") == 2, worker.output()
        assert "Traceback" not in worker.output()


def test_a_log_that_was_damaged_on_disk_is_stepped_over(kafka_node):
    kafka = KafkaSettings((kafka_node.address,), topic_prefix="t.")
    asyncio.run(init_topics(kafka, 2, 1))

    async def publish():
        for names in ("abc", "def", "ghi"):
            await send_raw(kafka, topics.SEARCHES, 0, build(searches(names)))
        await send_raw(kafka, topics.SEARCHES, 1, build(searches("jk")))

    asyncio.run(publish())
    kafka_node.stop()
    (segment,) = kafka_node.folder.glob(f"data/t.{topics.SEARCHES}-0/*.log")
    log = bytearray(segment.read_bytes())
    log[log.index(b"red shoes e")] ^= 0xFF
    segment.write_bytes(log)
    kafka_node.start()
    with worker_process("intent", kafka) as worker:
        asyncio.run(until_consumed(kafka, "intent", [topics.SEARCHES], check=worker.alive))
        assert worker.total("events_processed_total") == 8
        assert worker.total("dlq_events_total") == 1
        assert worker.terminate() == 0, worker.output()
        assert "offsets 3 to 5 cannot be decoded: its checksum is wrong" in worker.output()
    (letter,) = letters(kafka)
    assert dict(letter.headers)[PREFIX + "batch.first.offset"] == b"3"
