"""A real Prometheus for the tests, with our rules, that scrapes real workers."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from shopkeeper.shared.runtime.processes import process
from shopkeeper.shared.runtime.processes.embedded import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RULES = Path(__file__).parents[2] / "deploy/prometheus/alerts.yaml"
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

needs_prometheus = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="the program prometheus is not installed"
)


@contextlib.contextmanager
def prometheus(
    folder: Path,
    ports: Mapping[str, int],
    *,
    alertmanager: int | None = None,
    faster: int = 1,
    numbers: tuple[tuple[str, str], ...] = (),
) -> Iterator[str]:
    """Its address, host and port. It scrapes each job of `ports`, and itself, every second; the
    rules are ours, but for their patience: what holds for two seconds fires.

    alertmanager: the port of one, which is told. faster: windows and offsets of the rules are so
    many times shorter, but no window is shorter than five seconds. numbers: numbers of the
    rules, and what stands in their place.
    """
    folder.mkdir(exist_ok=True)
    rules = re.sub(r"\bfor: \w+", "for: 2s", RULES.read_text("utf-8"))
    rules = re.sub(
        r"(\[|(?<=[smhd]):|offset )(\d+)([smhd])",
        lambda m: f"{m[1]}{max(5, int(m[2]) * SECONDS[m[3]] // faster)}s",
        rules,
    )
    for number, other in numbers:
        assert number in rules, number
        rules = rules.replace(number, other)
    (folder / "alerts.yaml").write_text(rules)
    address = f"127.0.0.1:{free_port()}"
    targets = {**{name: f"127.0.0.1:{port}" for name, port in ports.items()}, "prometheus": address}
    config: dict[str, Any] = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s", "scrape_timeout": "1s"},
        "rule_files": ["alerts.yaml"],
        "scrape_configs": [
            {"job_name": name, "static_configs": [{"targets": [target]}]}
            for name, target in targets.items()
        ],
    }
    if alertmanager is not None:
        told = [{"targets": [f"127.0.0.1:{alertmanager}"]}]
        config["alerting"] = {"alertmanagers": [{"static_configs": told}]}
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
    command = [
        "prometheus",
        f"--config.file={folder}/prometheus.yaml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address={address}",
        "--web.enable-lifecycle",
    ]
    with run(command, folder / "log"):
        yield address


@contextlib.contextmanager
def run(command: list[str], log: Path) -> Iterator[None]:
    """A program, until the end of the block; what it writes goes into `log`."""
    with log.open("w") as output:
        server = subprocess.Popen(
            command, stdout=output, stderr=output, **process.child_options(os.environ)
        )
        try:
            yield
        finally:
            process.end(server, 10.0)
