"""Products of int8 vectors, by whichever instructions this processor has, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.recommender.core.numeric import int8
from shopkeeper.services.recommender.core.numeric.int8 import WIDTH, room_of, shifts

PLAIN = (np.ascontiguousarray, int8.plain_rows, int8.dots_plain)
LINES = (int8.interleaved, int8.interleaved_rows, int8.dots_of_lines)
WAYS = [PLAIN] + [LINES] * int8.VNNI
IDS = ["plain"] + ["lines"] * int8.VNNI
CODES = {
    "seed": st.integers(0, 2**32 - 1),
    "rows": st.integers(0, 1100),
    "blocks": st.integers(1, 4),
    "extreme": st.booleans(),
}


def drawn(chance, extreme, *shape) -> np.ndarray:
    numbers = np.array([-128, 127]) if extreme else np.arange(-128, 128)
    return chance.choice(numbers, shape).astype(np.int8)


@pytest.mark.parametrize("way", WAYS, ids=IDS)
@given(queries=st.integers(0, 9), **CODES)
def test_products_are_exact(way, seed, rows, queries, blocks, extreme) -> None:
    chance = np.random.default_rng(seed)
    laid_out, _, dots = way
    codes = drawn(chance, extreme, rows, blocks * WIDTH)
    asked = drawn(chance, extreme, queries, blocks * WIDTH)
    room = room_of(rows)
    found = np.full((queries, room + 5), 7, np.int32)
    dots(laid_out(codes), asked, shifts(asked), found)
    expected = asked.astype(np.int64) @ codes.T.astype(np.int64)
    assert np.array_equal(found[:, :rows], expected)
    assert (found[:, room:] == 7).all()


@pytest.mark.parametrize("way", WAYS, ids=IDS)
@given(**CODES)
def test_rows_that_are_kept_are_those_of_both_parts_in_order(
    way, seed, rows, blocks, extreme
) -> None:
    chance = np.random.default_rng(seed)
    laid_out, kept_rows, _ = way
    codes = drawn(chance, extreme, rows, blocks * WIDTH)
    kept, cut = chance.random(rows) < 0.6, int(chance.integers(rows + 1))
    parts = [laid_out(codes[:cut]), laid_out(codes[cut:])]
    found = kept_rows(parts, [kept[:cut], kept[cut:]])
    # What fills the last block up is nobody's.
    expected = laid_out(codes[kept])
    if way is PLAIN:
        assert np.array_equal(found, expected)
    else:
        whole, left = divmod(int(kept.sum()), int8.ROWS)
        assert found.shape == expected.shape
        assert np.array_equal(found[:whole], expected[:whole])
        assert np.array_equal(found[whole:, :, :left], expected[whole:, :, :left])
