"""Sampling and comparing, against naive twins."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.shared.text.agreement import Agreement, Compared, sampled

LABELS = ("a", "b", "c")
TEXT = st.tuples(
    st.sampled_from(["en", "zh", "other"]),
    st.integers(0, 2),
    st.integers(0, 2),
    st.floats(0, 1, width=32),
)


def compared(texts):
    return Compared(
        [text[0] for text in texts],
        np.array([text[1] for text in texts], np.intp),
        np.array([text[2] for text in texts], np.intp),
        np.array([text[3] for text in texts], np.float64),
    )


@given(st.floats(0, 1), st.lists(st.integers(0, 50), max_size=30))
def test_a_sample_has_the_share_of_the_texts_however_they_come(share, counts):
    carried, taken = 0.0, 0
    for count in counts:
        rows, carried = sampled(count, share, carried)
        assert rows.tolist() == sorted(set(rows.tolist()))
        assert all(0 <= row < count for row in rows.tolist())
        taken += len(rows)
        assert -1e-6 < carried < 1
    expected = sum(counts) * share
    assert math.floor(expected - 1e-6) <= taken <= math.ceil(expected + 1e-6)


@given(st.lists(st.integers(0, 50), max_size=10))
def test_all_are_taken_or_none(counts):
    for share in (0.0, 1.0):
        carried = 0.0
        for count in counts:
            rows, carried = sampled(count, share, carried)
            assert len(rows) == count * share


@given(st.lists(st.lists(TEXT, max_size=20), max_size=5))
def test_counts_are_those_of_a_loop_over_texts(batches):
    found = Agreement(LABELS)
    for batch in batches:
        found.add(compared(batch))
    texts = [text for batch in batches for text in batch]
    assert found.texts.total() == len(texts)
    for language in found.texts:
        of = [text for text in texts if text[0] == language]
        alike = [one == other for _, one, other, _ in of]
        assert found.ratio(language) == pytest.approx(sum(alike) / len(of))
        assert found.difference(language) == pytest.approx(sum(d for *_, d in of) / len(of))
    differing = [(of, LABELS[a], LABELS[b]) for of, a, b, _ in texts if a != b]
    assert sorted(found.disagreements.elements()) == sorted(differing)


def test_a_summary_names_the_most_frequent_pairs():
    found = Agreement(LABELS)
    assert found.summary() == "no text compared"
    found.add(compared([("en", 0, 1, 0.5)] * 3 + [("zh", 2, 0, 0.1), ("en", 1, 1, 0.0)]))
    assert found.summary() == "5 texts, 20.00% alike; most often: a -> b 3, c -> a 1"
