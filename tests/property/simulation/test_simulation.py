"""Thousands of schedules of a simulated shop hold; what is broken on purpose is caught."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from shopkeeper.shared.testing.simulation.broken import BROKEN
from shopkeeper.shared.testing.simulation.campaign import conduct, run, shrink
from shopkeeper.shared.testing.simulation.schedule import FAULTS, draw

SCHEDULES = 2_000  # CI runs ten thousand, besides (.ci/run)
GUARD_SCHEDULES = 2_000  # within which a broken guard must be caught
BESIDES = (  # what happens by itself, and must
    "session run out",
    "late write of a dead worker",
    "request lost with its worker",
    "records deleted",
    "rebalances",
    "worker failed",
    "static member came back",
    "records consumed",
    "records processed",
    "records failed",
    "records skipped",
    "records duplicates",
)


def command(*arguments: str, hash_seed: str = "0") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shopkeeper.shared.testing.simulation", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )


@pytest.mark.timeout(1800)
def test_schedules_hold_and_every_kind_of_fault_happens():
    done = command("--schedules", str(SCHEDULES), "--jobs", "2")
    assert done.returncode == 0, done.stderr + done.stdout
    found = json.loads(done.stdout)
    assert found["schedules"] == SCHEDULES
    rare = {kind: found["faults"].get(kind, 0) for kind in (*FAULTS, *BESIDES)}
    assert min(rare.values()) >= SCHEDULES // 100, rare


@pytest.mark.timeout(900)
@pytest.mark.parametrize("guard", BROKEN)
def test_a_broken_guard_is_caught_and_its_seed_replays(guard):
    seed = conduct(0, GUARD_SCHEDULES, guard=guard).failed
    assert seed is not None, "not caught"
    first, second = run(draw(seed), guard), run(draw(seed), guard)
    assert first.problems
    assert first.trace == second.trace
    assert run(draw(seed)).problems == [], "the schedule itself fails"


def test_a_schedule_runs_alike_in_every_process():
    """Hashes of strings differ from process to process, as do addresses."""
    traces = [command("--seed", "7", "--trace", hash_seed=seed).stdout for seed in ("1", "2")]
    assert traces[0] == traces[1]
    assert len(traces[0].splitlines()) > 40


@pytest.mark.timeout(900)
def test_a_failing_schedule_shrinks_to_what_it_takes():
    guard = "explicit completion"
    seed = conduct(0, GUARD_SCHEDULES, guard=guard).failed
    failure = shrink(seed, guard)
    whole, shrunk = draw(seed), failure.shrunk
    assert failure.shrunk_problems
    assert run(shrunk, guard).problems == failure.shrunk_problems
    assert len(shrunk.inputs) < len(whole.inputs)
    assert len(shrunk.faults) <= len(whole.faults)
    assert all(str(each) in str(shrunk) for each in (*shrunk.inputs, *shrunk.faults))


@pytest.mark.timeout(900)
def test_the_command_names_the_seed_and_the_shrunk_schedule_which_replays(tmp_path):
    done = command("--schedules", "50", "--broken", "manifest first")
    assert done.returncode == 1
    failure = json.loads(done.stdout)["failure"]
    assert failure["problems"]
    assert f"seed {failure['seed']}" in done.stderr
    path = tmp_path / "schedule.json"
    path.write_text(json.dumps(failure["shrunk"]), "utf-8")
    replayed = command("--schedule", str(path), "--broken", "manifest first")
    assert replayed.returncode == 1
    assert failure["shrunk_problems"][0] in replayed.stderr
    assert command("--schedule", str(path)).returncode == 0
