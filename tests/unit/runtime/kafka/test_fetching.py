"""The pause between two fetches follows what comes."""

from __future__ import annotations

import pytest

from shopkeeper.shared.runtime.kafka.fetching import (
    INTERVAL_S_MAX,
    INTERVAL_S_MIN,
    Pace,
)


def fed(between_s: float, times: int = 60) -> tuple[Pace, float]:
    pace, now = Pace(), 100.0
    for _ in range(times):
        pace.found(now)
        now += between_s
    return pace, now - between_s


def test_where_nothing_ever_came_it_is_the_longest() -> None:
    assert Pace().interval_s(5.0) == INTERVAL_S_MAX


@pytest.mark.parametrize(
    ("between_s", "interval_s"),
    [(0.0005, INTERVAL_S_MIN), (0.02, 0.004), (0.01, 0.002), (3.0, INTERVAL_S_MAX)],
)
def test_it_is_a_share_of_the_time_between_two_finds(between_s: float, interval_s: float) -> None:
    pace, now = fed(between_s)
    assert pace.interval_s(now) == pytest.approx(interval_s, rel=0.01)


def test_silence_makes_it_longer_by_and_by() -> None:
    pace, now = fed(0.01)
    waits = [pace.interval_s(now + silence) for silence in (0.0, 0.004, 0.02, 0.04, 1.0)]
    assert waits == sorted(waits)
    assert waits[0] == pytest.approx(0.002, rel=0.01)
    assert waits[2] == pytest.approx(0.004, rel=0.01)
    assert waits[-1] == INTERVAL_S_MAX


def test_one_late_find_among_many_changes_little() -> None:
    pace, now = fed(0.01)
    pace.found(now + 0.05)
    assert pace.interval_s(now + 0.05) < 0.0045
