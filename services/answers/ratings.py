"""What readers say of answers, counted by who answered."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from shopkeeper.shared.contracts.events.shop import AnswerRated
    from shopkeeper.shared.runtime.telemetry.metrics import Observer, Registry

UNKNOWN = "unknown"  # the rating does not say which route it is of


class Rating(NamedTuple):
    """Labels of the metric."""

    route: str
    helpful: str  # yes | no


def rating_of(said: AnswerRated) -> Rating:
    """What one event counts as."""
    return Rating(said.route or UNKNOWN, "yes" if said.helpful else "no")


class Ratings:
    """Kept on the state thread until the metrics take them, as `Predictions` are."""

    def __init__(self) -> None:
        self.counts: Counter[Rating] = Counter()

    def metrics(self, registry: Registry) -> Observer:
        """Declare the metric; returns what adds to it what is new, and forgets it."""
        rated = registry.counter("answers_rated", "Answers that readers rated.", "route", "helpful")

        def observe() -> None:
            for rating, count in self.counts.items():
                rated.labels(*rating).inc(count)
            self.counts.clear()

        return observe
