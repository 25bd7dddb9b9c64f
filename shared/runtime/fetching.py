"""What every aiokafka consumer of this process does otherwise than aiokafka: `install`.

**Paced fetches.** A broker is asked to hold a fetch until there is something (long polling; Apache
Kafka does). The embedded broker answers at once, with nothing: an idle consumer then asked it
5,000 to 7,000 times a second and, with it, used up both cores (docs/decisions/0006). So an empty
answer that came too soon is followed by a pause, short at first and longer while nothing comes.

**Header names** that are not UTF-8: see `header_names`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

from aiokafka.consumer import consumer, fetcher

from shopkeeper.shared.runtime import header_names

TOO_SOON_S = 0.02  # an empty answer after less than this was not held
PAUSE_S_FIRST = 0.001
PAUSE_S_MAX = 0.01


class PacedFetcher(fetcher.Fetcher):  # type: ignore[misc]  # aiokafka is untyped
    """Asks a broker that does not hold fetches less often."""

    _pause_s = PAUSE_S_FIRST

    async def _proc_fetch_request(self, assignment: Any, node_id: Any, request: Any) -> bool:
        # While this runs, the fetcher sends nothing else to the same node.
        started = time.monotonic()
        found = bool(await super()._proc_fetch_request(assignment, node_id, request))
        if found:
            self._pause_s = PAUSE_S_FIRST
        elif time.monotonic() - started < TOO_SOON_S:
            # As aiokafka's own code here: cancelled means that nobody waits for the result.
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(self._pause_s)
            self._pause_s = min(PAUSE_S_MAX, self._pause_s * 2)
        return found


def install() -> None:
    """Change the consumers made from now on. May be called more than once."""
    header_names.install()
    consumer.Fetcher = PacedFetcher
