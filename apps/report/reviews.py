"""What a shop's reviews say: over time, by product and category, and of which aspects."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

import xxhash

from shopkeeper.apps.cli.summaries import printable
from shopkeeper.services.sentiment.tally import PRIOR_COUNT, PRIOR_MEAN
from shopkeeper.shared.contracts.events.sentiment import ASPECTS

from .charts import Chart, Section, Series, Words, written
from .shop_charts import chart

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from shopkeeper.shared.contracts.events.sentiment import (
        ProductSentimentUpdated,
        SentimentScored,
    )

REVIEWS_MAX: Final = 1_000_000  # the newest so many in the log
MINUTE_MS: Final = 60_000
STEPS_MS: Final = tuple(
    MINUTE_MS * minutes for minutes in (1, 10, 60, 360, 1440, 7 * 1440, 28 * 1440, 364 * 1440)
)
POINTS_MAX: Final = 60
REVIEWS_MIN: Final = 5  # of a point over time, and of a product or category that is drawn
PRODUCTS_EACH: Final = 10  # of the best, and of the worst
CATEGORIES_MAX: Final = 20
TITLE_CHARACTERS: Final = 60
QUOTE_CHARACTERS: Final = 160
NORMAL_95: Final = 1.96
LABELS: Final = ("positive", "neutral", "negative")


class Mean(NamedTuple):
    """Bayesian mean of sentiment, -1 to 1, of so many reviews, with a 95 % interval."""

    name: str
    reviews: int
    value: float
    low: float
    high: float


class Aspect(NamedTuple):
    """Reviews that praise and criticise an aspect, and words of one of either side, or ""."""

    name: str
    praise: int
    criticism: int
    praising: str
    criticising: str


class Step(NamedTuple):
    """Reviews of one stretch of time. shares: of LABELS, 0 to 1, or NaN below REVIEWS_MIN."""

    start_ms: int
    reviews: int
    shares: tuple[float, ...]


class Reviews:
    """Collects what the sentiment service published, in any order."""

    def __init__(self, reviews_max: int = REVIEWS_MAX) -> None:
        self._max = reviews_max
        # Review -> time, index of its label, whether its stars disagree; an edit replaces it.
        self._scored: OrderedDict[int, tuple[int, int, bool]] = OrderedDict()
        self._products: dict[str, tuple[int, ProductSentimentUpdated | None]] = {}

    def see_review(self, review: SentimentScored, time_ms: int) -> None:
        """time_ms: when the review was written. Published again, it counts once."""
        name = f"{len(review.product_id)}:{review.product_id}{review.review_id}"
        key = xxhash.xxh3_64_intdigest(name.encode())
        self._scored.pop(key, None)
        self._scored[key] = time_ms, LABELS.index(review.label), review.rating_disagrees
        if len(self._scored) > self._max:
            self._scored.popitem(last=False)

    def see_product(
        self, product_id: str, said: ProductSentimentUpdated | None, time_ms: int
    ) -> None:
        """said: None for a product without a review left. time_ms: of the record; the newest
        stands, since older ones may lie in other partitions."""
        before = self._products.get(product_id)
        if before is None or time_ms >= before[0]:
            self._products[product_id] = time_ms, said

    @property
    def products(self) -> list[ProductSentimentUpdated]:
        """Of every product with reviews."""
        return [said for _, said in self._products.values() if said is not None and said.count]

    @property
    def disagreeing(self) -> tuple[int, int]:
        """Reviews whose stars contradict their text, of how many."""
        return sum(each[2] for each in self._scored.values()), len(self._scored)

    def steps(self) -> list[Step]:
        """Equal stretches of time, about POINTS_MAX at most; those without a review are absent."""
        times = [time_ms for time_ms, _, _ in self._scored.values()]
        if not times:
            return []
        span = max(times) - min(times)
        size = next((ms for ms in STEPS_MS if span <= POINTS_MAX * ms), STEPS_MS[-1])
        counts = Counter((ms // size, label) for ms, label, _ in self._scored.values())
        found = []
        for number in sorted({number for number, _ in counts}):
            of = [counts[number, label] for label in range(len(LABELS))]
            enough = sum(of) >= REVIEWS_MIN
            shares = tuple(n / sum(of) if enough else math.nan for n in of)
            found.append(Step(number * size, sum(of), shares))
        return found


def mean_of(name: str, products: Iterable[ProductSentimentUpdated]) -> Mean:
    """Of all reviews of these products together, from one prior.

    The interval takes sentiments to vary as much as their mean allows (1 - mean²): it is at most
    too wide, as the p-value of a trend is at most too high.
    """
    count, total = 0, 0.0
    for said in products:
        count += said.count
        total += said.mean * (said.count + PRIOR_COUNT) - PRIOR_COUNT * PRIOR_MEAN
    value = (total + PRIOR_COUNT * PRIOR_MEAN) / (count + PRIOR_COUNT)
    value = max(-1.0, min(1.0, value))
    reach = NORMAL_95 * math.sqrt((1 - value * value) / (count + PRIOR_COUNT))
    return Mean(name, count, value, max(-1.0, value - reach), min(1.0, value + reach))


def extremes(products: Sequence[ProductSentimentUpdated]) -> list[Mean]:
    """The best products and the worst, the best first; of few, all."""
    means = [mean_of(said.product_id, [said]) for said in products if said.count >= REVIEWS_MIN]
    means.sort(key=lambda mean: (-mean.value, -mean.reviews, mean.name))
    if len(means) <= 2 * PRODUCTS_EACH:
        return means
    return means[:PRODUCTS_EACH] + means[-PRODUCTS_EACH:]


def by_category(
    products: Sequence[ProductSentimentUpdated], categories: Mapping[str, str]
) -> list[Mean]:
    """The categories with the most reviews, the best first. categories: of product ids; products
    that have none are left out."""
    groups: dict[str, list[ProductSentimentUpdated]] = {}
    for said in products:
        if category := categories.get(said.product_id):
            groups.setdefault(category, []).append(said)
    means = [mean_of(category, of) for category, of in groups.items()]
    means = [mean for mean in means if mean.reviews >= REVIEWS_MIN]
    means.sort(key=lambda mean: (-mean.reviews, mean.name))
    return sorted(means[:CATEGORIES_MAX], key=lambda mean: (-mean.value, mean.name))


def aspects(products: Sequence[ProductSentimentUpdated]) -> list[Aspect]:
    """Every aspect that reviews speak of, the most spoken of first; quotes are of the product that
    has the most reviews of that side."""
    praise, criticism = Counter[str](), Counter[str]()
    praising: dict[str, tuple[int, str]] = {}
    criticising: dict[str, tuple[int, str]] = {}
    for said in products:
        for row in said.aspects:
            praise[row.aspect] += row.positive
            criticism[row.aspect] += row.negative
            for quotes, count, best in (
                (row.praise, row.positive, praising),
                (row.criticism, row.negative, criticising),
            ):
                if quotes and count > best.get(row.aspect, (0, ""))[0]:
                    best[row.aspect] = count, quotes[0]
    names = [name for name in ASPECTS if praise[name] or criticism[name]]
    names.sort(key=lambda name: -(praise[name] + criticism[name]))
    none = (0, "")
    return [
        Aspect(n, praise[n], criticism[n], praising.get(n, none)[1], criticising.get(n, none)[1])
        for n in names
    ]


def section(
    found: Reviews, titles: Mapping[str, str], categories: Mapping[str, str], words: Words
) -> Section:
    """titles, categories: of product ids, from the catalogue."""
    products = found.products
    spoken = aspects(products)
    means = extremes(products)
    return Section(
        "reviews",
        words("reviews.title"),
        words("reviews.text"),
        _facts(found, spoken, words),
        [
            _over_time(found.steps(), words),
            _means(
                "review-products",
                [m._replace(name=titles.get(m.name, m.name)) for m in means],
                words,
            ),
            _means("review-categories", by_category(products, categories), words),
            _aspects(spoken, words),
        ],
    )


def _facts(found: Reviews, spoken: Sequence[Aspect], words: Words) -> list[Sequence[str]]:
    disagreeing, scored = found.disagreeing
    facts: list[Sequence[str]] = [
        (
            words("aspect"),
            words("praise"),
            words("criticism"),
            words("quote-praise"),
            words("quote-criticism"),
        )
    ]
    for each in spoken:
        quotes = (printable(q, QUOTE_CHARACTERS) for q in (each.praising, each.criticising))
        name = words(f"aspect.{each.name}")
        facts.append((name, f"{each.praise:,}", f"{each.criticism:,}", *quotes))
    if scored:
        share = written(disagreeing / scored, "share")
        facts.append((words("disagreeing"), f"{disagreeing:,} ({share})", "", "", ""))
    return facts if len(facts) > 1 else []


def _over_time(steps: Sequence[Step], words: Words) -> Chart:
    known = sum(step.reviews >= REVIEWS_MIN for step in steps)
    return chart(
        "review-times",
        words,
        REVIEWS_MIN,
        problem="" if known > 1 else words("few-reviews"),
        kind="times",
        x=[step.start_ms for step in steps],
        series=[
            Series(words(f"label.{label}"), [step.shares[number] for step in steps])
            for number, label in enumerate(LABELS)
        ],
    )


def _means(name: str, means: Sequence[Mean], words: Words) -> Chart:
    return chart(
        name,
        words,
        REVIEWS_MIN,
        problem="" if means else words("few-reviews"),
        kind="rows",
        form="number",
        x=[f"{printable(m.name, TITLE_CHARACTERS)} ({m.reviews:,})" for m in means],
        series=[
            Series(
                words(f"{name}.x"),
                [m.value for m in means],
                [m.low for m in means],
                [m.high for m in means],
            )
        ],
    )


def _aspects(spoken: Sequence[Aspect], words: Words) -> Chart:
    return chart(
        "review-aspects",
        words,
        REVIEWS_MIN,
        problem="" if spoken else words("few-reviews"),
        kind="rows",
        form="count",
        x=[words(f"aspect.{each.name}") for each in spoken],
        series=[
            Series(words("praise"), [each.praise for each in spoken]),
            Series(words("criticism"), [each.criticism for each in spoken]),
        ],
    )
