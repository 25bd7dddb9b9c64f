"""The last ids of a partition, to drop repeats: bounded, checkpointed, and defined by the log."""

from __future__ import annotations

from collections import deque
from itertools import islice

from xxhash import xxh3_128_digest

DIGEST_BYTES = 16


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
        digest = xxh3_128_digest(f"{source}\x00{event_id}".encode())
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
