"""Keeps worker processes running: starts them, restarts what ends, and ends them all.

    starting -> running -> (ended by itself) -> waiting, backoff -> running ...
                        -> (exit status 2, bad settings) -> everything stops
                        -> (exit status 3, an operator is needed) -> refused; the others go on
                        -> (stop asked for) -> SIGTERM, deadline, SIGKILL -> stopped

Each worker keeps its own static group member id over restarts, so that a restarted worker gets
its partitions back at once, without a rebalance (and on the embedded broker, which never evicts
a dead member, at all).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..refusal import EXIT_OPERATOR
from ..settings import SettingsError, read
from . import process, terminal
from .embedded import HOST, free_port, is_taken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

EXIT_USAGE = 2  # a wrong setting: starting again would not help
LINE_BYTES_MAX = 65_536

State = Literal["waiting", "running", "refused", "stopped"]


@dataclass(frozen=True, slots=True)
class Program:
    """What one worker process is started with."""

    name: str
    command: Sequence[str]
    environ: Mapping[str, str]
    service: str = ""
    http_port: int = -1  # where it serves /metrics and the probes; -1: nowhere
    port_chosen: bool = False  # by us: another will do where it is taken meanwhile

    def has_lost_its_port(self) -> bool:
        """Whether the port that was chosen for it is taken now."""
        host = self.environ.get("HTTP_HOST", "").strip() or HOST
        return self.port_chosen and is_taken(self.http_port, host)

    def startable(self) -> Program:
        """This program, on another port if the one that was chosen for it is taken now."""
        if not self.has_lost_its_port():
            return self
        port = free_port()
        return replace(self, http_port=port, environ={**self.environ, "HTTP_PORT": str(port)})


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient a supervisor is. Durations in seconds."""

    backoff_s_first: float = 0.5
    backoff_s_max: float = 30.0
    healthy_s: float = 30.0  # after running so long a failure is the first again
    # Longer than DRAIN_DEADLINE's default and the 2 s within which a worker ends after it.
    stop_grace_s: float = 40.0

    def backoff_s(self, failures: int) -> float:
        """How long to wait after the nth failure in a row (from 1)."""
        return float(min(self.backoff_s_max, self.backoff_s_first * 2.0 ** min(failures - 1, 30)))


@dataclass(slots=True)
class WorkerStatus:
    """One worker, as the status file has it."""

    name: str
    service: str
    http_port: int
    state: State = "waiting"
    pid: int | None = None
    restarts: int = 0
    started_at: float = 0.0  # Unix time
    last_exit: int | None = None  # negative: killed by that signal


@dataclass(slots=True)
class _Kept:
    program: Program
    status: WorkerStatus
    failures: int = 0
    child: asyncio.subprocess.Process | None = field(default=None)


