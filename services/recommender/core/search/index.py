"""Search by text: products' hashed words in BM25, and their meaning as vectors, both incremental.

BM25: Robertson and Zaragoza 2009, "The probabilistic relevance framework", with fields weighted
before saturation (BM25F). The mean vector of the first hits is asked too (Rocchio 1971, "Relevance
feedback in information retrieval").

What is found is what comparing every product in full precision finds (`scores`), at a fraction of
the price: int8 codes of all vectors are scanned, and only products that can be among the best,
given how wrong a code can be, are compared exactly (`search`; the bounds are in scan.py).

No I/O: texts become terms and vectors outside.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..numeric.int8 import dots, shifts
from ..numeric.unit import unit
from .scan import collect, keep_best
from .segment_list import LENGTH_SHARE as LENGTH_SHARE
from .segment_list import SATURATION as SATURATION
from .segment_list import SegmentList
from .segments import PLACES_MAX, Segment, Terms, coded, merged, of_batch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MEANING = 4.0  # weight of the cosine, against the best lexical score of a query as 1
FEEDBACK_HITS, FEEDBACK = 10, 2.0  # first hits whose mean vector is asked too, and its weight
SCORE_MAX = 1.0 + MEANING + FEEDBACK
QUERIES_MAX = 16  # scanned together: they share the reading of codes, and memory for scores
KEPT = 64  # best products by codes of each query: more than can be among the first hits, mostly
ROUNDING = 2e-5  # of float32 sums of at most SCORE_MAX


class _Scan(NamedTuple):
    """A batch of queries against all places. lexical, products: (queries, places), of words and of
    codes. inverse: (queries,) of the best lexical score, or 1. error: (queries,) of cosines."""

    vectors: NDArray[np.float32]
    lexical: NDArray[np.float32]
    products: NDArray[np.int32]
    scales: NDArray[np.float32]  # (queries,) of their codes
    known: NDArray[np.bool_]  # (queries,) whether any word was found
    inverse: NDArray[np.float32]
    error: NDArray[np.float32]
    kept_scores: NDArray[np.float32]  # (queries, KEPT) by codes, of the best
    kept_places: NDArray[np.int64]  # likewise; -1 where there are fewer


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
        # Memory that batches use again: to get as much of the system takes longer than a scan.
        self._scratch = np.zeros((2, 0), np.float32)

    def __len__(self) -> int:
        return len(self._serial_of)

    # -- changes

    def put(self, products: Sequence[str], terms: Terms, vectors: NDArray[np.float32]) -> None:
        """Add or replace. products: (n,); terms: rows 0 to n - 1; vectors: (n, dimensions), each of
        length 1 or 0.

        Of a product that occurs twice the last counts. Raises ValueError.
        """
        if vectors.shape != (len(products), self.dimensions):
            raise ValueError(f"vectors of shape {vectors.shape} for {len(products)} products")
        self.remove(products)
        last = {product: row for row, product in enumerate(products)}
        rows = np.fromiter(last.values(), np.int64, len(last))
        rows.sort()  # in the order of their last occurrence
        for begin in range(0, len(rows), self._segment_max):
            part = rows[begin : begin + self._segment_max]
            row_of = np.full(len(products), -1, np.int32)
            row_of[part] = np.arange(len(part), dtype=np.int32)
            new = row_of[terms.rows]
            kept = new >= 0
            names = [products[row] for row in part.tolist()]
            self._segments.append(
                of_batch(
                    self._next_serial,
                    names,
                    Terms(new[kept], terms.ids[kept], terms.counts[kept]),
                    vectors[part],
                )
            )
            self._serial_of.update(
                zip(names, range(self._next_serial, self._next_serial + len(names)), strict=True)
            )
            self._next_serial += len(names)
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
            found += self._search(
                Terms(terms.rows[asked] - begin, terms.ids[asked], terms.counts[asked]),
                part,
                count,
            )
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

    def _scan(self, terms: Terms, vectors: NDArray[np.float32], kept: int) -> _Scan:
        queries, places = len(vectors), self._segments.places
        size = queries * places
        if self._scratch.shape[1] < size:
            self._scratch = np.zeros((2, size + size // 4), np.float32)
        lexical, products = (part[:size].reshape(queries, -1) for part in self._scratch)
        best = self._segments.add_words(terms, lexical)
        codes, scales, errors = coded(vectors)
        shift = shifts(codes)
        made = _Scan(
            vectors=vectors,
            lexical=lexical,
            products=products.view(np.int32),
            scales=scales,
            known=best > 0,
            inverse=np.reciprocal(np.where(best > 0, best, np.float32(1))),
            error=self._errors(vectors, errors),
            kept_scores=np.full((queries, kept), -np.inf, np.float32),
            kept_places=np.full((queries, kept), -1, np.int64),
        )
        for segment, offset in reversed(self._segments.placed()):
            dots(segment.codes, offset, codes, shift, made.products)
            keep_best(
                scales=segment.scales,
                alive=segment.alive,
                offset=offset,
                query_scales=scales,
                inverse=made.inverse,
                weight=np.float32(MEANING),
                lexical=lexical,
                products=made.products,
                kept_scores=made.kept_scores,
                kept_places=made.kept_places,
            )
        return made

    def _errors(
        self, vectors: NDArray[np.float32], errors: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """(queries,): by how much the codes' product can differ from the vectors' (Cauchy and
        Schwarz). errors: of the queries' own codes."""
        own = max(segment.error for segment in self._segments)
        found: NDArray[np.float32] = errors + own * (np.linalg.norm(vectors, axis=1) + errors)
        return found

    def _search(
        self, terms: Terms, vectors: NDArray[np.float32], count: int
    ) -> list[list[tuple[str, float]]]:
        made = self._scan(terms, vectors, max(KEPT, 3 * count))
        first = self._first_hits(made)
        mean = unit(np.stack([self._vectors(places).sum(axis=0) for places in first]))
        rows, places = self._candidates(made, mean, count)
        known = self._vectors(places)
        near = np.einsum("ij,ij->i", known, vectors[rows])
        words = made.lexical[rows, places].astype(np.float64) * made.inverse[rows]
        scores = words + MEANING * near + FEEDBACK * np.einsum("ij,ij->i", known, mean[rows])
        order = np.lexsort((-places, -scores, rows))
        rows, scores = rows[order], scores[order]
        # Where nothing is near and no word is known, there is nothing.
        useful = np.zeros(len(vectors), np.bool_)
        useful[rows[scores != 0]] = True
        useful &= made.known | np.any(vectors, axis=1)
        begins = np.searchsorted(rows, np.arange(len(vectors)))
        best = [slice(b, b + count) for b, found in zip(begins, useful, strict=True) if found]
        hits = iter(self._segments.named(places[order], scores, best))
        return [next(hits) if found else [] for found in useful.tolist()]

    def _first_hits(self, made: _Scan) -> list[NDArray[np.int64]]:
        """Of each query the places of the best `FEEDBACK_HITS`, without feedback."""
        wanted = min(FEEDBACK_HITS, len(self))
        queries, kept = made.kept_scores.shape
        by_code = -np.sort(-made.kept_scores, axis=1)
        slack = MEANING * made.error + ROUNDING
        limits = by_code[:, wanted - 1] - 2 * slack
        exact = ~np.any(made.vectors, axis=1)  # words alone: no error
        # More than were kept can be among them, of a query whose hits are very much alike.
        many = ~exact & (len(self) > kept) & (by_code[:, -1] >= limits)
        rows = np.repeat(np.arange(queries), kept)
        places, scores = made.kept_places.ravel(), made.kept_scores.ravel()
        left = (places >= 0) & (scores >= limits[rows]) & ~many[rows]
        rows, places = rows[left], places[left]
        if many.any():
            limits[~many] = np.inf
            more = self._collected(made, np.zeros_like(made.vectors), limits, 0.0)
            rows, places = np.append(rows, more[0]), np.append(places, more[1])
        near = np.einsum("ij,ij->i", self._vectors(places), made.vectors[rows])
        scores = made.lexical[rows, places].astype(np.float64) * made.inverse[rows]
        scores += MEANING * near
        order = np.lexsort((-places, -scores, rows))
        rows, places = rows[order], places[order]
        begins = np.searchsorted(rows, np.arange(queries))
        return [places[begin : begin + wanted] for begin in begins.tolist()]

    def _candidates(
        self, made: _Scan, mean: NDArray[np.float32], count: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(rows, places), by row: all that can be among a query's best `count`."""
        queries = len(mean)
        tried = min(count + count // 2, made.kept_scores.shape[1])
        best = np.argpartition(-made.kept_scores, tried - 1, axis=1)[:, :tried]
        places = np.take_along_axis(made.kept_places, best, axis=1)
        known = self._vectors(np.maximum(places, 0).ravel()).reshape(queries, tried, -1)
        scores = np.take_along_axis(made.kept_scores, best, axis=1)
        scores += FEEDBACK * np.matmul(known, mean[:, :, np.newaxis])[:, :, 0]
        scores[places < 0] = -np.inf
        # What some of them reach at least, the best `count` of all reach.
        limits = -np.partition(-scores, count - 1, axis=1)[:, count - 1]
        limits -= MEANING * made.error + ROUNDING
        return self._collected(made, mean, limits, FEEDBACK)

    def _collected(
        self,
        made: _Scan,
        mean: NDArray[np.float32],
        limits: NDArray[np.float32],
        feedback: float,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(rows, places), by row: all whose score can reach their query's limit."""
        codes, scales, errors = coded(mean)
        slack = np.stack(
            [
                made.error,
                MEANING * made.error + ROUNDING,
                MEANING * made.error + feedback * self._errors(mean, errors) + ROUNDING,
            ],
            axis=1,
        ).astype(np.float32)
        along = np.einsum("ij,ij->i", mean, made.vectors)
        shift = shifts(codes)
        room = 4096
        while True:
            rows, places = np.empty(room, np.int64), np.empty(room, np.int64)
            at = 0
            for segment, offset in self._segments.placed():
                at = collect(
                    codes=segment.codes,
                    scales=segment.scales,
                    alive=segment.alive,
                    offset=offset,
                    query_scales=made.scales,
                    means=codes,
                    mean_scales=scales,
                    shifts=shift,
                    along=along,
                    inverse=made.inverse,
                    weights=(np.float32(MEANING), np.float32(feedback)),
                    slack=slack,
                    limits=limits,
                    lexical=made.lexical,
                    products=made.products,
                    out_rows=rows,
                    out_places=places,
                    at=at,
                )
                if at < 0:
                    break
            if at >= 0:
                order = np.argsort(rows[:at], kind="stable")
                return rows[order], places[order]
            room *= 4

    def _vectors(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        return self._segments.vectors_at(places, self.dimensions)


def _first(row: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """The `count` slots of the highest scores, best first; of equal scores the newest first."""
    least = np.partition(row, len(row) - count)[len(row) - count]
    chosen = np.flatnonzero(row >= least)
    return chosen[np.lexsort((-chosen, -row[chosen]))][:count]
