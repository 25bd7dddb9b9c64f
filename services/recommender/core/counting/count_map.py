"""Counts: integers under sorted 64-bit keys, appended to and merged now and then.

Integers, because sums must be equal, not close, in whatever order the partitions' deltas come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_LOW = (1 << 32) - 1


class CountMap:
    """Counts by (row, column), both below 2**31, in arrays sorted by row, then column.

    `add` appends; `merge` sorts what was appended and sums it in. A merge copies the whole, so it
    is worth doing only for many entries at once, or before reading.
    """

    def __init__(self) -> None:
        self.keys: NDArray[np.int64] = np.zeros(0, np.int64)  # row << 32 | column, ascending
        self.counts: NDArray[np.int32] = np.zeros(0, np.int32)
        self._pending: list[NDArray[np.int64]] = []
        self.pending_count = 0
        # What was added since `mark`, summed (keys, counts), and how many of `_pending` are in it.
        self._since: list[tuple[NDArray[np.int64], NDArray[np.int32]]] | None = None
        self._noted = 0

    def __len__(self) -> int:
        """Entries merged so far."""
        return len(self.keys)

    def add(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> None:
        """Count each (row, column) once more."""
        if len(rows):
            self._pending.append(rows << 32 | columns)
            self.pending_count += len(rows)

    def merge(self) -> None:
        """Sum what was added into the arrays."""
        if not self._pending:
            return
        keys, counts = np.unique(np.concatenate(self._pending), return_counts=True)
        if self._since is not None and not self._noted:
            self._since.append((keys, counts.astype(np.int32)))
        else:
            self._note()
        self._pending = []
        self.pending_count = self._noted = 0
        self._sum_in(keys, counts)

    def absorb(self, other: CountMap) -> None:
        """Add everything that another one counted."""
        self.merge()
        other.merge()
        self._since = None
        self._sum_in(other.keys, other.counts)

    def _sum_in(self, keys: NDArray[np.int64], counts: NDArray[np.signedinteger]) -> None:
        places = np.searchsorted(self.keys, keys)
        known = np.zeros(len(keys), bool)
        inside = places < len(self.keys)
        known[inside] = self.keys[places[inside]] == keys[inside]
        self.counts[places[known]] += counts[known].astype(np.int32)
        new = ~known
        if new.any():
            self.keys = np.insert(self.keys, places[new], keys[new])
            self.counts = np.insert(self.counts, places[new], counts[new].astype(np.int32))

    def row_bounds(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Where each row's entries begin and end in `keys` (merged ones only)."""
        return np.searchsorted(self.keys, rows << 32), np.searchsorted(self.keys, (rows + 1) << 32)

    def rows(self) -> NDArray[np.int64]:
        """The row of every entry."""
        return self.keys >> 32

    def columns(self) -> NDArray[np.int64]:
        """The column of every entry."""
        return self.keys & _LOW

    def keep(self, mask: NDArray[np.bool_], *, implied: bool = False) -> None:
        """Drop every merged entry where `mask` is False. implied: whoever adds what `changes` gives
        to an earlier state drops them likewise."""
        if not implied:
            self._since = None
        self.keys, self.counts = self.keys[mask], self.counts[mask]

    def replace(
        self, rows: NDArray[np.int64], columns: NDArray[np.int64], counts: NDArray[np.int32]
    ) -> None:
        """Hold exactly these distinct entries, given in any order."""
        keys = rows << 32 | columns
        order = np.argsort(keys)
        self.keys, self.counts = keys[order], counts[order].astype(np.int32)
        self._pending = []
        self.pending_count = self._noted = 0
        self._since = None

    # -- what changed

    def mark(self) -> None:
        """Remember from now on what is added."""
        self._since, self._noted = [], len(self._pending)

    def changes(self) -> tuple[NDArray[np.int64], NDArray[np.int32]] | None:
        """(keys, counts) added since `mark` or the last call, at the price of what was added; None
        where something else happened, or `mark` was never called."""
        self._note()
        since = self._since
        if since is None:
            return None
        self._since = []
        return summed(since)

    def add_counts(self, keys: NDArray[np.int64], counts: NDArray[np.int32]) -> None:
        """Add what `changes` of another gave, all of it, in a merge of its own."""
        self.merge()
        self._sum_in(keys, counts)

    def _note(self) -> None:
        fresh = self._pending[self._noted :]
        if self._since is not None and fresh:
            keys, counts = np.unique(np.concatenate(fresh), return_counts=True)
            self._since.append((keys, counts.astype(np.int32)))
        self._noted = len(self._pending)


def summed(
    parts: Sequence[tuple[NDArray[np.int64], NDArray[np.int32]]],
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Parts of ascending keys and their counts as one."""
    if not parts:
        return np.zeros(0, np.int64), np.zeros(0, np.int32)
    if len(parts) == 1:
        return parts[0]
    keys = np.concatenate([part for part, _ in parts])
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    counts = np.concatenate([part for _, part in parts])[order]
    starts = starts_of(keys)
    return keys[starts], np.add.reduceat(counts, starts, dtype=np.int32)


def starts_of(keys: NDArray[np.int64]) -> NDArray[np.intp]:
    """Where each run of equal keys begins; `keys` ascend."""
    first = np.empty(len(keys), bool)
    first[:1] = True
    np.not_equal(keys[1:], keys[:-1], out=first[1:])
    return np.flatnonzero(first)


def ranges(
    starts: NDArray[np.intp], ends: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """All indices of the ranges [start, end), one after the other, and each one's range number."""
    lengths = ends - starts
    owner = np.repeat(np.arange(len(starts)), lengths)
    firsts = np.cumsum(lengths) - lengths
    return np.arange(int(lengths.sum())) - firsts[owner] + starts[owner], owner
