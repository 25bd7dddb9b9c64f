"""Files that a running worker loads anew when they change: models, rules.

Files are polled, as TensorFlow Serving and Triton poll theirs: that works on every file system,
through links that are switched to another folder, and in containers whose mounts tell nobody of a
change. A thread of its own loads and checks; whoever uses the value takes it over where that is
safe, on the state thread between two batches (`Service.refresh`).
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from .telemetry.metrics import Observer, Registry

log = logging.getLogger(__name__)
T = TypeVar("T")
# Of each file: name, modification time in nanoseconds, size, inode.
Signature: TypeAlias = tuple[tuple[str, int, int, int], ...]
EVENTS_MAX = 1000  # kept until the metrics take them
END_S = 1.0  # for a thread that is in the middle of loading


def signature(path: Path) -> Signature:
    """What tells whether a file, or any file right inside a folder, was written; links are
    followed. Empty for a path that is not there."""
    found = []
    try:
        entries = list(os.scandir(path)) if path.is_dir() else [path]
        for entry in entries:
            if entry.is_file():
                stat = entry.stat()
                found.append((entry.name, stat.st_mtime_ns, stat.st_size, stat.st_ino))
    except OSError:  # it is being replaced: another look will tell
        return ()
    return tuple(sorted(found))


class ChangeDetector:
    """Whether files have changed and come to rest since they were last loaded.

    At rest are files that look as they did one look ago: while a large one is being copied, every
    attempt to load it would fail.
    """

    def __init__(self, loaded: Signature) -> None:
        """loaded: as they looked just before they were loaded."""
        self._tried = self._last = loaded

    def due(self, now: Signature) -> bool:
        """Whether to load them. now: as they look."""
        at_rest = now == self._last
        self._last = now
        return at_rest and now != self._tried

    def tried(self, before: Signature) -> None:
        """They were loaded or refused. before: as they looked before that."""
        self._tried = before


class Reloadable(Generic[T]):
    """A value that comes from files, and that a newer one may replace.

    `look` is for the thread of `FileWatch`; `take` for the one thread that uses the value.
    """

    def __init__(
        self,
        model: str,
        kind: Literal["served", "shadow", "rules"],
        path: Path,
        load: Callable[[], T | None],
        keeping: Callable[[], str],
    ) -> None:
        """model, kind: what it is, for the log and the metrics. path: a file, or a folder of files.
        load: raises what is wrong with the files; None: what they say is in use already.
        keeping: what goes on where new files are refused, for the log.
        """
        self.model, self.kind, self.path = model, kind, path
        self._load, self._keeping = load, keeping
        self._changes = ChangeDetector(())
        self._loaded: deque[T] = deque(maxlen=1)
        self._events: deque[str] = deque(maxlen=EVENTS_MAX)
        self.failing = False  # the files as they are now were refused
        self.unread = True  # never loaded, nor refused

    def first(self) -> T:
        """Load it for the first time. Raises what `load` raises."""
        self.unread = False
        self._changes = ChangeDetector(signature(self.path))
        value = self._load()
        assert value is not None, f"{self.path}: nothing was in use before"
        return value

    def look(self) -> None:
        """Load the files if they have changed and are at rest, or were never read. Never raises."""
        if self.unread:
            self.load_now()
            return
        before = signature(self.path)
        if self._changes.due(before):
            self.load_now(before)

    def load_now(self, before: Signature | None = None) -> None:
        """Load the files, whether or not they have changed. Never raises.

        before: their signature, if it is known. A value whose files changed while they were read
        may be of two versions: it is dropped, and the files are due once more when at rest.
        """
        self.unread = False
        before = signature(self.path) if before is None else before
        try:
            value = self._load()
        except Exception as error:
            if signature(self.path) == before:
                self._changes.tried(before)
                self._refused(error)
            return
        if signature(self.path) != before:
            return
        self._changes.tried(before)
        self.failing = False
        if value is not None:
            self._loaded.append(value)

    def take(self) -> T | None:
        """The newest value that was loaded and not yet taken; the caller uses it from now on."""
        try:
            value = self._loaded.popleft()
        except IndexError:
            return None
        self._events.append("loaded")
        return value

    def _refused(self, error: Exception) -> None:
        self.failing = True
        self._events.append("refused")
        # What is wrong with files is told in a line; anything else is a bug, and needs its trace.
        expected = isinstance(error, RuntimeError | ValueError | OSError)
        log.error(
            "%s (%s) is not loaded anew from %s: %s. %s; the worker tries again when files there "
            "change",
            self.model,
            self.kind,
            self.path,
            error,
            self._keeping(),
            exc_info=None if expected else error,
        )

    def metrics(self, registry: Registry) -> Observer:
        """Declare the metrics; returns what brings them up to date."""
        labels = self.model, self.kind
        reloads = registry.counter(
            "model_reloads",
            "Models and rules that were loaded anew (loaded), or whose files were refused.",
            "model",
            "kind",
            "outcome",
        )
        successful = registry.gauge(
            "last_reload_successful",
            "1 unless the files as they are now were refused.",
            "model",
            "kind",
        )
        for outcome in ("loaded", "refused"):
            reloads.labels(*labels, outcome)  # shown as 0

        def observe() -> None:
            while self._events:
                reloads.labels(*labels, self._events.popleft()).inc()
            successful.labels(*labels).set(not self.failing)

        return observe


class FileWatch:
    """A `Component`: the thread that looks at files every few seconds."""

    def __init__(self, watched: Sequence[Reloadable[Any]], interval_s: float) -> None:
        """interval_s: seconds between two looks; 0: files that were never read are read once."""
        self._watched, self._interval_s = watched, interval_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reloading", daemon=True)

    async def start(self) -> None:
        self._thread.start()

    async def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join, END_S)

    def _run(self) -> None:
        for each in self._watched:
            if each.unread:
                each.look()
        while self._interval_s > 0 and not self._stop.wait(self._interval_s):
            for each in self._watched:
                each.look()
