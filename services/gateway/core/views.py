"""Products' neighbours and sentiment, and what is trending: as they were published last."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.contracts.envelope import KeyValue


class LatestValues:
    """A compacted topic by key, as bytes; at `keys_max` the one written longest ago goes.

    One thread writes, others may read: each step on the dict is whole.
    """

    def __init__(self, keys_max: int) -> None:
        self._keys_max = keys_max
        self._values: dict[bytes, bytes] = {}
        self._evicted = 0

    def __len__(self) -> int:
        return len(self._values)

    def apply(self, records: Sequence[KeyValue]) -> None:
        """Records in their order; an empty value removes its key."""
        for key, value in records:
            if key is None:
                continue
            self._values.pop(key, None)
            if value:
                self._values[key] = value
        while len(self._values) > self._keys_max:
            del self._values[next(iter(self._values))]
            self._evicted += 1

    def get(self, key: str) -> bytes | None:
        """JSON of the newest record; None where there is none."""
        return self._values.get(key.encode())

    def take_evicted(self) -> int:
        """Keys that made room since this was asked last."""
        evicted, self._evicted = self._evicted, 0
        return evicted
