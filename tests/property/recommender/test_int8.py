"""Products of int8 vectors, by whichever instructions this processor has, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.recommender.core.numeric.int8 import WIDTH, dots, dots_plain, shifts


@pytest.mark.parametrize("compute", [dots, dots_plain])
@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(0, 600),
    queries=st.integers(0, 5),
    blocks=st.integers(1, 4),
    extreme=st.booleans(),
)
def test_products_are_exact(compute, seed, rows, queries, blocks, extreme) -> None:
    chance = np.random.default_rng(seed)
    numbers = np.array([-128, 127]) if extreme else np.arange(-128, 128)
    codes = chance.choice(numbers, (rows, blocks * WIDTH)).astype(np.int8)
    asked = chance.choice(numbers, (queries, blocks * WIDTH)).astype(np.int8)
    found = np.full((queries, rows + 5), 7, np.int32)
    compute(codes, 3, asked, shifts(asked), found)
    expected = asked.astype(np.int64) @ codes.T.astype(np.int64)
    assert np.array_equal(found[:, 3 : 3 + rows], expected)
    assert (found[:, :3] == 7).all()
    assert (found[:, 3 + rows :] == 7).all()
