"""What one partition of a checkpoint topic holds, and which of it can go. No I/O here.

All sources of a partition number share a log, and only a *prefix* of a log can be deleted: up to
the first record of the oldest checkpoint that is still somebody's newest. A quiet source would so
keep every later checkpoint of a busy one alive. Therefore a source whose newest checkpoint lies
more than the live state behind the end of the log is *pinning*: its checkpoint is to be written
anew, at the end, whether or not its state has changed. One that never had a checkpoint gets its
first in the same way, so that a delete never needs to guess about it.

The log then holds at most about three times the live state and `SLACK_BYTES`, for at most about
one byte rewritten per byte of new checkpoints: the trade of every log-structured store (Rosenblum
and Ousterhout, "The design and implementation of a log-structured file system", 1992).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SLACK_BYTES = 500_000  # garbage below this is not worth a request or a rewrite


class CheckpointLog:
    """The book-keeping of one partition. Sizes are of values, in bytes."""

    def __init__(self, sources: Sequence[str]) -> None:
        """sources: all that share the partition; each must have a checkpoint before any goes."""
        self._sources = tuple(sources)
        self._written: deque[tuple[int, int]] = deque()  # (offset, bytes), ascending
        self._newest: dict[str, tuple[int, int]] = {}  # source -> (first offset, bytes)
        self.retained_bytes = 0

    @property
    def live_bytes(self) -> int:
        """Of the newest checkpoint of every source."""
        return sum(size for _, size in self._newest.values())

    def append(self, offset: int, size: int) -> None:
        """Something was written, or read, at `offset`, the highest so far."""
        # Two sources' checkpoints are written at once: confirmations may come in another order.
        if self._written and offset < self._written[-1][0]:
            self._written = deque(sorted([*self._written, (offset, size)]))
        else:
            self._written.append((offset, size))
        self.retained_bytes += size

    def supersede(self, source: str, first: int, size: int) -> None:
        """The newest checkpoint of `source` now begins at offset `first`; its earlier ones are
        garbage."""
        self._newest[source] = (first, size)

    def extend(self, source: str, size: int) -> None:
        """The newest checkpoint of `source` is a segment, and rests on what was written before."""
        if (newest := self._newest.get(source)) is not None:
            self._newest[source] = (newest[0], newest[1] + size)

    def pinning(self) -> list[str]:
        """Sources that keep more than the live state and the slack alive behind their newest."""
        allowed = self.live_bytes + SLACK_BYTES
        if self.retained_bytes <= allowed:
            return []
        behind = {s: self._bytes_from(self._newest.get(s, (-1, 0))[0]) for s in self._sources}
        return [source for source, size in behind.items() if size > allowed]

    def deletable_before(self, slack_bytes: int = SLACK_BYTES) -> int | None:
        """The offset before which all can go; None where that is less than the slack."""
        if any(source not in self._newest for source in self._sources):
            return None  # its first checkpoint may be under way, anywhere
        before = min(first for first, _ in self._newest.values())
        garbage = self.retained_bytes - self._bytes_from(before)
        return before if garbage > slack_bytes else None

    def deleted_before(self, offset: int) -> None:
        """The broker has deleted everything below `offset`."""
        while self._written and self._written[0][0] < offset:
            self.retained_bytes -= self._written.popleft()[1]

    def _bytes_from(self, offset: int) -> int:
        total = 0
        for at, size in reversed(self._written):
            if at < offset:
                break
            total += size
        return total
