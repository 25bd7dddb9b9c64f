"""Search by text: products' hashed words in BM25, and their meaning as vectors, both incremental.

BM25: Robertson and Zaragoza 2009, "The probabilistic relevance framework", with fields weighted
before saturation (BM25F). Postings lie in runs sorted by term that are merged when alike in size
(O'Neil et al. 1996, "The log-structured merge-tree"), so that adding a product costs the same
whether there are a hundred or a hundred thousand. Nearest vectors are found by a plain product
with all of them: exact, and fast enough at these sizes (see the README). The mean vector of the
first hits is then asked too (Rocchio 1971, "Relevance feedback in information retrieval").

No I/O: texts become terms and vectors outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from shopkeeper.shared.text.postings import Run, joined, merge

from ..numeric.arrays import grown
from ..numeric.jit import jit
from ..numeric.unit import unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SATURATION = 1.2  # k1 of BM25
LENGTH_SHARE = 0.75  # b of BM25
MEANING = 4.0  # weight of the cosine, against the best lexical score of a query as 1
FEEDBACK_HITS, FEEDBACK = 10, 2.0  # first hits whose mean vector is asked too, and its weight
SCORE_MAX = 1.0 + MEANING + FEEDBACK


@dataclass(frozen=True, slots=True)
class Terms:
    """Hashed terms of texts. rows: (n,) int32, ascending; ids: (n,) int32, any hash that both
    products and queries share, distinct within a row; counts: (n,) float32, above 0."""

    rows: NDArray[np.int32]
    ids: NDArray[np.int32]
    counts: NDArray[np.float32]


class SearchIndex:
    """Products by their text. Not safe to change while another thread searches."""

    def __init__(self, dimensions: int, products_max: int = 1_000_000) -> None:
        """At `products_max` the product that was put longest ago makes room."""
        if dimensions < 1 or products_max < 1:
            raise ValueError("dimensions and products_max must be at least 1")
        self.dimensions, self.products_max = dimensions, products_max
        self._slot_of: dict[str, int] = {}
        self._products: list[str | None] = []  # by slot, in the order they were put
        self._vectors = np.zeros((0, dimensions), np.float32)
        self._lengths = np.zeros(0, np.float32)
        self._alive = np.zeros(0, np.bool_)
        self._runs: list[Run] = []
        self._used = 0  # slots, dead ones too

    def __len__(self) -> int:
        return len(self._slot_of)

    def put(self, products: Sequence[str], terms: Terms, vectors: NDArray[np.float32]) -> None:
        """Add or replace. products: (n,); terms: rows 0 to n - 1; vectors: (n, dimensions).

        Of a product that occurs twice the last counts. Raises ValueError.
        """
        if vectors.shape != (len(products), self.dimensions):
            raise ValueError(f"vectors of shape {vectors.shape} for {len(products)} products")
        last = {product: row for row, product in enumerate(products)}
        rows = np.fromiter(last.values(), np.int64, len(last))
        self.remove(products)
        first = self._used
        self._grow(first + len(rows))
        # In the order of their last occurrence.
        rows.sort()
        slot_of_row = np.full(len(products), -1, np.int32)
        slot_of_row[rows] = np.arange(first, first + len(rows), dtype=np.int32)
        for row in rows.tolist():
            self._slot_of[products[row]] = len(self._products)
            self._products.append(products[row])
        self._used = first + len(rows)
        self._vectors[first : self._used] = vectors[rows]
        self._alive[first : self._used] = True
        slots = slot_of_row[terms.rows]
        kept = slots >= 0
        slots, ids, counts = slots[kept], terms.ids[kept], terms.counts[kept]
        self._lengths[first : self._used] = np.bincount(
            slots - first, weights=counts, minlength=len(rows)
        )
        order = np.lexsort((slots, ids))
        self._runs.append(Run(ids[order], slots[order], counts[order]))
        merge(self._runs, self._alive)
        excess = len(self) - self.products_max
        if excess > 0:
            oldest = np.flatnonzero(self._alive[: self._used])[:excess]
            self.remove([p for slot in oldest if (p := self._products[slot]) is not None])

    def remove(self, products: Sequence[str]) -> None:
        """Those that are not there are passed over."""
        for product in products:
            slot = self._slot_of.pop(product, None)
            if slot is not None:
                self._alive[slot] = False
                self._products[slot] = None
        if self._used > 64 and 2 * len(self) < self._used:
            self._compact()

    def lexical(self, terms: Terms, queries: int) -> NDArray[np.float64]:
        """(queries, slots): BM25 of each query with each slot; 0 for dead ones."""
        out = np.zeros((queries, self._used))
        if not len(self):
            return out
        alive = self._alive[: self._used]
        lengths = self._lengths[: self._used]
        mean = float(lengths[alive].sum(dtype=np.float64)) / len(self) or 1.0
        norms = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * lengths / mean)
        # Ascending terms within a query, so that a sum is the same however the runs lie.
        asked = np.unique(terms.rows.astype(np.int64) << 32 | terms.ids)
        rows, ids = asked >> 32, (asked & 0xFFFFFFFF).astype(np.int32)
        found = np.zeros(len(asked), np.int64)
        batches = [
            (run, np.searchsorted(run.ids, ids), np.searchsorted(run.ids, ids, side="right"))
            for run in self._runs
        ]
        for run, first, end in batches:
            _count(run.slots, first, end, alive, found)
        idf = np.log1p((len(self) - found + 0.5) / (found + 0.5))
        for run, first, end in batches:
            _add(
                slots=run.slots,
                counts=run.counts,
                first=first,
                end=end,
                alive=alive,
                norms=norms,
                rows=rows,
                idf=idf,
                out=out,
            )
        return out

    def scores(self, terms: Terms, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """(queries, slots): lexical score over the query's best, plus MEANING times the cosine,
        plus FEEDBACK times the cosine with the mean of the first hits.

        Minus infinity for dead slots. vectors: (queries, dimensions) of length 1 or 0.
        """
        lexical = self.lexical(terms, len(vectors))
        best = lexical.max(axis=1, keepdims=True, initial=0)
        known = self._vectors[: self._used]
        out = lexical / np.where(best > 0, best, 1) + MEANING * (vectors @ known.T)
        out[:, ~self._alive[: self._used]] = -np.inf
        count = min(FEEDBACK_HITS, len(self))
        if count and len(out):
            mean = known[np.stack([_first(row, count) for row in out])].sum(axis=1)
            mean = unit(mean)
            mean[~np.any(vectors, axis=1) & (best[:, 0] <= 0)] = 0  # found by nothing
            out += FEEDBACK * (mean @ known.T)
        return out

    def search(
        self, terms: Terms, vectors: NDArray[np.float32], count: int
    ) -> list[list[tuple[str, float]]]:
        """Of each query the best `count` products with their scores, best first.

        Of equal scores the product put last comes first. A query with neither a known term nor a
        vector finds nothing.
        """
        return [self._best(row, count) for row in self.scores(terms, vectors)]

    def _best(self, row: NDArray[np.float64], count: int) -> list[tuple[str, float]]:
        count = min(count, len(self))
        if count < 1 or not np.any(row[self._alive[: self._used]]):
            return []
        return [(self._products[s] or "", float(row[s])) for s in _first(row, count).tolist()]

    def _grow(self, slots: int) -> None:
        if slots <= len(self._alive):
            return
        size = max(64, 2 * len(self._alive), slots)
        self._vectors = grown(self._vectors, size)
        self._lengths, self._alive = grown(self._lengths, size), grown(self._alive, size)

    def _compact(self) -> None:
        """Give the living consecutive slots again, in the same order."""
        run = joined(self._runs, self._alive) if self._runs else None
        living = np.flatnonzero(self._alive[: self._used])
        moved = np.zeros(self._used, np.int32)
        moved[living] = np.arange(len(living), dtype=np.int32)
        self._products = [self._products[slot] for slot in living.tolist()]
        self._slot_of = {p: s for s, p in enumerate(self._products) if p is not None}
        self._vectors = self._vectors[living]
        self._lengths = self._lengths[living]
        self._alive = np.ones(len(living), np.bool_)
        self._used = len(living)
        self._runs = [] if run is None else [Run(run.ids, moved[run.slots], run.counts)]


@jit
def _count(slots: Any, first: Any, end: Any, alive: Any, found: Any) -> None:
    """Add to `found`, by term, how many living slots hold it in one run."""
    for term in range(len(first)):
        for at in range(first[term], end[term]):
            if alive[slots[at]]:
                found[term] += 1


@jit
def _add(
    slots: Any,
    counts: Any,
    first: Any,
    end: Any,
    alive: Any,
    norms: Any,
    rows: Any,
    idf: Any,
    out: Any,
) -> None:
    """Add to `out`, (queries, slots), what the terms of one run weigh. rows, idf: by term."""
    for term in range(len(first)):
        weight = idf[term] * (SATURATION + 1)
        for at in range(first[term], end[term]):
            slot = slots[at]
            if alive[slot]:
                out[rows[term], slot] += weight * counts[at] / (counts[at] + norms[slot])


def _first(row: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """The `count` slots of the highest scores, best first; of equal scores the newest first."""
    least = np.partition(row, len(row) - count)[len(row) - count]
    chosen = np.flatnonzero(row >= least)
    return chosen[np.lexsort((-chosen, -row[chosen]))][:count]
