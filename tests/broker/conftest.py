"""A broker that is never skipped, and topics of its own for every test."""

from __future__ import annotations

import asyncio
import os
import uuid
from dataclasses import replace

import pytest

from shopkeeper.shared.runtime.kafka.admin import delete_topics, init_topics
from shopkeeper.shared.runtime.settings import KafkaSettings
from shopkeeper.shared.testing.broker import broker_under_test

PARTITION_COUNT = 2


@pytest.fixture
def kafka_node():
    """An Apache Kafka of the test's own, which it may kill and restart (TEST_BROKER=kafka)."""
    if os.environ.get("TEST_BROKER") != "kafka":
        pytest.skip("needs a broker that can crash and evicts members: make test-kafka")
    from shopkeeper.shared.testing.kafka_broker import kafka_broker

    with kafka_broker() as node:
        yield node


@pytest.fixture(scope="session")
def broker():
    """The address of what TEST_BROKER names, or else of an embedded broker of our own."""
    with broker_under_test(os.environ) as address:
        yield address


@pytest.fixture
def bare_kafka(broker):
    """Settings with a prefix that no other test has; no topics yet."""
    base = KafkaSettings.from_env({"KAFKA_BOOTSTRAP_SERVERS": broker})
    kafka = replace(base, topic_prefix=f"t{uuid.uuid4().hex[:10]}.")
    yield kafka
    asyncio.run(delete_topics(kafka))


@pytest.fixture
def kafka(bare_kafka):
    """As `bare_kafka`, with every topic created (2 partitions)."""
    asyncio.run(init_topics(bare_kafka, PARTITION_COUNT, 1))
    return bare_kafka
