"""The broker under the survival matrix: one that can be killed, and come back with its log."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from shopkeeper.shared.runtime.processes import process
from shopkeeper.shared.runtime.processes.embedded import (
    HOST,
    BrokerUnavailable,
    binary,
    free_port,
    wait_until_up,
)
from shopkeeper.shared.testing.kafka_broker import kafka_broker

SNAPSHOT_S_MAX = 60.0
HALT_S_MAX = 120.0
STARTS_MAX = 3


class EmbeddedNode:
    """The embedded broker with a data folder. What it confirmed since it last wrote its log, every
    five seconds, is gone after a kill: `kill` waits until that is nothing, so nobody may publish
    meanwhile."""

    kind = "embedded"
    crashes_freely = False  # a kill at any moment loses nothing that was confirmed
    evicts = False

    def __init__(self, folder):
        self._folder = Path(folder)
        self._port = free_port()
        self.address = f"{HOST}:{self._port}"
        self._popen = None

    def start(self):
        command = [str(binary()), "start", "--only", "kafka", "--host", HOST,
                   "--kafka-port", str(self._port), "--data-dir", str(self._folder)]  # fmt: skip
        self._popen = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self._folder,
            **process.child_options(os.environ),
        )  # fmt: skip
        assert wait_until_up(self._popen, self.address), "the embedded broker did not start"

    def kill(self):
        """SIGKILL, as soon as the log has been written twice from now on."""
        log, asked, seen = self._folder / "kafka.json", time.time(), set()
        deadline = time.monotonic() + SNAPSHOT_S_MAX
        while len(seen) < 2 and time.monotonic() < deadline:
            if log.exists() and (written := log.stat().st_mtime) > asked:
                seen.add(written)
            time.sleep(0.2)  # where nothing changes, nothing is written: then the wait is for that
            if time.time() - asked > 12 and not seen:
                break
        self.end()

    def end(self):
        self._popen.kill()
        self._popen.wait()


class KafkaNode:
    """An Apache Kafka of our own: what it confirmed survives its kill, and it evicts members."""

    kind = "kafka"
    crashes_freely = True
    evicts = True

    def __init__(self, broker):
        self._broker = broker
        self.address = broker.address

    def start(self):
        """Start it; on a machine that is busy with other things more than once."""
        for attempt in range(STARTS_MAX):
            try:
                return self._broker.restart()
            except BrokerUnavailable:
                if attempt == STARTS_MAX - 1:
                    raise
        return None

    def kill(self):
        self._broker.kill()

    def fill_disk(self):
        """From now on no file of the broker grows: its writes fail as they do on a full disk (with
        EFBIG for ENOSPC). Returns once it has ended of that."""
        pid = self._broker.pid
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        deadline = time.monotonic() + HALT_S_MAX
        while Path(f"/proc/{pid}").exists():
            assert time.monotonic() < deadline, "the broker goes on without writing"
            time.sleep(0.2)

    def space_again(self):
        """The limit went with the process."""
        self.start()


def has_kafka():
    """Whether an Apache Kafka can be started here (Java 17 and Maven, that is)."""
    return all(shutil.which(program) for program in ("java", "mvn"))


@contextlib.contextmanager
def running_node(kind):
    """A running broker: "kafka", "embedded", or "auto": the first where it can be had."""
    if kind == "auto":
        kind = "kafka" if has_kafka() else "embedded"
    if kind == "kafka":
        with kafka_broker() as broker:
            yield KafkaNode(broker)
        return
    with tempfile.TemporaryDirectory(prefix="shopkeeper-node-") as folder:
        node = EmbeddedNode(folder)
        node.start()
        try:
            yield node
        finally:
            node.end()
