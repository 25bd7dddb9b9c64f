"""Search by text: products' hashed words in BM25, and their meaning as vectors, both incremental.

BM25: Robertson and Zaragoza 2009, "The probabilistic relevance framework", with fields weighted
before saturation (BM25F). The mean vector of the first hits is asked too (Rocchio 1971, "Relevance
feedback in information retrieval").

What is found is what comparing every product in full precision finds (`scores`), at a fraction of
the price: int8 codes of all vectors are scanned, and only products that can be among the best,
given how wrong a code can be, are compared exactly (`search`; how is in batch.py).

No I/O: texts become terms and vectors outside.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

import numpy as np

from ..numeric.unit import unit
from .batch import FEEDBACK, FEEDBACK_HITS, MEANING, QUERIES_MAX, Scratch, best_of
from .batch import SCORE_MAX as SCORE_MAX
from .segment_list import LENGTH_SHARE as LENGTH_SHARE
from .segment_list import SATURATION as SATURATION
from .segment_list import SegmentList
from .segments import PLACES_MAX, Segment, Terms, merged, of_batch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class SearchIndex:
    """Products by their text. Not safe to change while another thread searches."""

    def __init__(
        self, dimensions: int, products_max: int = 1_000_000, segment_max: int = PLACES_MAX
    ) -> None:
        """At `products_max` the product that was put longest ago makes room. segment_max: products
        of one segment, at most `PLACES_MAX`."""
        if dimensions < 1 or products_max < 1 or not 1 <= segment_max <= PLACES_MAX:
            raise ValueError("dimensions, products_max and segment_max must be at least 1")
        self.dimensions, self.products_max = dimensions, products_max
        self._segment_max = segment_max
        self._serial_of: dict[str, int] = {}
        self._next_serial = 0
        self._segments = SegmentList()
        self._scratch = Scratch()

    def __len__(self) -> int:
        return len(self._serial_of)

    # -- changes

    def put(self, products: Sequence[str], terms: Terms, vectors: NDArray[np.float32]) -> None:
        """Add or replace. products: (n,); terms: rows 0 to n - 1; vectors: (n, dimensions), each of
        length 1 or 0.

        Of a product that occurs twice the last counts. Raises ValueError.
        """
        self.take(self.made(products, terms, vectors))

    def made(
        self, products: Sequence[str], terms: Terms, vectors: NDArray[np.float32]
    ) -> list[Segment]:
        """As `put`, but for `take`. Neither reads nor changes what is here, so that another thread
        may do it."""
        if vectors.shape != (len(products), self.dimensions):
            raise ValueError(f"vectors of shape {vectors.shape} for {len(products)} products")
        last = {product: row for row, product in enumerate(products)}
        rows = np.fromiter(last.values(), np.int64, len(last))
        rows.sort()  # in the order of their last occurrence
        found = []
        for begin in range(0, len(rows), self._segment_max):
            part = rows[begin : begin + self._segment_max]
            if len(part) < len(products):
                row_of = np.full(len(products), -1, np.int32)
                row_of[part] = np.arange(len(part), dtype=np.int32)
                new = row_of[terms.rows]
                kept = new >= 0
                its = Terms(new[kept], terms.ids[kept], terms.counts[kept])
            else:
                its = terms
            names = [products[row] for row in part.tolist()]
            found.append(of_batch(names, its, vectors[part]))
        return found

    def take(self, segments: Sequence[Segment]) -> None:
        """Add or replace the products of what was `made`, of which this is the only use."""
        self.remove([name for segment in segments for name in segment.products])
        for segment in segments:
            segment.serials += self._next_serial
            self._segments.append(segment)
            self._serial_of.update(zip(segment.products, segment.serials.tolist(), strict=True))
            self._next_serial += len(segment)
            self._merge_last()
        if len(self) > self.products_max:
            self._remove_oldest(len(self) - self.products_max)

    def remove(self, products: Sequence[str]) -> None:
        """Those that are not there are passed over."""
        serials = [
            serial
            for product in products
            if (serial := self._serial_of.pop(product, None)) is not None
        ]
        if not serials:
            return
        firsts = [int(segment.serials[0]) for segment in self._segments]
        for serial in serials:
            self._segments[bisect_right(firsts, serial) - 1].kill(serial)
        self._tidy()

    def _remove_oldest(self, count: int) -> None:
        oldest: list[str] = []
        for segment in self._segments:
            living = np.flatnonzero(segment.alive)[: count - len(oldest)]
            oldest += [segment.products[place] for place in living.tolist()]
            if len(oldest) == count:
                break
        self.remove(oldest)

    def _merge_last(self) -> None:
        """Merge the last segments while one is less than twice as long as the next: there are few,
        and a product is moved as often as the logarithm of a segment's size."""
        found = self._segments
        while (
            len(found) > 1
            and found[-2].living < 2 * found[-1].living
            and found[-2].living + found[-1].living <= self._segment_max
        ):
            newer, older = found.pop(), found.pop()
            found.append(merged([older, newer]))

    def _tidy(self) -> None:
        """Give segments of which less than half lives to their neighbours, or their places back."""
        tidied: list[Segment] = []
        for segment in self._segments:
            if not segment.living:
                continue
            sparse = 2 * segment.living < len(segment)
            if tidied:
                before = tidied[-1]
                fits = before.living + segment.living <= self._segment_max
                if fits and (sparse or 2 * before.living < len(before)):
                    tidied[-1] = merged([before, segment])
                    continue
            tidied.append(merged([segment]) if sparse else segment)
        self._segments = SegmentList(tidied)

    # -- searches

    def search(
        self, terms: Terms, vectors: NDArray[np.float32], count: int
    ) -> list[list[tuple[str, float]]]:
        """Of each query the best `count` products with their scores, best first.

        Of equal scores the product put last comes first. A query with neither a known term nor a
        vector finds nothing. vectors: (queries, dimensions) of length 1 or 0.
        """
        count = min(count, len(self))
        if count < 1:
            return [[] for _ in vectors]
        found: list[list[tuple[str, float]]] = []
        for begin in range(0, len(vectors), QUERIES_MAX):
            part = vectors[begin : begin + QUERIES_MAX]
            asked = (terms.rows >= begin) & (terms.rows < begin + len(part))
            own = Terms(terms.rows[asked] - begin, terms.ids[asked], terms.counts[asked])
            found += best_of(self._segments, self._scratch, own, part, count)
        return found

    def lexical(self, terms: Terms, queries: int) -> NDArray[np.float32]:
        """(queries, places): BM25 of each query with each place, of living products in the order
        they were put and of dead ones, which have 0."""
        out = np.zeros((queries, self._segments.places), np.float32)
        self._segments.add_words(terms, out)
        return out

    def scores(self, terms: Terms, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """(queries, places): lexical score over the query's best, plus MEANING times the cosine,
        plus FEEDBACK times the cosine with the mean of the first hits: all of them, exactly.

        Minus infinity for dead places. vectors: (queries, dimensions) of length 1 or 0.
        """
        lexical = self.lexical(terms, len(vectors)).astype(np.float64)
        best = lexical.max(axis=1, keepdims=True, initial=0)
        known = np.concatenate(
            [np.zeros((0, self.dimensions), np.float32), *(s.vectors for s in self._segments)]
        )
        out: NDArray[np.float64] = lexical / np.where(best > 0, best, 1)
        out += MEANING * (vectors @ known.T)
        for segment, offset in self._segments.placed():
            out[:, offset : offset + len(segment)][:, ~segment.alive] = -np.inf
        count = min(FEEDBACK_HITS, len(self))
        if count and len(out):
            mean = unit(known[np.stack([_first(row, count) for row in out])].sum(axis=1))
            mean[~np.any(vectors, axis=1) & (best[:, 0] <= 0)] = 0  # found by nothing
            out += FEEDBACK * (mean @ known.T)
        return out


def _first(row: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """The `count` slots of the highest scores, best first; of equal scores the newest first."""
    least = np.partition(row, len(row) - count)[len(row) - count]
    chosen = np.flatnonzero(row >= least)
    return chosen[np.lexsort((-chosen, -row[chosen]))][:count]
