"""Ending a worker in time: deadlines that are kept, signals that are heard, and a last resort.

Everything that a worker closes talks to a broker, and a broker may be away, silent or busy with a
dead member. So each step of stopping gets what is left of one deadline, and what does not end in it
is left as it is: the process ends anyway, and nothing that is unfinished has been committed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import FrameType

log = logging.getLogger(__name__)

LEAVE_S = 1.2  # beyond DRAIN_DEADLINE: leaving the group, closing connections
GIVE_UP_S = 1.6  # beyond DRAIN_DEADLINE: the process ends, whatever it is doing
END_START_S = 0.5  # for a start that is cut off
SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Deadline:
    """A moment by which something must have ended."""

    def __init__(self, seconds: float, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock or time.monotonic
        self.seconds = seconds  # from when it was set
        self._at = self._clock() + seconds

    def left(self, at_most: float = float("inf")) -> float:
        """Seconds until then, 0 once it has passed; `at_most` bounds the answer."""
        return max(0.0, min(at_most, self._at - self._clock()))

    def passed(self) -> bool:
        return self.left() == 0.0


async def end_all(steps: Mapping[str, Awaitable[object]], deadline: Deadline) -> list[str]:
    """Run all steps beside one another; returns the names of those that the deadline cut off.

    What a step raises is logged in one line: a broker that has gone is no reason not to end.
    Not under a timeout that waits for its own cancellation: libraries swallow those.
    """
    tasks = {name: asyncio.ensure_future(step) for name, step in steps.items()}
    if tasks:
        await asyncio.wait(tasks.values(), timeout=deadline.left())
    late = []
    for name, task in tasks.items():
        if not task.done():
            task.cancel()
            late.append(name)
        elif not task.cancelled() and (error := task.exception()) is not None:
            log.warning("%s did not end cleanly: %r", name, error)
    return late


def end_at_once_until_ready() -> None:
    """Until `StopSignals.install`: a signal ends the process at once, with exit status 0.

    Nothing has begun while settings are read and models loaded, so there is nothing to finish.
    """
    for number in SIGNALS:
        signal.signal(number, lambda *_: os._exit(0))


class StopSignals:
    """SIGTERM and SIGINT of this process: the first asks the worker to stop, later ones change
    nothing, and `budget_s` after the first the process ends whatever it is doing.

    Python's own handlers, not the loop's: they run also while the loop is held up, and start the
    last resort then. It is a thread because a held-up loop cannot end itself.
    """

    def __init__(self, budget_s: float) -> None:
        self.requested = asyncio.Event()
        self.doing = "stopping"  # named by the last resort
        self._budget_s = budget_s
        self._loop = asyncio.get_running_loop()
        self._asked = False

    def install(self) -> None:
        """Hear the signals from now on. On the main thread only."""
        for number in SIGNALS:
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            return
        self._asked = True
        threading.Thread(target=self._last_resort, name="last resort", daemon=True).start()
        self._loop.call_soon_threadsafe(self.requested.set)

    def _last_resort(self) -> None:
        time.sleep(self._budget_s)
        log.warning(
            "gave up %s after %.1f s: what was unfinished is not committed and will be read again",
            self.doing,
            self._budget_s,
        )
        sys.stderr.flush()
        os._exit(0)
