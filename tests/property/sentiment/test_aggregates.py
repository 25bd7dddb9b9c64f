"""Aggregates of reviews against a naive twin that keeps every review in lists."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.sentiment.aggregates import Aggregates, _packed
from shopkeeper.services.sentiment.tally import (
    PRIOR_COUNT,
    PRIOR_MEAN,
    UNIT,
    WEEK_MS,
    WEEKS_KEPT,
    WEEKS_RECENT,
)
from shopkeeper.shared.contracts.review_digests import review_name


class Review(NamedTuple):
    product: str
    review: str
    label: int
    value: int
    time_ms: int


class Withdrawal(NamedTuple):
    """review None: the whole product."""

    product: str
    review: str | None


PRODUCTS, IDS = st.sampled_from(["p", "q", "r"]), st.sampled_from(["1", "2", "3", "4"])
# As many weeks as are told apart, so that no trend is blurred by a limit.
WEEKS = st.sampled_from([0, 1, 2, 3, 5, 8, 13, 14]).map(lambda week: (week + 1000) * WEEK_MS + 5)
ANY_WEEKS = st.integers(1000, 1020).map(lambda week: week * WEEK_MS + 5)


def reviews(weeks):
    return st.builds(
        Review, PRODUCTS, IDS, st.integers(0, 2), st.integers(-UNIT, UNIT), weeks
    )  # fmt: skip


WITHDRAWALS = st.builds(Withdrawal, PRODUCTS, st.one_of(IDS, IDS, st.none()))
LOGS = st.lists(st.one_of(reviews(WEEKS), reviews(WEEKS), WITHDRAWALS), max_size=40)
LONG_LOGS = st.lists(st.one_of(reviews(ANY_WEEKS), WITHDRAWALS), max_size=60)


def apply(aggregates, entry):
    if isinstance(entry, Review):
        aggregates.fold(*entry)
    elif entry.review is None:
        aggregates.withdraw_product(entry.product)
    else:
        aggregates.withdraw(*entry)


class Twin:
    """Products as lists of the reviews that survive, least recently reviewed first."""

    def __init__(self, products_max: int, reviews_max: int) -> None:
        self.products_max, self.reviews_max = products_max, reviews_max
        self.products: dict[str, list[Review]] = {}
        self.remembered: list[Review] = []
        self.emptied: set[str] = set()

    def apply(self, entry: Review | Withdrawal) -> None:
        if isinstance(entry, Review):
            # An object of its own, so that two equal reviews can be told apart.
            self.fold(Review(*entry))
        elif entry.review is None:
            self.products.pop(entry.product, None)
            self.emptied.add(entry.product)
        elif self.take_out(*entry) and not self.products[entry.product]:
            del self.products[entry.product]
            self.emptied.add(entry.product)

    def take_out(self, product: str, review: str) -> bool:
        """By identity: of a product that was evicted or emptied nothing can be taken out."""
        for old in self.remembered:
            if (old.product, old.review) == (product, review):
                self.remembered = [r for r in self.remembered if r is not old]
                counted = self.products.get(product, [])
                left = [r for r in counted if r is not old]
                if product in self.products:
                    self.products[product] = left
                return len(left) < len(counted)
        return False

    def fold(self, new: Review) -> None:
        self.emptied.discard(new.product)
        if new.product not in self.products and len(self.products) == self.products_max:
            del self.products[next(iter(self.products))]
        self.products[new.product] = self.products.pop(new.product, [])
        self.take_out(new.product, new.review)
        self.products[new.product].append(new)
        self.remembered = [*self.remembered, new][-self.reviews_max :]

    def figures(self, name: str) -> tuple[list[int], float, float]:
        counted = self.products[name]
        labels = [sum(r.label == label for r in counted) for label in range(3)]
        mean = (sum(r.value for r in counted) / UNIT + PRIOR_COUNT * PRIOR_MEAN) / (
            len(counted) + PRIOR_COUNT
        )
        since = max(r.time_ms // WEEK_MS for r in counted) - WEEKS_RECENT
        newer = [r for r in counted if r.time_ms // WEEK_MS > since]
        older = [r for r in counted if r.time_ms // WEEK_MS <= since]
        if not newer or not older:
            return labels, mean, 0.0
        means = [
            (sum(r.value for r in part) / UNIT + PRIOR_COUNT * mean) / (len(part) + PRIOR_COUNT)
            for part in (newer, older)
        ]
        return labels, mean, means[0] - means[1]


def check(aggregates, twin, *, trends):
    assert list(aggregates.product_ids()) == list(twin.products)
    assert set(aggregates.emptied_ids()) == twin.emptied
    for name in twin.products:
        labels, mean, trend = twin.figures(name)
        product = aggregates.get(name)
        assert [product.negative, product.neutral, product.positive] == labels
        assert product.count == sum(labels)
        assert product.mean() == pytest.approx(mean, abs=1e-12)
        if trends:
            assert product.trend() == pytest.approx(trend, abs=1e-12)


@given(log=LOGS, products_max=st.integers(1, 4), reviews_max=st.integers(1, 8))
def test_aggregates_equal_the_surviving_reviews_recomputed(log, products_max, reviews_max):
    aggregates, twin = Aggregates(products_max, reviews_max), Twin(products_max, reviews_max)
    for entry in log:
        apply(aggregates, entry)
        twin.apply(entry)
        check(aggregates, twin, trends=True)
        assert aggregates.review_count == len(twin.remembered)


@given(log=LONG_LOGS)
def test_of_any_number_of_weeks_counts_and_means_are_exact_and_weeks_are_bounded(log):
    aggregates, twin = Aggregates(), Twin(10, 100)
    for entry in log:
        apply(aggregates, entry)
        twin.apply(entry)
    check(aggregates, twin, trends=False)
    for name in twin.products:
        product = aggregates.get(name)
        assert len(product.weeks) <= WEEKS_KEPT
        assert all(count > 0 for count, _ in product.weeks.values())
        if len({r.time_ms // WEEK_MS for r in log if isinstance(r, Review)}) <= WEEKS_KEPT:
            assert product.trend() == pytest.approx(twin.figures(name)[2], abs=1e-12)


@given(log=st.lists(reviews(ANY_WEEKS), max_size=60))
def test_without_withdrawals_every_trend_is_exact(log):
    aggregates, twin = Aggregates(), Twin(10, 100)
    seen = set()
    for entry in log:
        if (entry.product, entry.review) not in seen:  # an edit takes out, too
            seen.add((entry.product, entry.review))
            apply(aggregates, entry)
            twin.apply(entry)
    check(aggregates, twin, trends=True)


@given(log=LOGS, cuts=st.sets(st.integers(0, 40)))
def test_what_was_dumped_and_loaded_goes_on_as_if_it_had_not(log, cuts):
    whole, cut = Aggregates(2, 5), Aggregates(2, 5)
    for place, entry in enumerate(log):
        apply(whole, entry)
        if place in cuts:
            packed = cut.snapshot()
            cut = Aggregates(2, 5)
            cut.restore(packed)
        apply(cut, entry)
    assert cut.snapshot() == whole.snapshot()


def test_a_withdrawn_review_leaves_no_trace():
    one, other = Aggregates(), Aggregates()
    for aggregates in (one, other):
        aggregates.fold("p", "1", 2, 900, 1000 * WEEK_MS)
    other.fold("p", "2", 0, -800, 1009 * WEEK_MS)
    assert other.get("p").mean() != one.get("p").mean()
    assert other.withdraw("p", "2")
    assert not other.withdraw("p", "2")
    assert not other.withdraw("p", "never seen")
    assert other.get("p") == one.get("p")
    counts = other.take_counts()
    assert (counts.withdrawn, counts.unknown) == (1, 2)


def test_a_product_whose_reviews_are_all_gone_is_gone_and_may_come_back():
    aggregates = Aggregates()
    for review in ("1", "2"):
        aggregates.fold("p", review, 2, 900, 1000 * WEEK_MS)
    for review in ("2", "1"):
        assert aggregates.withdraw("p", review)
    assert aggregates.get("p") is None
    assert list(aggregates.emptied_ids()) == ["p"]
    aggregates.fold("p", "1", 0, -900, 1000 * WEEK_MS)
    assert not list(aggregates.emptied_ids())
    assert (aggregates.get("p").count, aggregates.get("p").total) == (1, -900)


def test_a_whole_product_is_withdrawn_though_its_reviews_are_forgotten():
    aggregates = Aggregates(reviews_max=1)
    for review in ("1", "2", "3"):
        aggregates.fold("p", review, 2, 900, 1000 * WEEK_MS)
    assert not aggregates.withdraw("p", "1")  # forgotten: counted, and said so
    assert aggregates.get("p").count == 3
    aggregates.withdraw_product("p")
    assert aggregates.get("p") is None
    counts = aggregates.take_counts()
    assert (counts.withdrawn, counts.unknown, counts.reviews_evicted) == (3, 1, 2)


def test_removals_that_a_restart_repeats_are_bounded(monkeypatch):
    monkeypatch.setattr("shopkeeper.services.sentiment.aggregates.EMPTIED_MAX", 2)
    aggregates = Aggregates()
    for name in "pqr":
        aggregates.withdraw_product(name)
    assert list(aggregates.emptied_ids()) == ["q", "r"]


def test_state_of_the_former_format_is_read_and_a_newer_one_refused():
    # [negative, neutral, positive, total, newest week, generation, weeks]
    former = [1, 1, 0, -900, 2740, 1, {2740: [1, -900], 2739: [0, 0]}]
    week = 2740
    review = _packed(1, 0, -900, week)
    name = review_name("p", "1")
    packed = msgspec.msgpack.encode([1, 1, [["p", former]], [[name, review]]])
    aggregates = Aggregates()
    aggregates.restore(packed)
    product = aggregates.get("p")
    assert (product.count, product.newest_week, product.floor) == (2, week, week - WEEKS_KEPT)
    assert aggregates.withdraw("p", "1")
    assert (product.count, product.total, product.weeks) == (1, 0, {})
    with pytest.raises(ValueError, match="state format 4; this version of shopkeeper reads 3"):
        aggregates.restore(msgspec.msgpack.encode([4, 0, [], []]))


def test_evictions_are_handed_over_once():
    aggregates = Aggregates(products_max=1)
    for name in ("p", "q", "r"):
        aggregates.fold(name, "1", 2, 500, WEEK_MS)
    assert aggregates.take_counts().products_evicted == 2
    assert aggregates.take_counts().products_evicted == 0
