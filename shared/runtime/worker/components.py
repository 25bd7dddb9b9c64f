"""The components of a service (`api.component`): started, watched and stopped."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from ..api.component import FollowsReadiness, Supervised
from ..shutdown import Deadline, end_all
from ..tasks import end_tasks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..api.component import Component
    from ..telemetry.health import Health
    from .ending import Ending

END_S = 0.5  # for a start that is cut off
DRAIN_SHARE = 0.5  # of DRAIN_DEADLINE may go into stopping


class Components:
    """Those of one worker. What one of them raises is the worker's failure."""

    def __init__(self, components: Sequence[Component], ending: Ending, health: Health) -> None:
        self._components, self._ending = components, ending
        for component in components:
            if isinstance(component, FollowsReadiness):
                component.follow_readiness(health.ready)
        self._entered: list[Component] = []  # whose start has begun
        self._watching: list[asyncio.Task[None]] = []

    def __len__(self) -> int:
        return len(self._components)

    async def start(self) -> None:
        """Start all, in order. Raises what they raise."""
        for component in self._components:
            self._entered.append(component)
            await component.start()
            if isinstance(component, Supervised):
                watch = partial(self._watch, component)
                self._watching.append(asyncio.create_task(self._ending.guarded(watch)))

    async def _watch(self, component: Supervised) -> None:
        await component.wait()
        raise RuntimeError(f"{type(component).__name__} ended by itself")

    async def stop_first(self, tasks: Sequence[asyncio.Task[None]], drain: Deadline) -> list[str]:
        """Stop all before anything else is, so that nothing new comes in while what is open is
        finished. tasks: the worker's, of which the one that starts components is ended."""
        if not self._components:
            return []
        deadline = Deadline(DRAIN_SHARE * drain.left())
        starting = [task for task in tasks if task.get_name() == "components"]
        await end_tasks(starting, deadline.left(END_S))
        return await self.stop(deadline)

    async def stop(self, deadline: Deadline) -> list[str]:
        """Stop all whose start has begun; returns the names of those that the deadline cut off."""
        await end_tasks(self._watching, deadline.left(END_S))
        names = [f"{type(c).__name__} {n}" for n, c in enumerate(self._entered, 1)]
        stops = (component.stop() for component in self._entered)
        return await end_all(dict(zip(names, stops, strict=True)), deadline)
