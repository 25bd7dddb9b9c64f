"""A batch of queries against all segments: what comparing every product exactly would find.

First every product is scored by int8 codes and words, and each query's best are kept. Compared
exactly, they give the hits whose mean is asked too, and a score that the best `count` of all reach
at least. Only products that can reach that, given how wrong a code can be and how far a mean can be
from its query, are compared after them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..numeric.int8 import dots, room_of, shifts
from ..numeric.unit import unit
from .scan import collect, feedback_bounds, keep_best, multiply
from .segments import coded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .segment_list import SegmentList
    from .segments import Terms

MEANING = 4.0  # weight of the cosine, against the best lexical score of a query as 1
FEEDBACK_HITS, FEEDBACK = 10, 2.0  # first hits whose mean vector is asked too, and its weight
SCORE_MAX = 1.0 + MEANING + FEEDBACK
QUERIES_MAX = 16  # scanned together: they share the reading of codes, and memory for scores
KEPT = 64  # best products by codes of each query: more than can be among the first hits, mostly
ROUNDING = 2e-5  # of float32 sums of at most SCORE_MAX
_WEIGHTS = np.float32(MEANING), np.float32(FEEDBACK)
_MEANING_ALONE = np.float32(MEANING), np.float32(0)


class Scratch:
    """Memory that batches use again: to get as much of the system takes longer than a scan."""

    def __init__(self) -> None:
        self._all: NDArray[np.float32] = np.zeros((2, 0), np.float32)
        self._products: NDArray[np.int32] = np.zeros(0, np.int32)

    def of(
        self, queries: int, places: int, segment_max: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]:
        """Two of (queries, places), one of a segment's, (queries, places and some more)."""
        size, room = queries * places, queries * room_of(segment_max)
        if self._all.shape[1] < size:
            self._all = np.zeros((2, size + size // 4), np.float32)
        if len(self._products) < room:
            self._products = np.zeros(room, np.int32)
        lexical, scores = (part[:size].reshape(queries, -1) for part in self._all)
        return lexical, scores, self._products[:room].reshape(queries, -1)


class _Scan(NamedTuple):
    """A batch of queries against all places. lexical, scores: (queries, places), of words, and of
    words and codes. inverse: (queries,) of the best lexical score, or 1. error: (queries,) of
    cosines."""

    vectors: NDArray[np.float32]
    lexical: NDArray[np.float32]
    scores: NDArray[np.float32]
    known: NDArray[np.bool_]  # (queries,) whether any word was found
    inverse: NDArray[np.float32]
    error: NDArray[np.float32]
    kept_scores: NDArray[np.float32]  # (queries, kept) of the best
    kept_places: NDArray[np.int64]  # likewise; -1 where there are fewer


def best_of(
    segments: SegmentList,
    scratch: Scratch,
    terms: Terms,
    vectors: NDArray[np.float32],
    count: int,
) -> list[list[tuple[str, float]]]:
    """See `SearchIndex.search`. count: at most as many as live."""
    made = _scan(segments, scratch, terms, vectors, max(KEPT, 3 * count))
    words = np.take_along_axis(made.lexical, np.maximum(made.kept_places, 0), axis=1)
    scores = words.astype(np.float64) * made.inverse[:, np.newaxis]
    scores += MEANING * _products(segments, vectors, made.kept_places)
    scores[made.kept_places < 0] = -np.inf
    first = _first_hits(segments, made, scores)
    mean = unit(
        segments.vectors_at(first.ravel(), vectors.shape[1])
        .reshape(len(first), -1, vectors.shape[1])
        .sum(axis=1)
    )
    scores += FEEDBACK * _products(segments, mean, made.kept_places)
    # What some of them reach, the best `count` of all reach.
    limits = np.partition(scores, -count, axis=1)[:, -count]
    rows, places, found = _collected(segments, made, mean, limits - ROUNDING, FEEDBACK)
    order = np.lexsort((-places, -found, rows))
    rows, found = rows[order], found[order]
    # Where nothing is near and no word is known, there is nothing.
    useful = np.zeros(len(vectors), np.bool_)
    useful[rows[found != 0]] = True
    useful &= made.known | np.any(vectors, axis=1)
    begins = np.searchsorted(rows, np.arange(len(vectors)))
    best = [slice(b, b + count) for b, used in zip(begins, useful, strict=True) if used]
    hits = iter(segments.named(places[order], found, best))
    return [next(hits) if used else [] for used in useful.tolist()]


def _scan(
    segments: SegmentList,
    scratch: Scratch,
    terms: Terms,
    vectors: NDArray[np.float32],
    kept: int,
) -> _Scan:
    queries = len(vectors)
    lexical, scores, products = scratch.of(
        queries, segments.places, max(len(segment) for segment in segments)
    )
    best = segments.add_words(terms, lexical)
    codes, scales, errors = coded(vectors)
    own = max(segment.error for segment in segments)
    made = _Scan(
        vectors=vectors,
        lexical=lexical,
        scores=scores,
        known=best > 0,
        inverse=np.reciprocal(np.where(best > 0, best, np.float32(1))),
        # By how much the codes' product can differ from the vectors' (Cauchy and Schwarz).
        error=errors + np.float32(own) * (np.linalg.norm(vectors, axis=1) + errors),
        kept_scores=np.full((queries, kept), -np.inf, np.float32),
        kept_places=np.full((queries, kept), -1, np.int64),
    )
    shift = shifts(codes)
    for segment, offset in reversed(segments.placed()):
        dots(segment.codes, codes, shift, products)
        keep_best(
            scales=segment.scales,
            alive=segment.alive,
            offset=offset,
            query_scales=scales,
            inverse=made.inverse,
            weight=_WEIGHTS[0],
            lexical=lexical,
            products=products,
            scores=scores,
            kept_scores=made.kept_scores,
            kept_places=made.kept_places,
        )
    return made


def _first_hits(
    segments: SegmentList, made: _Scan, scores: NDArray[np.float64]
) -> NDArray[np.int64]:
    """(queries, hits): of each query the places of the best `FEEDBACK_HITS`, without feedback.

    scores: (queries, kept) of those that were kept, exactly.
    """
    kept = scores.shape[1]
    living = sum(segment.living for segment in segments)
    wanted = min(FEEDBACK_HITS, living)
    order = np.lexsort((-made.kept_places, -scores), axis=-1)[:, :wanted]
    first = np.take_along_axis(made.kept_places, order, axis=1)
    if living <= kept:
        return first
    limits = np.take_along_axis(scores, order[:, -1:], axis=1)[:, 0]
    # More than were kept can be among them, of a query whose hits are very much alike. Words alone
    # have no error, and of those alike the newest were kept.
    floor = made.kept_scores[:, 0] + MEANING * made.error + ROUNDING
    many = np.any(made.vectors, axis=1) & (floor >= limits)
    if many.any():
        limits[~many] = np.inf
        rows, places, found = _collected(
            segments, made, np.zeros_like(made.vectors), limits - ROUNDING, 0.0
        )
        order = np.lexsort((-places, -found, rows))
        places = places[order]
        begins = np.searchsorted(rows[order], np.flatnonzero(many))
        first[many] = places[begins[:, np.newaxis] + np.arange(wanted)]
    return first


def _collected(
    segments: SegmentList,
    made: _Scan,
    mean: NDArray[np.float32],
    limits: NDArray[np.float64],
    feedback: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """(rows, places, scores) of all that reach their query's limit."""
    queries = len(mean)
    bounds = np.zeros((queries, 3), np.float32)
    least = (limits - ROUNDING).astype(np.float32)
    weights = _WEIGHTS if feedback else _MEANING_ALONE
    if feedback:
        along = np.einsum("ij,ij->i", mean, made.vectors)
        feedback_bounds(along, least, weights, made.error, bounds)
    else:
        bounds[:, 0], bounds[:, 2] = 1, least - MEANING * made.error
    room = 4096
    while True:
        rows, places = np.empty(room, np.int64), np.empty(room, np.int64)
        found = np.empty(room, np.float64)
        at = 0
        for segment, offset in segments.placed():
            at = collect(
                vectors=segment.vectors,
                alive=segment.alive,
                offset=offset,
                queries=made.vectors,
                means=mean,
                inverse=made.inverse,
                weights=weights,
                bounds=bounds,
                limits=limits,
                lexical=made.lexical,
                scores=made.scores,
                out_rows=rows,
                out_places=places,
                out_scores=found,
                at=at,
            )
            if at < 0:
                break
        if at >= 0:
            return rows[:at], places[:at], found[:at]
        room *= 4


def _products(
    segments: SegmentList, queries: NDArray[np.float32], places: NDArray[np.int64]
) -> NDArray[np.float32]:
    """(queries, n) of each query with each of its places, (queries, n); 0 of the place -1."""
    out = np.zeros(places.shape, np.float32)
    for segment, offset in segments.placed():
        multiply(segment.vectors, offset, queries, places, out)
    return out
