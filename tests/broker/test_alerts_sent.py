"""Alerts of a real Prometheus on real workers, sent by a real Alertmanager to a real receiver.

Windows of the rules are sixty times shorter here: a minute is a second.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pytest
import yaml

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.admin import init_topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.processes.embedded import HOST, free_port
from shopkeeper.shared.runtime.settings import KafkaSettings
from shopkeeper.shared.testing.frail_broker import frail_broker
from shopkeeper.shared.testing.workers import worker_process
from tests.broker.prometheus_server import needs_prometheus, prometheus, run
from tests.broker.test_alerts import firing

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIG = Path(__file__).parents[2] / "deploy/alertmanager/alertmanager.yaml"
ALERTMANAGER = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
FASTER = 60
WAIT_S_MAX = 120.0

pytestmark = [
    needs_prometheus,
    pytest.mark.skipif(ALERTMANAGER is None, reason="Alertmanager is not installed"),
    pytest.mark.timeout(900),
]


class Pager:
    """Whoever is told: keeps what each receiver of Alertmanager's was sent."""

    def __init__(self) -> None:
        self.told: dict[str, list[dict[str, Any]]] = {"operators": [], "watchdog": []}
        pager = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                pager.told[self.path[1:]] += orjson.loads(body)["alerts"]
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer((HOST, 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def names(self, receiver: str) -> set[str]:
        """The alerts that a receiver was told of."""
        return {each["labels"]["alertname"] for each in self.told[receiver]}


def config(pager: Pager) -> str:
    """Ours, with receivers, and without its patience."""
    said = yaml.safe_load(CONFIG.read_text("utf-8"))
    for receiver in said["receivers"]:
        url = f"http://{HOST}:{pager.server.server_port}/{receiver['name']}"
        receiver["webhook_configs"] = [{"url": url, "send_resolved": False}]
    return re.sub(r"(group_wait|group_interval): \w+", r"\1: 1s", yaml.safe_dump(said))


def until(right: Callable[[], Any], told: Callable[[], Any]) -> None:
    """Wait until it is so. told: what there is instead."""
    deadline = time.monotonic() + WAIT_S_MAX
    while not right():
        assert time.monotonic() < deadline, told()
        time.sleep(0.3)


def publish(kafka: KafkaSettings, values: list[bytes], time_ms: int) -> None:
    async def run_it() -> None:
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time_ms / 1000))
        headers = [
            ("content-type", b"application/json"),
            ("ce_specversion", b"1.0"),
            ("ce_type", b"com.example.shop.products.searched.v1"),
            ("ce_source", b"test"),
            ("ce_time", moment.encode()),
        ]
        async with Publisher(kafka, "test") as publisher:
            for number, value in enumerate(values):
                named = [*headers, ("ce_id", f"{time.time_ns()}-{number}".encode())]
                await publisher.send(topics.SEARCHES, b"u", value, named)

    asyncio.run(run_it())


def test_alerts_fire_on_real_faults_and_reach_their_receivers(tmp_path: Path) -> None:
    manager_port, gateway_port = free_port(), free_port()
    rules = tmp_path / "rules.toml"
    rules.write_text("[intent]\nabstain_below = 0.0\n")
    pager = Pager()
    (tmp_path / "alertmanager.yaml").write_text(config(pager))
    command = [
        str(ALERTMANAGER),
        f"--config.file={tmp_path}/alertmanager.yaml",
        f"--storage.path={tmp_path}/alerts",
        f"--web.listen-address={HOST}:{manager_port}",
        "--cluster.listen-address=",
    ]
    with frail_broker() as broker:
        kafka = KafkaSettings((broker.address,), topic_prefix="a.")
        asyncio.run(init_topics(kafka, 2, 1))
        with (
            worker_process("intent", kafka, TEXT_RULES=rules, RELOAD_INTERVAL=0.2) as intent,
            worker_process("gateway", kafka, GATEWAY_PORT=gateway_port) as gateway,
            prometheus(
                tmp_path / "p",
                {"intent": intent.port, "gateway": gateway.port},
                alertmanager=manager_port,
                faster=FASTER,
            ) as address,
        ):

            def fires(alert: str, job: str = "") -> None:
                wanted = (alert, job)
                until(lambda: wanted in firing(address), lambda: (wanted, firing(address)))

            # Nobody listens where alerts are sent; then somebody does.
            fires("ShopkeeperAlertsNotSent")
            with run(command, tmp_path / "manager.log"):
                until(lambda: pager.names("watchdog"), lambda: pager.told)
                assert pager.names("watchdog") == {"ShopkeeperWatchdog"}
                now_ms = int(time.time() * 1000)

                def keep(alert: str, send: Callable[[], object], job: str) -> None:
                    """What goes wrong, until the alert fires."""

                    def so() -> bool:
                        send()
                        return (alert, job) in firing(address)

                    until(so, lambda: (alert, firing(address)))

                good = [orjson.dumps({"query": "red shoes", "user_id": "u"})] * 5
                publish(kafka, good, now_ms)
                keep("ShopkeeperDeadLetters", lambda: publish(kafka, [b"{"], now_ms), "intent")
                old_ms = now_ms - 7_200_000
                keep("ShopkeeperSlow", lambda: publish(kafka, good, old_ms), "intent")
                rules.write_text('[intent.routes]\nnonsense = "answer"\n')
                fires("ShopkeeperReloadRefused", "intent")
                _without(tmp_path / "p", address, "shopkeeper_(consumer_lag|events_consumed).*")
                fires("ShopkeeperLagUnknown", "intent")
                fires("ShopkeeperSeriesVanished", "intent")
                broker.freeze()
                body = {"event": "Products Searched", "query": "red shoes", "user_id": "u"}
                url = f"http://{HOST}:{gateway_port}/v1/events"
                keep("ShopkeeperGatewayErrors", lambda: _post(url, body), "gateway")
                fires("ShopkeeperBrokerLost", "intent")
                until(
                    lambda: (
                        {"ShopkeeperDeadLetters", "ShopkeeperBrokerLost"}
                        <= pager.names("operators")
                    ),
                    lambda: pager.told,
                )
                broker.thaw()
    assert "ShopkeeperWatchdog" not in pager.names("operators")
    for each in pager.told["operators"]:
        assert each["annotations"]["runbook_url"].startswith("docs/runbooks.md#")
        assert "/d/shopkeeper-" in each["annotations"]["dashboard_url"]


def _post(url: str, body: dict[str, str]) -> None:
    for _ in range(3):
        answer = httpx.post(url, json=body, timeout=30.0)
        if answer.status_code < 500:
            break


def _without(folder: Path, address: str, names: str) -> None:
    """Have Prometheus drop metrics from now on, as a wrong relabelling rule would."""
    path = folder / "prometheus.yaml"
    said = yaml.safe_load(path.read_text("utf-8"))
    for job in said["scrape_configs"]:
        job["metric_relabel_configs"] = [
            {"source_labels": ["__name__"], "regex": names, "action": "drop"}
        ]
    path.write_text(yaml.safe_dump(said))
    request = urllib.request.Request(f"http://{address}/-/reload", method="POST")
    urllib.request.urlopen(request, timeout=30.0).close()
