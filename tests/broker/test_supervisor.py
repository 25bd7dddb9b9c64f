"""Processes: they are restarted when they crash, and none outlives the one that started it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.shared.runtime.processes import process, supervisor
from shopkeeper.shared.runtime.processes.embedded import HOST, free_port
from shopkeeper.shared.runtime.processes.supervisor import Policy, Program, Supervisor
from shopkeeper.shared.runtime.refusal import EXIT_OPERATOR
from shopkeeper.shared.runtime.settings import SettingsError

QUICK = Policy(backoff_s_first=0.05, backoff_s_max=0.2, healthy_s=30.0, stop_grace_s=5.0)
OBEDIENT = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('up', flush=True); time.sleep(600)"
)


def program(source, name="dummy-1", **environ):
    return Program(name, (sys.executable, "-c", source), {**os.environ, **environ}, "dummy")


def alive(pid):
    """Whether a process runs; a zombie does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return bool(status.stdout.strip()) and not status.stdout.strip().startswith("Z")


def eventually(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return value


async def soon(condition, seconds=20.0):
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # what is under test raises no event
            await asyncio.sleep(0.01)


def supervised(programs, scenario, output=None, **options):
    """Run `scenario(supervisor)` beside a supervisor: (exit status, its own lines, output).

    output: filled while it runs, for a scenario that waits for what a program writes.
    """
    lines: list[str] = []
    output = [] if output is None else output

    async def body():
        one = Supervisor(
            programs, policy=options.pop("policy", QUICK), say=lines.append,
            forward=output.append, **options,
        )  # fmt: skip
        running = asyncio.create_task(one.run())
        await scenario(one)
        return await asyncio.wait_for(running, 30.0)

    return asyncio.run(body()), lines, b"".join(output)


def test_whose_chosen_port_is_taken_while_it_starts_is_started_on_another():
    """Between the choice and the worker's server lie seconds of imports."""
    source = (
        "import os, socket, sys, time; time.sleep(1); here = socket.socket()\n"
        "try: here.bind(('127.0.0.1', int(os.environ['HTTP_PORT'])))\n"
        f"except OSError: sys.exit({EXIT_OPERATOR})\n"
        "print('up', flush=True); time.sleep(600)"
    )
    output: list[bytes] = []
    with socket.socket() as other:
        port = free_port()
        chosen = replace(program(source, HTTP_PORT=str(port)), http_port=port, port_chosen=True)

        async def scenario(one):
            await soon(lambda: one.status()[0].state == "running")
            other.bind((HOST, port))
            other.listen()
            await soon(lambda: b"up" in b"".join(output))
            assert one.status()[0].http_port != port
            assert one.status()[0].restarts == 1
            one.stop()

        status, _, _ = supervised([chosen], scenario, output=output)
    assert status == 0


def test_what_crashes_is_started_again_with_growing_pauses():
    async def scenario(one):
        await soon(lambda: one.status()[0].restarts >= 4)
        one.stop()

    status, lines, _ = supervised([program("raise SystemExit(1)")], scenario)
    assert status == 0
    pauses = [float(line.rsplit(" in ", 1)[1].removesuffix(" s")) for line in lines]
    assert pauses[:4] == [0.05, 0.1, 0.2, 0.2]
    assert "ended with status 1" in lines[0]


def test_a_killed_worker_comes_back_and_its_neighbour_does_not_notice():
    async def scenario(one):
        first, second = one.status()
        await soon(lambda: first.pid and second.pid)
        neighbour, killed = second.pid, first.pid
        os.kill(killed, signal.SIGKILL)
        await soon(lambda: first.restarts == 1 and first.pid)
        assert first.pid != killed
        assert (second.pid, second.restarts) == (neighbour, 0)
        one.stop()

    status, lines, _ = supervised(
        [program(OBEDIENT, "dummy-1"), program(OBEDIENT, "dummy-2")], scenario
    )
    assert status == 0
    assert lines == ["dummy-1 was killed by SIGKILL; starting it again in 0.05 s"]


def test_a_worker_that_needs_an_operator_is_not_started_again_and_its_neighbour_goes_on():
    async def scenario(one):
        refused, neighbour = one.status()
        await soon(lambda: refused.state == "refused" and neighbour.state == "running")
        pid = neighbour.pid
        await asyncio.sleep(0.5)
        assert (refused.restarts, neighbour.restarts, neighbour.pid) == (0, 0, pid)
        one.stop()

    status, lines, _ = supervised(
        [program("raise SystemExit(3)", "dummy-1"), program(OBEDIENT, "dummy-2")], scenario
    )
    assert status == 3
    assert lines == ["dummy-1 needs an operator (see above): not started again"]


def test_where_every_worker_needs_an_operator_the_supervisor_ends_by_itself():
    async def scenario(one):
        pass

    status, _, _ = supervised([program("raise SystemExit(3)")], scenario)
    assert status == 3


def test_the_pauses_start_anew_after_a_healthy_time():
    policy = Policy(backoff_s_first=0.02, backoff_s_max=10.0, healthy_s=0.0)

    async def scenario(one):
        await soon(lambda: one.status()[0].restarts >= 3)
        one.stop()

    _, lines, _ = supervised([program("raise SystemExit(1)")], scenario, policy=policy)
    assert all(line.endswith("again in 0.02 s") for line in lines)


def test_bad_settings_end_everything_with_status_2_and_the_workers_own_message():
    bad = program("import sys; print('X=1 is wrong', file=sys.stderr); sys.exit(2)", "bad-1")

    async def scenario(one):
        pass

    status, lines, output = supervised([program(OBEDIENT), bad], scenario)
    assert status == 2
    assert b"X=1 is wrong" in output
    assert len(lines) == 1
    assert lines[0].startswith("bad-1 refuses its settings")


def test_one_that_ignores_sigterm_is_killed_at_the_deadline():
    policy = Policy(stop_grace_s=0.3)
    pids = []

    async def scenario(one):
        # Its line tells that it ignores the signal by now.
        await soon(lambda: one.status()[0].pid)
        pids.append(one.status()[0].pid)
        await asyncio.sleep(0.5)
        one.stop()

    status, lines, _ = supervised([program(STUBBORN)], scenario, policy=policy)
    assert status == 0
    assert lines == ["dummy-1 did not stop in 0.3 s: killed"]
    assert not alive(pids[0])


def test_a_stop_during_a_pause_does_not_start_anything():
    async def scenario(one):
        await soon(lambda: one.status()[0].last_exit == 1)
        one.stop()

    policy = Policy(backoff_s_first=60.0)
    status, _, output = supervised(
        [program("print('started'); raise SystemExit(1)")], scenario, policy=policy
    )
    assert status == 0
    assert output == b"started\n"


def test_output_is_forwarded_in_whole_lines_also_a_very_long_one():
    source = (
        "import sys\nw = sys.stdout.buffer\n"
        "w.write(b'a' * 300_000 + b'\\n'); w.write(b'no newline at the end'); w.flush()\n"
        "sys.exit(2)"
    )

    async def scenario(one):
        pass

    _, _, output = supervised([program(source)], scenario)
    assert output.replace(b"\n", b"") == b"a" * 300_000 + b"no newline at the end"
    assert output.endswith(b"no newline at the end\n")


def test_the_status_file_says_what_runs(tmp_path):
    path = tmp_path / "status.json"

    async def scenario(one):
        await soon(lambda: one.status()[0].pid)
        content = json.loads(path.read_text())
        assert content["pid"] == os.getpid()
        (worker,) = content["workers"]
        assert worker["name"] == "dummy-1"
        assert worker["state"] == "running"
        assert alive(worker["pid"])
        one.stop()

    supervised([program(OBEDIENT)], scenario, status_file=path)
    (worker,) = json.loads(path.read_text())["workers"]
    assert (worker["state"], worker["pid"], worker["last_exit"]) == ("stopped", None, -15)
    assert [p.name for p in tmp_path.iterdir()] == ["status.json"], "no temporary file is left"


@given(st.integers(1, 2000), st.floats(0.01, 5), st.floats(5, 60))
def test_backoff_grows_to_its_limit_and_never_beyond(failures, first, limit):
    policy = Policy(backoff_s_first=first, backoff_s_max=limit)
    now, later = policy.backoff_s(failures), policy.backoff_s(failures + 1)
    assert first <= now <= later <= limit
    assert later in (limit, 2 * now)


def test_each_worker_has_an_id_and_a_port_of_its_own():
    programs = supervisor.worker_programs(
        {"intent": 1, "recommender": 2}, {"HTTP_PORT": "9100", "X": "y"}, "box"
    )
    assert [p.environ["WORKER_ID"] for p in programs] == [
        "box-intent-1", "box-recommender-1", "box-recommender-2",
    ]  # fmt: skip
    assert [p.environ["HTTP_PORT"] for p in programs] == ["9100", "9101", "9102"]
    assert {p.environ["X"] for p in programs} == {"y"}
    chosen = supervisor.worker_programs({"intent": 3}, {}, "")
    assert len({p.http_port for p in chosen}) == 3
    assert [p.name for p in chosen] == ["intent-1", "intent-2", "intent-3"]
    none = supervisor.worker_programs({"intent": 2}, {"HTTP_PORT": "-1"}, "")
    assert [p.environ["HTTP_PORT"] for p in none] == ["-1", "-1"]
    with pytest.raises(SettingsError, match="HTTP_PORT"):
        supervisor.worker_programs({"intent": 3}, {"HTTP_PORT": "65534"}, "")


# -- nothing outlives its parent

PARENT = """
import asyncio, os, sys
from shopkeeper.shared.runtime.processes.supervisor import Program, Supervisor, run_until_signal
child = "from shopkeeper.shared.runtime.processes.process import follow_parent;" \\
    "follow_parent(0.5);" \\
    "import signal, time; print(flush=True);" + sys.argv[2]
programs = [Program(f"c-{n}", (sys.executable, "-c", child), os.environ) for n in range(2)]
sys.exit(asyncio.run(run_until_signal(Supervisor(programs, status_file=sys.argv[1]))))
"""
IGNORING = "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
BROKER_PARENT = """
import sys, time
from shopkeeper.shared.runtime.processes.embedded import embedded_broker
with embedded_broker() as address:
    print(address, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("body", ["time.sleep(600)", IGNORING])
def test_no_worker_outlives_a_supervisor(tmp_path, number, body):
    if number != signal.SIGKILL and body == IGNORING:
        body = "time.sleep(600)"  # that they are killed in the end is tested above
    status_file = tmp_path / "status.json"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(status_file), body])
    pids = eventually(lambda: running_pids(status_file))
    time.sleep(0.3)  # let them reach their sleep
    assert all(map(alive, pids))
    parent.send_signal(number)
    parent.wait(20)
    eventually(lambda: not any(map(alive, pids)))
    if number != signal.SIGKILL:
        assert parent.returncode == 0


def running_pids(status_file: Path):
    if not status_file.exists():
        return None
    pids = [worker["pid"] for worker in json.loads(status_file.read_text())["workers"]]
    return pids if all(pids) else None


def descendants(pid):
    """Process ids below `pid`, from one call of ps (Linux and macOS)."""
    table = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)
    pairs = [tuple(map(int, line.split())) for line in table.stdout.splitlines()]
    found, level = [], [pid]
    while level:
        level = [child for child, parent in pairs if parent in level]
        found += level
    return found


@pytest.mark.parametrize("victim", ["parent", "guard"])
def test_no_embedded_broker_outlives_the_process_that_started_it(victim):
    parent = subprocess.Popen([sys.executable, "-c", BROKER_PARENT], stdout=subprocess.PIPE)
    try:
        assert parent.stdout.readline().startswith(b"127.0.0.1:")
        below = eventually(lambda: (pids := descendants(parent.pid)) and len(pids) == 2 and pids)
        folder = process_argument(below[0], "/shopkeeper-broker-")
        assert Path(folder).is_dir()
        os.kill(parent.pid if victim == "parent" else below[0], signal.SIGKILL)
        if victim == "guard" and sys.platform != "linux":
            return  # nothing ends the broker there; the next line would be untrue
        eventually(lambda: not any(map(alive, below)))
        if victim == "parent":
            eventually(lambda: not Path(folder).exists())
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
        shutil.rmtree(folder, ignore_errors=True)


def process_argument(pid, part):
    shown = subprocess.run(
        ["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=True
    )
    return next(a for a in shown.stdout.split() if part in a and not a.endswith("/data"))


def test_a_guard_passes_on_the_exit_status_and_removes_its_folder(tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()
    (folder / "file").write_text("x")
    command = process.guarded([sys.executable, "-c", "raise SystemExit(7)"], remove=str(folder))
    assert subprocess.run(command, check=False).returncode == 7
    assert not folder.exists()
