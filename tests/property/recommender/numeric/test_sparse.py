"""Sums of sparse products against plain multiplication."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from shopkeeper.services.recommender.core.numeric.sparse import add_product


@given(st.integers(0, 10_000), st.integers(0, 6), st.integers(1, 5), st.integers(1, 5))
def test_a_product_is_added_as_a_whole(seed: int, rows: int, width: int, other: int) -> None:
    chance = np.random.default_rng(seed)
    left, right = (
        sparse.csr_matrix(np.where(chance.random((rows, n)) < 0.5, chance.random((rows, n)), 0),
                          dtype=np.float32)
        for n in (width, other)
    )  # fmt: skip
    total = chance.random((width, other)).astype(np.float32)
    expected = total + left.toarray().T @ right.toarray()
    add_product(total, left, right)
    assert np.allclose(total, expected, atol=1e-5)
