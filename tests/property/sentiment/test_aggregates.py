"""Aggregates of reviews against a naive twin that keeps every review in lists."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.sentiment.aggregates import (
    PRIOR_COUNT,
    PRIOR_MEAN,
    UNIT,
    WEEK_MS,
    WEEKS_RECENT,
    Aggregates,
)


class Review(NamedTuple):
    product: str
    review: str
    label: int
    value: int
    time_ms: int


REVIEWS = st.builds(
    Review,
    st.sampled_from(["p", "q", "r"]),
    st.sampled_from(["1", "2", "3", "4"]),
    st.integers(0, 2),
    st.integers(-UNIT, UNIT),
    st.integers(0, 14).map(lambda week: week * WEEK_MS + 5),
)
LOGS = st.lists(REVIEWS, max_size=40)


class Twin:
    """Products as lists of the reviews that count, least recently reviewed first."""

    def __init__(self, products_max: int, reviews_max: int) -> None:
        self.products_max, self.reviews_max = products_max, reviews_max
        self.products: dict[str, list[Review]] = {}
        self.newest: dict[str, int] = {}
        self.editable: list[Review] = []

    def fold(self, new: Review) -> None:
        counted = self.products.pop(new.product, None)
        if counted is None:
            counted = []
            self.newest[new.product] = 0
            if len(self.products) == self.products_max:
                del self.products[next(iter(self.products))]
        self.products[new.product] = counted
        for old in self.editable:
            if (old.product, old.review) == (new.product, new.review):
                self.editable.remove(old)
                # By identity: of an evicted product nothing can be taken out.
                counted[:] = [review for review in counted if review is not old]
                break
        counted.append(new)
        self.editable = [*self.editable, new][-self.reviews_max :]
        self.newest[new.product] = max(self.newest[new.product], new.time_ms // WEEK_MS)

    def figures(self, name: str) -> tuple[list[int], float, float]:
        counted = self.products[name]
        labels = [sum(r.label == label for r in counted) for label in range(3)]
        mean = (sum(r.value for r in counted) / UNIT + PRIOR_COUNT * PRIOR_MEAN) / (
            len(counted) + PRIOR_COUNT
        )
        newer = [r for r in counted if r.time_ms // WEEK_MS > self.newest[name] - WEEKS_RECENT]
        older = [r for r in counted if r.time_ms // WEEK_MS <= self.newest[name] - WEEKS_RECENT]
        if not newer or not older:
            return labels, mean, 0.0
        means = [
            (sum(r.value for r in part) / UNIT + PRIOR_COUNT * mean) / (len(part) + PRIOR_COUNT)
            for part in (newer, older)
        ]
        return labels, mean, means[0] - means[1]


@given(log=LOGS, products_max=st.integers(1, 4), reviews_max=st.integers(1, 8))
def test_aggregates_equal_the_naive_twin(log, products_max, reviews_max):
    aggregates, twin = Aggregates(products_max, reviews_max), Twin(products_max, reviews_max)
    for review in log:
        aggregates.fold(*review)
        # An object of its own, so that the twin can tell two equal reviews apart.
        twin.fold(Review(*review))
        assert list(aggregates.product_ids()) == list(twin.products)
        assert aggregates.review_count == len(twin.editable)
    for name in twin.products:
        labels, mean, trend = twin.figures(name)
        product = aggregates.get(name)
        assert [product.negative, product.neutral, product.positive] == labels
        assert product.count == sum(labels)
        assert product.mean() == pytest.approx(mean, abs=1e-12)
        assert product.trend() == pytest.approx(trend, abs=1e-12)


@given(log=LOGS, cuts=st.sets(st.integers(0, 40)))
def test_what_was_dumped_and_loaded_goes_on_as_if_it_had_not(log, cuts):
    whole, cut = Aggregates(2, 5), Aggregates(2, 5)
    for place, review in enumerate(log):
        whole.fold(*review)
        if place in cuts:
            packed = cut.snapshot()
            cut = Aggregates(2, 5)
            cut.restore(packed)
        cut.fold(*review)
    assert cut.snapshot() == whole.snapshot()


def test_evictions_are_handed_over_once():
    aggregates = Aggregates(products_max=1)
    for name in ("p", "q", "r"):
        aggregates.fold(name, "1", 2, 500, WEEK_MS)
    assert aggregates.take_evictions() == 2
    assert aggregates.take_evictions() == 0
