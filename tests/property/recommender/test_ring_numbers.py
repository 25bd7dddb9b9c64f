"""Numbers of the newest keys, against a dict and a list."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.recommender.core.numeric.ring_numbers import RingNumbers


@given(
    batches=st.lists(st.lists(st.integers(0, 25), max_size=40), max_size=8),
    size=st.integers(1, 8),
    capacity=st.integers(1, 20),
    wide=st.booleans(),
)
def test_the_newest_keys_have_numbers(
    batches: list[list[int]], size: int, capacity: int, wide: bool
) -> None:
    numbers, known, newest = RingNumbers(size, capacity), dict[int, int](), -1
    for batch in batches:
        keys = [key << 40 if wide else key for key in batch]
        expected = []
        for key in keys:
            if key not in known:
                newest += 1
                known = {k: n for k, n in known.items() if n > newest - capacity} | {key: newest}
            expected.append(known[key])
        assert numbers.number(np.array(keys, np.int64)).tolist() == expected
        assert (len(numbers), numbers.newest) == (len(known), newest)
        assert numbers.size <= capacity
        for key in range(26):
            key = key << 40 if wide else key
            assert numbers.get(key) == known.get(key, -1)
