"""An embedded broker that a test may kill or freeze, without a guard in between."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING

from shopkeeper.shared.runtime.processes import process
from shopkeeper.shared.runtime.processes.embedded import HOST, binary, free_port, wait_until_up

if TYPE_CHECKING:
    from collections.abc import Iterator


class FrailBroker:
    """One process of the embedded broker, at one address; what is killed has lost its log."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._port = free_port()
        self.address = f"{HOST}:{self._port}"
        self._popen: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        command = [
            str(binary()),
            "start",
            "--only",
            "kafka",
            "--host",
            HOST,
            "--kafka-port",
            str(self._port),
            "--data-dir",
            f"{self._folder}/{time.time_ns()}",
        ]
        self._popen = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            **process.child_options(os.environ),
        )
        assert wait_until_up(self._popen, self.address)

    def kill(self) -> None:
        """End it with SIGKILL: connections are refused from then on."""
        assert self._popen is not None
        self._popen.kill()
        self._popen.wait()

    def freeze(self) -> None:
        """It accepts connections, as the kernel does that for it, and says nothing."""
        assert self._popen is not None
        self._popen.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on as if nothing had been."""
        assert self._popen is not None
        self._popen.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def frail_broker() -> Iterator[FrailBroker]:
    """A running broker of the test's own; killed afterwards."""
    with tempfile.TemporaryDirectory(prefix="shopkeeper-frail-") as folder:
        broker = FrailBroker(folder)
        try:
            broker.start()
            yield broker
        finally:
            if broker._popen is not None:
                broker.kill()
