"""Ending asyncio tasks for certain."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

ASK_AGAIN_S = 0.5


async def end_tasks(tasks: Iterable[asyncio.Task[Any]], seconds: float = float("inf")) -> None:
    """Cancel tasks and wait until they have ended; raises nothing that they raise.

    After `seconds` those that still run are left alone.

    A cancellation may be lost on its way: code below may catch it, and before Python 3.12
    `asyncio.wait_for` swallows one that arrives together with the result. A task that goes on in a
    loop would then be waited for without end, so those that still run are asked again.
    """
    pending, until = set(tasks), time.monotonic() + seconds
    while pending:
        for task in pending:
            task.cancel()
        wait_s = min(ASK_AGAIN_S, max(0.0, until - time.monotonic()))
        _, pending = await asyncio.wait(pending, timeout=wait_s)
        if time.monotonic() >= until:
            return
