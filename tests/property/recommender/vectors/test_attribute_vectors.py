"""Vectors of attributes against the exact least squares."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from shopkeeper.services.recommender.core.vectors.attribute_vectors import (
    RIDGE,
    AttributeVectors,
)

DIMENSIONS = 3


def drawn(seed: int, items: int, tokens: int) -> tuple[np.ndarray, np.ndarray]:
    """(items, tokens) rows of length 1 or 0, and (items, DIMENSIONS)."""
    chance = np.random.default_rng(seed)
    weights = chance.random((items, tokens)) * (chance.random((items, tokens)) < 0.4)
    weights /= np.maximum(np.linalg.norm(weights, axis=1, keepdims=True), 1e-9)
    return weights.astype(np.float32), chance.normal(size=(items, DIMENSIONS)).astype(np.float32)


def exact(weights: np.ndarray, places: np.ndarray) -> np.ndarray:
    gram = weights.T @ weights + RIDGE * np.eye(weights.shape[1])
    return np.linalg.solve(gram, weights.T @ places)


@given(st.integers(0, 1000), st.integers(1, 30), st.integers(1, 8), st.integers(1, 7))
def test_many_steps_are_exact_however_items_are_cut(
    seed: int, items: int, tokens: int, cut: int
) -> None:
    weights, places = drawn(seed, items, tokens)
    found = AttributeVectors(DIMENSIONS)
    found.begin(np.arange(tokens) * 2)
    for start in range(0, items, cut):
        part = slice(start, start + cut)
        found.add(sparse.csr_matrix(weights[part]), places[part])
    assert not len(found.tokens)
    for _ in range(3 * tokens):
        found.solve()
    found.finish()
    assert found.tokens.tolist() == (np.arange(tokens) * 2).tolist()
    assert found.vectors == pytest.approx(exact(weights, places), rel=1e-3, abs=1e-3)


def test_a_solution_begins_where_the_last_one_ended() -> None:
    weights, places = drawn(1, 200, 40)
    true = exact(weights, places)
    found = AttributeVectors(DIMENSIONS)
    away = []
    for _ in range(4):
        found.begin(np.arange(40))
        found.add(sparse.csr_matrix(weights), places)
        found.solve()
        found.finish()
        away.append(float(np.abs(found.vectors - true).max()))
    assert away[3] < away[2] < away[1] < away[0]
    # What is no longer there is forgotten; what is new begins at nothing.
    found.begin(np.arange(20, 60))
    found.add(sparse.csr_matrix((1, 40), dtype=np.float32), places[:1])
    found.solve()
    found.finish()
    assert np.isfinite(found.vectors).all()
    assert not found.vectors[20:].any()


def test_nothing_is_where_it_belongs() -> None:
    found = AttributeVectors(DIMENSIONS)
    found.begin(np.zeros(0, np.int64))
    found.solve()
    found.finish()
    assert found.vectors.shape == (0, DIMENSIONS)
