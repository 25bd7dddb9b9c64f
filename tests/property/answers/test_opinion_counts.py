"""What is counted and quoted of reviews, against a naive reading of the whole log: over
interleavings of reviews, edits, withdrawals and erasures, replays and restarts."""

from __future__ import annotations

from itertools import chain, repeat
from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.services.answers.core.opinions.counting import about
from shopkeeper.services.answers.core.opinions.facets import FACETS, OVERALL
from shopkeeper.services.answers.core.opinions.review_table import ReviewTable
from shopkeeper.services.sentiment.aggregates import Aggregates
from shopkeeper.services.sentiment.core import SentimentProcessor
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.shop import ProductReviewed, ReviewWithdrawn
from shopkeeper.shared.contracts.review_digests import review_key
from tests.unit.answers.reviewed import read

COMFORT = next(facet for facet in FACETS if facet.english == "comfort")
QUALITY = next(facet for facet in FACETS if facet.english == "the quality")
# Text -> sign of the review, of comfort, of quality; None: it does not mention it.
TEXTS = {
    "Very comfortable. Good quality.": (1, 1, 1),
    "Uncomfortable. Poor quality.": (-1, -1, -1),
    "Very comfortable. Poor quality.": (0, 1, -1),
    "穿着很舒服。质量很差。": (-1, 1, -1),
    "Arrived on Monday.": (0, None, None),
}
USERS, PRODUCTS, REVIEWS = ["u1", "u2", None], ["p", "q"], ["a", "b", "c"]


class Signs:
    """A sentiment model that knows the texts above by heart."""

    name, version, labels = "signs", "1", ("negative", "neutral", "positive")

    def probabilities(self, texts):
        rows = np.eye(3, dtype=np.float32)
        return np.array([rows[1 + TEXTS[text][0]] for text in texts], np.float32).reshape(-1, 3)

    first_tier = probabilities


class Step(NamedTuple):
    kind: str  # review | withdraw | drop | erase
    product: str = ""
    review: str = ""
    user: str | None = None
    text: str = ""


steps = st.lists(
    st.one_of(
        st.builds(
            Step,
            st.just("review"),
            st.sampled_from(PRODUCTS),
            st.sampled_from(REVIEWS),
            st.sampled_from(USERS),
            st.sampled_from(sorted(TEXTS)),
        ),
        st.builds(Step, st.just("withdraw"), st.sampled_from(PRODUCTS), st.sampled_from(REVIEWS)),
        st.builds(Step, st.just("drop"), st.sampled_from(PRODUCTS)),
        st.builds(Step, st.just("erase"), user=st.sampled_from(["u1", "u2"])),
    ),
    max_size=25,
)


def event(place, step):
    time_ms = 1000 + place
    more = (step.product.encode(), place, time_ms, f"e{place}", "s", "c")
    if step.kind == "review":
        data = ProductReviewed(
            product_id=step.product,
            review_id=step.review,
            review_body=step.text,
            user_id=step.user,
        )
        return Event("product.reviewed.v1", data, *more)
    if step.kind == "withdraw":
        data = ReviewWithdrawn(product_id=step.product, review_id=step.review)
        return Event("review.withdrawn.v1", data, *more)
    return Event("product.reviewed.v1", None, *more)


def naive(log, product, column):
    """(mentioning, pleased, not pleased) of what is left of the log."""
    alive = {}
    for place, step in enumerate(log):
        key = step.product, step.review
        if step.kind == "review":
            alive[key] = place, step
        elif step.kind == "withdraw":
            alive.pop(key, None)
        else:
            gone = [
                k
                for k, (_, s) in alive.items()
                if (step.kind == "drop" and k[0] == step.product)
                or (step.kind == "erase" and s.user == step.user)
            ]
            for each in gone:
                del alive[each]
    by_author = {}
    for place, step in sorted(each for each in alive.values() if each[1].product == product):
        by_author[step.user or place] = TEXTS[step.text][column]
    signs = [sign for sign in by_author.values() if sign is not None]
    return len(signs), signs.count(1), signs.count(-1)


def compacted(records):
    """What a compacted topic may have left: the last record of each key, in their order."""
    last = {key: place for place, (key, _) in enumerate(records)}
    return [record for place, record in enumerate(records) if last[record[0]] == place]


@given(log=steps, cuts=st.lists(st.integers(1, 6), max_size=10), killed=st.integers(0, 25))
@settings(max_examples=150)
def test_counts_are_those_of_the_reviews_that_are_left(log, cuts, killed):
    """The worker is killed once: it reads again from a checkpoint, and publishes again."""
    processor = SentimentProcessor(0, Signs())
    records, place, checkpoint = [], 0, (0, processor.snapshot())
    cuts = chain(cuts, repeat(3))
    while place < len(log):
        size = next(cuts)
        batch = list(enumerate(log))[place : place + size]
        events = [event(n, step) for n, step in batch if step.kind != "erase"]
        outputs, _ = processor.process(events, 0)
        records += [(o.key, o.value) for o in outputs if o.topic == topics.REVIEW_DIGESTS]
        records += [(step.user, 1000 + n) for n, step in batch if step.kind == "erase"]
        place += size
        if killed and place > killed:
            place, state = checkpoint
            processor, killed = SentimentProcessor(0, Signs()), 0
            processor.restore(state)
        elif place % 2:
            checkpoint = place, processor.snapshot()
    live, fresh = ReviewTable(100), ReviewTable(100)
    read(live, records)
    read(fresh, compacted(records))
    for product in PRODUCTS:
        for facet, column in ((OVERALL, 0), (COMFORT, 1), (QUALITY, 2)):
            expected = naive(log, product, column)
            for table in (live, fresh):
                found = about(table.of(product), facet)
                assert (found.mentioning, found.positive, found.negative) == expected
                assert len(found.sentences) <= 2 * found.reviewers
    for key, *_ in live.sweep():
        live.apply([(key, None)])
    assert live.sweep() == []


@given(log=steps)
@settings(max_examples=100)
def test_the_topic_holds_the_reviews_that_are_remembered_and_no_others(log):
    """However few products and reviews are remembered."""
    aggregates = Aggregates(products_max=1, reviews_max=2)
    processor = SentimentProcessor(0, Signs(), aggregates)
    topic = {}
    for place, step in enumerate(log):
        if step.kind != "erase":
            outputs, _ = processor.process([event(place, step)], 0)
            topic |= {o.key: o.value for o in outputs if o.topic == topics.REVIEW_DIGESTS}
    alive = {aggregates.get(product).generation for product in aggregates.product_ids()}
    remembered = {
        review_key(name) for name, packed in aggregates._reviews.items() if packed >> 32 in alive
    }
    assert {key for key, value in topic.items() if value is not None} == remembered
