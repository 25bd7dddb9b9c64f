"""The broker under the survival matrix: one that can be killed, and come back with its log."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
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
GRACE_S = 1.0  # of an embedded broker whose test run was killed
WRITES_EVERY_S = 5.0  # the embedded broker, its log


class EmbeddedNode:
    """The embedded broker with a data folder. What it confirmed since it last wrote its log, every
    five seconds, is gone after a kill: `kill` waits until that is nothing, so nobody may publish
    meanwhile."""

    kind = "embedded"
    crashes_freely = False  # a kill at any moment loses nothing that was confirmed
    evicts = False

    def __init__(self, folder):
        self._folder = Path(folder)
        self._pid_file = self._folder / "pid"
        self._port = free_port()
        self.address = f"{HOST}:{self._port}"
        self._popen = None
        self._full_since = None

    def start(self):
        command = [str(binary()), "start", "--only", "kafka", "--host", HOST,
                   "--kafka-port", str(self._port), "--data-dir", str(self._folder)]  # fmt: skip
        # The shell becomes the broker, so that the file holds the broker's own process id.
        words = ["/bin/sh", "-c", 'echo $$ > "$0"; exec "$@"', str(self._pid_file), *command]
        self._popen = subprocess.Popen(
            process.guarded(words, grace_s=GRACE_S), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd=self._folder, **process.child_options(os.environ),
        )  # fmt: skip
        assert wait_until_up(self._popen, self.address), "the embedded broker did not start"

    def kill(self):
        """SIGKILL, as soon as the log has been written twice from now on, or not for longer than
        it takes: where nothing changes, nothing is written."""
        log, asked, seen = self._folder / "kafka.json", time.time(), set()
        since, deadline = time.monotonic(), time.monotonic() + SNAPSHOT_S_MAX
        while len(seen) < 2 and time.monotonic() < min(deadline, since + 3 * WRITES_EVERY_S):
            if log.exists() and (written := log.stat().st_mtime) > asked and written not in seen:
                seen.add(written)
                since = time.monotonic()
            time.sleep(0.2)
        self.end()

    def fill_disk(self):
        """From now on the disk is full, for whatever this broker writes: its log goes to
        `kafka.tmp` first, which is now a device whose every write says ENOSPC. Done when it has
        just been written: a write that is half done would move the device to the log's place."""
        written, since = self._written(), time.monotonic()
        while self._written() == written and time.monotonic() < since + 2 * WRITES_EVERY_S:
            time.sleep(0.02)
        os.symlink("/dev/full", self._folder / "full")
        os.replace(self._folder / "full", self._folder / "kafka.tmp")
        self._full_since = time.monotonic(), self._written()

    def _written(self):
        return (self._folder / "kafka.json").stat().st_mtime_ns

    def wait_full(self):
        """Return once it has failed to write its log. It says nothing of that, and goes on."""
        since, written = self._full_since
        while time.monotonic() < since + 2 * WRITES_EVERY_S:
            time.sleep(0.1)
        assert self._popen.poll() is None, "the broker ended on a full disk"
        assert self._written() == written, "the log was written on a full disk"

    def space_again(self):
        """There is space, the log is written again, and then the broker is killed: what it has when
        it comes back is what it wrote."""
        (self._folder / "kafka.tmp").unlink()
        self.kill()
        self.start()

    def end(self):
        if self._popen.poll() is None:
            os.kill(int(self._pid_file.read_text()), signal.SIGKILL)
            self._popen.wait()  # the guard, which ends with it


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
        EFBIG for ENOSPC)."""
        resource.prlimit(self._broker.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    def wait_full(self):
        """Return once it has ended of that."""
        process_of = Path(f"/proc/{self._broker.pid}")
        deadline = time.monotonic() + HALT_S_MAX
        while process_of.exists():
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
