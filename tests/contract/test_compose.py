"""docker-compose.yml, the Dockerfile and deploy/: what can be checked without an engine."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest
import yaml

from shopkeeper import services
from shopkeeper.apps.cli.main import COMMANDS, command
from shopkeeper.shared.runtime.settings import REFERENCE, WorkerSettings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES = COMPOSE["services"]
OURS = {n: s for n, s in SERVICES.items() if s["image"].startswith("shopkeeper:")}
WORKERS = {n: s for n, s in OURS.items() if s["command"][0] == "worker"}
PROMETHEUS = ROOT / "deploy" / "prometheus"


def environment(service):
    """As compose would pass it on: defaults of ${NAME:-default} filled in."""
    return {
        name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)
        for name, value in service["environment"].items()
    }


def test_every_service_of_ours_has_a_worker():
    assert {s["command"][1] for s in WORKERS.values()} == set(services.NAMES)


def test_prometheus_asks_every_service_for_its_metrics():
    config = yaml.safe_load((PROMETHEUS / "prometheus.yaml").read_text("utf-8"))
    jobs = config["scrape_configs"]
    asked = {
        job["job_name"]: job["dns_sd_configs"][0]["names"]
        for job in jobs
        if "dns_sd_configs" in job
    }
    assert asked == {name: [name] for name in services.NAMES}


def test_prometheus_watches_itself_and_tells_alertmanager():
    config = yaml.safe_load((PROMETHEUS / "prometheus.yaml").read_text("utf-8"))
    known = {
        job["job_name"]: job["static_configs"][0]["targets"]
        for job in config["scrape_configs"]
        if "static_configs" in job
    }
    assert known == {"prometheus": ["localhost:9090"], "alertmanager": ["alertmanager:9093"]}
    [told] = config["alerting"]["alertmanagers"]
    assert told["static_configs"] == [{"targets": ["alertmanager:9093"]}]
    assert "127.0.0.1:9093:9093" in SERVICES["alertmanager"]["ports"]


def test_prometheus_grafana_and_alertmanager_are_a_profile_of_their_own():
    assert {n for n, s in SERVICES.items() if s.get("profiles") == ["observability"]} == {
        "prometheus",
        "grafana",
        "alertmanager",
    }


@pytest.mark.parametrize("name", OURS)
def test_the_commands_exist(name):
    first, second = SERVICES[name]["command"]
    found = command.get_command(click.Context(command), first)
    assert first in COMMANDS
    assert found is not None
    if isinstance(found, click.Group):
        assert second in found.commands
    elif first == "worker":
        assert found.make_context(first, [second]).params == {"service": second}
    else:
        found.make_context(first, [second])


@pytest.mark.parametrize("name", OURS)
def test_the_variables_are_known_and_their_values_are_accepted(name):
    values = environment(SERVICES[name])
    own = services.spec(name).settings if name in WORKERS else ()
    assert values.keys() <= {setting.name for setting in (*REFERENCE, *own)}
    settings = WorkerSettings.from_env(values)
    assert settings.kafka.bootstrap_servers == ("kafka:19092",)
    assert settings.worker_id == "", "under --scale two containers would share it"


@pytest.mark.parametrize("name", SERVICES)
def test_containers_are_hardened_and_pinned(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["user"].split(":")[0] not in ("", "0", "root")
    assert re.search(r":v?\d+\.\d+\.\d+$", service["image"]), "an exact version"
    # Nothing is reachable from other machines.
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_no_version_key_and_every_long_running_service_has_a_healthcheck():
    assert "version" not in COMPOSE
    without = {n for n, s in SERVICES.items() if "healthcheck" not in s}
    assert without == {"topics", "shoppers"}, "one ends, of one nobody asks anything"


def test_what_has_no_profile_is_the_core():
    profiles = {n: s["profiles"] for n, s in SERVICES.items() if "profiles" in s}
    assert SERVICES.keys() - profiles.keys() == {"kafka", "topics", *services.NAMES}
    assert {name for names in profiles.values() for name in names} == {"demo", "observability"}
    assert profiles["shoppers"] == ["demo"]


@pytest.mark.parametrize("name", WORKERS)
def test_workers_wait_for_the_broker_and_for_the_topics_and_may_be_scaled(name):
    service = WORKERS[name]
    assert service["depends_on"] == {
        "kafka": {"condition": "service_healthy"},
        "topics": {"condition": "service_completed_successfully"},
    }
    assert not {"container_name", "volumes"} & service.keys()
    # The gateway's port is reached from outside; of a range every container takes its own.
    ports = {"gateway": ["127.0.0.1:8080-8089:8080", "127.0.0.1:9001-9010:9001"]}
    assert service.get("ports") == ports.get(name)
    grace_s = int(service["stop_grace_period"].removesuffix("s"))
    assert grace_s > 2 * float(environment(service)["DRAIN_DEADLINE"])


def test_kafka_is_the_version_that_the_tests_run_on():
    pom = (ROOT / "tests/kafka/pom.xml").read_text("utf-8")
    version = re.search(r"<artifactId>kafka_2\.13</artifactId>\s*<version>([\d.]+)<", pom)
    assert version is not None
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{version[1]}"


def test_the_listeners_are_those_that_compose_uses():
    lines = (ROOT / "deploy/kafka/server.properties").read_text("utf-8").splitlines()
    config = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert config["advertised.listeners"] == "INTERNAL://kafka:19092,HOST://localhost:9092"
    assert config["log.dirs"] == SERVICES["kafka"]["volumes"][0].split(":")[1]
    assert config["auto.create.topics.enable"] == "false"
    assert SERVICES["kafka"]["ports"] == ["127.0.0.1:9092:9092"]


def test_mounted_paths_exist():
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (ROOT / source).exists() if source[0] == "." else source in COMPOSE["volumes"]


def test_the_build_lock_is_the_entry_of_the_development_lock():
    entry = (ROOT / "deploy/requirements-build.lock").read_text("utf-8").split("\n", 1)[1]
    assert entry.startswith("setuptools==")
    assert entry in (ROOT / "requirements-dev.lock").read_text("utf-8")


def test_what_the_dockerfile_copies_is_not_ignored():
    allowed = {
        line[1:]
        for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
        if line.startswith("!")
    }
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.*)$", dockerfile, re.M)
        for source in line.split()[:-1]
    }
    assert copied == allowed
    assert all((ROOT / source).exists() for source in copied)


def compose_command():
    """What reads compose files here: Docker's own plug-in, or its binary from a Python package."""
    packaged = ROOT / ".venv-deploy/bin/docker-compose"
    if packaged.exists():
        return [str(packaged)]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    if shutil.which("docker"):
        asked = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
        if asked.returncode == 0:
            return ["docker", "compose"]
    pytest.skip("docker compose is not installed (make deploy-tools)")


PROFILES = [[], ["demo"], ["observability"], ["demo", "observability"]]


@pytest.mark.parametrize("profiles", PROFILES, ids=lambda names: "+".join(names) or "core")
def test_docker_compose_accepts_the_file(profiles):
    chosen = [argument for name in profiles for argument in ("--profile", name)]
    done = subprocess.run(
        [*compose_command(), *chosen, "config", "--format", "json"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not done.stderr, "nor warnings"
    started = json.loads(done.stdout)["services"].keys()
    wanted = {
        name
        for name, service in SERVICES.items()
        if "profiles" not in service or {*service["profiles"]} & {*profiles}
    }
    assert started == wanted
