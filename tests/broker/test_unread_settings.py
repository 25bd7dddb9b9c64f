"""A variable that no process reads is told once, by the command that a person started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

WARNING = "no process reads TOPIC_PARTITION (did you mean TOPIC_PARTITIONS?)"


@pytest.mark.parametrize(
    ("arguments", "ready"),
    [
        (["topics", "list"], ""),
        (["worker", "intent"], "assigned"),
        (["up", "intent"], "assigned"),
        (["demo", "--duration", "1", "--port", "19871"], ""),
    ],
)
def test_a_typo_in_a_setting_s_name_is_told_once(kafka, arguments, ready):
    """`up` and `demo` start workers in the same environment: those say nothing more."""
    command = subprocess.Popen(
        [sys.executable, "-m", "shopkeeper", *arguments],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "KAFKA_BOOTSTRAP_SERVERS": ",".join(kafka.bootstrap_servers),
             "TOPIC_PREFIX": kafka.topic_prefix, "TOPIC_PARTITION": "8"},
    )  # fmt: skip
    giving_up = threading.Timer(240, command.kill)
    giving_up.start()
    said = []
    try:
        for line in command.stderr:
            said.append(line)
            if ready and ready in line:
                command.send_signal(signal.SIGTERM)
        command.wait()
    finally:
        giving_up.cancel()
        command.kill()
        command.wait()
    told = [line for line in said if "TOPIC_PARTITION" in line]
    assert len(told) == 1, "".join(said)
    assert WARNING in told[0]
    assert command.returncode == 0, "".join(said)
