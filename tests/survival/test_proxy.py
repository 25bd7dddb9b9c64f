"""The proxy does what the scenarios ask of it, between real clients and a real broker."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

import pytest
from aiokafka.errors import KafkaError

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.admin import init_topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.settings import KafkaSettings
from shopkeeper.shared.testing.broker import embedded_broker
from shopkeeper.shared.testing.proxy import proxied
from shopkeeper.shared.testing.records import read_topic


@pytest.fixture
def behind():
    """(proxy, settings through it, settings past it)"""
    with embedded_broker() as address, proxied(address) as proxy:
        kafka = KafkaSettings((address,), topic_prefix="p.")
        asyncio.run(init_topics(kafka, 1, 1))
        yield proxy, replace(kafka, bootstrap_servers=(proxy.address,)), kafka


async def publish(kafka, value, timeout_s=60.0):
    async with Publisher(kafka, "test", delivery_timeout_s=timeout_s) as publisher:
        await publisher.send(topics.CLICKS, b"k", value)


def values(kafka):
    return [record.value for record in asyncio.run(read_topic(kafka, topics.CLICKS))]


def test_clients_never_go_past_it(behind):
    proxy, through, past = behind
    asyncio.run(publish(through, b"x" * 50_000))
    assert values(past) == [b"x" * 50_000]
    assert proxy.bytes_passed > 50_000, "the batch went through the proxy"


def test_what_is_cut_is_refused_until_it_is_resumed(behind):
    proxy, through, past = behind
    proxy.cut()
    with pytest.raises((KafkaError, OSError)):
        asyncio.run(publish(through, b"lost", 1.0))
    proxy.resume()
    asyncio.run(publish(through, b"kept"))
    assert values(past) == [b"kept"]


def test_what_is_stalled_arrives_once_it_is_resumed(behind):
    proxy, through, past = behind

    async def run():
        async with Publisher(through, "test") as publisher:
            await publisher.send(topics.CLICKS, b"k", b"first")
            await publisher.flush()
            proxy.stall()
            passed = proxy.bytes_passed
            await publisher.send(topics.CLICKS, b"k", b"second")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await asyncio.shield(asyncio.ensure_future(publisher.ship()))
            await asyncio.sleep(0.5)
            assert proxy.bytes_passed == passed, "nothing passes"
            proxy.resume()

    asyncio.run(run())
    assert values(past) == [b"first", b"second"]


def test_what_is_throttled_arrives_whole(behind):
    proxy, through, past = behind
    proxy.throttle(400_000.0)
    asyncio.run(publish(through, b"x" * 200_000))
    assert [len(value) for value in values(past)] == [200_000]
