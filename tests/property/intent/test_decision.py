"""The decision of many rows at once is that of each."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from shopkeeper.services.intent.decision import OUT_OF_SCOPE, Decision

LABELS = ("a", "b", OUT_OF_SCOPE, "d")
# Eighths: equal probabilities, and such as are exactly a threshold, occur.
SHARES = st.integers(0, 8).map(lambda eighths: eighths / 8)


@given(
    arrays(np.float32, st.tuples(st.integers(0, 6), st.just(4)), elements=SHARES), SHARES, SHARES
)
def test_columns_are_the_labels_given_one_by_one(rows, below, margin):
    decision = Decision(LABELS, below, margin)
    one_by_one = [decision.of("text", row, 4).label for row in rows]
    assert [LABELS[column] for column in decision.columns(rows)] == one_by_one


@given(arrays(np.float32, (3, 1), elements=SHARES), SHARES)
def test_also_of_a_model_that_knows_nothing_else(rows, below):
    decision = Decision((OUT_OF_SCOPE,), below, 0.5)
    assert decision.columns(rows).tolist() == [0, 0, 0]
