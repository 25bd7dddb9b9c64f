"""`shopkeeper completion`: the scripts, in a real shell where there is one."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.fixture
def environ(tmp_path):
    """An environment in which `shopkeeper` is a command."""
    program = tmp_path / "shopkeeper"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m shopkeeper "$@"\n', "utf-8")
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}


def completed(environ, *words):
    """What bash offers for the last word."""
    line = " ".join(words)
    last = len(words) - 1
    done = subprocess.run(
        ["bash", "-c",
         'eval "$(shopkeeper completion bash)"; '
         f"COMP_WORDS=({line}); COMP_CWORD={last}; "
         '_shopkeeper_completion shopkeeper; printf "%s\\n" "${COMPREPLY[@]}"'],
        capture_output=True, text=True, timeout=120, check=True, env=environ,
    )  # fmt: skip
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("shopkeeper", "ta"), ["tail"]),
        (("shopkeeper", "st"), ["status"]),
        (("shopkeeper", "worker", "rec"), ["recommender"]),
        (("shopkeeper", "up", "sent"), ["sentiment"]),
        (("shopkeeper", "evaluate", "int"), ["intent"]),
        (("shopkeeper", "get", "u"), ["user"]),
        (("shopkeeper", "corrections", "add", "sent"), ["sentiment"]),
        (("shopkeeper", "corrections", "add", "intent", "x", "track"), ["track_order"]),
        (("shopkeeper", "tail", "--js"), ["--json"]),
        (("shopkeeper", "tail", "personalisation.tr"), ["personalisation.trending.v1"]),
        (
            ("shopkeeper", "dlq", "show", "shop.reviews"),
            ["shop.reviews.v1", "shop.reviews.v1.sentiment.dlq"],
        ),
    ],
)
def test_bash_completes_commands_services_topics_and_options(environ, words, offered):
    assert completed(environ, *words) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_each_shell_asks_this_command(environ, shell):
    done = subprocess.run(
        ["shopkeeper", "completion", shell],
        capture_output=True, text=True, timeout=60, check=True, env=environ,
    )  # fmt: skip
    assert f"_SHOPKEEPER_COMPLETE={shell}_complete" in done.stdout
    without = subprocess.run(
        ["shopkeeper", "completion"],
        capture_output=True, text=True, timeout=60, check=True,
        env={**environ, "SHELL": f"/usr/bin/{shell}"},
    )  # fmt: skip
    assert without.stdout == done.stdout


def test_another_shell_is_told_which_there_are(environ):
    done = subprocess.run(
        ["shopkeeper", "completion"],
        capture_output=True, text=True, timeout=60, check=False,
        env={**environ, "SHELL": "/bin/tcsh"},
    )  # fmt: skip
    assert done.returncode == 2
    assert "bash, zsh, fish" in done.stderr
