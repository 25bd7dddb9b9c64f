"""Shrinking, on what fails for a reason that is known."""

from __future__ import annotations

from dataclasses import replace

from shopkeeper.shared.testing.simulation.schedule import draw
from shopkeeper.shared.testing.simulation.shrink import RUNS_MAX, Shrinker


def test_only_what_it_takes_is_left():
    schedule = next(s for s in map(draw, range(100)) if len(s.inputs) > 20 and len(s.faults) > 4)
    wanted = {schedule.inputs[3], schedule.inputs[17]}
    fault = schedule.faults[2]
    shrinker = Shrinker(lambda s: wanted <= set(s.inputs) and fault in s.faults)
    shrunk = shrinker.shrink(schedule)
    assert set(shrunk.inputs) == wanted
    assert shrunk.faults == (fault,)
    assert len(shrunk.starts) == 1
    assert shrinker.runs < RUNS_MAX


def test_it_ends_and_what_it_returns_fails():
    schedule = draw(5)
    runs = iter(range(10**6))
    shrinker = Shrinker(lambda s: next(runs) % 3 == 0)  # as fickle as a race
    shrunk = shrinker.shrink(schedule)
    assert shrinker.runs <= RUNS_MAX
    assert replace(shrunk, inputs=(), faults=(), starts=()) == replace(
        schedule, inputs=(), faults=(), starts=()
    )
