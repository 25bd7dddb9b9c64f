"""Behaviour vectors: what a user's last events say of the user, in numbers of a fixed meaning.

Blocks, each of unit length times its weight, so that none drowns the others: mix of categories, mix
of price bands, mix of items; and single numbers: how many entries there are, how many of them
bought, how well the last search was answered, and what reviews say of what the user looks at. Newer
entries count more. What a search found counts among categories and prices as if it had been looked
at: it is what the user has in mind. Categories and items are hashed into buckets, items with a sign
(Weinberger, Dasgupta, Langford, Smola and Attenberg, "Feature hashing for large scale multitask
learning", ICML 2009): the vector is as long in every shop and the same in every process, whatever
came first. Without a catalogue there is the mix of items alone. Shares are under a root (as for the
Hellinger distance).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xxhash

from ..numeric.price_bands import PRICE_BANDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..numeric.items import ItemIndex
    from ..numeric.types import Searched
    from ..tables.catalogue import CatalogueTable
    from ..tables.sentiment import SentimentTable

CATEGORY_BUCKETS, ITEM_BUCKETS = 64, 128
HABITS = 4  # entries, purchases, fit of the last search, mean sentiment of reviews
WIDTH = CATEGORY_BUCKETS + PRICE_BANDS + ITEM_BUCKETS + HABITS
CATEGORY_WEIGHT, PRICE_WEIGHT, ITEM_WEIGHT, HABIT_WEIGHT = 1.0, 0.5, 0.5, 0.1
SENTIMENT_WEIGHT = 0.1
SEARCH_WEIGHT = 1.0  # of all that a search found, at its best fit, against the newest entry's 1
AGE_DECAY = 0.9  # by entry
PARTS_MAX = 8  # of a category that names several, "Drama|Comedy"


class Behaviour:
    """Makes vectors; holds a small table of the categories met."""

    def __init__(
        self,
        items: ItemIndex,
        catalogue: CatalogueTable,
        sentiment: SentimentTable,
        entries_max: int,
    ) -> None:
        """entries_max: of a user's last events, how many describe the user."""
        self._items, self._catalogue, self._sentiment = items, catalogue, sentiment
        self._entries_max = entries_max
        self._buckets: NDArray[np.int64] = np.zeros((0, PARTS_MAX), np.int64)  # -1: no more parts

    def vectors(
        self,
        recents: Sequence[Sequence[int]],
        boughts: Sequence[Sequence[int]] = (),
        searched: Sequence[Searched] = (),
    ) -> NDArray[np.float32]:
        """(users, WIDTH).

        recents: by user, items of the last events, newest last; `entries_max` of them count.
        boughts: by user, purchases (their number counts). searched: by user, what fits the last
        search, and how well, 0 to 1. Neither of the last two need be given.
        """
        users, most = len(recents), self._entries_max
        recents = [recent[-most:] for recent in recents]
        lengths = np.array([len(recent) for recent in recents], np.int64)
        items = np.fromiter((i for recent in recents for i in recent), np.int64, lengths.sum())
        owner = np.repeat(np.arange(users), lengths)
        ages = np.cumsum(lengths)[owner] - 1 - np.arange(len(items))
        weight = np.power(AGE_DECAY, ages, dtype=np.float64)
        catalogue = self._catalogue
        catalogue.reserve()
        wanted, wanter, wish, fit = _wishes(searched, users)
        minds, minded = np.concatenate([items, wanted]), np.concatenate([owner, wanter])
        wishes = np.concatenate([weight, wish])
        found = np.empty((users, WIDTH), np.float32)
        at = 0
        parts = self._parts()[catalogue.category[minds]]
        place, part = np.nonzero(parts >= 0)
        found[:, :CATEGORY_BUCKETS] = CATEGORY_WEIGHT * _mix(
            minded[place], parts[place, part], wishes[place], (users, CATEGORY_BUCKETS)
        )
        at += CATEGORY_BUCKETS
        bands = catalogue.band[minds].astype(np.int64)
        bands = _mix(minded, bands, wishes, (users, PRICE_BANDS), 1)
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
        found[:, at + 2] = HABIT_WEIGHT * fit
        self._sentiment.reserve()
        said = np.bincount(owner, weight * self._sentiment.mean[items], users)
        share = np.bincount(owner, weight, users)
        found[:, at + 3] = SENTIMENT_WEIGHT * said / np.where(share > 0, share, 1.0)
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


def _wishes(
    searched: Sequence[Searched], users: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """What searches found as entries: (items, owners, weights), and each user's best fit."""
    counts = [len(items) for items, _ in searched]
    total = sum(counts)
    if not total:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(users)
    items = np.fromiter((i for found, _ in searched for i in found), np.int64, total)
    fits = np.fromiter((f for _, found in searched for f in found), np.float64, total)
    owner = np.repeat(np.arange(len(counts)), counts)
    best = np.zeros(users)
    np.maximum.at(best, owner, fits)
    sums = np.bincount(owner, fits, users)
    shares = fits / np.where(sums > 0, sums, 1.0)[owner]
    return items, owner, SEARCH_WEIGHT * best[owner] * shares, best


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
