"""The thread that works out vectors of entries beside the state thread, and what becomes of them:
written to a topic, from which a worker that starts has them at once.

Entries that no vector is kept of wait, at a first start the whole of the knowledge for minutes:
questions are answered by words meanwhile. What is published while the worker runs comes first.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.contracts.envelope import KeyValue
    from shopkeeper.shared.runtime.telemetry.metrics import Observer, Registry

    from .core.entries import Entry
    from .core.fused import Embedded, FusedRanker

log = logging.getLogger(__name__)

SLICE = 8  # entries of one call: about a tenth of a second
SLICES_AHEAD = 64  # `refresh` comes once a second where nothing else happens
NEW_SLICES_AHEAD = 64  # more, of what was published last
END_S = 2.0  # for a thread in the middle of a slice
NICENESS = 10  # questions go before the backlog, where the system can tell threads apart


class EmbeddingThread:
    """A `Component`. All but `start` and `stop` is for the state thread."""

    def __init__(self, ranker: FusedRanker) -> None:
        self._ranker = ranker
        self._asked: deque[Sequence[Entry]] = deque()
        self._made: deque[list[Embedded]] = deque()
        self._ahead = 0  # slices asked for and not taken in
        self._started = self._mixed = self._told = False
        self._failure: Exception | None = None
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="embedding", daemon=True)

    async def start(self) -> None:
        """The tables are read: what waits now has no vector that is kept."""
        self._thread.start()
        self._started = True

    async def stop(self) -> None:
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join, END_S)

    def refresh(self) -> None:
        """Take in what was made, ask for more. Raises what the thread failed with."""
        if self._failure is not None:
            raise self._failure
        if not self._started:
            return
        ranker = self._ranker
        while self._made:
            ranker.accept(self._made.popleft())
            self._ahead -= 1
        if not self._mixed:
            # Each worker in an order of its own (a hash of Python's is of the process): several
            # that start together share the work, for each has from the topic what others made.
            ranker.mix_waiting(hash)
            self._mixed = True
            log.info(
                "%d entries have vectors, %d wait for theirs and are found by words meanwhile",
                ranker.recalled,
                ranker.waiting,
            )
            self._told = not ranker.waiting
        if self._ahead < SLICES_AHEAD + NEW_SLICES_AHEAD and (new := ranker.take_new(SLICE)):
            self._asked.appendleft(new)
            self._ahead += 1
        while self._ahead < SLICES_AHEAD and (entries := ranker.take_waiting(SLICE)):
            self._asked.append(entries)
            self._ahead += 1
        if self._asked:
            self._wake.set()
        if not self._told and not ranker.waiting:
            log.info("all entries have vectors")
            self._told = True

    def apply_kept(self, records: Sequence[KeyValue]) -> None:
        """Records of `topics.ENTRY_VECTORS`, in their order."""
        refused = self._ranker.kept.refused
        self._ranker.apply_kept(records)
        if refused := self._ranker.kept.refused - refused:
            log.warning(
                "%d records of %s cannot be used (damaged, or of another version): their vectors "
                "are worked out again",
                refused,
                topics.ENTRY_VECTORS,
            )

    def due(self, share: int, now_ms: int) -> list[Output]:
        """What is to be written to `topics.ENTRY_VECTORS`, of the keys of one share."""
        changes = self._ranker.kept.due(share, now_ms)
        return [Output(topics.ENTRY_VECTORS, key, value, []) for key, value in changes]

    def remark(self) -> str:
        """For /readyz, where entries wait."""
        waiting = self._ranker.waiting
        return f"{waiting} entries wait for vectors, found by words alone" if waiting else ""

    def metrics(self, registry: Registry) -> Observer:
        """Declare the metrics; returns what brings them up to date."""
        ranker = self._ranker
        waiting = registry.gauge(
            "entries_without_vectors", "Entries that are found by words alone as yet."
        )
        had = registry.counter(
            "entry_vectors", "Entries whose vectors were worked out, or read where kept.", "origin"
        )
        refused = registry.counter("entry_vectors_refused", "Kept vectors that could not be used.")
        seen = {"made": 0, "kept": 0, "refused": 0}

        def observe() -> None:
            waiting.set(ranker.waiting)
            for origin, count in (("made", ranker.made), ("kept", ranker.recalled)):
                had.labels(origin).inc(count - seen[origin])
                seen[origin] = count
            refused.inc(ranker.kept.refused - seen["refused"])
            seen["refused"] = ranker.kept.refused

        return observe

    def _run(self) -> None:
        if sys.platform == "linux":  # elsewhere it would be the whole process that steps back
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        while not self._stopping.is_set():
            self._wake.wait()
            self._wake.clear()
            while self._asked and not self._stopping.is_set():
                try:
                    self._made.append(self._ranker.embed(self._asked.popleft()))
                except Exception as error:  # of onnxruntime: they have no other common base
                    self._failure = error
                    return
