"""Every bad input, through a real broker into real workers: to the dead letters, alone."""

from __future__ import annotations

import asyncio
import struct
import time
from collections import Counter

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.record.util import calc_crc32c

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_process

PREFIX = b"com.example.shop."
GOOD = {
    topics.CLICKS: ("product.clicked.v1", {"product_id": "p", "user_id": "u"}, "product_id"),
    topics.CATALOGUE: (
        "product.catalogued.v1",
        {"product_id": "p", "title": "A thing"},
        "product_id",
    ),
    topics.SEARCHES: ("products.searched.v1", {"query": "red shoes", "user_id": "u"}, "query"),
    topics.QUESTIONS: ("question.asked.v1", {"question": "有货吗？", "user_id": "u"}, "question"),
    topics.REVIEWS: (
        "product.reviewed.v1",
        {"product_id": "p", "review_id": "r", "review_body": "Very good."},
        "product_id",
    ),
}


def binary(suffix, **more):
    headers = {"ce_specversion": "1.0", "ce_source": "/test", **more}
    return [("ce_type", PREFIX + suffix.encode())] + [(k, v.encode()) for k, v in headers.items()]


def bad_records(topic):
    """(name, value, headers, expected error or None where it is only skipped or a repeat)."""
    suffix, good, required = GOOD[topic]

    def body(**changes):
        return orjson.dumps({**good, **changes})

    deep = 10_000
    records = [
        ("invalid utf-8", b'{"%s":"\xff"}' % required.encode(), [], "invalid_utf8"),
        ("invalid json", b'{"product_id":', [], "invalid_json"),
        ("array", b"[]", [], "not_an_object"),
        ("number", b"17", [], "not_an_object"),
        ("missing", orjson.dumps({k: v for k, v in good.items() if k != required}), [], ...),
        ("null", body(**{required: None}), [], ...),
        ("empty string", body(**{required: ""}), [], ...),
        ("number as id", body(**{required: 17}), [], ...),
        ("23 digits", body(**{required: 0}).replace(b":0", b":" + b"9" * 23), [], ...),
        ("unknown type", body(), binary("product.teleported.v1"), "unknown_type"),
        ("too large", body(pad="x" * 262_144), [], "too_large"),
        ("deep", b'{"a":' + b"[" * deep + b"]" * deep + b"}", [], ...),
        ("NaN", b'{"a":NaN}', [], "not_finite"),
        ("Infinity", b'{"a":Infinity}', [], "not_finite"),
        ("lone surrogate", b'{"%s":"\\ud800"}' % required.encode(), [], ...),
        ("before 2000", body(), binary(suffix, ce_time="1999-12-31T00:00:00Z"), "time_too_old"),
        ("ahead", body(), binary(suffix, ce_time="2999-01-01T00:00:00Z"), ...),
        ("empty value", b"", [], "empty_value"),
        ("no value", None, binary(suffix), "empty_value"),
    ]
    # In the catalogue an empty value removes the product of its key, and among reviews it withdraws
    # those of that product: that is not bad.
    return records[:-2] if topic in (topics.CATALOGUE, topics.REVIEWS) else records


CASES = [
    ("recommender", topics.CLICKS),
    ("recommender", topics.CATALOGUE),
    ("intent", topics.SEARCHES),
    ("recommender", topics.SEARCHES),
    ("intent", topics.QUESTIONS),
    ("sentiment", topics.REVIEWS),
]


