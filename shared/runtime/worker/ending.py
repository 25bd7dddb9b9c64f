"""Whether a worker is to end, and why: it failed, it was asked to, or it is to start again.

Everything that can go wrong in a worker is told here, and nothing else is decided here.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from ..kafka.membership import IdentityTaken
from ..kafka.rights import refusal
from ..refusal import OperatorNeeded
from ..telemetry.logs import words_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ..telemetry.health import Health
    from .owned_partition import OwnedPartitions

log = logging.getLogger(__name__)


class Ending:
    """One worker's. `requested` is set once it is to stop, for whatever reason."""

    def __init__(self, service: str, owned: OwnedPartitions, health: Health) -> None:
        self._service, self._owned, self._health = service, owned, health
        self.failure: BaseException | None = None
        self.requested = asyncio.Event()
        self.start_again = False  # it stops in order, and has work to do when it is started again
        self.stopping = False  # `Worker.stop` has begun

    @property
    def expected(self) -> bool:
        """Whether the worker ends, or is about to."""
        return bool(self.failure or self.stopping or self.requested.is_set())

    @property
    def for_good(self) -> bool:
        """Whether the worker's place in its group is to be given up: nobody starts it again at
        once, and no double holds the place."""
        failure = self.failure
        return failure is None or (
            isinstance(failure, OperatorNeeded) and not isinstance(failure, IdentityTaken)
        )

    def fail(self, error: BaseException) -> None:
        """The first failure stops the worker; nothing more is delivered or committed."""
        if self.failure is None and not isinstance(error, asyncio.CancelledError):
            error = self.failure = refusal(error) or error
            log.error(
                "%s: %s: %s",
                self._service,
                type(error).__name__,
                error,
                exc_info=None if words_of(error) else error,
            )
        self._owned.accepting = False
        self._health.not_ready = {"failed": type(error).__name__}
        self.requested.set()

    def stop_to_start_again(self, reason: str) -> None:
        """Stop in order; what comes next is decided at a start, outside the group."""
        if not self.requested.is_set():
            log.warning("%s stops, to start again: %s", self._service, reason)
            self.start_again = True
            self.requested.set()

    async def guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do something whose failure is the worker's."""
        try:
            await work()
        except Exception as error:
            self.fail(error)

    async def unless_requested(self, task: asyncio.Task[None]) -> None:
        """Wait for a task, or until the worker is to end; raises nothing that the task raises."""
        ending = asyncio.ensure_future(self._until_requested())
        try:
            await asyncio.wait({task, ending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ending.cancel()

    async def _until_requested(self) -> None:
        await self.requested.wait()
