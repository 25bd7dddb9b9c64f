"""Aspects of products against a naive twin, and against what their reviews say."""

from __future__ import annotations

import math
from collections import Counter
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.sentiment.aggregates import (
    FORMAT_WITHOUT_ASPECTS,
    Aggregates,
    _packed,
    split,
)
from shopkeeper.services.sentiment.aspects import overview
from shopkeeper.services.sentiment.aspects.extraction import Said
from shopkeeper.services.sentiment.aspects.opinions import (
    language_of,
    opinion_of,
    opinions_of,
    packed,
)
from shopkeeper.services.sentiment.aspects.quotes import PER_OPINION, Quotes
from shopkeeper.services.sentiment.tally import PART_MIN, UNIT, WEEK_MS, Tally
from shopkeeper.shared.contracts.events.sentiment import ASPECTS
from shopkeeper.shared.contracts.review_digests import review_name

LANGUAGES = st.sampled_from(["en", "zh", "other"])
SAID = st.builds(
    Said,
    st.integers(0, len(ASPECTS) - 1),
    st.sampled_from([1, -1]),
    st.just(0.9),
    st.text("ab价", min_size=1, max_size=5),
)
DISTINCT = st.lists(SAID, max_size=4, unique_by=lambda each: each[:2])


class Review(NamedTuple):
    product: str
    review: str
    said: list[Said]
    language: str


class Gone(NamedTuple):
    product: str
    review: str | None


PRODUCTS, IDS = st.sampled_from(["p", "q", "r"]), st.sampled_from(["1", "2", "3", "4"])
REVIEWS = st.builds(Review, PRODUCTS, IDS, DISTINCT, LANGUAGES)
LOGS = st.lists(
    st.one_of(REVIEWS, REVIEWS, st.builds(Gone, PRODUCTS, st.one_of(IDS, IDS, st.none()))),
    max_size=40,
)


def apply(aggregates, entry):
    if isinstance(entry, Review):
        aggregates.fold(
            entry.product, entry.review, 2, 100, 1000 * WEEK_MS,
            told=packed(entry.said, entry.language),
            quotes=[(opinion_of(each), each.quote) for each in entry.said],
        )  # fmt: skip
    elif entry.review is None:
        aggregates.withdraw_product(entry.product)
    else:
        aggregates.withdraw(*entry)


def survivors(log):
    """{product: {review: its newest version}}, oldest first, of what was not withdrawn."""
    left: dict[str, dict[str, Review]] = {}
    for entry in log:
        reviews = left.setdefault(entry.product, {})
        if entry.review is None:
            reviews.clear()
        else:
            reviews.pop(entry.review, None)
            if isinstance(entry, Review):
                reviews[entry.review] = entry
    return {product: reviews for product, reviews in left.items() if reviews}


@given(log=LOGS)
def test_aspects_are_those_of_the_surviving_reviews(log):
    aggregates = Aggregates()
    for entry in log:
        apply(aggregates, entry)
    left = survivors(log)
    assert set(aggregates.product_ids()) == set(left)
    for product, reviews in left.items():
        said = [each for review in reviews.values() for each in review.said]
        held = aggregates.get(product)
        assert held.opinions == Counter(opinion_of(each) for each in said)
        languages = Counter(review.language for review in reviews.values())
        # Of another language nothing is said of aspects; where a test says so, it counts.
        assert (held.english, held.chinese) == (languages["en"], languages["zh"])
        for opinion, quotes in aggregates.quotes.of(product).items():
            all_of_it = [each.quote for each in said if opinion_of(each) == opinion]
            assert 0 < len(quotes) <= PER_OPINION
            assert not Counter(quotes) - Counter(all_of_it)  # no quote of a withdrawn review
    for product in {"p", "q", "r"} - set(left):
        assert aggregates.quotes.of(product) == {}


@given(log=LOGS, cuts=st.sets(st.integers(0, 40)))
def test_what_was_dumped_and_loaded_goes_on_as_if_it_had_not(log, cuts):
    whole, cut = Aggregates(2, 5), Aggregates(2, 5)
    for place, entry in enumerate(log):
        apply(whole, entry)
        if place in cuts:
            stored = cut.snapshot()
            cut = Aggregates(2, 5)
            cut.restore(stored)
        apply(cut, entry)
    assert cut.snapshot() == whole.snapshot()