@pytest.mark.parametrize(("service", "topic"), CASES)
def test_bad_input_goes_alone_to_the_dead_letters(kafka, service, topic):
    suffix, good, _ = GOOD[topic]
    bad = bad_records(topic)
    if service != topics.BY_NAME[topic].owner:
        bad = [record for record in bad if record[0] != "unknown type"]  # the owner's to bury

    async def publish():
        sent = []
        async with Publisher(kafka, "test") as publisher:

            async def send(name, value, headers):
                await publisher.send(topic, b"key", value, headers, partition=0)
                sent.append(name)

            for name, value, headers, _ in bad:
                await send("good", orjson.dumps(good), [])
                await send(name, value, headers)
            # Another worker's type, and one event twice.
            other = next(s for t, (s, *_) in GOOD.items() if t != topic)
            await send("other type", orjson.dumps(good), binary(other))
            for name in ("first", "repeat"):
                await send(name, orjson.dumps(good), binary(suffix, ce_id="same"))
        return sent

    sent = asyncio.run(publish())
    with worker_process(service, kafka) as worker:
        asyncio.run(until_consumed(kafka, service, [topic], check=worker.alive))
        samples = worker.metrics()
        assert worker.terminate() == 0, worker.output()
    letters = asyncio.run(read_topic(kafka, topics.dead_letters(topic, service)))
    by_offset = {int(dict(r.headers)["__connect.errors.offset"]): r for r in letters}
    expected = {offset for offset, name in enumerate(sent) if name in {n for n, *_ in bad}}
    assert set(by_offset) == expected, "each bad record once, and nothing else"
    details = {name: (value, headers, error) for name, value, headers, error in bad}
    for offset, letter in by_offset.items():
        value, headers, error = details[sent[offset]]
        found = dict(letter.headers)
        assert (letter.key, letter.value) == (b"key", value), sent[offset]
        assert list(letter.headers)[: len(headers)] == headers
        assert found["__connect.errors.topic"].decode().endswith(topic)
        if error is not ...:
            assert found["__connect.errors.exception.class.name"] == error.encode(), sent[offset]
        if sent[offset] == "unknown type":
            message = found["__connect.errors.exception.message"]
            assert b"`com.example.shop.product.teleported.v1`" in message
            assert b"TYPE_PREFIX" in message

    def total(name, **labels):
        return sum(
            v for (n, found), v in samples.items()
            if n == f"shopkeeper_{name}" and labels.items() <= dict(found).items()
        )  # fmt: skip

    # The records' key is nobody's: what belongs to another partition is consumed once more there.
    rerouted = total("events_skipped_total", reason="rerouted")
    books = Counter(
        consumed=total("events_consumed_total", topic=topic) - rerouted,
        processed=total("events_processed_total", topic=topic),
        failed=total("dlq_events_total", topic=topic),
        repeats=total("duplicates_skipped_total", topic=topic),
        skipped=total("events_skipped_total") - rerouted,
    )
    assert books == Counter(
        consumed=len(sent), processed=len(bad) + 1, failed=len(bad), repeats=1, skipped=1
    )


def test_a_wrong_setting_stops_the_worker_at_once_and_is_named(kafka):
    with worker_process("intent", kafka, ready=False, BATCH_RECORDS_MAX="many") as worker:
        assert worker.popen.wait(30) == 2
        assert "BATCH_RECORDS_MAX='many' is not a whole number" in worker.output()


def test_missing_topics_are_named_with_the_way_out(bare_kafka):
    with worker_process("intent", bare_kafka, ready=False) as worker:
        assert worker.popen.wait(60) == 1
        assert "shopkeeper topics init" in worker.output()


def test_a_header_name_that_is_not_utf8_stops_nobody(kafka):
    """librdkafka sends any bytes as a header's name, and aiokafka refuses to read them."""

    async def publish():
        options = kafka.client_options()
        async with AIOKafkaProducer(**options, enable_idempotence=False) as producer:
            batch = producer.create_batch()
            for query in ("before", "marked", "after"):
                value = orjson.dumps({"query": query, "user_id": "u"})
                headers = [("PLACE", b"x")] if query == "marked" else []
                now_ms = int(time.time() * 1000)  # an old record would fall to retention
                batch.append(key=b"u", value=value, timestamp=now_ms, headers=headers)
            batch.close()
            built = bytearray(batch._build().replace(b"PLACE", b"na\xffme"))
            struct.pack_into(">I", built, 17, calc_crc32c(bytes(built[21:])))
            batch._buffer = bytes(built)
            await (await producer.send_batch(batch, kafka.topic(topics.SEARCHES), partition=0))

    asyncio.run(publish())
    with worker_process("intent", kafka) as worker:
        asyncio.run(until_consumed(kafka, "intent", [topics.SEARCHES], check=worker.alive))
        assert worker.total("events_processed_total") == 3
        assert worker.terminate() == 0, worker.output()
    assert len(asyncio.run(read_topic(kafka, topics.INTENTS))) == 3
