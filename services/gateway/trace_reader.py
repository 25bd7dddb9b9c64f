"""Reads along on the topics while somebody watches: a component of the worker.

On a thread of its own, with an event loop of its own: what passes may be more than a gateway's
event loop has time for. Where it is too much even so, records are passed over, and counted.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from aiokafka.errors import KafkaError

from shopkeeper.shared.runtime.kafka.admin import partitions_of
from shopkeeper.shared.runtime.kafka.copies import is_copy
from shopkeeper.shared.runtime.kafka.reader import Reader
from shopkeeper.shared.runtime.kafka.routing import hop_of

from .core.trace import TRACED, Parser, Passed

if TYPE_CHECKING:
    from shopkeeper.shared.runtime.settings import KafkaSettings

    from .core.trace import Trace, Watch

log = logging.getLogger(__name__)

POLL_S = 0.1
LOOK_S = 1.0  # whether it keeps up
BEHIND_MAX = 20_000  # records of all partitions together
LINGER_S = 5.0  # a page that is loaded anew finds it still reading
STOP_S_MAX = 10.0


class TraceReader:
    """Starts with the first watcher, ends a little after the last."""

    def __init__(self, kafka: KafkaSettings, type_prefix: str, trace: Trace) -> None:
        self._kafka, self._type_prefix, self._trace = kafka, type_prefix, trace
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()
        self._linger: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Nothing yet: it costs nothing while nobody watches."""

    async def stop(self) -> None:
        """Read no further."""
        thread, self._thread = self._thread, None
        self._ending.set()
        if thread is not None:
            await asyncio.to_thread(thread.join, STOP_S_MAX)

    @property
    def reading(self) -> bool:
        """Whether somebody watches, or did just now."""
        return self._thread is not None

    def watch(self, watch: Watch) -> None:
        """One more watcher."""
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        self._trace.watch(watch)
        if self._thread is None:
            self._ending = threading.Event()
            self._thread = threading.Thread(
                target=self._run,
                args=(asyncio.get_running_loop(), self._ending),
                name="trace",
                daemon=True,
            )
            self._thread.start()

    def leave(self, watch: Watch) -> None:
        """One less."""
        self._trace.leave(watch)
        if not self._trace.watchers and self._thread is not None and self._linger is None:
            self._linger = asyncio.get_running_loop().call_later(LINGER_S, self._end)

    def _end(self) -> None:
        self._linger = None
        if not self._trace.watchers:
            self._ending.set()
            self._thread = None

    def _run(self, loop: asyncio.AbstractEventLoop, ending: threading.Event) -> None:
        try:
            asyncio.run(self._read(loop, ending))
        except (KafkaError, OSError) as error:
            log.warning("the trace ends until somebody watches again: %r", error)
            self._call(loop, self._failed, ending, str(error) or repr(error))

    def _failed(self, ending: threading.Event, reason: str) -> None:
        if self._ending is ending:
            self._thread = None
        self._trace.fail(reason)

    async def _read(self, loop: asyncio.AbstractEventLoop, ending: threading.Event) -> None:
        parser = Parser(self._type_prefix)
        named = [self._kafka.topic(name) for name in TRACED]
        there = await partitions_of(self._kafka, named)
        names = [name for name in TRACED if self._kafka.topic(name) in there]
        async with Reader(self._kafka, names, from_start=False) as reader:
            looked_s, skipped = time.monotonic(), 0
            while not ending.is_set():
                if time.monotonic() - looked_s > LOOK_S:
                    looked_s = time.monotonic()
                    skipped = await reader.skip_to_end(BEHIND_MAX)
                records = await reader.poll(POLL_S)
                passed = [
                    each
                    for record in records
                    if not is_copy(record) and hop_of(record) is None
                    for each in parser.parse(reader.name(record), record)
                ]
                if not (passed or skipped):
                    continue
                # Wait until they are taken: a busy event loop is to get no heap of work.
                done = threading.Event()
                if not self._call(loop, self._take, passed, skipped, done):
                    return
                skipped = 0
                await asyncio.to_thread(done.wait, STOP_S_MAX)

    def _take(self, passed: list[Passed], skipped: int, done: threading.Event) -> None:
        self._trace.skipped += skipped
        self._trace.take(passed, time.monotonic())
        done.set()

    @staticmethod
    def _call(loop: asyncio.AbstractEventLoop, function: Any, *arguments: Any) -> bool:
        try:
            loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:  # the worker has ended
            return False
        return True
