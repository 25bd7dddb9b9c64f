"""Compiled loops of searches among many entries.

A module of its own, which is loaded where there are many: the compiler takes 140 MB, which a shop
of some hundred answers need not have. What numpy does instead gives the same, to the bit.
"""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(
    "void(int8[:, ::1], float32[::1], int8[::1], float32, float32[::1])",
    nogil=True,
    error_model="numpy",
)  # type: ignore[misc, unused-ignore]
def scan(codes, scales, query, query_scale, found):  # type: ignore[no-untyped-def]
    """Set `found` to the products of vectors (rows of `codes`, and `scales`) with one. Sums of
    products of whole numbers are exact: the order of adding changes nothing."""
    for row in range(codes.shape[0]):
        total = np.int32(0)
        for column in range(codes.shape[1]):
            total += np.int32(codes[row, column]) * np.int32(query[column])
        found[row] = total * scales[row] * query_scale


@numba.njit("void(int64[:, ::1], int32[::1], boolean[::1], float64[::1])", error_model="numpy")  # type: ignore[misc, unused-ignore]
def count(spans, slots, alive, found):  # type: ignore[no-untyped-def]
    """Add to `found` (terms,) in how many living passages each term is."""
    for term in range(spans.shape[1]):
        for at in range(spans[0, term], spans[1, term]):
            if alive[slots[at]]:
                found[term] += 1.0


@numba.njit(
    "void(int64[:, ::1], float64[::1], int32[::1], float32[::1], float64[::1], float64[::1])",
    error_model="numpy",
)  # type: ignore[misc, unused-ignore]
def add(spans, weights, slots, counts, norms, found):  # type: ignore[no-untyped-def]
    """Add to `found` (slots,) what each term's postings weigh."""
    for term in range(spans.shape[1]):
        weight = weights[term]
        for at in range(spans[0, term], spans[1, term]):
            slot = slots[at]
            count = np.float64(counts[at])
            found[slot] += weight * count / (count + norms[slot])
