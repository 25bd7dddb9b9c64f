"""Makes a failing schedule smaller: whatever can be left out while it still fails is left out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .schedule import Schedule

T = TypeVar("T")
RUNS_MAX = 400


class Shrinker:
    """fails: whether a schedule still does."""

    def __init__(self, fails: Callable[[Schedule], bool]) -> None:
        self._fails = fails
        self.runs = 0

    def shrink(self, schedule: Schedule) -> Schedule:
        """The smallest that was found within RUNS_MAX runs. Fails as well."""
        before = None
        while schedule != before and self.runs < RUNS_MAX:
            before = schedule
            schedule = self._fewer(schedule, "faults")
            schedule = self._fewer(schedule, "inputs")
            schedule = self._fewer_workers(schedule)
        return schedule

    def _try(self, schedule: Schedule) -> bool:
        if self.runs >= RUNS_MAX:
            return False
        self.runs += 1
        return self._fails(schedule)

    def _fewer(self, schedule: Schedule, field: str) -> Schedule:
        """Leave out halves, then quarters, and so on (Zeller's ddmin, complements only)."""
        parts: Sequence[object] = getattr(schedule, field)
        size = len(parts)
        while size >= 1:
            for rest in _without(parts, size):
                smaller = replace(schedule, **{field: rest})  # type: ignore[arg-type]
                if self._try(smaller):
                    schedule, parts = smaller, rest
                    break
            else:
                size //= 2
            size = min(size, len(parts))
        return schedule

    def _fewer_workers(self, schedule: Schedule) -> Schedule:
        while len(schedule.starts) > 1:
            smaller = replace(schedule, starts=schedule.starts[:-1])
            if not self._try(smaller):
                break
            schedule = smaller
        return schedule


def _without(parts: Sequence[T], size: int) -> Iterator[tuple[T, ...]]:
    """The parts without each run of `size` of them."""
    for start in range(0, len(parts), size):
        yield (*parts[:start], *parts[start + size :])
