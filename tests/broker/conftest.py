"""A broker that is never skipped, and topics of its own for every test."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import tempfile
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from shopkeeper.shared.runtime.kafka.admin import delete_topics, init_topics
from shopkeeper.shared.runtime.settings import KafkaSettings
from shopkeeper.shared.testing.broker import broker_under_test

PARTITION_COUNT = 2
# Tests that start a whole shop, or several workers of it, and wait for what all of them do: a demo
# is six processes and eight models. Side by side on two cores they would wait for one another.
WHOLE_SHOPS = {
    "test_dashboards",
    "test_demo",
    "test_grow",
    "test_shop_own_products",
    "test_shop_page",
    "test_terminal",
}
WHOLE_SHOP_S_MAX = 1500  # with the wait for one's turn


def pytest_collection_modifyitems(items):
    for item in items:
        shop = item.path.parent == Path(__file__).parent and item.path.stem in WHOLE_SHOPS
        if shop and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(WHOLE_SHOP_S_MAX))


@contextlib.contextmanager
def one_whole_shop():
    """Hold the right to run one."""
    path = Path(tempfile.gettempdir(), f"shopkeeper-whole-shop-{os.getuid()}.lock")
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="module", autouse=True)
def alone(request):
    """One module of `WHOLE_SHOPS` at a time, of all processes that test side by side."""
    if request.path.stem not in WHOLE_SHOPS:
        yield
        return
    with one_whole_shop():
        yield


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
