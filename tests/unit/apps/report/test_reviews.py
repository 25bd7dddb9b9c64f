"""What the report says of reviews, against a naive look at the same reviews."""

from __future__ import annotations

import math
from itertools import zip_longest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.apps.report.charts import Words
from shopkeeper.apps.report.reviews import (
    CATEGORIES_MAX,
    LABELS,
    POINTS_MAX,
    PRODUCTS_EACH,
    REVIEWS_MIN,
    Reviews,
    aspects,
    by_category,
    extremes,
    mean_of,
    section,
)
from shopkeeper.services.sentiment.tally import UNIT, Tally
from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.contracts.events.sentiment import (
    AspectOpinions,
    ProductSentimentUpdated,
    SentimentScored,
)

START_MS = 1_790_000_000_000
MODEL = Model("m", "1")
DAY_MS = 86_400_000


def scored(product, review, label="positive", disagrees=False):
    return SentimentScored(
        product_id=product, review_id=review, label=label, score=1.0, probabilities={label: 1.0},
        language="en", basis="text", model=MODEL, rating_disagrees=disagrees,
    )  # fmt: skip


def said(product, values, rows=()):
    """Of a product with reviews of these sentiments, in thousandths."""
    own = Tally()
    for value in values:
        own.add(1 + (value > 0) - (value < 0), value, 1)
    return ProductSentimentUpdated(
        product_id=product, count=own.count, mean=own.mean(), trend=0.0, positive=own.positive,
        neutral=own.neutral, negative=own.negative, model=MODEL, aspects=rows,
    )  # fmt: skip


VALUES = st.lists(st.integers(-UNIT, UNIT), max_size=30)


@given(st.lists(VALUES, min_size=1, max_size=6))
def test_a_category_is_as_though_all_its_reviews_were_of_one_product(parts):
    mean = mean_of("c", [said(str(n), values) for n, values in enumerate(parts)])
    together = said("c", [value for values in parts for value in values])
    assert mean.value == pytest.approx(together.mean, abs=1e-9)
    assert mean.reviews == together.count
    assert -1 <= mean.low <= mean.value <= mean.high <= 1


def test_the_interval_is_that_of_extreme_reviews():
    mean = mean_of("p", [said("p", [UNIT] * 60 + [-UNIT] * 35)])
    assert mean.value == pytest.approx(0.25)
    assert mean.high - mean.value == pytest.approx(1.96 * math.sqrt(0.9375 / 100))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 4), st.integers(0, 400 * DAY_MS), st.sampled_from(LABELS), st.booleans()
        ),
        max_size=60,
    )
)
@settings(deadline=None)
def test_over_time_every_review_counts_once_as_it_was_last_published(events):
    found, newest = Reviews(), {}
    for review, ms, label, disagrees in events:
        found.see_review(scored("p", str(review), label, disagrees), START_MS + ms)
        newest[review] = START_MS + ms, label, disagrees
    steps = found.steps()
    assert sum(step.reviews for step in steps) == len(newest)
    assert len(steps) <= POINTS_MAX + 1
    assert found.disagreeing == (sum(each[2] for each in newest.values()), len(newest))
    for step, following in zip_longest(steps, steps[1:]):
        end = following.start_ms if following else math.inf
        of = [label for ms, label, _ in newest.values() if step.start_ms <= ms < end]
        assert step.reviews == len(of)
        for label, share in zip(LABELS, step.shares, strict=True):
            if len(of) < REVIEWS_MIN:
                assert math.isnan(share)
            else:
                assert share == pytest.approx(of.count(label) / len(of))


def test_the_oldest_reviews_are_forgotten_first():
    found = Reviews(reviews_max=2)
    for review in ("a", "b", "a", "c"):
        found.see_review(scored("p", review, disagrees=review == "b"), START_MS)
    assert found.disagreeing == (0, 2)


def test_the_newest_record_of_a_product_stands_and_an_emptied_one_is_gone():
    found = Reviews()
    found.see_product("a", said("a", [UNIT]), 5)
    found.see_product("a", said("a", [-UNIT]), 4)
    found.see_product("b", None, 9)
    found.see_product("b", said("b", [UNIT]), 8)
    assert [(p.product_id, p.positive) for p in found.products] == [("a", 1)]


def test_of_many_products_the_best_and_the_worst_are_shown():
    products = [said(f"p{n:02}", [40 * n - 600] * 9) for n in range(30)]
    shown = [mean.name for mean in extremes([*products, said("few", [UNIT] * 4)])]
    names = [f"p{n:02}" for n in reversed(range(30))]
    assert shown == names[:PRODUCTS_EACH] + names[-PRODUCTS_EACH:]


def test_categories_are_those_with_most_reviews_the_best_first():
    products = [said(str(n), [10 * n] * (n + REVIEWS_MIN)) for n in range(30)]
    products.append(said("of no category", [UNIT] * 90))
    categories = {str(n): f"c{n}" for n in range(30)}
    shown = [mean.name for mean in by_category(products, categories)]
    assert shown == [f"c{n}" for n in reversed(range(30))][:CATEGORIES_MAX]


def test_aspects_add_up_over_products_and_quote_the_one_with_most():
    def row(name, positive, negative, praise, criticism):
        return AspectOpinions(
            aspect=name, positive=positive, negative=negative, mean=0.0,
            praise=praise, criticism=criticism,
        )  # fmt: skip

    found = aspects(
        [
            said("a", [], (row("price", 2, 1, ("cheap",), ("dear",)),)),
            said("b", [], (row("price", 3, 0, ("a bargain", "older"), ()),)),
            said("c", [], (row("fit", 0, 9, (), ("tight",)),)),
        ]
    )
    assert found == [("fit", 0, 9, "", "tight"), ("price", 5, 1, "a bargain", "dear")]


def test_without_reviews_there_are_reasons_instead_of_plots():
    made = section(Reviews(), {}, {}, Words("en"))
    assert made.facts == []
    assert all(chart.problem for chart in made.charts)
