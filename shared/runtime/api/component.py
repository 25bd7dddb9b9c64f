"""What a worker runs besides its sources: an HTTP server, for instance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable


class Component(Protocol):
    """A part of a service with a life of its own, on the worker's event loop.

    The worker starts its components in order, each once, when the global tables have been read up
    to where they ended at its start: who answers from tables must not answer from half of them.
    Partitions are not waited for: a rebalance comes and goes, and a server need not go with it.
    The worker is not ready before its components are started.

    Components stop first when the worker stops, beside one another, so that nothing new comes in
    while what is open is finished.

    What `start` raises ends the worker as any failure does; OperatorNeeded where starting again
    would fail alike, for example at a port that is taken. A component must not block the loop:
    what is slow belongs on a thread.
    """

    async def start(self) -> None:
        """Begin to work; return once others may rely on it."""
        ...

    async def stop(self) -> None:
        """Finish what is open and let go of everything. Called once, also where `start` was
        cancelled or raised; given up where DRAIN_DEADLINE has passed."""
        ...


@runtime_checkable
class Supervised(Protocol):
    """A component that can fail after its start. Those that are not can fail at `start` only."""

    async def wait(self) -> None:
        """Wait until it ends. That it raises, or returns, before the worker has called `stop` ends
        the worker."""
        ...


@runtime_checkable
class FollowsReadiness(Protocol):
    """A component that tells its own clients whether the worker is ready."""

    def follow_readiness(self, ready: Callable[[], tuple[bool, str]]) -> None:
        """Called once, before `start`. ready: what /readyz would say now, and why."""
        ...
