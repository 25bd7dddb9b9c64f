"""Segments one after the other, as one row of places."""

from __future__ import annotations

from itertools import accumulate, islice
from typing import TYPE_CHECKING, Any

import numpy as np

from .scan import add_words, count_living, find_terms
from .segments import Segment

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .segments import Terms

SATURATION = 1.2  # k1 of BM25
LENGTH_SHARE = 0.75  # b of BM25


class SegmentList(list[Segment]):
    """In the order in which their products were put; a place counts through all of them."""

    @property
    def places(self) -> int:
        return int(self.offsets()[-1])

    def offsets(self) -> NDArray[np.int64]:
        """(segments + 1,): place of each one's first among all, and how many there are."""
        return np.array([0, *accumulate(map(len, self))])

    def placed(self) -> list[tuple[Segment, int]]:
        """Segments with the place of their first among all."""
        return list(zip(self, self.offsets().tolist(), strict=False))

    def add_words(self, terms: Terms, out: NDArray[np.float32]) -> NDArray[np.float32]:
        """Set `out`, (queries, places), to BM25; the best of each query."""
        living = sum(segment.living for segment in self)
        mean = sum(segment.length for segment in self) / max(living, 1) or 1.0
        # Ascending terms within a query, so that a sum is the same however the segments lie.
        asked = np.unique(terms.rows.astype(np.int64) << 32 | terms.ids)
        rows, ids = asked >> 32, (asked & 0xFFFFFFFF).astype(np.int32)
        frequency = np.zeros(len(asked), np.int64)
        ranges = np.empty((len(self), 2, len(asked)), np.int64)
        for segment, (first, end) in zip(self, ranges, strict=True):
            postings = segment.postings
            find_terms(postings.terms, postings.starts, ids, first, end)
            if segment.living == len(segment):
                frequency += end - first
            else:
                count_living(postings.places, first, end, segment.alive, frequency)
        best = np.zeros(len(out), np.float32)
        idf = np.log1p((living - frequency + 0.5) / (frequency + 0.5))
        weights = (idf * (SATURATION + 1)).astype(np.float32)
        for (segment, offset), (first, end) in zip(self.placed(), ranges, strict=True):
            add_words(
                places=segment.postings.places,
                counts=segment.postings.counts,
                lengths=segment.lengths,
                first=first,
                end=end,
                rows=rows,
                weights=weights,
                fixed=np.float32(SATURATION * (1 - LENGTH_SHARE)),
                by_length=np.float32(SATURATION * LENGTH_SHARE / mean),
                offset=offset,
                lexical=out,
                best=best,
            )
        return best

    def split(self, places: NDArray[np.int64]) -> list[tuple[Segment, Any, Any]]:
        """(segment, which of these places are its, where in it) of each segment that has any."""
        offsets = self.offsets()
        order = np.argsort(places)
        ends = np.searchsorted(places[order], offsets)
        return [
            (segment, mine, places[mine] - offset)
            for segment, offset, begin, end in zip(self, offsets, ends, ends[1:], strict=False)
            if len(mine := order[begin:end])
        ]

    def vectors_at(self, places: NDArray[np.int64], dimensions: int) -> NDArray[np.float32]:
        """(places, dimensions)"""
        found = np.empty((len(places), dimensions), np.float32)
        for segment, mine, where in self.split(places):
            found[mine] = segment.vectors[where]
        return found

    def named(
        self, places: NDArray[np.int64], scores: NDArray[np.float64], parts: list[slice]
    ) -> list[list[tuple[str, float]]]:
        """(product, score) pairs of each part of `places`."""
        if not parts:
            return []
        chosen = np.concatenate([places[part] for part in parts])
        names = [""] * len(chosen)
        for segment, mine, where in self.split(chosen):
            for at, place in zip(mine.tolist(), where.tolist(), strict=True):
                names[at] = segment.products[place]
        pairs = iter(
            zip(names, np.concatenate([scores[part] for part in parts]).tolist(), strict=True)
        )
        return [list(islice(pairs, len(places[part]))) for part in parts]
