"""The network, and how long things take: every delay is drawn from the seed.

Faults of deliveries are *armed* for a process by the schedule, and met by the next request that
they fit.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

    from .loop import Process, VirtualLoop

TRIP_S_MIN, TRIP_S_MAX = 0.0005, 0.02
SLOW_S_MAX = 0.5
SLOW_SHARE = 0.02  # of all trips, also where nothing is wrong
THINKING_S_MAX = 0.01
GIVE_UP_S = 0.8  # a producer fails a delivery after so long


class Network:
    """Between simulated processes and the broker."""

    def __init__(self, loop: VirtualLoop, random: Random) -> None:
        self._loop, self._random = loop, random.random
        self.draw = random.random
        self._slow_until: dict[str, float] = {}  # by process
        self._armed: dict[str, list[str]] = {}  # by process: faults that wait for a request
        self.calm = False  # at the end: no delay is long any more

    def slow_down(self, process: str, seconds: float) -> None:
        """Every trip of this process takes long for a while."""
        self._slow_until[process] = self._loop.now + seconds

    def arm(self, process: str, fault: str) -> None:
        """The next request of this process that fits meets this fault."""
        self._armed.setdefault(process, []).append(fault)

    def disarm(self) -> None:
        """What has met nothing by now does not happen."""
        self._armed.clear()
        self._slow_until.clear()
        self.calm = True

    def take_armed(self, process: str, *faults: str) -> str | None:
        """The first of these that is armed for the process; it is not any more."""
        armed = self._armed.get(process)
        if armed:
            for fault in faults:
                if fault in armed:
                    armed.remove(fault)
                    return fault
        return None

    def trip_s(self, process: Process) -> float:
        """How long a request or an answer is under way."""
        draw = self._random
        slow = self._slow_until.get(process.name, 0.0) > self._loop.now
        if slow or (not self.calm and draw() < SLOW_SHARE):
            return 0.02 + draw() * SLOW_S_MAX
        return TRIP_S_MIN + draw() * draw() * TRIP_S_MAX

    async def trip(self, process: Process) -> None:
        """Let a request and its answer be under way."""
        await asyncio.sleep(self.trip_s(process))

    def thinking_s(self) -> float:
        """How long a job takes on a state thread."""
        return self._random() * self._random() * THINKING_S_MAX
