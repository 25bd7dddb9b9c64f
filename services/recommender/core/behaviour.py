"""Behaviour vectors: what a user's last events say of the user, in numbers of a fixed meaning.

Blocks, each of unit length times its weight, so that none drowns the others: mix of categories, mix
of price bands, mix of items; and how many entries there are, how many of them bought. Newer entries
count more. Categories and items are hashed into buckets, items with a sign (Weinberger, Dasgupta,
Langford, Smola and Attenberg, "Feature hashing for large scale multitask learning", ICML 2009): the
vector is as long in every shop and the same in every process, whatever came first. Without a
catalogue there is the mix of items alone. Shares are under a root (as for the Hellinger distance).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xxhash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from shopkeeper.services.recommender.core.items import Items
    from shopkeeper.services.recommender.core.views import CatalogueView

CATEGORY_BUCKETS, ITEM_BUCKETS = 64, 128
PRICE_BANDS = 16  # of factors of two; 0: no price
HABITS = 2  # entries, purchases
WIDTH = CATEGORY_BUCKETS + PRICE_BANDS + ITEM_BUCKETS + HABITS
CATEGORY_WEIGHT, PRICE_WEIGHT, ITEM_WEIGHT, HABIT_WEIGHT = 1.0, 0.5, 0.5, 0.1
AGE_DECAY = 0.9  # by entry
PARTS_MAX = 8  # of a category that names several, "Drama|Comedy"
_LOWEST_BAND = -2.0  # a quarter, of whatever currency


def price_band(price: float | None) -> int:
    """1 to PRICE_BANDS - 1, a factor of two each; 0 where there is no price."""
    if price is None or not 0 < price < float("inf"):
        return 0
    return int(np.clip(np.log2(price) - _LOWEST_BAND, 0, PRICE_BANDS - 2)) + 1


class Behaviour:
    """Makes vectors; holds a small table of the categories met."""

    def __init__(self, items: Items, catalogue: CatalogueView) -> None:
        self._items, self._catalogue = items, catalogue
        self._buckets: NDArray[np.int64] = np.zeros((0, PARTS_MAX), np.int64)  # -1: no more parts

    def vectors(
        self, recents: Sequence[Sequence[int]], boughts: Sequence[Sequence[int]] = ()
    ) -> NDArray[np.float32]:
        """(users, WIDTH).

        recents: by user, items of the last events, newest last. boughts: by user, purchases (their
        number counts); none need be given.
        """
        users = len(recents)
        lengths = np.array([len(recent) for recent in recents], np.int64)
        items = np.fromiter((i for recent in recents for i in recent), np.int64, lengths.sum())
        owner = np.repeat(np.arange(users), lengths)
        ages = np.cumsum(lengths)[owner] - 1 - np.arange(len(items))
        weight = np.power(AGE_DECAY, ages, dtype=np.float64)
        catalogue = self._catalogue
        catalogue.reserve()
        found = np.empty((users, WIDTH), np.float32)
        at = 0
        parts = self._parts()[catalogue.category[items]]
        place, part = np.nonzero(parts >= 0)
        found[:, :CATEGORY_BUCKETS] = CATEGORY_WEIGHT * _mix(
            owner[place], parts[place, part], weight[place], (users, CATEGORY_BUCKETS)
        )
        at += CATEGORY_BUCKETS
        bands = _mix(owner, catalogue.band[items].astype(np.int64), weight, (users, PRICE_BANDS), 1)
        found[:, at : at + PRICE_BANDS] = PRICE_WEIGHT * bands
        at += PRICE_BANDS
        hashed = self._items.buckets(items, 2 * ITEM_BUCKETS)
        sign = np.where(hashed & 1, 1.0, -1.0)
        found[:, at : at + ITEM_BUCKETS] = ITEM_WEIGHT * _mix(
            owner, hashed >> 1, sign * weight, (users, ITEM_BUCKETS)
        )
        at += ITEM_BUCKETS
        found[:, at] = HABIT_WEIGHT * np.log1p(lengths)
        found[:, at + 1] = HABIT_WEIGHT * np.log1p([len(b) for b in boughts] or 0)
        return found

    def _parts(self) -> NDArray[np.int64]:
        """(categories + 1, PARTS_MAX) buckets of each category; the last row is no category's."""
        names = self._catalogue.categories
        if len(self._buckets) < len(names) + 1:
            table = np.full((len(names) + 1, PARTS_MAX), -1, np.int64)
            known = max(0, len(self._buckets) - 1)
            table[:known] = self._buckets[:known]
            for place, name in enumerate(names[known:], known):
                for nth, part in enumerate(name.split("|")[:PARTS_MAX]):
                    digest = xxhash.xxh3_64_intdigest(part.strip().encode("utf-8", "surrogatepass"))
                    table[place, nth] = digest % CATEGORY_BUCKETS
            self._buckets = table
        return self._buckets


def _mix(
    owner: NDArray[np.int64],
    buckets: NDArray[np.int64],
    weights: NDArray[np.float64],
    shape: tuple[int, int],
    first: int = 0,
) -> NDArray[np.float64]:
    """(users, buckets) of unit length by user, or 0; roots of what falls into each bucket from
    `first` on."""
    size = shape[0] * shape[1]
    sums = np.bincount(owner * shape[1] + buckets, weights, size).reshape(shape)
    sums[:, :first] = 0.0
    roots = np.sign(sums) * np.sqrt(np.abs(sums))
    lengths = np.sqrt((roots**2).sum(axis=1, keepdims=True))
    mixed: NDArray[np.float64] = roots / np.where(lengths > 0, lengths, 1.0)
    return mixed
