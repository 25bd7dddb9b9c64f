"""Real worker processes for the tests: started, waited for, asked, ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from shopkeeper.shared.runtime.processes import process
from shopkeeper.shared.runtime.processes.embedded import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from shopkeeper.shared.runtime.settings import KafkaSettings

READY_S_MAX = 240.0  # a first start compiles its loops, on a busy machine for minutes
STOP_S_MAX = 60.0


def environment(kafka: KafkaSettings, **settings: object) -> dict[str, str]:
    """This process's environment, pointed at `kafka`, with `settings` on top.

    Only for brokers without authentication, as those of the tests are.
    """
    return {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": ",".join(kafka.bootstrap_servers),
        "TOPIC_PREFIX": kafka.topic_prefix,
        "CHECKPOINT_INTERVAL": "0.2",
        **{name: str(value) for name, value in settings.items()},
    }


class WorkerProcess:
    """`shopkeeper worker SERVICE` as a process of its own. It dies with the test run."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        self.port = free_port()
        self.command = list(command)
        self._environ = {**environ, "HTTP_PORT": str(self.port)}
        # A file, not a pipe: nobody has to read along, and nothing ever blocks.
        with tempfile.NamedTemporaryFile(prefix="shopkeeper-worker-", delete=False) as output:
            self._output = Path(output.name)
        self.popen = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        with self._output.open("ab") as output:
            return subprocess.Popen(
                self.command,
                stdout=output,
                stderr=subprocess.STDOUT,
                **process.child_options(self._environ),
            )

    def start_again(self) -> None:
        """Start it once more, at the same port, after it has ended."""
        assert self.popen.poll() is not None, "it runs"
        self.popen = self._started()

    def output(self) -> str:
        """What it has written so far, on either stream."""
        return self._output.read_text("utf-8", "replace")

    def get(self, path: str) -> tuple[int, str]:
        """Ask /livez, /readyz or /metrics: (HTTP status, body); status 0 where nobody answers."""
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.port}{path}", timeout=5.0) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def metrics(self) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        """Every sample: (name, sorted labels) -> value; empty where nobody answers."""
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(self.get("/metrics")[1])
            for sample in family.samples
        }

    def total(self, name: str) -> float:
        """The sum of one metric (without the prefix `shopkeeper_`) over all its labels."""
        wanted = f"shopkeeper_{name}"
        return sum(value for (found, _), value in self.metrics().items() if found == wanted)

    def alive(self) -> None:
        """Raise AssertionError, with what it wrote, if it has ended."""
        status = self.popen.poll()
        assert status is None, f"the worker ended with status {status}:\n{self.output()}"

    def wait_ready(self, seconds: float = READY_S_MAX) -> None:
        """Return once /readyz says so: partitions assigned, state and views read."""
        deadline = time.monotonic() + seconds
        while (answer := self.get("/readyz"))[0] != 200:
            self.alive()
            assert time.monotonic() < deadline, f"not ready: {answer[1]}\n{self.output()}"
            time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL: nothing is finished, nobody is told."""
        self.popen.kill()
        self.popen.wait()

    def terminate(self) -> int:
        """SIGTERM, and wait for the exit status."""
        self.popen.send_signal(signal.SIGTERM)
        try:
            return self.popen.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"the worker did not stop in {STOP_S_MAX:g} s:\n{self.output()}"
            ) from None

    def discard(self) -> None:
        """End it, whatever it is doing, and delete its output."""
        process.end(self.popen, STOP_S_MAX)
        self._output.unlink(missing_ok=True)


@contextlib.contextmanager
def worker_processes(
    services: Iterable[str], kafka: KafkaSettings, **settings: object
) -> Iterator[list[WorkerProcess]]:
    """One worker of each service, none of them waited for; killed on the way out. After a failure
    what they wrote is shown. settings: as for `worker_process`."""
    launched = [
        WorkerProcess(
            [sys.executable, "-m", "shopkeeper", "worker", service], environment(kafka, **settings)
        )
        for service in services
    ]
    try:
        yield launched
    except BaseException:
        for worker in launched:
            print(f"---- {worker.command[-1]} wrote:\n{worker.output()}", file=sys.stderr)
        raise
    finally:
        for worker in launched:
            worker.kill()
            worker.discard()


@contextlib.contextmanager
def worker_process(
    service: str, kafka: KafkaSettings, *, ready: bool = True, **settings: object
) -> Iterator[WorkerProcess]:
    """Start a worker; on the way out it is stopped, and after a failure what it wrote is shown.

    settings: environment variables, for example WORKER_ID="r-1". ready: wait until it is.
    """
    worker = WorkerProcess(
        [sys.executable, "-m", "shopkeeper", "worker", service], environment(kafka, **settings)
    )
    try:
        if ready:
            worker.wait_ready()
        yield worker
    except BaseException:
        print(f"---- {service} wrote:\n{worker.output()}", file=sys.stderr)
        raise
    finally:
        worker.discard()
