"""How often a broker is asked: rarely where asking again brings nothing, at once where it waits."""

from __future__ import annotations

import pytest

from shopkeeper.shared.runtime.kafka.fetching import (
    HELD_S,
    INTERVAL_S_MAX,
    INTERVAL_S_MIN,
    Pace,
)


class Broker:
    """Asks whenever `Pace` allows it, on a clock of its own; `intervals` between the last two."""

    def __init__(self, pace: Pace) -> None:
        self.pace, self.now, self.intervals = pace, 1000.0, []
        self._asked: float | None = None

    def ask(self, *, found: bool, takes_s: float = 0.001) -> None:
        self.now = max(self.now, self.pace.next_at())
        if self._asked is not None:
            self.intervals.append(self.now - self._asked)
        self._asked, asked = self.now, self.now
        self.now += takes_s
        self.pace.answered(asked, self.now, found=found)


def test_a_broker_that_holds_nothing_is_asked_less_and_less_often_up_to_a_limit():
    broker = Broker(Pace())
    for _ in range(6):
        broker.ask(found=False)
    assert broker.intervals == sorted(broker.intervals)
    assert broker.intervals[-1] == pytest.approx(INTERVAL_S_MAX)
    broker.ask(found=True)
    broker.ask(found=True)
    assert broker.intervals[-1] == pytest.approx(INTERVAL_S_MIN)


def test_a_broker_that_holds_fetches_is_asked_again_at_once():
    broker = Broker(Pace())
    broker.ask(found=False, takes_s=0.5)
    assert broker.pace.holds
    for _ in range(20):
        broker.ask(found=True, takes_s=0.01)
    assert broker.intervals[-1] == pytest.approx(0.01), "as soon as it answered"


def test_where_much_comes_records_are_gathered_though_the_broker_holds_fetches():
    broker = Broker(Pace())
    broker.ask(found=False, takes_s=HELD_S)
    for _ in range(200):
        broker.ask(found=True, takes_s=0.0005)
    assert broker.intervals[-50:] == pytest.approx([INTERVAL_S_MIN] * 50)
    for _ in range(100):
        broker.ask(found=True, takes_s=0.02)
    assert broker.intervals[-1] == pytest.approx(0.02), "it has become quiet"


def test_a_broker_that_answers_with_nothing_holds_no_more():
    broker = Broker(Pace())
    broker.ask(found=False, takes_s=0.5)
    broker.ask(found=False)
    broker.ask(found=False)
    assert not broker.pace.holds
    assert broker.intervals[-1] >= INTERVAL_S_MIN


def test_an_interval_that_was_asked_for_is_kept_whatever_comes():
    broker = Broker(Pace(0.05))
    broker.ask(found=False, takes_s=0.5)
    for found in (True, False, True, True):
        broker.ask(found=found)
    assert broker.intervals[1:] == pytest.approx([0.05] * 3)
