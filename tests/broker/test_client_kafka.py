"""Producers of shops as they are: Java's and Go's examples, kafka-python, librdkafka, a webhook in
Segment's words, Google's Measurement Protocol, and curl as a subscriber. Each is seen to arrive."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import confluent_kafka
import httpx
import pytest
from kafka import KafkaProducer

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.processes.embedded import HOST, free_port
from shopkeeper.shared.testing.records import read_topic
from shopkeeper.shared.testing.workers import worker_process

from .client_streams import gateway, lists, publish

CLIENTS = Path(__file__).resolve().parents[2] / "clients"
CLICK = {"user_id": "u1", "product_id": "p1"}


def built_java(target):
    """The command that runs the example in Java."""
    for name in ("java", "mvn"):
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed: the example in Java is not tried")
    shutil.copytree(CLIENTS / "java", target, dirs_exist_ok=True, ignore=lambda *_: ["target"])
    run(["mvn", "-q", "-B", "compile", "dependency:copy-dependencies"], target)
    path = f"target/classes{os.pathsep}target/dependency/*"
    return ["java", "-cp", path, "shop.ClickAndFollow"]


def built_go(target):
    """The command that runs the example in Go."""
    if shutil.which("go") is None:
        pytest.skip("go is not installed: the example in Go is not tried")
    run(["go", "vet", "."], CLIENTS / "go")
    run(["go", "build", "-mod=readonly", "-o", str(target / "shop"), "."], CLIENTS / "go")
    return [str(target / "shop")]


def run(command, folder):
    done = subprocess.run(
        command, cwd=folder, text=True, stdin=subprocess.DEVNULL, capture_output=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(600)
@pytest.mark.parametrize("build", [built_java, built_go])
def test_an_example_publishes_a_click_and_gets_its_list(kafka, build, tmp_path):
    command = build(tmp_path)
    with worker_process("recommender", kafka):
        said = run(
            [*command, kafka.bootstrap_servers[0], 'u-"1"', "p1", kafka.topic_prefix], tmp_path
        )
    user, _, value = said.partition(" ")
    assert user == 'u-"1"'
    assert json.loads(value)["user_id"] == user


def arrived(kafka, topic, name):
    """Values of one field in the topic's records."""
    return [json.loads(record.value).get(name) for record in asyncio.run(read_topic(kafka, topic))]


def test_kafka_python_and_librdkafka_reach_a_worker(kafka):
    address, topic = kafka.bootstrap_servers[0], kafka.topic(topics.CLICKS)
    pure = KafkaProducer(bootstrap_servers=address, compression_type="gzip")
    pure.send(topic, json.dumps(CLICK).encode(), key=b"u1").get(60)
    pure.close()
    native = confluent_kafka.Producer({"bootstrap.servers": address, "compression.type": "lz4"})
    native.produce(topic, json.dumps(CLICK | {"user_id": "u2"}).encode(), key=b"u2")
    assert native.flush(60) == 0
    with worker_process("recommender", kafka), gateway(kafka) as (_, url):
        for user in ("u1", "u2"):
            with httpx.stream("GET", f"{url}/v1/users/{user}/stream", timeout=60) as stream:
                said = next(line for line in stream.iter_lines() if line.startswith("data: "))
            assert json.loads(said.removeprefix("data: "))["user_id"] == user


def test_a_segment_webhook_and_a_measurement_protocol_hit_arrive(kafka):
    segment = {
        "type": "track",
        "event": "Product Clicked",
        "messageId": "m1",
        "userId": "u1",
        "timestamp": datetime.now(UTC).isoformat(),
        "properties": {"product_id": "p1"},
    }
    google = {
        "client_id": "c1.2",
        "timestamp_micros": time.time_ns() // 1000,
        "events": [{"name": "view_item", "params": {"items": [{"item_id": "p2"}]}}],
    }
    with gateway(kafka) as (_, url):
        for body in (segment, google):
            said = httpx.post(f"{url}/v1/events", json=body, timeout=30)
            assert (said.status_code, said.json()["accepted"]) == (202, 1), said.text
        with worker_process("recommender", kafka):
            for user in ("u1", "c1.2"):
                with httpx.stream("GET", f"{url}/v1/users/{user}/stream", timeout=60) as stream:
                    assert any("event: recommendations" in line for line in stream.iter_lines())
                    stream.close()
    assert sorted(filter(None, arrived(kafka, topics.CLICKS, "messageId"))) == ["m1"]


def test_curl_resumes_over_a_killed_gateway(kafka):
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    port = free_port()
    url = f"http://{HOST}:{port}/v1/users/u/stream"

    def listen(count, *headers):
        """(ids, data) of the next events."""
        options = ["--no-progress-meter", "--no-buffer", "--max-time", "120", *headers, url]
        with subprocess.Popen([curl, *options], stdout=subprocess.PIPE, text=True) as process:
            ids, found = [], []
            for line in process.stdout:
                name, _, value = line.strip().partition(": ")
                if name == "id":
                    ids.append(value)
                elif name == "data":
                    found.append(json.loads(value)["recomm_id"])
                    if len(found) == count:
                        break
            process.kill()
        return ids, found

    asyncio.run(publish(kafka, lists("u", ["a"])))
    with gateway(kafka, port) as (worker, _):
        ids, found = listen(1)
        assert found == ["a"]
        worker.kill()
    asyncio.run(publish(kafka, lists("u", ["b", "c"])))
    with gateway(kafka, port):
        assert listen(2, "-H", f"Last-Event-ID: {ids[-1]}")[1] == ["b", "c"]
