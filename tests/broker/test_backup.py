"""`shopkeeper backup` and `restore`: every record where it stood, and counts as if nothing was."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
import uuid
from dataclasses import replace

import orjson
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.readers import ShopEvent
from shopkeeper.shared.runtime.kafka import admin
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.operations.backup import files, offsets, restoring
from shopkeeper.shared.runtime.operations.backup.restoring import keeps_offsets
from shopkeeper.shared.testing.counts import batch_counts
from shopkeeper.shared.testing.records import end_offsets, read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_processes

from .counts import held_counts
from .test_exact import publish, synthetic
from .test_replay_cli import shopkeeper

SINCE_MS = int(time.time() * 1000) - 3_600_000  # what is older than its retention is deleted
ON_KAFKA = os.environ.get("TEST_BROKER") == "kafka"
STANDING = [3, 4, 6, 10, 12, 14]  # and gaps of one offset after each of the last
SERVICES = ("recommender", "sentiment", "intent")
SETTLED = {
    "recommender": (topics.CLICKS, topics.ITEM_PAIRS, topics.PROFILES),
    "sentiment": (topics.REVIEWS, topics.COMPLAINTS),
    "intent": (topics.SEARCHES, topics.QUESTIONS),
}


@pytest.fixture
def other(kafka):
    """The same broker with a prefix that no topic has: where backups are restored to."""
    target = replace(kafka, topic_prefix=f"t{uuid.uuid4().hex[:10]}.")
    yield target
    asyncio.run(admin.delete_topics(target))


def run(kafka, *arguments):
    done = shopkeeper(kafka, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(kafka, *arguments):
    done = shopkeeper(kafka, *arguments)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stderr


def held(kafka, topic):
    """By partition: what stands where, each record with everything that it says."""
    return sorted(
        (r.partition, r.offset, r.timestamp, r.key, r.value, tuple(r.headers))
        for r in asyncio.run(read_topic(kafka, topic))
    )


async def write(kafka, topic, count, **more):
    async with AIOKafkaProducer(**kafka.client_options()) as producer:
        for n in range(count):
            await producer.send_and_wait(
                kafka.topic(topic), **({"value": b"v%d" % n, "key": b"k%d" % (n % 7)} | more),
                partition=n % 2, timestamp_ms=SINCE_MS + n,
            )  # fmt: skip


async def delete_before(kafka, topic, offset):
    async with admin.connected(kafka) as client:
        places = [TopicPartition(kafka.topic(topic), number) for number in range(2)]
        await client.delete_records({place: RecordsToDelete(offset) for place in places})


async def transactions(kafka, topic):
    """Gaps of several sizes: a marker, two of them, aborted records, a marker at the end."""
    async with AIOKafkaProducer(
        **kafka.client_options(), transactional_id=kafka.topic("gaps")
    ) as producer:
        for count, commits in ((1, True), (3, True), (0, True), (2, False), (5, True), (1, False)):
            await producer.begin_transaction()
            for n in range(count):
                await producer.send_and_wait(kafka.topic(topic), b"t%d" % n, b"k", 0)
            await (producer.commit_transaction() if commits else producer.abort_transaction())


@contextlib.contextmanager
def workers(kafka):
    with worker_processes(SERVICES, kafka) as running:
        for worker in running:
            worker.wait_ready()
        yield running
        for worker in running:
            assert worker.terminate() == 0, worker.output()


def settle(kafka, running):
    for _ in range(2):  # complaints follow from searches and questions
        for (service, sources), worker in zip(SETTLED.items(), running, strict=True):
            asyncio.run(until_consumed(kafka, service, sources, 240, worker.alive))


def test_every_record_comes_to_stand_where_it_stood(kafka, other, tmp_path):
    asyncio.run(write(kafka, topics.CLICKS, 20))
    asyncio.run(write(kafka, topics.REVIEWS, 9, headers=[("a", b"1"), ("a", b""), ("é", b"\xff")]))
    asyncio.run(write(kafka, topics.REVIEWS, 3, value=b"x" * 900_000))
    asyncio.run(write(kafka, topics.CATALOGUE, 8, value=None))
    asyncio.run(write(kafka, topics.SEARCHES, 6))
    asyncio.run(delete_before(kafka, topics.CLICKS, 4))
    asyncio.run(delete_before(kafka, topics.SEARCHES, 3))  # all of it
    if ON_KAFKA:
        asyncio.run(transactions(kafka, topics.CLICKS))
        asyncio.run(transactions(kafka, topics.PROFILES))
    said = run(kafka, "backup", str(tmp_path / "b"))
    assert said.startswith(f"{sum(len(held(kafka, name)) for name in topics.BY_NAME)} records of ")
    run(kafka, "restore", str(tmp_path / "b"), "--check")
    run(other, "restore", str(tmp_path / "b"))
    for name in topics.BY_NAME:
        before, after = held(kafka, name), held(other, name)
        if keeps_offsets(name):
            assert after == before, name
            ends = asyncio.run(end_offsets(kafka, name)), asyncio.run(end_offsets(other, name))
            assert ends[0] == ends[1], name
        else:
            assert [(r[0], *r[2:]) for r in after] == [(r[0], *r[2:]) for r in before], name


def test_what_remembers_offsets_keeps_them():
    """Every source of a service, and every log that subscribers read."""
    kept = {name for name in topics.BY_NAME if keeps_offsets(name)}
    assert kept >= {source for sources in SETTLED.values() for source in sources}
    assert kept >= {topics.INTENTS, topics.SENTIMENTS, topics.ANSWERS}
    assert not kept & {topics.checkpoints(service) for service in topics.SERVICES}
    assert not kept & {topics.SIMILAR_ITEMS, topics.LAYOUT}


def test_restore_refuses_what_is_not_whole_and_topics_that_hold_records(kafka, other, tmp_path):
    asyncio.run(write(kafka, topics.CLICKS, 20))
    folder = tmp_path / "b"
    run(kafka, "backup", str(folder))
    assert "is not empty" in refused(kafka, "backup", str(folder))
    assert "held records already" in refused(kafka, "restore", str(folder))
    file = files.file_of(folder, topics.CLICKS, 1)
    sound = file.read_bytes()
    file.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    for arguments in (["--check"], []):
        assert "SHA-256" in refused(other, "restore", str(folder), *arguments)
    file.unlink()
    assert "cannot be read" in refused(other, "restore", str(folder))
    states = asyncio.run(admin.list_topics(other))
    assert not [state for state in states if state.partition_count], "nothing was written"
    file.write_bytes(sound)
    with worker_processes(["intent"], kafka, WORKER_ID="i-1") as [worker]:
        worker.wait_ready()
        assert "has workers in its group (i-1 at " in refused(kafka, "restore", str(folder))
    (folder / files.MANIFEST).unlink()
    assert "no finished backup" in refused(other, "restore", str(folder))


@pytest.fixture
def with_gaps(tmp_path):
    """A backup of a compacted source, with gaps before, between and behind its records."""
    with files.PartitionWriter(files.file_of(tmp_path, topics.PROFILES, 0)) as writer:
        for offset in (1, *STANDING):
            writer.add(files.Row(offset, SINCE_MS + offset, b"%d" % offset, b"v", []))
        part = writer.finish(3, 16)
    files.write_manifest(tmp_path, files.Manifest("0", "", {topics.PROFILES: [part]}, {}))
    return tmp_path


def test_gaps_that_compaction_left_are_there_again(other, with_gaps):
    asyncio.run(restoring.restore(other, with_gaps, 1, print))
    assert [record[1] for record in held(other, topics.PROFILES)] == STANDING
    assert asyncio.run(end_offsets(other, topics.PROFILES)) == [16]


def one_missing(tmp_path, begin, rows):
    """A backup of a compacted source whose first offset is missing, and whose blocks end at a
    gap."""
    with files.PartitionWriter(files.file_of(tmp_path, topics.PROFILES, 0)) as writer:
        for offset in rows:
            writer.add(files.Row(offset, SINCE_MS + offset, b"%d" % offset, b"v" * 700_000, []))
        part = writer.finish(begin, rows[-1] + 1)
    files.write_manifest(tmp_path, files.Manifest("0", "", {topics.PROFILES: [part]}, {}))


def test_a_gap_of_one_between_blocks_is_there_again(other, tmp_path):
    rows = [0, 1, 3, 5, 6, 8]
    one_missing(tmp_path, 0, rows)
    assert len(list(files.read_blocks(files.file_of(tmp_path, topics.PROFILES, 0)))) > 2
    asyncio.run(restoring.restore(other, tmp_path, 1, print))
    assert [record[1] for record in held(other, topics.PROFILES)] == rows


def test_a_first_offset_that_is_missing_alone_takes_a_transaction_without_records(
    other, tmp_path, monkeypatch
):
    """Apache Kafka has them; the embedded broker has not, which is said with the way out."""
    one_missing(tmp_path, 1, [1, 2])
    monkeypatch.setattr(offsets, "TRANSACTION_S_MAX", 30 if ON_KAFKA else 5)
    if ON_KAFKA:
        asyncio.run(restoring.restore(other, tmp_path, 1, print))
        assert [record[1] for record in held(other, topics.PROFILES)] == [1, 2]
        return
    with pytest.raises(files.BackupError, match=r"gap of one offset, .*: restore to Apache Kafka"):
        asyncio.run(restoring.restore(other, tmp_path, 1, print))


def test_a_gap_that_the_broker_does_not_make_is_said(other, with_gaps, monkeypatch):
    monkeypatch.setattr(offsets, "TRANSACTION_S_MAX", 0)
    with pytest.raises(files.BackupError, match=r"profiles.v1/0 has a gap of 3 offsets"):
        asyncio.run(restoring.restore(other, with_gaps, 1, print))


def texts(count):
    """Reviews, searches and questions; some questions are complaints, which travel on."""
    for n in range(count):
        time_ms = 1_700_000_000_000 + n * 1000
        item, user = f"i{n % 20}", f"u{n % 30}"
        review = {"product_id": item, "review_id": f"r{n}", "rating": 1 + n % 5}
        review["review_body"] = "Good, but the zip broke."
        search = {"user_id": user, "query": "cheap red shoes"}
        said = ("Where is my order?", "terrible service, I want to complain")
        question = {"user_id": user, "question": said[n % 2]}
        yield ShopEvent(topics.REVIEWS, "product.reviewed.v1", item, review, time_ms, f"t{n}")
        yield ShopEvent(topics.SEARCHES, "products.searched.v1", user, search, time_ms, f"s{n}")
        yield ShopEvent(topics.QUESTIONS, "question.asked.v1", user, question, time_ms, f"q{n}")


def outputs(kafka, *names):
    """Distinct outputs: by id, without the time at which they were made."""
    return {
        (name, dict(r.headers)["ce_id"].replace(kafka.topic_prefix.encode(), b""))
        for name in names
        for r in asyncio.run(read_topic(kafka, name))
    }


def newest(kafka, name):
    """The newest value of each key of a table."""
    found = {}
    for record in asyncio.run(read_topic(kafka, name)):
        found[record.key] = orjson.loads(record.value) if record.value else None
    return found


def test_workers_on_a_restored_backup_count_like_those_that_were_never_stopped(
    kafka, other, tmp_path
):
    """The backup is taken in the middle, while workers run; they are then killed."""
    clicks, told = list(synthetic(6_000)), list(texts(120))
    first, second = (
        [*clicks[:3_000], *told[:180]],
        [*clicks[3_000:], *told[180:]],
    )
    with worker_processes(SERVICES, kafka) as running:
        for worker in running:
            worker.wait_ready()
        asyncio.run(publish(kafka, first[:2_000]))
        settle(kafka, running)
        asyncio.run(publish(kafka, first[2_000:]))
        run(kafka, "backup", str(tmp_path / "b"))  # nobody waits for the workers
    run(other, "restore", str(tmp_path / "b"))
    with workers(other) as running:
        settle(other, running)
        asyncio.run(publish(other, second))
        settle(other, running)
    expected_counts, expected_totals = batch_counts(clicks)
    counts, totals = held_counts(other, 2)
    assert len(expected_counts) > 1000
    assert totals == expected_totals
    assert counts == expected_counts

    twin = replace(kafka, topic_prefix=f"t{uuid.uuid4().hex[:10]}.")
    asyncio.run(admin.init_topics(twin, 2, 1))
    try:
        with workers(twin) as running:
            asyncio.run(publish(twin, [*first, *second]))
            settle(twin, running)
        names = topics.INTENTS, topics.SENTIMENTS, topics.COMPLAINT_SENTIMENTS
        expected = outputs(twin, *names)
        assert len({name for name, _ in expected}) == len(names)
        assert outputs(other, *names) == expected
        for name in (topics.PRODUCT_SENTIMENT,):
            assert newest(other, name) == newest(twin, name)
    finally:
        asyncio.run(admin.delete_topics(twin))


def test_a_publisher_goes_on_behind_what_was_restored(kafka, other, tmp_path):
    asyncio.run(write(kafka, topics.QUESTIONS, 4))
    run(kafka, "backup", str(tmp_path / "b"))
    run(other, "restore", str(tmp_path / "b"))

    async def more():
        async with Publisher(other, "test") as publisher:
            await publisher.send(topics.QUESTIONS, b"k", b"{}", partition=0)

    asyncio.run(more())
    assert asyncio.run(end_offsets(other, topics.QUESTIONS)) == [3, 2]
