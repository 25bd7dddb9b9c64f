"""Two workers of one id: one stays, the other says why it does not; and ports that are taken."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time

import orjson
import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.records import until_consumed
from shopkeeper.shared.testing.workers import WorkerProcess, environment
from tests.broker.test_up import eventually, up

QUICK = {"DRAIN_DEADLINE": 0.5, "SESSION_TIMEOUT": 6, "WORKER_ID": "i-1"}
REFUSED = 3
LONG, BEFORE_EVICTION_S = {"SESSION_TIMEOUT": 300}, 240.0  # no broker evicts while a test waits


@pytest.fixture
def start(kafka):
    """Starts intent workers; whatever still runs at the end is ended."""
    started = []

    def starter(**settings):
        command = [sys.executable, "-m", "shopkeeper", "worker", "intent"]
        worker = WorkerProcess(command, environment(kafka, **{**QUICK, **settings}))
        started.append(worker)
        return worker

    yield starter
    for worker in started:  # pytest shows it where the test failed
        print(f"---- wrote:\n{worker.output()}", file=sys.stderr)
        worker.kill()
        worker.discard()


def search(kafka, first, count):
    async def send():
        async with Publisher(kafka, "test") as publisher:
            for n in range(first, first + count):
                value = orjson.dumps({"user_id": f"u{n}", "query": f"red shoes {n}"})
                await publisher.send(topics.SEARCHES, b"u%d" % n, value)

    asyncio.run(send())


def states(workers):
    try:
        return [worker["state"] for worker in workers()]
    except FileNotFoundError:  # nothing is started yet
        return []


def assert_refused(worker, *said):
    assert worker.popen.wait(60) == REFUSED, worker.output()
    lines = [line for line in worker.output().splitlines() if " ERROR " in line]
    assert len(lines) == 1, worker.output()
    for words in said:
        assert words in lines[0]
    assert "Traceback" not in worker.output()


def test_a_second_one_on_this_machine_is_refused_and_the_first_does_not_notice(kafka, start):
    first = start()
    first.wait_ready()
    second = start()
    assert_refused(second, "WORKER_ID 'i-1'", f"by process {first.popen.pid}")
    search(kafka, 0, 40)
    asyncio.run(until_consumed(kafka, "intent", [topics.SEARCHES], check=first.alive))
    assert first.total("rebalances_total") == 1
    assert first.terminate() == 0


def test_one_that_was_killed_is_followed_at_once(kafka, start):
    first = start()
    first.wait_ready()
    first.kill()
    second = start()
    second.wait_ready()
    assert "in use" not in second.output()


def test_one_that_is_being_stopped_is_waited_for(kafka, start):
    first = start()
    first.wait_ready()
    second = start()
    eventually(lambda: "in use on this machine" in second.output())
    assert first.terminate() == 0
    second.wait_ready()
    search(kafka, 0, 40)
    asyncio.run(until_consumed(kafka, "intent", [topics.SEARCHES], check=second.alive))


def test_one_that_waits_for_its_id_can_be_stopped(kafka, start):
    first = start()
    first.wait_ready()
    second = start(DRAIN_DEADLINE=60)
    eventually(lambda: "in use on this machine" in second.output())
    assert second.terminate() == 0
    assert first.get("/readyz")[0] == 200


def test_a_double_on_another_machine_takes_over_and_the_expelled_one_stays_away(
    kafka, start, tmp_path
):
    """Another folder for temporary files stands for another machine."""
    first = start()
    first.wait_ready()
    second = start(TMPDIR=tmp_path)
    assert_refused(first, "WORKER_ID 'i-1'", "another worker at 127.0.0.1", "has joined the group")
    second.wait_ready()
    search(kafka, 0, 40)
    asyncio.run(until_consumed(kafka, "intent", [topics.SEARCHES], check=second.alive))
    time.sleep(3.0)  # a heartbeat later nobody has expelled anybody
    assert second.total("rebalances_total") == 1
    assert second.terminate() == 0


def test_a_second_up_of_the_same_ids_ends_with_one_clear_line_per_worker(kafka, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    settings = {"DRAIN_DEADLINE": 0.5}
    with up(kafka, one, "intent", "sentiment", **settings) as (first, workers, _):
        eventually(lambda: states(workers) == ["running", "running"])
        time.sleep(3.0)  # until they hold their ids
        with up(kafka, two, "intent", "sentiment", **settings) as (second, _, log):
            assert second.wait(60) == REFUSED
            for service in ("intent", "sentiment"):
                assert log.read_text().count(f"test-{service}-1' is in use on this machine") == 2
                assert f"test-{service}-1 needs an operator" in log.read_text()
            assert "starting it again" not in log.read_text()
        assert [w["restarts"] for w in workers()] == [0, 0]
        assert first.poll() is None


# -- ports


@contextlib.contextmanager
def taken_port():
    # Below those that the kernel gives away: a neighbour of one of these may be anybody's.
    server = None
    while server is None:
        server = listener(random.randrange(20_000, 30_000))
    with server:
        yield server.getsockname()[1]


def listener(port):
    """A program that listens on the port; None while another still does."""
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError:
        return None


def run_worker(**settings):
    environ = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9"}
    return subprocess.run(
        [sys.executable, "-m", "shopkeeper", "worker", "intent"],
        env={**environ, **settings}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip


def test_a_port_that_is_taken_is_one_line_and_no_restart():
    with taken_port() as port:
        done = run_worker(HTTP_PORT=str(port))
    assert done.returncode == REFUSED
    (line,) = done.stderr.splitlines()
    assert f"HTTP_PORT={port}" in line
    assert f"127.0.0.1:{port}" in line


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_a_host_that_cannot_be_bound_is_one_line_and_no_restart(host):
    done = run_worker(HTTP_HOST=host, HTTP_PORT="0")
    assert done.returncode == REFUSED
    (line,) = done.stderr.splitlines()
    assert f"HTTP_HOST={host!r}" in line


def test_up_leaves_the_worker_whose_port_is_taken_and_runs_the_others(kafka, tmp_path):
    with (
        taken_port() as port,
        up(kafka, tmp_path, "intent", "sentiment", HTTP_PORT=port) as (running, workers, log),
    ):
        eventually(lambda: states(workers) == ["refused", "running"])
        assert f"HTTP_PORT={port}" in log.read_text()
        running.send_signal(signal.SIGTERM)
        assert running.wait(60) == REFUSED
        assert workers()[0]["restarts"] == 0


def test_up_chooses_another_port_where_its_own_choice_was_taken_meanwhile(kafka, tmp_path):
    """Ports that `up` chose itself are nobody's setting: a restart must not fail on one."""
    with up(kafka, tmp_path, "intent", HTTP_PORT=0) as (_, workers, log):
        eventually(lambda: states(workers) == ["running"])
        before = workers()[0]
        time.sleep(1.0)
        os.kill(before["pid"], signal.SIGKILL)
        with eventually(lambda: listener(before["http_port"])):
            eventually(lambda: workers()[0]["restarts"] == 1 and workers()[0]["pid"])
            time.sleep(1.0)
            assert workers()[0]["http_port"] != before["http_port"]
            assert "HTTP_PORT" not in log.read_text()


def test_who_is_killed_without_an_id_is_not_waited_for_when_it_is_started_again(kafka, start):
    """A dynamic member that is dead stays in its group, on the embedded broker for ever."""
    first, other = start(WORKER_ID="", **LONG), start(WORKER_ID="", **LONG)
    first.wait_ready()
    other.wait_ready()
    for killed in range(2):
        first.kill()
        first.start_again()
        first.wait_ready(BEFORE_EVICTION_S)
        assert first.output().count("was killed on this machine: taken out of") == killed + 1
        search(kafka, 40 * killed, 40)
        asyncio.run(until_consumed(kafka, "intent", [topics.SEARCHES], check=first.alive))
    assert other.popen.poll() is None
    first.kill()
    other.kill()
    other.start_again()
    other.wait_ready(BEFORE_EVICTION_S)
    assert other.terminate() == 0


def test_who_lives_is_not_taken_out(kafka, start):
    first, second = start(WORKER_ID=""), start(WORKER_ID="")
    first.wait_ready()
    second.wait_ready()
    search(kafka, 0, 40)
    asyncio.run(until_consumed(kafka, "intent", [topics.SEARCHES], check=first.alive))
    for worker in (first, second):
        assert worker.terminate() == 0
        assert "taken out of" not in worker.output()
