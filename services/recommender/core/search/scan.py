"""Compiled loops of a search: words added up, int8 vectors scanned, candidates kept.

Of a batch of queries and one segment, whose first place is `offset` among those of all segments.
`lexical` (float32) and `products` (int32, of codes) are (queries, places of all), contiguous, which
the compiler needs; cosines are products times the scales of query and place, scores are
`inverse * lexical + weight * cosine`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..numeric.int8 import product
from ..numeric.jit import jit

FEW = 32  # scores that are looked at together before each by itself


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
) -> None:
    """Set this segment's part of `lexical` to the queries' BM25.

    first, end, rows, weights: by (query, term), ascending: its postings, query and weight. A
    posting adds weight * count / (count + fixed + by_length * length).
    """
    count = len(lengths)
    for query in range(len(lexical)):
        lexical[query, offset : offset + count] = np.float32(0)
    for pair in range(len(first)):
        row = lexical[rows[pair], offset : offset + count]
        weight = weights[pair]
        for at in range(first[pair], end[pair]):
            place, count = places[at], counts[at]
            row[place] += weight * count / (count + (fixed + by_length * lengths[place]))


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
    kept_scores: Any,
    kept_places: Any,
) -> None:
    """Keep each query's best living places.

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
            near = products[row, offset + begin : offset + end]
            sizes = scales[begin:end]
            above = 0  # counted first, without a branch: mostly there is none
            for i in range(len(near)):
                above += times * words[i] + scale * (sizes[i] * near[i]) > floor
            if above == 0:
                continue
            for i in range(len(near) - 1, -1, -1):
                score = times * words[i] + scale * (sizes[i] * near[i])
                if score > floor and alive[begin + i]:
                    _keep(kept_scores[row], kept_places[row], score, offset + begin + i)
                    floor = kept_scores[row, 0]


@jit
def collect(
    codes: Any,
    scales: Any,
    alive: Any,
    offset: Any,
    query_scales: Any,
    means: Any,
    mean_scales: Any,
    shifts: Any,
    along: Any,
    inverse: Any,
    weights: Any,
    slack: Any,
    limits: Any,
    lexical: Any,
    products: Any,
    out_rows: Any,
    out_places: Any,
    at: Any,
) -> Any:
    """List every living place whose score can reach the query's limit, feedback included.

    means: (queries, width) int8 with a scale and a shift each: vectors whose cosine counts too.
    along: (queries,) cosine of a query with its mean; slack: (queries, 3) errors of the cosine, of
    the sum that leaves the mean out, and of the whole. weights: (cosine, feedback). Of two vectors
    with cosines a and c to a third, the cosine is at most a c + sqrt(1 - a^2) sqrt(1 - c^2): most
    places fail by that, and only for the others is the mean multiplied.
    Returns how many are listed, those before included, or -1 where there is no room.
    """
    weight, feedback = weights
    for row in range(len(limits)):
        times, limit = inverse[row], limits[row]
        far = limit - slack[row, 1] - feedback
        scale = query_scales[row]
        a = along[row]
        beside = np.sqrt(max(np.float32(0), np.float32(1) - a * a))
        for begin in range(0, len(scales), FEW):
            end = min(begin + FEW, len(scales))
            words = lexical[row, offset + begin : offset + end]
            near = products[row, offset + begin : offset + end]
            sizes = scales[begin:end]
            above = 0
            for i in range(len(near)):
                above += times * words[i] + weight * scale * (sizes[i] * near[i]) >= far
            if above == 0:
                continue
            for i in range(len(near)):
                cosine = scale * (sizes[i] * near[i])
                score = times * words[i] + weight * cosine
                if score < far or not alive[begin + i]:
                    continue
                if feedback > 0:
                    low, high = cosine - slack[row, 0], cosine + slack[row, 0]
                    least = max(np.float32(0), max(low, -high))  # of the cosine's size
                    bound = max(a * low, a * high) + beside * np.sqrt(
                        max(np.float32(0), np.float32(1) - least * least)
                    )
                    if score + slack[row, 1] + feedback * min(np.float32(1), bound) < limit:
                        continue
                    total = product(codes, begin + i, means, row, shifts[row])
                    score += feedback * (total * (mean_scales[row] * sizes[i]))
                    if score + slack[row, 2] < limit:
                        continue
                if at == len(out_rows):
                    return -1
                out_rows[at], out_places[at] = row, offset + begin + i
                at += 1
    return at
