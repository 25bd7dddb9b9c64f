"""Exposure by kind of product: what lists show of price quarters, small brands and new products.

Labels are of closed sets, whatever the catalogue holds:

- price: quarters of the prices of available products, 1 the cheapest; `none` without a price;
- brand: `small`, `large`, `none`. Brands stand in the order of how many available products they
  have; small are, from the smallest on, those that have at most a quarter of all branded products
  together. (The catalogue names brands; a marketplace writes its sellers there.)
- age: `new` below `new_item_visits` clicks, else `established`.

Of each, the share of the places in lists since the worker started (exposure as Singh and Joachims,
"Fairness of exposure in rankings", KDD 2018, with every place alike), of the available catalogue,
and of all clicks: with items i of a kind K, shown s(i) times and clicked c(i),

  shown(K) = sum over i in K of s(i) / sum over all i of s(i), and likewise for clicks and products.

Beside them coverage (Herlocker et al., "Evaluating collaborative filtering recommender systems",
ACM TOIS 2004, catalogue coverage) of a window of `WINDOW_PLACES` places: the share of the available
products that stood in any of them. Windows of equally many places compare, whatever the traffic;
coverage since the worker started only grows, and tells no fall.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..core.numeric.types import CLICK
from ..core.tables.base import AVAILABLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shopkeeper.shared.runtime.telemetry.metrics import Registry

    from ..config import RecommenderConfig
    from ..core.knowledge import Knowledge
    from ..core.ranking.online_metrics import OnlineMetrics

SMALL_SHARE = 0.25  # of branded products, that small brands have together at most
WINDOW_PLACES = 20_000  # in lists, some 2,000 of ten; observed once a second, so a little more
QUARTERS = (0.25, 0.5, 0.75)
PRICES = ("none", "1", "2", "3", "4")
BRANDS = ("none", "small", "large")
AGES = ("new", "established")
KINDS = {"price": PRICES, "brand": BRANDS, "age": AGES}


class Shares(NamedTuple):
    """Of one kind of products, each 0 to 1: of the places in lists, of products, of clicks."""

    shown: float
    catalogue: float
    clicked: float


def small_brands(products: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(brands,) which are small. products: (brands,) how many each has; 0: it is not there.

    Brands of one size are all small or all large."""
    total = int(products.sum())
    order = np.argsort(products, kind="stable")
    sizes, cumulated = products[order], np.cumsum(products[order])
    # What a brand and all of its size or smaller have together.
    upto = cumulated[np.searchsorted(sizes, sizes, side="right") - 1]
    small = np.zeros(len(products), np.bool_)
    small[order] = upto <= SMALL_SHARE * total
    return small & (products > 0)


def kinds_of(price: NDArray[np.float32], brand: NDArray[np.int32]) -> dict[str, NDArray[np.int64]]:
    """By kind, (products,) the place of each product's label. price: NaN: none. brand: numbers, -1:
    none. Both of available products."""
    priced = np.isfinite(price)
    quarter = np.zeros(len(price), np.int64)
    if priced.any():
        edges = np.quantile(price[priced], QUARTERS)
        quarter[priced] = 1 + np.searchsorted(edges, price[priced])
    small = small_brands(np.bincount(brand[brand >= 0]))
    size = np.zeros(len(brand), np.int64)
    size[brand >= 0] = np.where(small[brand[brand >= 0]], 1, 2)
    return {"price": quarter, "brand": size}


def shares(
    kinds: dict[str, NDArray[np.int64]], shown: NDArray[np.int64], visits: NDArray[np.int32]
) -> dict[tuple[str, str], Shares]:
    """By (kind, label), shares; all arrays of the available products."""

    def of(place: NDArray[np.int64], count: int, weight: NDArray[np.number] | None) -> list[float]:
        sums = np.bincount(place, weight, count).astype(np.float64)
        whole: list[float] = (sums / max(1.0, float(sums.sum()))).tolist()
        return whole

    found = {}
    for kind, labels in KINDS.items():
        place, count = kinds[kind], len(labels)
        columns = of(place, count, shown), of(place, count, None), of(place, count, visits)
        for label, *values in zip(labels, *columns, strict=True):
            found[kind, label] = Shares(*values)
    return found


class CoverageWindow:
    """Share of the products that the last whole window of places showed; None before there was one.

    shown: (items,) counts that only grow, as often as one likes.
    """

    def __init__(self, places: int = WINDOW_PLACES) -> None:
        self._places = places
        self._before: NDArray[np.int64] = np.zeros(0, np.int64)
        self.ratio: float | None = None

    def see(self, shown: NDArray[np.int64], there: NDArray[np.intp]) -> None:
        """there: places of the available products in `shown`; not empty."""
        before = np.zeros(len(shown), np.int64)
        before[: len(self._before)] = self._before
        if int(shown.sum() - before.sum()) >= self._places:
            self.ratio = float((shown > before)[there].mean())
            self._before = shown.copy()


class ExposureMetrics:
    """The gauges of one worker: its own lists, everybody's catalogue and clicks."""

    def __init__(
        self,
        registry: Registry,
        config: RecommenderConfig,
        knowledge: Knowledge,
        exposure: OnlineMetrics,
    ) -> None:
        self._config, self._knowledge, self._exposure = config, knowledge, exposure
        self._seen = (-1, -1)  # version of the catalogue and products that `_kinds` are of
        self._kinds: dict[str, NDArray[np.int64]] = {}
        self._window = CoverageWindow()
        self._coverage = registry.gauge(
            "coverage_window_ratio", "Share of the available products in the last 20,000 places."
        )
        self._families = {
            "shown": registry.gauge(
                "exposure_share_ratio", "Share of the places in lists.", "kind", "value"
            ),
            "catalogue": registry.gauge(
                "catalogue_share_ratio", "Share of the available products.", "kind", "value"
            ),
            "clicked": registry.gauge(
                "clicks_share_ratio", "Share of all clicks.", "kind", "value"
            ),
        }

    def observe(self) -> None:
        """Bring them up to date; nothing before something was shown."""
        catalogue, counts = self._knowledge.catalogue, self._knowledge.item_counts
        catalogue.reserve()
        counts.reserve()
        shown = self._exposure.shown()
        there = np.flatnonzero(catalogue.status == AVAILABLE)
        there = there[there < min(len(shown), counts.n.shape[1])]
        if not len(there) or not shown[there].any():
            return
        self._window.see(shown, there)
        if self._window.ratio is not None:
            self._coverage.set(self._window.ratio)
        visits = counts.n[CLICK][there]
        if self._seen != (catalogue.version, len(there)):
            self._kinds = kinds_of(catalogue.price[there], catalogue.brand[there])
            self._seen = catalogue.version, len(there)
        ages = (visits >= self._config.new_item_visits).astype(np.int64)
        found_by = shares({**self._kinds, "age": ages}, shown[there], visits)
        for (kind, value), found in found_by.items():
            for name, family in self._families.items():
                family.labels(kind, value).set(getattr(found, name))
