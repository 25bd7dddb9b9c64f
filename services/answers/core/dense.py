"""Entries by vectors that come, change and go one by one; exact search.

A vector is kept as one byte per dimension and a scale. A search reads them all: at 100,000 vectors
of 384 that takes a compiled loop two milliseconds, so an approximate index, which would have to be
kept current, has little to save (docs/decisions/0057 has the figures).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ANY = 0  # the group that every search finds
_SLOTS_MIN = 64
_LARGEST = 127
_NOWHERE = -2.0  # below any cosine
PLAIN_MAX, _ROWS = 8_192, 1_024  # slots; those multiplied at once, which fit into a cache


class DenseIndex:
    """Names with one vector or several; a name's similarity is that of its nearest vector.

    Memory follows the most vectors that were there at once. Not safe to change while another
    thread searches.
    """

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self._slots_of: dict[str, list[int]] = {}
        self._name_of: list[str] = []  # by slot; "" in a free one
        self._free: list[int] = []
        self._codes = np.zeros((_SLOTS_MIN, dimensions), np.int8)
        self._scales = np.zeros(_SLOTS_MIN, np.float32)  # 0 in a free slot
        self._groups = np.zeros(_SLOTS_MIN, np.int64)

    def __len__(self) -> int:
        return len(self._slots_of)

    def __contains__(self, name: str) -> bool:
        return name in self._slots_of

    def put(
        self, names: Sequence[str], vectors: NDArray[np.float32], groups: Sequence[int]
    ) -> None:
        """Add or replace. names: (n,), a repeated one has several vectors; vectors: (n,
        dimensions), of length 1; groups: (n,), a search may ask for one; `ANY` is always found."""
        self.put_quantised(names, *quantised(vectors), groups)

    def put_quantised(
        self,
        names: Sequence[str],
        codes: NDArray[np.int8],
        scales: NDArray[np.float32],
        groups: Sequence[int],
    ) -> None:
        """`put` of what `quantised` makes of the vectors."""
        self.remove(names)
        for name, code, scale, group in zip(names, codes, scales, groups, strict=True):
            slot = self._slot()
            self._name_of[slot] = name
            self._slots_of.setdefault(name, []).append(slot)
            self._codes[slot], self._scales[slot], self._groups[slot] = code, scale, group

    def remove(self, names: Sequence[str]) -> None:
        """Those that are not there are passed over."""
        for name in names:
            for slot in self._slots_of.pop(name, ()):
                self._name_of[slot], self._scales[slot] = "", 0.0
                self._free.append(slot)

    def stored(self, name: str) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """A copy of a name's vectors, as `put_quantised` takes them. Raises KeyError."""
        slots = self._slots_of[name]
        return self._codes[slots], self._scales[slots]

    def similarities(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """(slots,) the cosine of each vector with this one, of length 1; below -1 in free slots."""
        used = len(self._name_of)
        codes, scales = quantised(vector[None])
        found = np.empty(used, np.float32)
        _scan(self._codes[:used], self._scales[:used], codes[0], scales[0], found)
        found[self._scales[:used] <= 0] = _NOWHERE
        return found

    def nearest(
        self, similarities: NDArray[np.float32], count: int, group: int | None = None
    ) -> list[str]:
        """Names of the `count` nearest, nearest first; of equals the one of the earlier slot.

        similarities: of this index as it is. group: only names of this group and of `ANY`.
        """
        if group is not None:
            groups = self._groups[: len(similarities)]
            wanted = (groups == ANY) | (groups == group)
            similarities = np.where(wanted, similarities, np.float32(_NOWHERE))
        most = len(similarities)
        wanted_slots = min(2 * count, most)  # an entry's title and text
        while True:
            found = dict.fromkeys(
                self._name_of[slot]
                for slot in _largest(similarities, wanted_slots)
                if similarities[slot] > _NOWHERE
            )
            if len(found) >= count or wanted_slots == most:
                return list(found)[:count]
            wanted_slots = min(2 * wanted_slots, most)

    def of(self, similarities: NDArray[np.float32], name: str) -> list[float]:
        """Those of a name's vectors, in their order; none where it has no vector."""
        return [float(similarities[slot]) for slot in self._slots_of.get(name, ())]

    def _slot(self) -> int:
        if self._free:
            return self._free.pop()
        slot = len(self._name_of)
        self._name_of.append("")
        if slot == len(self._scales):
            self._codes = np.concatenate([self._codes, np.zeros_like(self._codes)])
            self._scales = np.concatenate([self._scales, np.zeros_like(self._scales)])
            self._groups = np.concatenate([self._groups, np.zeros_like(self._groups)])
        return slot


def quantised(vectors: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """(codes, scales) of rows: a row is about its codes times its scale."""
    scales = np.maximum(np.abs(vectors).max(axis=1), 1e-9).astype(np.float32) / _LARGEST
    return np.rint(vectors / scales[:, None]).astype(np.int8), scales


def _largest(values: NDArray[np.float32], count: int) -> list[int]:
    """Places of the largest, largest first; of equals the first."""
    if count < 1:
        return []
    least = np.partition(values, len(values) - count)[len(values) - count]
    places = np.flatnonzero(values >= least)
    chosen: list[int] = places[np.argsort(-values[places], kind="stable")][:count].tolist()
    return chosen


def _scan(
    codes: NDArray[np.int8],
    scales: NDArray[np.float32],
    query: NDArray[np.int8],
    query_scale: np.float32,
    found: NDArray[np.float32],
) -> None:
    """Fill in products of vectors with one; see `loops`."""
    if len(codes) > PLAIN_MAX:
        from .loops import scan

        scan(codes, scales, query, query_scale, found)
        return
    # Sums of products of whole numbers below 2^24 are exact in float32, in any order.
    exact = query.astype(np.float32)
    for start in range(0, len(codes), _ROWS):
        part = slice(start, start + _ROWS)
        totals = (codes[part].astype(np.float32) @ exact).astype(np.float64)
        found[part] = totals * scales[part] * query_scale
