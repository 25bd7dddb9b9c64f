"""The thread that works out vectors of entries beside the state thread.

At start the whole of the knowledge waits, which may take minutes: questions are answered by words
meanwhile. Entries published last come first, so a new one is not behind them.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.runtime.telemetry.metrics import Observer, Registry

    from .core.entries import Entry
    from .core.fused import Embedded, FusedRanker

SLICE = 16  # entries of one call: about a quarter of a second
SLICES_AHEAD = 8  # `refresh` comes once a second where nothing else happens
END_S = 2.0  # for a thread in the middle of a slice


class EmbeddingThread:
    """A `Component`. `refresh` and `metrics` are for the state thread."""

    def __init__(self, ranker: FusedRanker) -> None:
        self._ranker = ranker
        self._asked: deque[Sequence[Entry]] = deque()
        self._made: deque[list[Embedded]] = deque()
        self._ahead = 0  # slices asked for and not taken in
        self._failure: Exception | None = None
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="embedding", daemon=True)

    async def start(self) -> None:
        self._thread.start()

    async def stop(self) -> None:
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join, END_S)

    def refresh(self) -> None:
        """Take in what was made, ask for more. Raises what the thread failed with."""
        if self._failure is not None:
            raise self._failure
        while self._made:
            self._ranker.accept(self._made.popleft())
            self._ahead -= 1
        while self._ahead < SLICES_AHEAD and (entries := self._ranker.take_waiting(SLICE)):
            self._asked.append(entries)
            self._ahead += 1
        if self._asked:
            self._wake.set()

    def metrics(self, registry: Registry) -> Observer:
        """Declare the metrics; returns what brings them up to date."""
        waiting = registry.gauge(
            "entries_without_vectors", "Entries that are found by words alone as yet."
        )
        return lambda: waiting.set(self._ranker.waiting)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait()
            self._wake.clear()
            while self._asked and not self._stopping.is_set():
                try:
                    self._made.append(self._ranker.embed(self._asked.popleft()))
                except Exception as error:  # of onnxruntime: they have no other common base
                    self._failure = error
                    return
