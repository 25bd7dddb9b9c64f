"""Long texts: what is read of them, and how the parts are summed up."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.shared.text.normalisation import TEXT_CHARACTERS_MAX as CAP
from shopkeeper.shared.text.windows import WINDOWS_MAX, spread, summed_up, windows_of

LENGTHS = [0, 1, CAP, CAP + 1, 2 * CAP, 2 * CAP + 1, WINDOWS_MAX * CAP, WINDOWS_MAX * CAP + 1]


def text_of(length: int) -> str:
    """Letters by chance, so that any hundred of them stand in one place only."""
    chance = random.Random(1)
    return "".join(chr(0x4E00 + chance.randrange(20_000)) for _ in range(length))


@pytest.mark.parametrize("length", [*LENGTHS, 262_144])
def test_windows_are_few_bounded_and_hold_head_and_tail(length: int) -> None:
    text = text_of(length)
    windows = windows_of(text)
    assert 1 <= len(windows) <= WINDOWS_MAX
    assert all(len(window) <= CAP for window in windows)
    assert max(map(len, windows)) - min(map(len, windows)) <= 1
    assert windows[0] == text[: len(windows[0])]
    assert text.endswith(windows[-1])
    if length <= WINDOWS_MAX * CAP:
        assert "".join(windows) == text
    else:
        begins = np.diff([text.index(window[:100]) for window in windows])
        assert np.ptp(begins) <= 1  # evenly spread


def test_white_space_and_markup_take_no_window() -> None:
    assert windows_of("bad" + " " * 100_000) == ["bad"]
    assert windows_of("<p>bad</p>\n" * 1000) == ["bad " * 999 + "bad"]


def test_short_texts_are_left_alone() -> None:
    texts = ["a  b", "x" * CAP]
    assert spread(texts) == (texts, None)
    windows, starts = spread([*texts, text_of(CAP + 2), "c"])
    assert starts is not None
    assert starts.tolist() == [0, 1, 2, 4]
    assert [len(window) for window in windows] == [4, CAP, CAP // 2 + 1, CAP // 2 + 1, 1]


ROWS = st.lists(
    st.tuples(*[st.floats(0, 1)] * 3).filter(lambda row: sum(row) > 0.01), min_size=1, max_size=8
)


@given(st.lists(ROWS, min_size=1, max_size=4))
def test_sums_are_probabilities_within_those_of_the_windows(texts) -> None:
    rows = np.array([row for text in texts for row in text], np.float32)
    rows /= rows.sum(axis=1, keepdims=True)
    starts = np.cumsum([0, *map(len, texts)])
    found = summed_up(rows, starts[:-1])
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    for index, (begin, end) in enumerate(pairwise(starts)):
        assert (found[index] >= rows[begin:end].min(axis=0) - 1e-6).all()
        assert (found[index] <= rows[begin:end].max(axis=0) + 1e-6).all()
        if end - begin == 1:
            np.testing.assert_array_equal(found[index], rows[begin])


def test_a_window_that_says_nothing_leaves_the_word_to_one_that_does() -> None:
    rows = np.array([[0.34, 0.33, 0.33]] * 7 + [[0.02, 0.03, 0.95]], np.float32)
    [found] = summed_up(rows, np.array([0]))
    assert found[2] > 0.7
