"""Commands in real shell pipelines: a reader that has seen enough ends them, at once, quietly."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import subprocess
import sys
import time

import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.dead_letter import dead_letter
from shopkeeper.shared.contracts.envelope import Rejected
from shopkeeper.shared.runtime.kafka.publisher import Publisher

from .test_dlq import Bad

SHOPKEEPER = shlex.join([sys.executable, "-m", "shopkeeper"])
BY_SIGPIPE = 128 + signal.SIGPIPE  # as shells say it


def bash(kafka, pipeline, seconds=60):
    """(exit statuses of the pipeline, what was printed, standard error, seconds)."""
    began = time.monotonic()
    done = subprocess.run(
        ["bash", "-c", f'{pipeline}; echo "${{PIPESTATUS[*]}}" >&2'],
        capture_output=True, text=True, timeout=seconds, check=False,
        env={**os.environ, "KAFKA_BOOTSTRAP_SERVERS": ",".join(kafka.bootstrap_servers),
             "TOPIC_PREFIX": kafka.topic_prefix},
    )  # fmt: skip
    *said, statuses = done.stderr.splitlines()
    return [int(s) for s in statuses.split()], done.stdout, said, time.monotonic() - began


@pytest.fixture
def clicks(kafka):
    """Exactly two clicks, and nothing after them; and two dead letters."""

    async def publish():
        async with Publisher(kafka, "test") as publisher:
            for n in range(2):
                value = b'{"user_id":"u","product_id":"p%d"}' % n
                await publisher.send(topics.CLICKS, b"u", value)
                rejected = Rejected(n, "validate", "wrong_type", "is wrong")
                bad = Bad(0, n, b"u", b"x" * 400)
                out = dead_letter(bad, rejected, topics.CLICKS, "recommender")
                await publisher.send(out.topic, out.key, out.value, out.headers, out.partition)

    asyncio.run(publish())
    return kafka


@pytest.mark.parametrize("options", ["", " --json"])
def test_tail_ends_with_head_though_no_further_record_comes(clicks, options):
    statuses, printed, said, _ = bash(
        clicks, f"{SHOPKEEPER} tail {topics.CLICKS} --from-start{options} | head -2"
    )
    assert statuses == [BY_SIGPIPE, 0]
    assert len(printed.splitlines()) == 2
    assert said == []


def test_tail_that_waits_ends_when_its_reader_does(clicks):
    """Nothing is printed at all: only asking tells that nobody reads."""
    statuses, printed, said, seconds = bash(
        clicks, f"{SHOPKEEPER} tail {topics.REVIEWS} | sleep 1", 30
    )
    assert (statuses, printed, said) == ([BY_SIGPIPE, 0], "", [])
    assert seconds < 20


@pytest.mark.parametrize(
    "arguments",
    [
        f"dlq show {topics.CLICKS}",
        f"dlq show {topics.CLICKS} --json",
        "dlq list",
        "status",
        "topics list",
        "completion bash",
    ],
)
def test_every_command_is_quiet_where_nobody_reads(clicks, arguments):
    # `sleep` reads nothing and outlives no command: what is printed meets a closed pipe.
    statuses, printed, said, _ = bash(clicks, f"(sleep 0.5; exec {SHOPKEEPER} {arguments}) | true")
    assert statuses == [BY_SIGPIPE, 0]
    assert printed == ""
    assert [line for line in said if not line.endswith("dead letters")] == []


def test_a_pipe_that_is_read_to_its_end_is_no_failure(clicks):
    statuses, printed, _, _ = bash(
        clicks, f"{SHOPKEEPER} tail {topics.CLICKS} --from-start --limit 2 | cat"
    )
    assert statuses == [0, 0]
    assert len(printed.splitlines()) == 2


def test_tail_without_a_topic_lists_them(clicks):
    statuses, printed, said, _ = bash(clicks, f"{SHOPKEEPER} tail")
    assert statuses == [2]
    assert printed == ""
    assert any(line.split()[:1] == [topics.RECOMMENDATIONS] for line in said)
    _, _, said, _ = bash(clicks, f"{SHOPKEEPER} tail shop.click.v1")
    assert f"did you mean {topics.CLICKS}" in " ".join(said)
