"""Ending asyncio tasks for certain."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

ASK_AGAIN_S = 0.5


async def end_tasks(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they have ended; raises nothing that they raise.

    A cancellation may be lost on its way: code below may catch it, and before Python 3.12
    `asyncio.wait_for` swallows one that arrives together with the result. A task that goes on in a
    loop would then be waited for without end, so those that still run are asked again.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=ASK_AGAIN_S)
