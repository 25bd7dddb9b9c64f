"""One peer's process, watched from outside: progress, processor time, memory, how it ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TICKS = os.sysconf("SC_CLK_TCK")
WARM_S_MAX = 120.0  # to the end of the first events
STILL_S_MAX = 30.0  # without progress, after them
IDLE_S = 2.0


class Failed(RuntimeError):
    """A peer that did not do its job; the message says what was seen."""


class Sample(NamedTuple):
    """What had been done at one time."""

    count: int  # events
    at: float  # time.monotonic(), seconds
    cpu_s: float  # processor time of the process and its descendants


def descendants(pid: int) -> list[int]:
    """`pid` and every process below it that runs now."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = stat.read_text().rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def cpu_s(pid: int) -> float:
    """Processor seconds of a process tree, user and system, ended children included."""
    total = 0
    for each in descendants(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            # Of ended children only what the root waited for: others' are in their parents'.
            total += sum(map(int, fields[11:15]))
    return total / TICKS


def rss_peak_mb(pid: int) -> float:
    """Peaks of resident memory, summed over a process tree."""
    total = 0
    for each in descendants(pid):
        with contextlib.suppress(OSError, StopIteration):
            lines = Path(f"/proc/{each}/status").read_text().splitlines()
            total += int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
    return total / 1024


class Peer:
    """A process that prints progress lines; killed, with all it started, on the way out."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], folder: Path) -> None:
        self.last_count, self.last_at = 0, time.monotonic()
        with tempfile.NamedTemporaryFile(prefix="peer-", delete=False) as errors:
            self._errors = Path(errors.name)
            self.popen = subprocess.Popen(
                command, env=dict(environ), cwd=folder, text=True, stdout=subprocess.PIPE,
                stderr=errors, start_new_session=True,
            )  # fmt: skip
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            parts = line.split()
            if len(parts) == 2 and parts[0].isdigit():
                self.last_count, self.last_at = int(parts[0]), float(parts[1])

    def sample(self) -> Sample:
        """As of the last progress line."""
        return Sample(self.last_count, self.last_at, cpu_s(self.popen.pid))

    def wait(self, count: int, seconds: float) -> Sample:
        """Until so many events are done, or so many seconds have passed. Raises Failed."""
        deadline = time.monotonic() + seconds
        while self.last_count < count and time.monotonic() < deadline:
            if self.popen.poll() is not None:
                code = self.popen.returncode
                raise Failed(f"ended ({code}) after {self.last_count} events: {self.said()}")
            time.sleep(0.01)
        return self.sample()

    def said(self) -> str:
        """The end of what it wrote to standard error, in one line."""
        text = self._errors.read_text("utf-8", "replace").strip()
        return " / ".join(line.strip() for line in text.splitlines()[-4:])[-400:]

    def kill(self) -> None:
        """SIGKILL to it and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()
        self._thread.join(5.0)

    def discard(self) -> None:
        self.kill()
        self._errors.unlink(missing_ok=True)


@contextlib.contextmanager
def running(command: Sequence[str], environ: Mapping[str, str], folder: Path) -> Iterator[Peer]:
    """A peer's process for as long as the block runs."""
    peer = Peer(command, environ, folder)
    try:
        yield peer
    finally:
        peer.discard()


@contextlib.contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process tree that gets no processor time for as long as the block runs."""
    found = descendants(pid)
    for each in found:
        os.kill(each, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGCONT)


def idle_cores(pid: int) -> float:
    """Processor seconds a second that a process tree takes while nothing comes in."""
    before = cpu_s(pid)
    time.sleep(IDLE_S)
    return round((cpu_s(pid) - before) / IDLE_S, 2)


def figures(first: Sample, last: Sample) -> dict[str, float | int]:
    """Rates between two samples. Raises Failed where nothing lies between them."""
    done, took = last.count - first.count, last.at - first.at
    if done <= 0 or took <= 0:
        raise Failed("nothing was done")
    return {
        "events_measured": done,
        "events_per_second": round(done / took),
        "cpu_s_per_million": round((last.cpu_s - first.cpu_s) / done * 1e6, 1),
    }
