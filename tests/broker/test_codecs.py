"""O1: every codec of Kafka's is read, by whichever client the shop sends with."""

from __future__ import annotations

import asyncio
import os

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from confluent_kafka import Producer

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.admin import connected
from shopkeeper.shared.testing.batches import CODECS
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_process

BY_EACH = 20  # questions: enough that compression is worth its while
SEND_S_MAX = 60.0


def question(name):
    text = f"Where is my order {name}? " + "It was to be here days ago. " * 4
    return orjson.dumps({"question": text, "user_id": "u", "id": name})


def by_librdkafka(kafka, codec, partition):
    producer = Producer(
        {"bootstrap.servers": ",".join(kafka.bootstrap_servers), "compression.type": codec,
         "linger.ms": 200}
    )  # fmt: skip
    failed = []
    for n in range(BY_EACH):
        producer.produce(
            kafka.topic(topics.QUESTIONS), question(f"librdkafka-{codec}-{n}"), b"u", partition,
            on_delivery=lambda error, message: failed.append(error) if error else None,
        )  # fmt: skip
    assert producer.flush(SEND_S_MAX) == 0
    assert not failed


async def by_aiokafka(kafka, codec, partition):
    compression = None if codec == "none" else codec
    async with AIOKafkaProducer(
        **kafka.client_options(), compression_type=compression, linger_ms=200
    ) as producer:
        name = kafka.topic(topics.QUESTIONS)
        sent = [
            await producer.send(name, question(f"aiokafka-{codec}-{n}"), b"u", partition)
            for n in range(BY_EACH)
        ]
        await asyncio.gather(*sent)


def answered(kafka):
    """Ids of the questions that an intent was found for, however often."""
    records = asyncio.run(read_topic(kafka, topics.INTENTS))
    return [dict(r.headers)["ce_correlationid"].decode() for r in records]


def test_o1_all_five_codecs_of_two_clients_are_read(kafka):
    with worker_process("intent", kafka) as worker:
        for number, codec in enumerate(CODECS):
            by_librdkafka(kafka, codec, number % 2)
            asyncio.run(by_aiokafka(kafka, codec, number % 2))
        asyncio.run(until_consumed(kafka, "intent", [topics.QUESTIONS], check=worker.alive))
        assert worker.total("events_processed_total") == 2 * BY_EACH * len(CODECS)
        assert worker.total("events_failed_total") == 0
        assert worker.terminate() == 0, worker.output()
    assert len(set(answered(kafka))) == 2 * BY_EACH * len(CODECS)


@pytest.mark.skipif(os.environ.get("TEST_BROKER") != "kafka", reason="recompresses on the broker")
@pytest.mark.parametrize("codec", ["snappy", "lz4", "zstd", "gzip"])
def test_what_a_broker_compresses_itself_is_read(kafka, codec):
    async def recompressing():
        from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

        async with connected(kafka) as admin:
            name = kafka.topic(topics.QUESTIONS)
            await admin.alter_configs(
                [ConfigResource(ConfigResourceType.TOPIC, name, {"compression.type": codec})]
            )

    asyncio.run(recompressing())
    by_librdkafka(kafka, "none", 0)
    with worker_process("intent", kafka) as worker:
        asyncio.run(until_consumed(kafka, "intent", [topics.QUESTIONS], check=worker.alive))
        assert worker.total("events_processed_total") == BY_EACH
        assert worker.terminate() == 0, worker.output()
