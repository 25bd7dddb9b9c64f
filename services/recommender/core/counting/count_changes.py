"""What changed of an item partition's counts since its last checkpoint, as a checkpoint's segment.

Counts of pairs and hours are told as what is to be added; n(i) and digests, of which there is one
an item, by comparison with what they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from ..numeric.arrays import grown
from ..numeric.types import CLASS_COUNT
from .snapshot import StateError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_LOW = (1 << 32) - 1


class Added(NamedTuple):
    """What is to be added to a `CountMap`."""

    keys: NDArray[np.int64]
    counts: NDArray[np.int32]


class Changed(msgspec.Struct, frozen=True):
    """int32 arrays of places unless said otherwise: in the items of the base, and of every segment
    since, one after the other."""

    items: list[str]  # that are new
    fence: list[tuple[str, int, int]]
    added: list[
        tuple[bytes, bytes, bytes]
    ]  # by class rows, columns, counts; last item, hour, count
    rows: bytes  # whose n(i) changed
    n: bytes  # (class, rows)
    digest_rows: bytes
    digests: bytes  # uint64
    hour_max: int


def decode_changes(packed: bytes) -> Changed:
    """Raises StateError."""
    try:
        return msgspec.msgpack.decode(packed, type=Changed)
    except msgspec.MsgspecError as error:
        raise StateError(f"the checkpoint cannot be read: {error}") from None


def ordered(
    keys: NDArray[np.int64], counts: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """In the order of the keys, which are distinct."""
    order = np.argsort(keys)
    return keys[order], counts[order]


class ChangesSince:
    """What was in the last checkpoint, as far as changes are told by comparison."""

    def __init__(self) -> None:
        self._items: NDArray[np.int64] = np.zeros(0, np.int64)  # by place
        self._place: NDArray[np.int32] = np.full(1024, -1, np.int32)  # by item
        self._n: NDArray[np.int32] = np.zeros((CLASS_COUNT, 1024), np.int32)
        self._digests: NDArray[np.uint64] = np.zeros(1024, np.uint64)

    def reserve(self, capacity: int) -> None:
        """Make the arrays as long as the items need."""
        if capacity > len(self._place):
            self._place = grown(self._place, capacity, -1)
            self._n = np.ascontiguousarray(grown(self._n.T, capacity).T)
            self._digests = grown(self._digests, capacity)

    def mark(
        self, items: NDArray[np.int64], n: NDArray[np.int32], digests: NDArray[np.uint64]
    ) -> None:
        """A base was written or read. items: of which it tells, in its order."""
        self._place[:] = -1
        self._items = np.zeros(0, np.int64)
        self.append(items)
        self.mark_rest(n, digests)

    def append(self, items: NDArray[np.int64]) -> NDArray[np.int64]:
        """These have the next places; returns all items by place."""
        capacity = len(self._place)
        while len(items) and capacity <= int(items.max()):
            capacity *= 2
        self.reserve(capacity)
        self._place[items] = np.arange(len(self._items), len(self._items) + len(items))
        self._items = np.concatenate([self._items, items])
        return self._items

    def mark_rest(self, n: NDArray[np.int32], digests: NDArray[np.uint64]) -> None:
        """What is to be compared with the next time."""
        self.reserve(n.shape[1])
        self._n[:, : n.shape[1]] = n
        self._digests[: len(digests)] = digests

    def take(
        self,
        pairs: Sequence[Added],
        hours: Added,
        *,
        n: NDArray[np.int32],
        digests: NDArray[np.uint64],
        names: Sequence[str],
        fence: Mapping[tuple[str, int], int],
        hour_max: int,
    ) -> bytes:
        """A segment; from now on the next one is being gathered."""
        rows = np.flatnonzero((n != self._n[:, : n.shape[1]]).any(axis=0))
        digest_rows = np.flatnonzero(digests != self._digests[: len(digests)])
        used = [rows, digest_rows, hours.keys >> 32]
        used += [part for keys, _ in pairs for part in (keys >> 32, keys & _LOW)]
        new = np.unique(np.concatenate(used))
        new = new[self._place[new] < 0]
        self.append(new)
        place = self._place
        added = [(place[keys >> 32], place[keys & _LOW], counts) for keys, counts in pairs]
        added.append((place[hours.keys >> 32], (hours.keys & _LOW).astype(np.int32), hours.counts))
        self.mark_rest(n, digests)
        return msgspec.msgpack.encode(
            Changed(
                items=[names[item] for item in new.tolist()],
                fence=[(topic, number, at) for (topic, number), at in sorted(fence.items())],
                added=[(a.tobytes(), b.tobytes(), c.tobytes()) for a, b, c in added],
                rows=place[rows].tobytes(),
                n=n[:, rows].tobytes(),
                digest_rows=place[digest_rows].tobytes(),
                digests=digests[digest_rows].tobytes(),
                hour_max=hour_max,
            )
        )
