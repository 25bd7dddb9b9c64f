"""A terminal that goes away ends what was started from it, whoever leads the session there."""

from __future__ import annotations

import fcntl
import os
import select
import shlex
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
import uuid
from contextlib import contextmanager
from pathlib import Path

import pytest

from shopkeeper.shared.testing.workers import environment
from tests.broker.test_demo import children_of
from tests.broker.test_supervisor import alive, descendants

pytestmark = pytest.mark.skipif(
    os.environ.get("TEST_BROKER") == "kafka", reason="the broker has no part in it: once is enough"
)
ENDED_S_MAX = 60.0  # some seconds, more on a busy machine; without an end, for ever
START_S_MAX = 300.0
REPOSITORY = Path(__file__).parents[2]
WITH_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execvp(sys.argv[1], sys.argv[1:])"
)


class Terminal:
    """A pseudo-terminal, the command that leads its session, and what that wrote."""

    def __init__(self, command, environ, folder):
        self.marker = f"TERMINAL_TEST_MARKER={uuid.uuid4().hex}"
        name, _, value = self.marker.partition("=")
        self.master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        # No fork here: pytest has threads.
        self.leader = subprocess.Popen(
            [sys.executable, "-c", WITH_TERMINAL, *command],
            stdin=slave, stdout=slave, stderr=slave, cwd=folder, start_new_session=True,
            env={**environ, name: value, "TERM": "xterm"},
        )  # fmt: skip
        os.close(slave)
        self.output = bytearray()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._hang_up_end, self._wake = os.pipe()
        self._reading.start()

    def _read(self):
        while True:
            ready, _, _ = select.select([self.master, self._hang_up_end], [], [])
            if self._hang_up_end in ready:
                return
            try:
                self.output += os.read(self.master, 65536)
            except OSError:  # every process has closed the other end
                return

    def type(self, text):
        os.write(self.master, text.encode())

    def wait_for(self, condition):
        deadline = time.monotonic() + START_S_MAX
        while not condition(self):
            assert time.monotonic() < deadline, f"not in time: {bytes(self.output[-2000:])!r}"
            time.sleep(0.05)

    def processes(self):
        """Everything started here that still runs: our marker's carriers, and descendants."""
        self.leader.poll()
        below = {p for p in descendants(self.leader.pid) if alive(p)}
        own = {self.leader.pid} if self.leader.returncode is None else set()
        return own | below | set(children_of(self.marker) or ())

    def hang_up(self):
        """Close our end, as a window that is closed does."""
        if self.master >= 0:
            os.write(self._wake, b"x")
            self._reading.join()
            os.close(self.master)
            self.master = -1

    def assert_a_hang_up_ends_everything(self):
        started, before = time.monotonic(), self.processes()
        self.hang_up()
        assert before
        while left := {p for p in before if alive(p)} | self.processes():
            seconds = time.monotonic() - started
            assert seconds < ENDED_S_MAX, f"still there after {seconds:.0f} s: {shown(left)}"
            self.leader.poll()
            time.sleep(0.1)


