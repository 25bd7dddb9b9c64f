"""One node of Apache Kafka (KRaft) from its jars: what the embedded broker cannot show.

Members that are evicted, brokers that crash, fetch limits and compaction. Needs Java 17 and Maven,
which resolves tests/kafka/pom.xml into a class path. Settings are tuned for tests: quick
rebalances and clean-ups, short sessions allowed, nothing created by accident.
"""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from shopkeeper.shared.runtime.processes import process
from shopkeeper.shared.runtime.processes.embedded import (
    HOST,
    BrokerUnavailable,
    free_port,
    wait_until_up,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).resolve().parents[2] / "tests" / "kafka"
START_S_MAX = 90.0
STOP_S_MAX = 30.0
RESOLVE_S_MAX = 600.0
ADDED_TO = ("listeners", "advertised.listeners")
JAVA_OPTIONS = (
    "-Xms256m",
    "-Xmx1g",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dshopkeeper.log.level=WARN",
    f"-Dlog4j2.configurationFile={PROJECT.parents[1] / 'deploy' / 'kafka' / 'log4j2.yaml'}",
)


def class_path(project: Path = PROJECT) -> str:
    """The jars of Apache Kafka, resolved by Maven once per pom. Raises BrokerUnavailable."""
    for program, package in (("java", "Java 17"), ("mvn", "Maven")):
        if shutil.which(program) is None:
            raise BrokerUnavailable(f"Apache Kafka for the tests needs {package}: no `{program}`")
    pom, cached = project / "pom.xml", project / "target" / "class-path"
    if not pom.is_file():
        raise BrokerUnavailable(f"{pom} is missing: Apache Kafka runs from a source checkout only")
    if cached.is_file() and cached.stat().st_mtime >= pom.stat().st_mtime:
        jars = cached.read_text("utf-8").strip()
        if all(Path(jar).is_file() for jar in jars.split(os.pathsep)):
            return jars
    cached.parent.mkdir(exist_ok=True)
    maven = [
        "mvn",
        "-q",
        "-B",
        "-f",
        str(pom),
        "dependency:build-classpath",
        "-DincludeScope=runtime",
        f"-Dmdep.outputFile={cached}",
    ]
    done = subprocess.run(maven, capture_output=True, text=True, timeout=RESOLVE_S_MAX)
    if done.returncode:
        raise BrokerUnavailable(f"Maven did not resolve {pom}: {done.stdout.strip()[-500:]}")
    return cached.read_text("utf-8").strip()


def properties(folder: Path, port: int, controller_port: int) -> dict[str, str]:
    """server.properties of one node that is broker and controller at once."""
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "log.dirs": str(folder / "data"),
        "auto.create.topics.enable": "false",
        # One node: internal topics have nowhere else to go.
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        # Their partitions cost start-up time: the default is 50 each.
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.num.partitions": "4",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "6000",  # SESSION_TIMEOUT's lower bound
        # After a crash the old registration must lapse before the new one is let in.
        "broker.session.timeout.ms": "2000",
        "broker.heartbeat.interval.ms": "500",
        # Compaction and deletion while a test looks on.
        "log.cleaner.backoff.ms": "500",
        "log.retention.check.interval.ms": "1000",
        "log.segment.delete.delay.ms": "1000",
        "log.initial.task.delay.ms": "500",
        # Each test has some forty partitions of its own; 10 MB of index each would add up.
        "log.index.size.max.bytes": "524288",
    }


class Security(Protocol):
    """What a node is given besides (see tests/broker/secured_kafka.py)."""

    def properties(self, folder: Path) -> dict[str, str]:
        """Of server.properties; those of ADDED_TO are joined with what there is."""

    def users(self) -> list[str]:
        """Arguments of `format` that create SCRAM users."""

    def java_options(self) -> tuple[str, ...]:
        """Of the broker's process."""


class KafkaBroker:
    """A node that can be stopped, killed and started again, at the same address, with its log."""

    def __init__(self, folder: Path, security: Security | None = None) -> None:
        self.folder = folder
        self._jars = class_path()
        self._port, self._controller_port = free_port(), free_port()
        self.address = f"{HOST}:{self._port}"
        self._config = folder / "server.properties"
        self._log = folder / "log"
        self._pid_file = folder / "pid"
        self._guard: subprocess.Popen[bytes] | None = None
        lines = properties(folder, self._port, self._controller_port)
        users: list[str] = []
        self._options: tuple[str, ...] = ()
        if security is not None:
            for name, value in security.properties(folder).items():
                lines[name] = f"{lines[name]},{value}" if name in ADDED_TO else value
            users, self._options = security.users(), security.java_options()
        self._config.write_text("".join(f"{k}={v}\n" for k, v in lines.items()), "utf-8")
        # "A": an id that begins with "-" would be taken for an option.
        cluster_id = "A" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]
        self._run_java("kafka.tools.StorageTool", "format", "-t", cluster_id, *users)

    @property
    def pid(self) -> int:
        """The process id of java."""
        return int(self._pid_file.read_text())

    def start(self) -> None:
        """Start it and wait until it answers. Raises BrokerUnavailable with the end of its log."""
        assert self._guard is None, "already running"
        java = self._java("kafka.Kafka", str(self._config))
        # The shell becomes java, so that the file holds java's own process id, for kill().
        command = ["/bin/sh", "-c", 'echo $$ > "$0"; exec "$@"', str(self._pid_file), *java]
        with self._log.open("ab") as sink:
            self._guard = subprocess.Popen(
                process.guarded(command, grace_s=STOP_S_MAX),
                stdout=sink,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                **process.child_options(os.environ),
            )
        if not wait_until_up(self._guard, self.address, START_S_MAX):
            self.stop()
            raise BrokerUnavailable(f"Apache Kafka did not start: {self._said()}")

    def stop(self) -> None:
        """A clean shutdown."""
        if self._guard is not None:
            process.end(self._guard, STOP_S_MAX + 5.0)
            self._guard = None

    def kill(self) -> None:
        """End it with SIGKILL: nothing is flushed, nobody is told."""
        assert self._guard is not None, "not running"
        os.kill(self.pid, signal.SIGKILL)
        self._guard.wait()
        self._guard = None

    def restart(self) -> None:
        """Stop cleanly, if it runs, and start again with the same log."""
        self.stop()
        self.start()

    def _java(self, *arguments: str) -> list[str]:
        return ["java", *JAVA_OPTIONS, *self._options, "-cp", self._jars, *arguments]

    def said(self) -> str:
        """All that it has logged."""
        return self._log.read_text("utf-8", "replace")

    def _run_java(self, *arguments: str) -> None:
        done = subprocess.run(
            self._java(*arguments, "-c", str(self._config)),
            capture_output=True,
            text=True,
            timeout=START_S_MAX,
        )
        if done.returncode:
            raise BrokerUnavailable(
                f"{arguments[0]}: {(done.stderr or done.stdout).strip()[-500:]}"
            )

    def _said(self) -> str:
        return self.said().strip()[-1000:]


@contextlib.contextmanager
def kafka_broker(security: Security | None = None) -> Iterator[KafkaBroker]:
    """A running Apache Kafka of our own; stopped, and its log deleted, afterwards.

    security: further listeners and an authorizer; without it everybody may do everything.

    The process also ends when this one is killed; only its folder is then left to the system's
    clean-up of temporary files. Raises BrokerUnavailable.
    """
    with tempfile.TemporaryDirectory(prefix="shopkeeper-kafka-") as folder:
        broker = KafkaBroker(Path(folder), security)
        try:
            broker.start()
            yield broker
        finally:
            broker.stop()
