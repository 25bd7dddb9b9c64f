"""Deadlines are kept, also by what does not heed a cancellation; and the last resort is one."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
import time

from shopkeeper.shared.runtime.shutdown import Deadline, end_all
from shopkeeper.shared.runtime.tasks import end_tasks


def test_a_deadline_counts_down_to_zero():
    now = [100.0]
    deadline = Deadline(3.0, clock=lambda: now[0])
    assert (deadline.left(), deadline.left(2.0), deadline.passed()) == (3.0, 2.0, False)
    now[0] = 104.0
    assert (deadline.left(), deadline.passed()) == (0.0, True)


async def deaf():
    """For two seconds."""
    until = time.monotonic() + 2.0
    while time.monotonic() < until:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0.1)


async def failing():
    raise ConnectionError("gone")


def run(body):
    """The body's result; only then are those waited for that went on."""

    async def and_the_rest():
        result = await body
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*rest, return_exceptions=True)
        return result

    return asyncio.run(and_the_rest())


def test_steps_end_beside_one_another_and_the_late_ones_are_named(caplog):
    async def body():
        started = time.monotonic()
        steps = {"quick": asyncio.sleep(0), "deaf": deaf(), "failing": failing()}
        late = await end_all(steps, Deadline(0.3))
        return late, time.monotonic() - started

    late, took_s = run(body())
    assert late == ["deaf"]
    assert took_s < 1.5
    assert "failing did not end cleanly: ConnectionError('gone')" in caplog.text


def test_nothing_to_end_ends_at_once():
    assert run(end_all({}, Deadline(10.0))) == []


def test_tasks_that_do_not_end_are_left_alone_after_a_while():
    async def body():
        task = asyncio.ensure_future(deaf())
        await asyncio.sleep(0)
        started = time.monotonic()
        await end_tasks([task], 0.3)
        return time.monotonic() - started

    assert run(body()) < 1.5


STUCK = """
import asyncio, sys, time
from shopkeeper.shared.runtime import shutdown
from shopkeeper.shared.runtime.telemetry import logs
logs.configure("w", "INFO", "text")
async def main():
    signals = shutdown.StopSignals(float(sys.argv[1]))
    signals.install()
    signals.doing = "waiting for Godot"
    print("up", flush=True)
    if sys.argv[2] == "held":
        while True:
            time.sleep(0.1)  # holds the loop up
    await signals.requested.wait()
    print("orderly", flush=True)
asyncio.run(main())
"""


def stopped(budget_s, how, *numbers):
    process = subprocess.Popen(
        [sys.executable, "-c", STUCK, str(budget_s), how],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    for number in numbers:
        process.send_signal(number)
        time.sleep(0.2)
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def test_a_loop_that_is_held_up_ends_at_the_last_resort_and_says_what_was_given_up():
    status, _, said = stopped(1.0, "held", signal.SIGTERM, signal.SIGTERM)
    assert status == 0
    (line,) = said.splitlines()
    assert "gave up waiting for Godot after 1.0 s" in line


def test_an_orderly_end_never_meets_the_last_resort():
    assert stopped(30.0, "free", signal.SIGINT) == (0, "orderly\n", "")
