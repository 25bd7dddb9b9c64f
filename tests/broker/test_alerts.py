"""The alerts, fired by a real Prometheus that scrapes real workers; skipped where it is absent."""

from __future__ import annotations

import asyncio
import time
import urllib.request
from typing import TYPE_CHECKING

import orjson
import yaml

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.admin import init_topics
from shopkeeper.shared.runtime.settings import KafkaSettings
from shopkeeper.shared.testing.frail_broker import frail_broker
from shopkeeper.shared.testing.workers import worker_process, worker_processes
from tests.broker.prometheus_server import RULES, needs_prometheus, prometheus
from tests.broker.test_drift import english, searches
from tests.broker.test_end_to_end import publish
from tests.unit.text.drift_texts import broken, fashion

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from shopkeeper.shared.testing.workers import WorkerProcess

WAIT_S_MAX = 60.0

pytestmark = needs_prometheus


def ports_of(names: Iterable[str], launched: Iterable[WorkerProcess]) -> dict[str, int]:
    """By job, where its worker is asked for metrics."""
    return {name: worker.port for name, worker in zip(names, launched, strict=True)}


def firing(address: str) -> set[tuple[str, str]]:
    """(alert, service) of what fires now."""
    try:
        with urllib.request.urlopen(f"http://{address}/api/v1/alerts", timeout=5.0) as answer:
            found = orjson.loads(answer.read())["data"]["alerts"]
    except OSError:
        return set()
    return {
        (each["labels"]["alertname"], each["labels"].get("job", ""))
        for each in found
        if each["state"] == "firing"
    }


def wait_until(address: str, wanted: set[tuple[str, str]], alerts: set[str]) -> None:
    """Until of these alerts exactly the wanted fire."""
    deadline = time.monotonic() + WAIT_S_MAX
    while (found := {each for each in firing(address) if each[0] in alerts}) != wanted:
        assert time.monotonic() < deadline, f"{found} fire, not {wanted}"
        time.sleep(0.3)


def test_a_lost_broker_and_a_worker_that_is_gone_fire_and_cease(tmp_path: Path) -> None:
    lost, down = "ShopkeeperBrokerLost", "ShopkeeperDown"
    services = topics.SERVICES
    assert {lost, down} <= {
        rule["alert"]
        for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    with frail_broker() as broker:
        kafka = KafkaSettings((broker.address,), topic_prefix="a.")
        asyncio.run(init_topics(kafka, 2, 1))
        with worker_processes(services, kafka) as launched:
            for worker in launched:
                worker.wait_ready()
            with prometheus(tmp_path, ports_of(services, launched)) as address:
                # A service that was not scraped yet is absent for a moment; then all is well.
                time.sleep(5.0)
                wait_until(address, set(), {lost, down})
                broker.freeze()
                wait_until(address, {(lost, name) for name in services}, {lost, down})
                broker.thaw()
                wait_until(address, set(), {lost, down})
                assert launched[0].terminate() == 0
                wait_until(address, {(down, services[0])}, {lost, down})


def test_drift_of_texts_fires_once_a_producers_encoding_breaks(
    kafka: KafkaSettings, tmp_path: Path
) -> None:
    drift, start_ms = "ShopkeeperTextDrift", int(time.time() * 1000) - 86_400_000
    with worker_process("intent", kafka) as worker:
        publish(kafka, searches(0, 2000, fashion, start_ms))
        assert english(worker, 2000) is not None
        with prometheus(tmp_path, {"intent": worker.port}) as address:
            time.sleep(5.0)
            wait_until(address, set(), {drift})
            publish(kafka, searches(2000, 500, broken, start_ms))
            wait_until(address, {(drift, "intent")}, {drift})
