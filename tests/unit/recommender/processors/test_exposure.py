"""Exposure by kind of product: closed labels, definitions as they are written, a naive twin."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.recommender.publishers.exposure import (
    KINDS,
    SMALL_SHARE,
    CoverageWindow,
    kinds_of,
    shares,
    small_brands,
)


@given(st.lists(st.integers(0, 20), max_size=20))
def test_small_brands_have_a_quarter_together_and_no_larger_brand_would_fit(sizes):
    products = np.array(sizes, np.int64)
    small = small_brands(products)
    total = products.sum()
    for size, chosen in zip(sizes, small.tolist(), strict=True):
        upto = sum(other for other in sizes if other <= size)
        assert chosen == (size > 0 and upto <= SMALL_SHARE * total)
    assert products[small].sum() <= SMALL_SHARE * total


def test_kinds_are_quarters_of_prices_and_sizes_of_brands():
    price = np.array([1, 2, 3, 4, np.nan], np.float32)
    brand = np.array([0, 1, 1, 1, -1], np.int32)
    found = kinds_of(price, brand)
    assert [KINDS["price"][place] for place in found["price"]] == ["1", "2", "3", "4", "none"]
    assert [KINDS["brand"][place] for place in found["brand"]] == [
        "small", "large", "large", "large", "none",
    ]  # fmt: skip
    nothing = kinds_of(np.full(3, np.nan, np.float32), np.full(3, -1, np.int32))
    assert not nothing["price"].any()
    assert not nothing["brand"].any()


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 2), st.integers(0, 1), st.integers(0, 9),
                  st.integers(0, 9)),
        min_size=1, max_size=30,
    )
)  # fmt: skip
def test_shares_are_those_counted_one_by_one(products):
    columns = np.array(products, np.int64).T
    kinds = dict(zip(KINDS, columns[:3], strict=True))
    found = shares(kinds, columns[3], columns[4].astype(np.int32))
    assert found.keys() == {(kind, label) for kind, labels in KINDS.items() for label in labels}
    for number, (kind, labels) in enumerate(KINDS.items()):
        counted: dict[str, Counter[str]] = {label: Counter() for label in labels}
        for product in products:
            counted[labels[product[number]]].update(
                shown=product[3], catalogue=1, clicked=product[4]
            )
        for name in ("shown", "catalogue", "clicked"):
            whole = sum(each[name] for each in counted.values())
            for label in labels:
                expected = counted[label][name] / whole if whole else 0.0
                assert getattr(found[kind, label], name) == pytest.approx(expected)


def test_coverage_is_of_the_last_whole_window_and_can_fall():
    window, there = CoverageWindow(places=10), np.arange(4)
    shown = np.array([9, 0, 0, 0])
    window.see(shown, there)
    assert window.ratio is None, "a window is not full yet"
    window.see(np.array([9, 1, 1, 0]) + 5 * (there == 0), there)
    assert window.ratio == 0.75
    # More items are known by now; one product takes all that comes.
    window.see(np.array([30, 1, 1, 0, 0]), np.arange(5))
    assert window.ratio == 0.2
    window.see(np.array([30, 1, 1, 3, 0]), np.arange(5))
    assert window.ratio == 0.2, "as it was until the next is full"