class Supervisor:
    """Runs programs until `stop()`, until one of them says that its settings are wrong, or until
    all of them have said that they need an operator.

    forward: gets what the workers write, whole lines as they are (they carry the worker's name).
    say: gets the supervisor's own lines.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        policy: Policy | None = None,
        status_file: str | os.PathLike[str] | None = None,
        forward: Callable[[bytes], None] | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.policy = policy or Policy()
        self._forward = forward or _to_stderr
        self._say = say or (lambda line: _to_stderr(f"up: {line}\n".encode()))
        self._status_file = None if status_file is None else Path(status_file)
        self._kept = [_Kept(p, WorkerStatus(p.name, p.service, p.http_port)) for p in programs]
        self._stopping = asyncio.Event()
        self._exit_status = 0

    def status(self) -> list[WorkerStatus]:
        """Where each worker stands, in the order given."""
        return [kept.status for kept in self._kept]

    def stop(self) -> None:
        """End all workers; `run` then returns. A second call kills what is still there."""
        if self._stopping.is_set():
            self.kill()
        self._stopping.set()

    def kill(self) -> None:
        """End all workers at once; `run` then returns."""
        self._stopping.set()
        for kept in self._kept:
            if kept.child is not None and kept.child.returncode is None:
                kept.child.kill()

    async def run(self) -> int:
        """Keep everything running; returns the exit status: 0 after `stop`, 2 on bad settings, 3
        where a worker needed an operator."""
        try:
            await asyncio.gather(*(self._keep(kept) for kept in self._kept))
        finally:
            self.kill()
        return self._exit_status

    async def _keep(self, kept: _Kept) -> None:
        while not self._stopping.is_set():
            started = time.monotonic()
            exit_status = await self._run_once(kept)
            if self._stopping.is_set():
                break
            name = kept.program.name
            if exit_status == EXIT_USAGE:
                self._say(f"{name} refuses its settings (see above): stopping everything")
                self._exit_status = EXIT_USAGE
                self._stopping.set()
                break
            if exit_status == EXIT_OPERATOR and not kept.program.has_lost_its_port():
                self._say(f"{name} needs an operator (see above): not started again")
                self._exit_status = self._exit_status or EXIT_OPERATOR
                self._change(kept, "refused")
                return
            healthy = time.monotonic() - started >= self.policy.healthy_s
            kept.failures = 1 if healthy else kept.failures + 1
            wait_s = self.policy.backoff_s(kept.failures)
            self._say(f"{name} {_ending(exit_status)}; starting it again in {wait_s:g} s")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._stopping.wait()
            if not self._stopping.is_set():
                kept.status.restarts += 1
        self._change(kept, "stopped")

    async def _run_once(self, kept: _Kept) -> int:
        """Start a worker and wait for its end; a negative status names the signal."""
        program = kept.program = kept.program.startable()
        kept.status.http_port = program.http_port
        child = kept.child = await asyncio.create_subprocess_exec(
            *program.command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **process.child_options(program.environ),
        )
        kept.status.pid, kept.status.started_at = child.pid, time.time()
        self._change(kept, "running")
        reading = asyncio.create_task(self._read(child))
        ended = asyncio.create_task(child.wait())
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not ended.done():
            await self._end(kept, child, ended)
        # A grandchild may hold the pipe open: what it says is not waited for.
        await asyncio.wait({reading}, timeout=1.0)
        reading.cancel()
        kept.child, kept.status.pid, kept.status.last_exit = None, None, await ended
        self._change(kept, "waiting")
        return await ended

    async def _end(
        self, kept: _Kept, child: asyncio.subprocess.Process, ended: asyncio.Task[int]
    ) -> None:
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        await asyncio.wait({ended}, timeout=self.policy.stop_grace_s)
        if not ended.done():
            self._say(f"{kept.program.name} did not stop in {self.policy.stop_grace_s:g} s: killed")
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await ended

    async def _read(self, child: asyncio.subprocess.Process) -> None:
        """Forward whole lines, so that those of two workers do not mix."""
        assert child.stdout is not None
        rest = b""
        while data := await child.stdout.read(LINE_BYTES_MAX):
            lines, newline, rest = (rest + data).rpartition(b"\n")
            if len(rest) > LINE_BYTES_MAX:
                lines, newline, rest = lines + newline + rest, b"\n", b""
            if lines or newline:
                self._forward(lines + newline)
        if rest:
            self._forward(rest + b"\n")

    def _change(self, kept: _Kept, state: State) -> None:
        kept.status.state = state
        if self._status_file is not None:
            write_status(self._status_file, self.status())


def write_status(path: Path, workers: Sequence[WorkerStatus]) -> None:
    """Replace the status file in one step: a reader sees the old or the new one, whole."""
    content = {"pid": os.getpid(), "workers": [asdict(worker) for worker in workers]}
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    beside.replace(path)


def worker_programs(
    counts: Mapping[str, int], environ: Mapping[str, str], id_prefix: str
) -> list[Program]:
    """One program per worker, each with its own static id and its own HTTP port.

    counts: service -> how many workers. Ids are "PREFIX-SERVICE-N". With HTTP_PORT unset or 0
    each worker gets a free port; with a port given, that one and those after it.
    Raises SettingsError.
    """
    first_port = int(read(environ, "HTTP_PORT"))
    names = [(service, n) for service, count in counts.items() for n in range(1, count + 1)]
    if first_port > 0 and first_port + len(names) > 65536:
        raise SettingsError(f"HTTP_PORT={first_port} leaves no room for {len(names)} workers")
    programs = []
    for index, (service, n) in enumerate(names):
        port = {-1: -1, 0: free_port()}.get(first_port, first_port + index)
        worker_id = f"{id_prefix}-{service}-{n}" if id_prefix else f"{service}-{n}"
        own = {**environ, "WORKER_ID": worker_id, "HTTP_PORT": str(port)}
        command = (sys.executable, "-m", "shopkeeper", "worker", service)
        programs.append(Program(worker_id, command, own, service, port, first_port == 0))
    return programs


def machine_id() -> str:
    """This machine's name, as far as it may be part of a static member id.

    The same after a restart of the supervisor (so that a group knows its members again), another
    on another machine (so that two of them do not expel each other's workers).
    """
    return re.sub(r"[^A-Za-z0-9._-]+", "-", socket.gethostname())[:64].strip("-.") or "machine"


async def run_until_signal(supervisor: Supervisor) -> int:
    """`supervisor.run()`, stopped by SIGTERM, SIGINT, SIGHUP or a terminal that goes away."""
    terminal.stop_on_signals(supervisor.stop, supervisor.kill)
    terminal.watch()
    return await supervisor.run()


def _ending(exit_status: int) -> str:
    if exit_status >= 0:
        return f"ended with status {exit_status}"
    try:
        return f"was killed by {signal.Signals(-exit_status).name}"
    except ValueError:
        return f"was killed by signal {-exit_status}"


def _to_stderr(data: bytes) -> None:
    with contextlib.suppress(OSError):  # nobody reads it any more: no reason to stop working
        sys.stderr.buffer.write(data)
        sys.stderr.buffer.flush()
