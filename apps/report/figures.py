"""What the lists of a shop say about its quality, fairness and clarity, as plain numbers.

Definitions and papers: `services/recommender/evaluation/metrics.py`, at cutoffs 1, 5 and 10, where
an item is known if it is in the catalogue, was clicked or was in a list, and its visits are its
clicks.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from shopkeeper.apps.cli.summaries import printable
from shopkeeper.services.recommender.core.ranking.online_metrics import gini
from shopkeeper.services.recommender.evaluation.metrics import RankingMetrics

from . import groups, kinds_of_products

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from shopkeeper.services.recommender.core.numeric.items import ItemIndex
    from shopkeeper.services.recommender.evaluation.group_fairness import Field
    from shopkeeper.shared.contracts.events.shop import ProductCatalogued

    from .join import Join, Shown

CUTOFFS = (1, 5, 10)
CUTOFF = CUTOFFS[-1]
WINDOWS_MAX, WINDOW_LISTS_MIN = 20, 30
ACTIVITY = ((1, "1-2"), (3, "3-9"), (10, "10-29"), (30, "30+"))  # clicks of a user
LORENZ_POINTS = 101
CATEGORIES_MAX = 12
CATEGORY_CHARACTERS = 32
PRICE_BANDS = 4
OPINIONS = ("negative", "mixed", "positive")
NEWNESS = (kinds_of_products.NEW, kinds_of_products.ESTABLISHED)
OPINION_EDGES = (-0.25, 0.25)  # of the mean sentiment, -1 to 1
TOP_ITEMS = 10
NOTHING = -1  # as a target: no item has this number
OTHERS, NONE = "", "-"  # groups: all smaller ones, without one


class Share(NamedTuple):
    """One group of products: its share of the catalogue, of what was shown, of the clicks."""

    group: str
    catalogue: float
    shown: float
    clicked: float


@dataclass(frozen=True)
class Shop:
    """What else is known of a shop's products."""

    catalogue: Mapping[str, ProductCatalogued]
    trending: Sequence[str] = ()  # everyone's trending items now
    opinions: Mapping[str, float] | None = None  # product -> mean sentiment of its reviews
    profiles: Mapping[str, Mapping[str, str]] | None = None  # user -> field -> value


@dataclass(frozen=True)
class Figures:
    """All numbers of a running shop; shares are 0 to 1, times are Unix milliseconds."""

    lists: int
    users: int
    seeable: int  # lists that stood long enough to be seen (see `join.SEEN_MS_MIN`)
    answered: int  # by a later click of the user: all,
    answered_seeable: int  # and those that could have been seen
    clicks: int
    items: int
    catalogue: int
    # Tally.figures of the answered lists that could have been seen; {} without any. Windows,
    # activity and hits by position are of the same lists.
    accuracy: dict[str, Any]
    accuracy_all: dict[str, Any]  # of all answered lists
    accuracy_unseen: dict[str, Any]  # of those that nobody can have seen
    beyond: dict[str, Any]  # Tally.beyond_accuracy of all lists
    coverage: float
    windows: list[dict[str, Any]]
    windows_ms: list[int]  # time of the middle click of each
    activity: dict[str, dict[str, Any]]  # clicks of the user -> figures
    lorenz: tuple[NDArray[np.float64], NDArray[np.float64]]  # of what was shown, what was clicked
    gini_clicks: float
    lift: NDArray[np.float64]  # of each user with a known history
    categories: list[Share]
    prices: list[Share]
    currency: str
    opinions: list[Share]
    brands: list[Share]  # small, large; [] where all are of one size
    newness: list[Share]
    fallback: Counter[str]  # lists
    models: Counter[str]  # lists
    codes: Counter[str]  # items shown
    shown_at: NDArray[np.int64]  # (CUTOFF,) lists that could be seen with an item there
    named_at: NDArray[np.int64]  # (CUTOFF,) clicks that named the list, by position
    hits_at: NDArray[np.int64]  # (CUTOFF,) next clicks, by position
    named: int  # clicks that name a list which was found
    named_lists: int
    unknown_ids: int
    trending_share: float | None  # of what was shown
    ages_ms: NDArray[np.int64]  # from event to published list
    groups: dict[str, Field]  # field of the users' profiles -> figures by value
    profiles: int  # users who have one
    top: list[tuple[str, int, int]]  # product id, times shown, clicks; most shown first