def shown(pids):
    wanted = ",".join(map(str, pids))
    return subprocess.run(
        ["ps", "-ww", "-o", "pid=,ppid=,stat=,args=", "-p", wanted],
        capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip


@contextmanager
def terminal(command, environ, folder=REPOSITORY):
    one = Terminal(command, environ, folder)
    try:
        yield one
    finally:
        for pid in one.processes():
            os.kill(pid, signal.SIGKILL)
        one.hang_up()
        one.leader.wait()


OUTER_MAKE = ("MAKELEVEL", "MAKEFLAGS", "MFLAGS", "ARGS")


@pytest.fixture
def bin_folder(tmp_path):
    """What a virtual environment's bin folder has, for make: the `shopkeeper` that is tested."""
    script = tmp_path / "bin" / "shopkeeper"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m shopkeeper "$@"\n')
    script.chmod(0o755)
    return script.parent


@pytest.fixture
def environ(kafka):
    own = environment(kafka, WORKER_ID=uuid.uuid4().hex[:8], LOG_LEVEL="INFO")
    # Where make runs these tests, theirs would be a sub-make: it says where it enters and leaves,
    # also to a terminal that has gone, and gets the ARGS of the tests. A user's make is none.
    return {k: v for k, v in own.items() if k not in OUTER_MAKE}


def make(bin_folder, target, *more):
    """The Makefile's target, without its installation."""
    return ["make", "-o", ".venv/.installed", f"BIN={bin_folder}", target, *more]


def led_by(leader, command, redirection=""):
    """The command line with which `leader` leads the session; what is typed into it then."""
    line = f"{shlex.join(command)} {redirection}"
    if leader == "make":
        return command, ""
    if leader == "sh":
        return ["sh", "-c", f"{line}; true"], ""  # without `true` it might become the command
    return ["bash", "--norc", "--noprofile", "-i"], line + "\n"


# What is seen only when every process is there: a list for a simulated shopper; a worker's line.
SIGNS = {"demo": b"shopper-", "up": b"assigned"}


def works(target):
    """Whether every process is there, and one worker at least has come as far as its topics."""
    return lambda one: SIGNS[target] in one.output


@pytest.mark.parametrize("target", ["demo", "up"])
@pytest.mark.parametrize("leader", ["make", "sh", "bash"])
def test_a_terminal_that_goes_away_ends_everything(environ, bin_folder, tmp_path, leader, target):
    command, typed = led_by(leader, make(bin_folder, target))
    with terminal(command, environ) as one:
        one.type(typed)
        one.wait_for(works(target))
        one.assert_a_hang_up_ends_everything()


@pytest.mark.parametrize("seconds", [0.7, 1.8, 2.5])
def test_a_terminal_that_goes_away_while_a_demo_starts_ends_it(environ, bin_folder, seconds):
    with terminal(make(bin_folder, "demo"), environ) as one:
        time.sleep(seconds)
        one.assert_a_hang_up_ends_everything()


def test_a_dead_terminal_causes_no_traceback(environ, bin_folder, tmp_path):
    errors = tmp_path / "errors"
    command = f"{shlex.join(make(bin_folder, 'demo'))} 2>{shlex.quote(str(errors))}; true"
    # sh is told to wait for its child, so that nobody but our own watcher tells the demo.
    with terminal(["sh", "-c", f"trap : HUP; {command}"], environ) as one:
        one.wait_for(works("demo"))
        one.assert_a_hang_up_ends_everything()
    assert "Traceback" not in errors.read_text("utf-8")
    assert "rror" not in errors.read_text("utf-8")


def test_output_that_goes_to_a_file_does_not_hide_the_terminal(environ, bin_folder, tmp_path):
    file = tmp_path / "out"
    script = f"trap : HUP; exec {shlex.join(make(bin_folder, 'up'))} </dev/null >{file} 2>&1"
    with terminal(["sh", "-c", script], environ) as one:
        one.wait_for(lambda _: file.exists() and b"assigned" in file.read_bytes())
        one.assert_a_hang_up_ends_everything()


@pytest.mark.parametrize(
    ("ignoring", "target"), [("nohup", "demo"), ("nohup", "up"), ("trap '' HUP;", "demo")]
)
def test_what_ignores_hang_ups_goes_on(environ, bin_folder, tmp_path, target, ignoring):
    line = f"cd {REPOSITORY}; {ignoring} {shlex.join(make(bin_folder, target))}"
    if ignoring == "nohup":
        line += f" >{tmp_path}/out 2>&1"
    with terminal(["sh", "-c", line], environ) as one:
        if ignoring == "nohup":
            out = tmp_path / "out"
            one.wait_for(lambda _: out.exists() and SIGNS[target] in out.read_bytes())
        else:
            one.wait_for(works(target))
        before = one.processes() - {one.leader.pid}
        one.hang_up()
        time.sleep(3.0)
        assert [p for p in before if not alive(p)] == []
        (command,) = [p for p in before if f"shopkeeper {target}" in shown([p])]
        os.kill(command, signal.SIGTERM)
        deadline = time.monotonic() + 30.0
        while any(map(alive, before)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not any(map(alive, before)), "SIGTERM still ends it"


SUPERVISING = """
import asyncio, os, sys
from shopkeeper.shared.runtime.processes.supervisor import Program, Supervisor, run_until_signal
program = Program("c", (sys.executable, "-c", sys.argv[2]), os.environ)
sys.exit(asyncio.run(run_until_signal(Supervisor([program], status_file=sys.argv[1]))))
"""
SLOW = """
import os, signal, sys, time
def stop(*_):
    time.sleep(2)
    open("drained", "w").close()
    os._exit(0)
signal.signal(signal.SIGTERM, stop)
open("started", "w").close()
while True:
    time.sleep(1)
"""
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open("started", "w").close()
time.sleep(600)
"""


def supervising(child):
    return [sys.executable, "-c", SUPERVISING, "status.json", child]


def started(folder):
    return lambda _: (folder / "started").exists()


def test_a_worker_may_drain_although_a_hang_up_is_heard_twice(tmp_path):
    """The kernel, the shell and our own watcher may all say it; a second SIGINT means: at once."""
    with terminal(supervising(SLOW), dict(os.environ), tmp_path) as one:
        one.wait_for(started(tmp_path))
        for _ in range(3):
            one.leader.send_signal(signal.SIGHUP)
            time.sleep(0.2)
        one.assert_a_hang_up_ends_everything()
    assert (tmp_path / "drained").exists()


def test_a_worker_that_does_not_stop_is_killed_in_time(tmp_path):
    command = ["sh", "-c", f"trap : HUP; {shlex.join(supervising(DEAF))}; true"]
    with terminal(command, dict(os.environ), tmp_path) as one:
        one.wait_for(started(tmp_path))
        one.assert_a_hang_up_ends_everything()


def test_what_was_sent_to_the_background_outlives_its_terminal(tmp_path):
    with terminal(["bash", "--norc", "--noprofile", "-i"], dict(os.environ), tmp_path) as one:
        one.type(shlex.join(supervising(SLOW)) + "\n")
        one.wait_for(started(tmp_path))
        one.type("\x1a")
        one.wait_for(lambda t: b"Stopped" in t.output)
        one.type("bg; disown -a\n")
        time.sleep(2.0)  # longer than between two looks
        before = one.processes() - {one.leader.pid}
        one.hang_up()
        time.sleep(3.0)
        assert before
        assert [p for p in before if not alive(p)] == []


def test_a_reader_who_has_seen_enough_ends_the_demo(environ, bin_folder, tmp_path):
    """`make demo | head -1`, say."""
    errors = tmp_path / "errors"
    with errors.open("wb") as sink:
        demo = subprocess.Popen(
            make(bin_folder, "demo"), stdout=subprocess.PIPE, stderr=sink, cwd=REPOSITORY,
            env=environ, start_new_session=True,
        )  # fmt: skip
    try:
        assert demo.stdout.readline()
        demo.stdout.close()
        assert demo.wait(START_S_MAX) == 0
        assert "Traceback" not in errors.read_text("utf-8")
    finally:
        for pid in [*descendants(demo.pid), demo.pid] if demo.returncode is None else []:
            os.kill(pid, signal.SIGKILL)
