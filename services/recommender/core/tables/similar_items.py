"""Similar items of every product: `personalisation.similar-items.v1`, whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.events.recommendation import SimilarItemsUpdated

from ..numeric.arrays import grown
from .base import BASES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from shopkeeper.shared.contracts.envelope import KeyValue

    from ..numeric.items import ItemIndex


class SimilarItemsTable:
    """Neighbour lists in packed arrays: 13 bytes per neighbour, rows only for items that have one.

    `row_of[item]` is -1 or the row of `neighbours` (item numbers, -1 past the end), `scores` and
    `classes`, each (rows, neighbours_max).
    """

    topic = topics.SIMILAR_ITEMS

    def __init__(self, items: ItemIndex, neighbours_max: int) -> None:
        self._items, self._width = items, neighbours_max
        self.row_of: NDArray[np.int32] = np.full(1024, -1, np.int32)
        self.neighbours: NDArray[np.int32] = np.full((256, neighbours_max), -1, np.int32)
        self.scores: NDArray[np.float32] = np.zeros((256, neighbours_max), np.float32)
        self.counts: NDArray[np.int32] = np.zeros((256, neighbours_max), np.int32)  # c(i, j)
        self.classes: NDArray[np.uint8] = np.zeros((256, neighbours_max), np.uint8)
        self._free: list[int] = []
        self._used = 0
        self.junk = 0
        self._decoder = msgspec.json.Decoder(SimilarItemsUpdated)

    def __len__(self) -> int:
        """Items that have a row."""
        return self._used - len(self._free)

    def apply(self, records: Sequence[KeyValue]) -> None:
        for key, value in records:
            try:
                if value is None:
                    self._remove((key or b"").decode())
                else:
                    self._put(self._decoder.decode(value))
            except (msgspec.MsgspecError, UnicodeDecodeError):
                self.junk += 1

    def reserve(self) -> None:
        """Make `row_of` cover every interned item."""
        if self._items.capacity > len(self.row_of):
            self.row_of = grown(self.row_of, self._items.capacity, -1)

    def _put(self, row: SimilarItemsUpdated) -> None:
        intern = self._items.intern
        item = intern(row.product_id)
        shown = row.items[: self._width]
        neighbours = [intern(other.product_id) for other in shown]
        self.reserve()
        place = int(self.row_of[item])
        if place < 0:
            if self._free:
                place = self._free.pop()
            else:
                place = self._used
                self._used += 1
                if place == len(self.scores):
                    self.neighbours = grown(self.neighbours, 2 * place, -1)
                    self.scores = grown(self.scores, 2 * place)
                    self.counts = grown(self.counts, 2 * place)
                    self.classes = grown(self.classes, 2 * place)
            self.row_of[item] = place
        count = len(shown)
        self.neighbours[place, :count] = neighbours
        self.neighbours[place, count:] = -1
        self.scores[place, :count] = [other.score for other in shown]
        self.scores[place, count:] = 0
        self.counts[place, :count] = [other.count for other in shown]
        self.counts[place, count:] = 0
        self.classes[place, :count] = [
            BASES.index(other.basis) if other.basis in BASES else 0 for other in shown
        ]

    def _remove(self, name: str) -> None:
        item = self._items.number_of.get(name)
        if item is None or item >= len(self.row_of) or self.row_of[item] < 0:
            return
        place = int(self.row_of[item])
        self.row_of[item] = -1
        self.neighbours[place] = -1
        self._free.append(place)