def compute(lists: Sequence[Shown], join: Join, numbers: ItemIndex, shop: Shop) -> Figures:
    """Figures of joined lists; at least one."""
    for product in shop.catalogue:
        numbers.intern(product)
    count = len(numbers)
    user_of: dict[str, int] = {}
    users = [user_of.setdefault(s.user, len(user_of)) for s in lists]
    clicks = np.zeros(count, np.int64)
    for item, n in join.clicks.items():
        clicks[item] = n
    every_answered = sorted(
        ((s, user) for s, user in zip(lists, users, strict=True) if s.answer is not None),
        key=lambda pair: pair[0].answered_ms,
    )
    answered = [pair for pair in every_answered if pair[0].could_be_seen]
    unseen = [pair for pair in every_answered if not pair[0].could_be_seen]
    quality = _tally(answered)
    everything = RankingMetrics(CUTOFFS)
    for s, user in zip(lists, users, strict=True):
        everything.add(user, NOTHING, s.items, s.history)
    exposure = everything.exposure(CUTOFF, count)
    window_count = min(WINDOWS_MAX, len(answered) // WINDOW_LISTS_MIN)
    given, own = everything.popularity(clicks)
    with np.errstate(divide="ignore", invalid="ignore"):
        lift = given / own - 1
    shares = _Shares(numbers, shop.catalogue, exposure, clicks)
    currency, bands, band_of = price_bands(shop.catalogue)
    ranks = [s.items.index(s.answer) for s, _ in answered if s.answer in s.items]
    seeable = [s for s in lists if s.could_be_seen]
    shown_at = [sum(len(s.items) > place for s in seeable) for place in range(CUTOFF)]
    ages = [s.published_ms - s.event_ms for s in lists if s.event_ms is not None]
    trending = [item for item in map(numbers.intern, shop.trending) if item < count]
    profiles = shop.profiles or {}
    return Figures(
        lists=len(lists),
        users=len(user_of),
        seeable=len(seeable),
        answered=len(every_answered),
        answered_seeable=len(answered),
        clicks=int(clicks.sum()),
        items=count,
        catalogue=len(shop.catalogue),
        accuracy=_accuracy(answered, count),
        accuracy_all=_accuracy(every_answered, count),
        accuracy_unseen=_accuracy(unseen, count),
        beyond=everything.beyond_accuracy(clicks),
        coverage=float((exposure > 0).mean()) if count else 0.0,
        windows=quality.windows(window_count) if window_count > 1 else [],
        windows_ms=_middles([s.answered_ms for s, _ in answered], window_count),
        activity=_by_activity(answered, join, count),
        lorenz=(lorenz(exposure), lorenz(clicks)),
        gini_clicks=gini(clicks, count),
        lift=lift[np.isfinite(lift)],
        categories=largest(shares.by(lambda p: _short(p.category)), CATEGORIES_MAX),
        prices=shares.by(band_of, bands) if currency else [],
        currency=currency,
        brands=_by_brand(shares, shop),
        newness=shares.by(kinds_of_products.newness(numbers, clicks), NEWNESS),
        opinions=shares.by(_opinion_of(shop.opinions), OPINIONS) if shop.opinions else [],
        fallback=Counter(s.fallback for s in lists),
        models=Counter(printable(s.model, CATEGORY_CHARACTERS) for s in lists),
        codes=Counter(
            printable(code, CATEGORY_CHARACTERS) for s in lists for code in s.codes[:CUTOFF]
        ),
        shown_at=np.array(shown_at, np.int64),
        named_at=np.array([join.positions[place] for place in range(CUTOFF)], np.int64),
        hits_at=np.bincount([r for r in ranks if r < CUTOFF], minlength=CUTOFF),
        named=sum(s.named for s in lists),
        named_lists=sum(s.named > 0 for s in lists),
        unknown_ids=join.unknown_ids,
        trending_share=_share(exposure, trending),
        ages_ms=np.array(ages, np.int64),
        groups=groups.by_field(lists, profiles, clicks, CUTOFF, echoed=bool(join.positions)),
        profiles=len(profiles),
        top=[
            (numbers.product_ids[item], int(exposure[item]), int(clicks[item]))
            for item in np.argsort(-exposure, kind="stable")[:TOP_ITEMS]
            if exposure[item]
        ],
    )


def lorenz(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """(LORENZ_POINTS,) what share of the total the least frequent 0, 1, ... 100 % have together.

    All 0 but the last where there is nothing (Lorenz, "Methods of measuring the concentration of
    wealth", Publications of the American Statistical Association 1905)."""
    cumulated = np.concatenate([[0.0], np.cumsum(np.sort(counts), dtype=np.float64)])
    total = cumulated[-1]
    at = np.linspace(0, len(counts), LORENZ_POINTS)
    shares: NDArray[np.float64] = np.interp(at, np.arange(len(cumulated)), cumulated)
    if not total:
        shares[-1] = total = 1.0
    shares /= total
    return shares


def price_bands(
    catalogue: Mapping[str, ProductCatalogued],
) -> tuple[str, list[str], Callable[[ProductCatalogued], str]]:
    """The commonest currency, the quarters of its prices, "a-b", and which a product is in.

    ("", [], ...) where fewer than two products have different prices."""
    priced = [p for p in catalogue.values() if p.price is not None]
    currency = Counter(p.currency or "?" for p in priced).most_common(1)
    name = currency[0][0] if currency else ""
    prices = np.array([p.price for p in priced if (p.currency or "?") == name])
    if len(np.unique(prices)) < 2:
        return "", [], lambda product: NONE
    # Edges are prices of the shop, so that they read as its prices do.
    edges = np.unique(np.quantile(prices, np.linspace(0, 1, PRICE_BANDS + 1), method="nearest"))
    whole_cents = np.array_equal(edges, np.round(edges, 2))
    shown = [f"{e:,.2f}".removesuffix(".00") if whole_cents else f"{e:,.6g}" for e in edges]
    labels = [f"{low}–{high}" for low, high in pairwise(shown)]

    def band(product: ProductCatalogued) -> str:
        if product.price is None or (product.currency or "?") != name:
            return NONE
        return labels[max(0, int(np.searchsorted(edges, product.price)) - 1)]

    return printable(name, 8), labels, band


def largest(shares: list[Share], count: int) -> list[Share]:
    """The largest groups by what was shown, the rest added up as OTHERS."""
    shares = sorted(shares, key=lambda s: (s.group == NONE, -s.shown, -s.catalogue, s.group))
    head, rest = shares[:count], shares[count:]
    if rest:
        sums = np.array([s[1:] for s in rest]).sum(axis=0)
        head.append(Share(OTHERS, *(float(v) for v in sums)))
    return head


class _Shares:
    """Shares of groups of the catalogue's products; those of no group are in NONE, the last."""

    def __init__(
        self,
        numbers: ItemIndex,
        catalogue: Mapping[str, ProductCatalogued],
        exposure: NDArray[np.int64],
        clicks: NDArray[np.int64],
    ) -> None:
        self._products = [
            (product, int(exposure[n]), int(clicks[n]))
            for name, product in catalogue.items()
            for n in (numbers.intern(name),)
        ]

    def by(
        self, group_of: Callable[[ProductCatalogued], str], names: Sequence[str] = ()
    ) -> list[Share]:
        """One Share per group, those of `names` first and in that order."""
        sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        for product, shown, clicked in self._products:
            group = sums[group_of(product)]
            group[0] += 1
            group[1] += shown
            group[2] += clicked
        totals = np.maximum(1, np.array(list(sums.values())).reshape(-1, 3).sum(axis=0))
        return [
            Share(name, *(float(v) for v in np.array(sums[name]) / totals))
            for name in dict.fromkeys([*names, *(n for n in sums if n != NONE), NONE])
            if name in sums
        ]


def _share(exposure: NDArray[np.int64], items: Sequence[int]) -> float | None:
    """Of all places, those that these items hold; None where there are neither."""
    slots = int(exposure.sum())
    return float(exposure[list(items)].sum() / slots) if items and slots else None


def _by_brand(shares: _Shares, shop: Shop) -> list[Share]:
    size = kinds_of_products.brand_size(shop.catalogue)
    if size is None:
        return []
    return shares.by(size, (kinds_of_products.SMALL, kinds_of_products.LARGE))


def _short(category: str | None) -> str:
    return printable(category, CATEGORY_CHARACTERS) if category else NONE


def _opinion_of(opinions: Mapping[str, float] | None) -> Callable[[ProductCatalogued], str]:
    def opinion(product: ProductCatalogued) -> str:
        mean = (opinions or {}).get(product.product_id)
        if mean is None:
            return NONE
        return OPINIONS[int(np.digitize(mean, OPINION_EDGES))]

    return opinion


def _tally(answered: Sequence[tuple[Shown, int]]) -> RankingMetrics:
    tally = RankingMetrics(CUTOFFS)
    for shown, user in answered:
        assert shown.answer is not None
        tally.add(user, shown.answer, shown.items, shown.history)
    return tally


def _accuracy(answered: Sequence[tuple[Shown, int]], item_count: int) -> dict[str, Any]:
    return _tally(answered).figures(item_count) if answered else {}


def _by_activity(
    answered: Sequence[tuple[Shown, int]], join: Join, item_count: int
) -> dict[str, dict[str, Any]]:
    parts: dict[str, list[tuple[Shown, int]]] = {name: [] for _, name in ACTIVITY}
    starts = [start for start, _ in ACTIVITY]
    for shown, user in answered:
        # Answered, so there was a click.
        place = int(np.searchsorted(starts, join.user_clicks(shown), "right")) - 1
        parts[ACTIVITY[place][1]].append((shown, user))
    return {
        name: _tally(part).figures(item_count) | {"users": len({user for _, user in part})}
        for name, part in parts.items()
        if part
    }


def _middles(times_ms: Sequence[int], count: int) -> list[int]:
    if count < 2:
        return []
    return [int(np.median(part)) for part in np.array_split(np.array(times_ms), count)]
