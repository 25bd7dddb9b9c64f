"""`shopkeeper replay` on a real broker: everything arrives, in order, where its key belongs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections import defaultdict
from datetime import datetime

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.readers import ShopEvent
from shopkeeper.shared.runtime.kafka import admin
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.kafka.reader import Reader
from shopkeeper.shared.runtime.processes.embedded import embedded_broker
from shopkeeper.shared.runtime.settings import KafkaSettings


def shopkeeper(kafka, *arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "shopkeeper", *arguments],
        capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "KAFKA_BOOTSTRAP_SERVERS": ",".join(kafka.bootstrap_servers),
             "TOPIC_PREFIX": kafka.topic_prefix},
        **options,
    )  # fmt: skip


async def read_all(kafka, *names):
    async with Reader(kafka, names, from_start=True) as reader:
        return [record async for record in reader.until_now()]


def clicks_file(tmp_path, count, users=37):
    rows = [
        f"u{i * 7919 % users},i{i % 11},{1_400_000_000 + i}.{i % 1000:03d}" for i in range(count)
    ]
    path = tmp_path / "clicks.csv"
    path.write_text("session_id,item_id,timestamp\n" + "\n".join(rows) + "\n", "utf-8")
    return path, rows


def test_every_row_arrives_once_in_order_per_user(kafka, tmp_path):
    path, rows = clicks_file(tmp_path, 20_000)
    done = shopkeeper(kafka, "replay", str(path), "--format", "yoochoose")
    assert done.returncode == 0, done.stderr
    assert orjson.loads(done.stdout)["events"] == len(rows)
    records = asyncio.run(read_all(kafka, topics.CLICKS))
    assert len(records) == len(rows)
    wanted, found, places = defaultdict(list), defaultdict(list), defaultdict(set)
    for row in rows:
        user, item, _ = row.split(",")
        wanted[user].append(item)
    for record in records:
        data, headers = orjson.loads(record.value), dict(record.headers)
        user = record.key.decode()
        found[user].append(data["product_id"])
        places[user].add(record.partition)
        assert data["user_id"] == data["session_id"] == user
        assert headers["ce_source"] == b"replay/yoochoose"
        assert headers["ce_type"] == b"com.example.shop.product.clicked.v1"
    assert found == wanted
    assert all(len(p) == 1 for p in places.values())
    assert len({p for ps in places.values() for p in ps}) == 2, "both partitions are used"
    assert len({dict(r.headers)["ce_id"] for r in records}) == len(rows)
    first = min(records, key=lambda r: dict(r.headers)["ce_time"])
    time_s = datetime.fromisoformat(dict(first.headers)["ce_time"].decode()).timestamp()
    assert time_s == 1_400_000_000.0, "the event's own time"
    assert abs(first.timestamp / 1000 - time.time()) < 600, "the record's time is now"


def test_keys_go_where_a_standard_producer_puts_them(kafka):
    keys = [f"user-{i}" for i in range(40)] + ["用户", "x" * 300]

    async def both():
        async with Publisher(kafka, "test") as publisher:
            for key in keys:
                event = ShopEvent(topics.CLICKS, "product.clicked.v1", key, {}, 1_000_000, key)
                await publisher.publish(event)
        producer = AIOKafkaProducer(**kafka.client_options())
        await producer.start()
        try:
            sent = {
                k: await producer.send_and_wait(kafka.topic(topics.REVIEWS), b"", key=k.encode())
                for k in keys
            }
        finally:
            await producer.stop()
        ours = {r.key.decode(): r.partition for r in await read_all(kafka, topics.CLICKS)}
        return ours, {k: m.partition for k, m in sent.items()}

    ours, theirs = asyncio.run(both())
    assert ours == theirs


def test_limit_and_speed(kafka, tmp_path):
    path, _ = clicks_file(tmp_path, 50)
    done = shopkeeper(
        kafka, "replay", str(path), "--format", "yoochoose", "--limit", "5", "--speed", "4"
    )
    summary = orjson.loads(done.stdout)
    assert summary["events"] == 5
    assert summary["seconds"] >= 1.0, "4.004 s of event time, four times as fast"
    times = sorted(r.timestamp for r in asyncio.run(read_all(kafka, topics.CLICKS)))
    assert times[-1] - times[0] >= 900


def test_a_bad_row_stops_with_its_line_unless_skipped(kafka, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("session_id,item_id,timestamp\n1,a,17e8\n1,b,soon\n1,c,17e8\n", "utf-8")
    done = shopkeeper(kafka, "replay", str(path), "--format", "yoochoose")
    assert done.returncode == 1
    assert f"Error: {path}:3: timestamp 'soon' is not a time" in done.stderr
    assert done.stdout == ""
    done = shopkeeper(kafka, "replay", str(path), "--format", "yoochoose", "--skip-bad")
    assert done.returncode == 0, done.stderr
    summary = orjson.loads(done.stdout)
    assert (summary["events"], summary["skipped_bad"]) == (2, 1)
    assert ":3:" in done.stderr


def test_events_of_other_vocabularies_arrive_from_standard_input(kafka):
    lines = [
        {"type": "track", "event": "Product Viewed", "messageId": "m1", "userId": "u",
         "properties": {"product_id": "p"}},
        {"type": "page", "userId": "u"},
        {"event": "add_to_cart", "client_id": "c", "items": [{"item_id": "a"}, {"item_id": "b"}]},
        ["event", "purchase", {"user_id": "u", "transaction_id": "T", "items": [{"id": "p"}]}],
        {"event": "teleported", "user_id": "u"},
    ]  # fmt: skip
    value = b"".join(orjson.dumps(line) + b"\n" for line in lines).decode()
    done = shopkeeper(kafka, "replay", "-", "--skip-bad", input=value)
    assert done.returncode == 0, done.stderr
    summary = orjson.loads(done.stdout)
    assert [summary[n] for n in ("format", "events", "rows", "left_out", "skipped_bad")] == [
        "messages", 4, 6, 1, 1
    ]  # fmt: skip
    assert "-:5: no schema knows the type `teleported`" in done.stderr
    records = asyncio.run(read_all(kafka, topics.CLICKS))
    found = sorted(
        ((dict(r.headers)["ce_type"], r.key, orjson.loads(r.value)) for r in records),
        key=lambda each: each[:2],
    )
    assert [(kind, key) for kind, key, _ in found] == [
        (b"com.example.shop.order.completed.v1", b"u"),
        (b"com.example.shop.product.added.v1", b"c"),
        (b"com.example.shop.product.added.v1", b"c"),
        (b"com.example.shop.product.clicked.v1", b"u"),
    ]
    assert found[3][2] == {"product_id": "p", "user_id": "u"}
    assert "m1" in {dict(r.headers)["ce_id"].decode() for r in records}


def test_the_catalogue_goes_first(kafka, tmp_path):
    path, _ = clicks_file(tmp_path, 3)
    products = tmp_path / "products.csv"
    products.write_text("item_id,name\ni0,Mug\ni1,Cup\n", "utf-8")
    done = shopkeeper(
        kafka, "replay", str(path), "--format", "yoochoose", "--catalogue", str(products)
    )
    assert done.returncode == 0, done.stderr
    summary = orjson.loads(done.stdout)
    assert (summary["events"], summary["products"]) == (3, 2)
    records = asyncio.run(read_all(kafka, topics.CATALOGUE))
    assert {r.key: orjson.loads(r.value)["title"] for r in records} == {b"i0": "Mug", b"i1": "Cup"}
    assert "of the events, 1 name products that the catalogue does not have" in done.stderr
    assert "'i2'" in summary["notes"][-1]


def test_orders_of_skus_are_published_under_the_catalogues_handles(kafka, tmp_path):
    orders, products = tmp_path / "orders.csv", tmp_path / "products.csv"
    orders.write_text(
        "Name,Email,Financial Status,Created at,Lineitem quantity,Lineitem name,Lineitem price,"
        "Lineitem sku,Id\n"
        "#1,m@example.com,paid,2026-03-01 09:59:00 +0100,2,Tea cup - Blue,9.90,CUP-B,450\n"
    )
    products.write_text("Handle,Title,Vendor,Variant SKU\ntea-cup,Tea cup,Kiln,CUP-B\n")
    done = shopkeeper(kafka, "replay", str(orders), "--catalogue", str(products))
    assert done.returncode == 0, done.stderr
    assert "catalogue does not have" not in done.stderr
    (record,) = asyncio.run(read_all(kafka, topics.CLICKS))
    assert orjson.loads(record.value)["products"][0]["product_id"] == "tea-cup"


@pytest.mark.parametrize(
    ("arguments", "status", "problem"),
    [
        (["replay", "/does/not/exist", "--format", "yoochoose"], 2, "does not exist"),
        (["replay", __file__, "--format", "excel"], 2, "excel"),
        (["replay", __file__, "--format", "yoochoose"], 1, "no column"),
        (["tail", "no.such.topic"], 1, "no.such.topic"),
    ],
)
def test_usage_is_checked_with_one_clear_line(kafka, arguments, status, problem):
    done = shopkeeper(kafka, *arguments)
    assert done.returncode == status
    assert problem in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_topics_that_are_missing_are_not_created_on_the_way(bare_kafka, tmp_path):
    path, _ = clicks_file(tmp_path, 3)
    done = shopkeeper(bare_kafka, "replay", str(path), "--format", "yoochoose")
    assert done.returncode == 1
    assert "shopkeeper topics init" in done.stderr
    assert "Traceback" not in done.stderr
    existing = asyncio.run(admin.list_topics(bare_kafka))
    assert {state.partition_count for state in existing} == {None}


def test_a_broker_that_does_not_come_back_is_given_up(tmp_path):
    async def publish():
        event = ShopEvent(topics.CLICKS, "product.clicked.v1", "u", {}, 1_000_000, "e")
        async with contextlib.AsyncExitStack() as stack:
            with embedded_broker() as address:
                kafka = KafkaSettings((address,))
                await admin.init_topics(kafka, 1, 1)
                publisher = Publisher(kafka, "test", delivery_timeout_s=2.0)
                await stack.enter_async_context(publisher)
            await publisher.publish(event)

    with pytest.raises(KafkaTimeoutError, match="confirmed nothing for 2 s"):
        asyncio.run(publish())


def test_tail_prints_what_is_there(kafka, tmp_path):
    path, _ = clicks_file(tmp_path, 10)
    shopkeeper(kafka, "replay", str(path), "--format", "yoochoose")
    arguments = ("tail", topics.CLICKS, "--from-start", "--limit", "10")
    done = shopkeeper(kafka, *arguments)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 10
    assert all("product.clicked.v1" in line and " u" in line for line in lines)
    done = shopkeeper(kafka, *arguments, "--json")
    rows = [orjson.loads(line) for line in done.stdout.splitlines()]
    assert {r["value"]["product_id"] for r in rows} == {f"i{i}" for i in range(10)}
    assert all(r["topic"] == topics.CLICKS and r["key"] == r["value"]["user_id"] for r in rows)
