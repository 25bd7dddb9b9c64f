"""Client ids of processes without a WORKER_ID: whose process has ended, and whose has not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace

import pytest

from shopkeeper.shared.runtime.processes import identity
from shopkeeper.shared.runtime.settings import WorkerSettings

HOLDS = """
import os, sys, time
from shopkeeper.shared.runtime.processes import identity
from shopkeeper.shared.runtime.settings import WorkerSettings
with identity.client_id("intent", WorkerSettings.from_env(os.environ)) as name:
    print(name, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return WorkerSettings.from_env({})


def ended(settings, service="intent"):
    with identity.ended(service, settings) as found:
        return set(found)


def not_told(settings):
    """As where no broker answers."""
    with identity.ended("intent", settings) as found:
        raise OSError(" ".join(found))


def holder():
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    return process, process.stdout.readline().strip()


def test_who_lives_has_not_ended_and_who_is_killed_has(settings, tmp_path):
    process, name = holder()
    with process, identity.client_id("intent", settings) as own:
        assert own != name
        assert ended(settings) == set()
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert ended(settings, "sentiment") == set()
        prefixed = replace(settings, kafka=replace(settings.kafka, topic_prefix="x."))
        assert ended(prefixed) == set()
        with pytest.raises(OSError, match=name):
            not_told(settings)
        assert ended(settings) == {name}
        assert ended(settings) == set(), "forgotten"
    assert not [*tmp_path.iterdir()]


def test_one_that_ends_in_order_leaves_nothing(settings, tmp_path):
    process, name = holder()
    assert name.startswith("shopkeeper-intent-")
    process.communicate("")
    assert not [*tmp_path.iterdir()]


def test_with_an_id_or_without_a_folder_there_is_none(settings, tmp_path, monkeypatch):
    with identity.client_id("intent", replace(settings, worker_id="i-1")) as own:
        assert own == ""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with identity.client_id("intent", settings) as own:
        assert own == ""
    assert ended(settings) == set()


def test_files_of_others_are_left_alone(settings, tmp_path, monkeypatch):
    with identity.client_id("intent", settings):
        [file] = tmp_path.iterdir()
    stem = file.name.rpartition("-")[0]
    for name in (f"{stem}-not-a-token.lock", f"{stem}-0123456789ab.other", "a.lock"):
        (tmp_path / name).touch()
    (tmp_path / f"{stem}-{'0' * 12}.lock").symlink_to(tmp_path / "a.lock")
    assert ended(settings) == set()
    assert len([*tmp_path.iterdir()]) == 4
    (tmp_path / f"{stem}-{'1' * 12}.lock").touch()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert ended(settings) == set()
