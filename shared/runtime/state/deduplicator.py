"""The last ids of a partition, to drop repeats: bounded, checkpointed, and defined by the log."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

from xxhash import xxh3_128_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

DIGEST_BYTES = 16


def digest_of(source: str, event_id: str) -> bytes:
    """What an event is known by."""
    return xxh3_128_digest(f"{source}\x00{event_id}".encode())


class RecentIds:
    """Remembers the last `capacity` distinct event ids (CloudEvents: `source` + `id`).

    128-bit digests instead of the ids: at 100,000 remembered ids a false "seen" has probability
    3e-34 per event, and a checkpoint is 1.6 MB whatever the producers use as ids. What is
    forgotten depends on the order of ids in the log alone, so a replay decides alike.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        # A set and a queue, not one dict: deleting a dict's oldest key scans the holes before it.
        self._ids: set[bytes] = set()
        self._order: deque[bytes] = deque()
        self._new = 0  # remembered since `snapshot` or `changes`

    def __len__(self) -> int:
        return len(self._ids)

    def seen(self, source: str, event_id: str) -> bool:
        """Whether this id is among the last; remembers it if it is not."""
        return self._is_seen(digest_of(source, event_id))

    def seen_many(self, digests: Sequence[bytes]) -> list[bool]:
        """Of each digest (`digest_of`), what `seen` would have returned, one after the other."""
        ids, new = self._ids, len(digests)
        # With a repeat it matters what is forgotten between the two.
        if not ids.isdisjoint(digests) or len(set(digests)) < new or new > self._capacity:
            return [self._is_seen(digest) for digest in digests]
        ids.update(digests)
        self._order.extend(digests)
        self._new += new
        excess = len(ids) - self._capacity
        if excess > 0:
            forget = self._order.popleft
            ids.difference_update([forget() for _ in range(excess)])
        return [False] * new

    def _is_seen(self, digest: bytes) -> bool:
        ids = self._ids
        if digest in ids:
            return True
        if self._capacity:
            ids.add(digest)
            self._order.append(digest)
            self._new += 1
            if len(ids) > self._capacity:
                ids.discard(self._order.popleft())
        return False

    def snapshot(self) -> bytes:
        """All ids, oldest first, 16 bytes each."""
        self._new = 0
        return b"".join(self._order)

    def changes(self) -> bytes:
        """Those remembered since the last `snapshot` or `changes`, oldest first."""
        new, self._new = min(self._new, len(self._order)), 0
        return b"".join(reversed(list(islice(reversed(self._order), new))))

    def apply(self, packed: bytes) -> None:
        """Remember what `changes` gave, one by one as `seen` did."""
        if len(packed) >= self._capacity * DIGEST_BYTES:
            self.restore(packed)
            return
        for start in range(0, len(packed), DIGEST_BYTES):
            digest = packed[start : start + DIGEST_BYTES]
            self._ids.add(digest)
            self._order.append(digest)
            if len(self._ids) > self._capacity:
                self._ids.discard(self._order.popleft())

    def restore(self, packed: bytes) -> None:
        """Replace what is remembered by what `snapshot` gave; the newest that fit are kept."""
        ids = [packed[i : i + DIGEST_BYTES] for i in range(0, len(packed), DIGEST_BYTES)]
        self._order = deque(ids[-self._capacity :] if self._capacity else [])
        self._ids = set(self._order)
        self._new = 0
