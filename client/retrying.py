"""Requests, their replies, and what is tried again: decided without I/O.

A flow is a generator: it yields a request or a pause, is sent the reply, and returns its result.
`sync.py` and `aio.py` drive the same flows.
"""

from __future__ import annotations

import email.utils
import itertools
import random
import time
from collections.abc import Callable, Generator, Mapping
from typing import NamedTuple, TypeVar

import msgspec

from .errors import Unreachable, problem_error

AGAIN = frozenset({429, 502, 503, 504})


class Request(NamedTuple):
    """One request. path: quoted. repeatable: a second one changes nothing."""

    method: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    content: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    repeatable: bool = True
    patience_s: float = 0.0  # that the gateway may take on top of the usual


class Reply(NamedTuple):
    """headers: by lower-case name."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Lost(NamedTuple):
    """No reply came. unsent: nothing of the request can have arrived."""

    error: Exception
    unsent: bool


class Pause(NamedTuple):
    """Nothing to do for so long."""

    seconds: float


T = TypeVar("T")
Flow = Generator[Request | Pause, Reply | Lost | None, T]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How often, and how soon, what failed is tried again.

    The pause doubles from `pause_s` to `pause_s_max`, and a random part of it is left out, so that
    clients do not come back together. A `Retry-After` is obeyed; one of more than
    `retry_after_s_max` ends the tries.
    """

    tries_max: int = 6
    pause_s: float = 0.2
    pause_s_max: float = 10.0
    retry_after_s_max: float = 60.0
    chance: Callable[[], float] = random.random
    now_s: Callable[[], float] = time.time

    def backoff_s(self, failures: int) -> float:
        """The pause after so many failures in a row, from 1."""
        whole = min(self.pause_s_max, self.pause_s * (1 << min(failures - 1, 20)))
        return whole * (0.5 + 0.5 * self.chance())

    def pause_after(self, request: Request, outcome: Reply | Lost, failures: int) -> float | None:
        """Seconds until the next try; None: there is none."""
        if failures >= self.tries_max:
            return None
        if isinstance(outcome, Lost):
            return self.backoff_s(failures) if outcome.unsent or request.repeatable else None
        if outcome.status not in AGAIN or not (request.repeatable or outcome.status == 429):
            return None
        asked_s = self.retry_after_s(outcome)
        if asked_s is None:
            return self.backoff_s(failures)
        return asked_s if asked_s <= self.retry_after_s_max else None

    def retry_after_s(self, reply: Reply) -> float | None:
        """What `Retry-After` asks for, in seconds or as a date; None where it says nothing."""
        said = reply.headers.get("retry-after", "").strip()
        if said.isascii() and said.isdigit():
            return float(said)
        try:
            return max(0.0, email.utils.parsedate_to_datetime(said).timestamp() - self.now_s())
        except (TypeError, ValueError):
            return None


def send(request: Request, policy: Policy) -> Flow[Reply]:
    """A reply of under 400. Raises ProblemError, Unreachable."""
    for failures in itertools.count(1):
        outcome = yield request
        assert outcome is not None
        if isinstance(outcome, Reply) and outcome.status < 400:
            return outcome
        seconds = policy.pause_after(request, outcome, failures)
        if seconds is None:
            raise error_of(outcome)
        yield Pause(seconds)
    raise AssertionError("unreachable")


def error_of(outcome: Reply | Lost) -> Exception:
    """The exception for what came instead of a result."""
    if isinstance(outcome, Reply):
        return problem_error(outcome.status, outcome.content)
    error = Unreachable(f"{type(outcome.error).__name__}: {outcome.error}")
    error.__cause__ = outcome.error
    return error
