"""Products by when they came: the same order for everybody who has read the same records."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

# When a record said something: its timestamp in milliseconds, its offset, and the number of the
# product within it. None: after everything before, for readers that have no such thing.
Since: TypeAlias = "tuple[int, int, int] | None"

FEW = 16  # fewer are put in one by one


class NewestFirst:
    """Product ids, those that came last first.

    Partitions of a topic are read in any order, and in another one after a restart, so that the
    order of reading is no order. Asked while 100,000 products come in, it sorts what is new into
    what is sorted.
    """

    def __init__(self) -> None:
        self._since: dict[str, tuple[int, int, int]] = {}
        self._sorted: list[tuple[tuple[int, int, int], str]] = []
        self._waiting: dict[str, tuple[int, int, int]] = {}  # not sorted in yet
        self._unstamped = 0

    def __len__(self) -> int:
        return len(self._since)

    def __iter__(self) -> Iterator[str]:
        self._settle()
        return (product_id for _, product_id in reversed(self._sorted))

    def add(self, product_id: str, since: Since) -> None:
        """It came; where it is here already, it keeps its place."""
        if product_id in self._since:
            return
        if since is None:
            self._unstamped += 1
            since = (0, self._unstamped, 0)
        self._since[product_id] = self._waiting[product_id] = since

    def discard(self, product_id: str) -> None:
        """It is gone, if it was here."""
        since = self._since.pop(product_id, None)
        if since is not None and self._waiting.pop(product_id, None) is None:
            del self._sorted[bisect_left(self._sorted, (since, product_id))]

    def since(self, product_id: str) -> Since:
        """When it came; None where it is not here."""
        return self._since.get(product_id)

    def _settle(self) -> None:
        waiting = [(since, product_id) for product_id, since in self._waiting.items()]
        self._waiting.clear()
        if len(waiting) <= FEW:
            for each in waiting:
                insort(self._sorted, each)
        else:
            self._sorted += waiting
            self._sorted.sort()
