"""What keeps requests from an endpoint: a circuit breaker, and a budget of requests per hour."""

from __future__ import annotations

from collections import deque
from typing import Literal

BreakerState = Literal["closed", "open", "half_open"]
STATES: tuple[BreakerState, ...] = ("closed", "open", "half_open")

_HOUR_S = 3600.0
_SLOT_S = 60.0


class Breaker:
    """Lets nothing through for a while after so many failures in a row, then one request, whose
    outcome decides. Times are seconds of one clock that never goes back."""

    def __init__(self, failures_max: int, pause_s: float) -> None:
        """failures_max: in a row, at least 1. pause_s: how long nothing is let through."""
        self._failures_max, self._pause_s = failures_max, pause_s
        self._failures = 0
        self._open_until: float | None = None
        self.state: BreakerState = "closed"

    def admits(self, now: float) -> bool:
        """Whether a request may be sent. One that may must be followed by `succeeded`, `failed` or
        `abandoned`."""
        if self.state == "closed":
            return True
        if self.state == "half_open" or self._open_until is None or now < self._open_until:
            return False  # half open: one request is out already
        self.state = "half_open"
        return True

    def succeeded(self) -> None:
        """A request had a reply. One that was sent before the breaker opened closes it too."""
        self._failures, self._open_until, self.state = 0, None, "closed"

    def failed(self, now: float, pause_s: float = 0.0) -> bool:
        """A request had none; whether that opened the breaker.

        pause_s: for how long the endpoint wants no request; above 0 this opens it at once.
        """
        self._failures += 1
        if self.state == "closed" and self._failures < self._failures_max and pause_s <= 0:
            return False
        opened = self.state != "open"
        until = now + max(self._pause_s, pause_s)
        self._open_until = max(until, self._open_until or until)
        self.state = "open"
        return opened

    def abandoned(self) -> None:
        """A request was given up for reasons of our own: another may try."""
        if self.state == "half_open":
            self.state = "open"


class HourlyBudget:
    """At most so many requests in any hour, counted by minutes: a full hour must have passed since
    the end of a minute before what was spent in it comes back."""

    def __init__(self, requests_max: int) -> None:
        self._requests_max = requests_max
        self._spent = 0
        self._slots: deque[tuple[int, int]] = deque()  # (minute, requests in it), at most 61

    def take(self, now: float) -> bool:
        """Whether there is a request left, which is then spent. now: seconds, never going back."""
        minute = int(now // _SLOT_S)
        while self._slots and (self._slots[0][0] + 1) * _SLOT_S + _HOUR_S <= now:
            self._spent -= self._slots.popleft()[1]
        if self._spent >= self._requests_max:
            return False
        self._spent += 1
        before = self._slots.pop()[1] if self._slots and self._slots[-1][0] == minute else 0
        self._slots.append((minute, before + 1))
        return True