@given(log=LOGS)
def test_split_by_partitions_nothing_said_of_aspects_is_lost(log):
    one = Aggregates()
    for entry in log:
        apply(one, entry)
    found = {}
    for stored in split({0: one.snapshot()}, 3).values():
        part = Aggregates()
        part.restore(stored)
        for product in part.product_ids():
            found[product] = dict(part.get(product).opinions), part.quotes.of(product)
        for review in ("1", "2", "3", "4"):  # each can still be taken out
            for product in list(part.product_ids()):
                part.withdraw(product, review)
        assert not list(part.product_ids())
        assert part.quotes.dump() == []
    assert found == {p: (one.get(p).opinions, one.quotes.of(p)) for p in one.product_ids()}


@given(said=DISTINCT, language=LANGUAGES)
def test_what_a_review_said_is_packed_without_loss(said, language):
    bits = packed(said, language)
    assert bits < 1 << 63
    assert set(opinions_of(bits)) == {opinion_of(each) for each in said}
    assert language_of(bits) == language


def test_state_without_aspects_is_read_and_its_reviews_can_be_withdrawn():
    former = [0, 0, 2, 1800, 0, 1, {1000: [2, 1800]}]
    review = [review_name("p", "1"), _packed(1, 2, 900, 1000)]
    aggregates = Aggregates()
    aggregates.restore(
        msgspec.msgpack.encode([FORMAT_WITHOUT_ASPECTS, 1, [["p", former]], [review], ["gone"]])
    )
    assert aggregates.withdraw("p", "1")
    apply(aggregates, Review("p", "2", [Said(0, 1, 0.9, "solid")], "en"))
    product = aggregates.get("p")
    assert (product.count, product.opinions, product.english) == (2, {1: 1}, 1)
    assert list(aggregates.emptied_ids()) == ["gone"]


def test_a_quote_goes_with_its_review_though_what_it_counted_is_forgotten():
    aggregates = Aggregates(reviews_max=1)
    for review in ("1", "2"):
        apply(aggregates, Review("p", review, [Said(0, 1, 0.9, f"solid {review}")], "en"))
    assert aggregates.withdraw("p", "1")  # its quote was there: the product is published anew
    assert aggregates.quotes.of("p") == {1: ["solid 2"]}
    assert aggregates.get("p").opinions == {1: 2}
    assert not aggregates.withdraw("p", "1")


def test_quotes_are_bounded_by_products():
    quotes = Quotes(products_max=2)
    for product in ("p", "q", "p", "r"):
        quotes.add(product, hash(product), [(0, product)])
    assert [product for product, _ in quotes.dump()] == ["p", "r"]


def of_two_months(older, newer):
    """A product of so many positive and negative reviews in an older and a newer month."""
    product = Tally()
    for week, (good, bad) in ((1000, older), (1008, newer)):
        for _ in range(good):
            product.add(2, UNIT, week)
        for _ in range(bad):
            product.add(0, -UNIT, week)
    return product


def test_a_trend_is_significant_only_where_it_is():
    # Two proportions: (30 of 40) against (10 of 40), pooled 0.5.
    product = of_two_months((30, 10), (10, 30))
    z = (30 / 40 - 10 / 40) / math.sqrt(0.5 * 0.5 * (2 / 40))
    assert product.trend() < 0
    assert product.trend_p_value() == pytest.approx(math.erfc(z / math.sqrt(2)))
    assert of_two_months((20, 20), (21, 19)).trend_p_value() > 0.5
    assert of_two_months((30, 0), (30, 0)).trend_p_value() == 1.0
    assert of_two_months((30, 0), (0, PART_MIN - 1)).trend_p_value() is None


def test_a_summary_speaks_the_language_of_most_reviews_from_thirty_on():
    counts = {2 * 6 + 1: 12, 2 * 1 + 1: 1, 2 * 2: 5}
    rows = overview.table(counts, {13: ["so tasty"], 4: ["two hours"]})
    assert [row.aspect for row in rows] == ["taste", "delivery", "price"]
    assert rows[0].mean == pytest.approx(12 / 17, abs=1e-4)
    assert overview.sentences((6, 5, 18), rows, 0, None, chinese=False) is None
    assert overview.sentences((6, 5, 29), rows, -0.5, 0.01, chinese=False) == (
        "Of 40 reviews, 29 are positive and 6 negative. "
        '12 praise the taste ("so tasty") and 1 praises the price. '
        '5 criticise the delivery ("two hours"). Recent reviews are worse than before.'
    )
    assert overview.sentences((6, 5, 29), rows, 0.5, 0.2, chinese=True) == (
        "40条评价中，29条好评，6条差评。12条称赞味道（“so tasty”），1条称赞价格。"
        "5条批评配送（“two hours”）。"
    )
