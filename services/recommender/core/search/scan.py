"""Compiled loops of a search: words added up, codes' products made scores, candidates compared.

Of a batch of queries and one segment, whose first place is `offset` among those of all segments.
`lexical` and `scores` are (queries, places of all), `products` (queries, places of the segment and
some more), all contiguous, which the compiler needs. A score is `inverse * lexical + weight *
cosine`, and a cosine by codes the product times the scales of query and place. All is float32, and
said to be where numpy would make more of it: half as many numbers fit into an instruction.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..numeric.float_products import float_product
from ..numeric.jit import jit

FEW = 64  # scores that are looked at together before each by itself
LOOKED_AT = 16  # likewise, where more of them count
HALVINGS = 12
NEAR_ONE = np.float32(0.98)  # of a cosine
TINY = np.float32(1e-6)


@jit
def find_terms(terms: Any, starts: Any, ids: Any, first: Any, end: Any) -> None:
    """Set first, end: (ids,) of each one's postings, both 0 where there are none. terms:
    ascending; starts: (terms + 1,)."""
    for at in range(len(ids)):
        low, left = 0, len(terms)
        while left > 1:
            half = left // 2
            if terms[low + half] <= ids[at]:
                low += half
            left -= half
        known = left > 0 and terms[low] == ids[at]
        first[at] = starts[low] if known else 0
        end[at] = starts[low + 1] if known else 0


@jit
def count_living(places: Any, first: Any, end: Any, alive: Any, found: Any) -> None:
    """Add to `found`, by term, how many living places hold it. first, end: of its postings."""
    for term in range(len(first)):
        for at in range(first[term], end[term]):
            if alive[places[at]]:
                found[term] += 1


@jit
def add_words(
    places: Any,
    counts: Any,
    lengths: Any,
    first: Any,
    end: Any,
    rows: Any,
    weights: Any,
    fixed: Any,
    by_length: Any,
    offset: Any,
    lexical: Any,
    best: Any,
) -> None:
    """Set this segment's part of `lexical` to the queries' BM25, and `best`, by query, to the
    highest of it and what it was.

    first, end, rows, weights: by (query, term), ascending: its postings, query and weight. A
    posting adds weight * count / (count + fixed + by_length * length).
    """
    size = len(lengths)
    for query in range(len(lexical)):
        lexical[query, offset : offset + size] = np.float32(0)
    for pair in range(len(first)):
        row = lexical[rows[pair], offset : offset + size]
        weight, highest = weights[pair], best[rows[pair]]
        for at in range(first[pair], end[pair]):
            place, count = places[at], counts[at]
            score = row[place] + weight * count / (count + (fixed + by_length * lengths[place]))
            row[place] = score
            highest = max(highest, score)
        best[rows[pair]] = highest


@jit
def _lower(scores: Any, a: Any, b: Any, places: Any) -> Any:
    """Whether entry a is worse than b: a lower score, or as low and older."""
    return scores[a] < scores[b] or (scores[a] == scores[b] and places[a] < places[b])


@jit
def _keep(scores: Any, places: Any, score: Any, place: Any) -> None:
    """Put an entry in place of the worst of a heap, whose worst is its first."""
    scores[0], places[0] = score, place
    at = 0
    while True:
        least, left = at, 2 * at + 1
        if left < len(scores) and _lower(scores, left, least, places):
            least = left
        if left + 1 < len(scores) and _lower(scores, left + 1, least, places):
            least = left + 1
        if least == at:
            return
        scores[at], scores[least] = scores[least], scores[at]
        places[at], places[least] = places[least], places[at]
        at = least


@jit
def keep_best(
    scales: Any,
    alive: Any,
    offset: Any,
    query_scales: Any,
    inverse: Any,
    weight: Any,
    lexical: Any,
    products: Any,
    scores: Any,
    kept_scores: Any,
    kept_places: Any,
) -> None:
    """Set this segment's part of `scores`, and keep each query's best living places.

    kept_scores, kept_places: (queries, n) heaps, with what other segments gave; from the newest
    segment to the oldest, so that of equal scores the newest stays.
    """
    count = len(scales)
    for row in range(len(query_scales)):
        scale, times = weight * query_scales[row], inverse[row]
        floor = kept_scores[row, 0]
        for block in range((count + FEW - 1) // FEW - 1, -1, -1):
            begin = block * FEW
            end = min(begin + FEW, count)
            words = lexical[row, offset + begin : offset + end]
            found = scores[row, offset + begin : offset + end]
            near, sizes = products[row, begin:end], scales[begin:end]
            above = False
            for i in range(len(found)):
                score = times * words[i] + scale * (sizes[i] * np.float32(near[i]))
                found[i] = score
                above = above | (score > floor)
            if not above:
                continue
            for i in range(len(found) - 1, -1, -1):
                if found[i] > floor and alive[begin + i]:
                    _keep(kept_scores[row], kept_places[row], found[i], offset + begin + i)
                    floor = kept_scores[row, 0]


@jit
def multiply(vectors: Any, offset: Any, queries: Any, places: Any, out: Any) -> None:
    """Set `out` to the product of each query with each of its places that this segment has.

    vectors: of the segment; queries: (queries, dimensions); places, out: (queries, n).
    """
    for row in range(len(places)):
        for i in range(places.shape[1]):
            at = places[row, i] - offset
            if 0 <= at < len(vectors):
                out[row, i] = float_product(vectors, at, queries, row)


@jit
def feedback_bounds(along: Any, limits: Any, weights: Any, errors: Any, out: Any) -> None:
    """Set `out`, (queries, 3), to (gain, tilt, least): no score is as high as the query's limit,
    feedback included, unless gain * score - tilt * lexical share >= least.

    along: (queries,) cosine a of a query with the mean of its hits; weights: (cosine, feedback);
    errors: (queries,) of cosines by codes. Of two vectors with cosines a and c to a third, the
    cosine is at most a c + sqrt(1 - a^2) sqrt(1 - c^2), which is concave in c: any tangent is a
    bound too, and makes the comparison one of straight lines. That at the cosine that just reaches
    the limit, with words of some share, lets the fewest pass; which it is does not matter to
    what is found.
    """
    weight, feedback = weights
    for row in range(len(along)):
        a = along[row]
        beside = np.sqrt(max(np.float32(0), np.float32(1) - a * a) + TINY)
        low, high = -NEAR_ONE, max(-NEAR_ONE, min(a, NEAR_ONE))
        for _ in range(HALVINGS):
            c = (low + high) / np.float32(2)
            bound = a * c + beside * np.sqrt(np.float32(1) - c * c)
            if weight * c + feedback * bound + np.float32(0.3) < limits[row]:
                low = c
            else:
                high = c
        slope = a - beside * high / np.sqrt(np.float32(1) - high * high)
        level = a * high + beside * np.sqrt(np.float32(1) - high * high) - slope * high
        along_score = feedback * slope / weight
        out[row, 0] = np.float32(1) + along_score
        out[row, 1] = along_score
        error = (weight + feedback * abs(slope)) * errors[row]
        out[row, 2] = limits[row] - feedback * level - error


@jit
def collect(
    vectors: Any,
    alive: Any,
    offset: Any,
    queries: Any,
    means: Any,
    inverse: Any,
    weights: Any,
    bounds: Any,
    limits: Any,
    lexical: Any,
    scores: Any,
    out_rows: Any,
    out_places: Any,
    out_scores: Any,
    at: Any,
) -> Any:
    """List every living place whose score reaches the query's limit, feedback included, exactly.

    queries, means: (queries, dimensions): vectors whose cosines count; weights: of both; bounds:
    (queries, 3), see `feedback_bounds`. Returns how many are listed, those before included, or -1
    where there is no room.
    """
    weight, feedback = weights
    for row in range(len(limits)):
        gain, tilt, least = bounds[row, 0], bounds[row, 1] * inverse[row], bounds[row, 2]
        first = at
        for begin in range(0, len(alive), LOOKED_AT):
            end = min(begin + LOOKED_AT, len(alive))
            words = lexical[row, offset + begin : offset + end]
            found = scores[row, offset + begin : offset + end]
            above = False
            for i in range(len(found)):
                above = above | (gain * found[i] - tilt * words[i] >= least)
            if not above:
                continue
            if at + LOOKED_AT > len(out_places):
                return -1
            for i in range(len(found)):
                out_places[at] = begin + i
                at += (gain * found[i] - tilt * words[i] >= least) & alive[begin + i]
        # Apart from the search for them, so that vectors are fetched while others are multiplied.
        end, at = at, first
        for i in range(first, end):
            place = out_places[i]
            score = weight * float_product(vectors, place, queries, row)
            if feedback > 0:
                score += feedback * float_product(vectors, place, means, row)
            score = np.float64(lexical[row, offset + place]) * inverse[row] + score
            out_rows[at], out_places[at], out_scores[at] = row, offset + place, score
            at += score >= limits[row]
    return at
