"""Every command's help has an example, each example names what exists, and a command that misses
an argument shows it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from shopkeeper.apps.cli.main import PROGRAM, command, examples

EXAMPLES = Path(__file__).parents[4] / "docs" / "examples"


def commands(group=command, path=()):
    """(path of names, command) of every command below."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        yield (*path, name), found
        if isinstance(found, click.Group):
            yield from commands(found, (*path, name))


ALL = {path: found for path, found in commands() if path != ("replay",) or examples(found)}


def calls(line):
    """The words of each call of ours in a line of an example."""
    for called in re.findall(rf'(?:^|\W){PROGRAM} ((?:"[^"]*"|[^|>#])+)', line):
        yield shlex.split(called.split(')"')[0])


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_has_an_example_that_names_a_command(path):
    shown = examples(ALL[path])
    assert shown, f"shopkeeper {' '.join(path)} --help shows no example"
    called = [words for line in shown.splitlines() for words in calls(line)]
    assert called
    assert all(tuple(words[: len(path)]) == path for words in called)


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_options_of_examples_exist(path):
    for line in examples(ALL[path]).splitlines():
        for words in calls(line):
            target = command
            while words and isinstance(target, click.Group):
                target = target.get_command(click.Context(target), words.pop(0))
            assert target is not None, line
            known = {option for param in target.params for option in param.opts}
            for word in words:
                if word.startswith("--"):
                    assert word in known, line


@pytest.mark.parametrize(
    "path",
    [
        p for p, c in ALL.items()
        if not isinstance(c, click.Group)
        and any(isinstance(a, click.Argument) and a.required for a in c.params)
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_missing_argument_shows_the_example(path):
    done = CliRunner().invoke(command, path, prog_name=PROGRAM)
    assert done.exit_code == 2
    assert "Missing argument" in done.output
    assert examples(ALL[path]).splitlines()[-1] in done.output


SCRIPTS = [path for path in sorted(EXAMPLES.glob("*.py")) if "__main__" in path.read_text("utf-8")]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_without_arguments_says_what_it_wants(path):
    done = subprocess.run(
        [sys.executable, str(path)],
        capture_output=True, text=True, timeout=60, check=False, env=os.environ,
    )  # fmt: skip
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    wanted = ("for example: python {} localhost:9092", "usage: {} ")
    assert any(each.format(path.name) in done.stderr for each in wanted)


def test_a_command_that_there_is_not_is_answered_with_the_nearest():
    assert "Did you mean 'status'?" in CliRunner().invoke(command, ["stauts"]).stderr
    assert "Did you mean" not in CliRunner().invoke(command, ["frobnicate"]).stderr


@pytest.mark.parametrize("encoding", ["latin-1", "gbk", "ascii"])
def test_what_a_terminals_encoding_lacks_is_printed_escaped(encoding) -> None:
    code = (
        "from shopkeeper.apps.cli.main import say_in_any_encoding as do; do(); print('马克杯 😀 é')"
    )
    environ = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env=environ, check=True
    )
    assert done.stdout.decode(encoding).encode(encoding) == done.stdout
    assert b"\\U0001f600" in done.stdout
