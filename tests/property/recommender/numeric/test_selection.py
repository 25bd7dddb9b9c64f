"""The n-th smallest, beside sorting."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.recommender.core.numeric.selection import nth_smallest

VALUES = st.lists(
    st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, -0.0, 1.0]),
    min_size=1,
    max_size=60,
)


@given(values=VALUES, nth=st.integers(0, 59))
def test_it_is_what_sorting_would_put_there(values: list[float], nth: int) -> None:
    nth %= len(values)
    given_values = np.array(values)
    assert nth_smallest(given_values, nth) == sorted(values)[nth]
    assert sorted(given_values.tolist()) == sorted(values), "reordered, and nothing else"
