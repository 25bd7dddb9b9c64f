"""The broadcast views as one worker holds them: packed arrays, fed from whole compacted topics.

Every `apply` takes (key, value) records in topic order. An empty value removes its key; what
cannot be read is counted in `junk` and passed over, for a view must never stop a worker.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, TypeVar

import msgspec
import numpy as np

from shopkeeper.services.recommender.core.items import grown
from shopkeeper.services.recommender.settings import CLASS_COUNT
from shopkeeper.shared.contracts.outputs import (
    ProductSentimentUpdated,
    SimilarItemsUpdated,
    TrendingUpdated,
)
from shopkeeper.shared.contracts.shop import ProductCatalogued

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from shopkeeper.services.recommender.core.items import Items

KeyValue = tuple[bytes | None, bytes | None]

V = TypeVar("V")

NEWEST_MAX = 200
NO_ITEM = -1

_similar = msgspec.json.Decoder(SimilarItemsUpdated)
_sentiment = msgspec.json.Decoder(ProductSentimentUpdated)
_trending = msgspec.json.Decoder(TrendingUpdated)
_catalogued = msgspec.json.Decoder(ProductCatalogued)


class View:
    """What all views have in common: keys, tombstones, and junk that is passed over."""

    def __init__(self) -> None:
        self.junk = 0  # records that could not be read
        self.version = 0  # grows with every batch of records that was applied

    def apply(self, records: Sequence[KeyValue]) -> None:
        """Take records over, in order."""
        for key, value in records:
            try:
                name = (key or b"").decode()
                if not name:
                    raise ValueError("a record without a key")
                if value:
                    self._set(name, value)
                else:
                    self._remove(name)
            except (msgspec.MsgspecError, ValueError, LookupError, OverflowError, TypeError):
                self.junk += 1
        self.version += bool(records)

    def _set(self, name: str, value: bytes) -> None:
        raise NotImplementedError

    def _remove(self, name: str) -> None:
        raise NotImplementedError


class SimilarView(View):
    """Nearest neighbours of every item: 8 bytes each, `neighbours_max` places per item."""

    def __init__(self, items: Items, neighbours_max: int) -> None:
        super().__init__()
        self._items = items
        self._max = neighbours_max
        self.neighbours = np.full((1024, neighbours_max), NO_ITEM, np.int32)
        self.scores = np.zeros((1024, neighbours_max), np.float32)

    def fit(self) -> None:
        """Make room for every item that is known by now."""
        if len(self._items) > len(self.neighbours):
            self.neighbours = grown(self.neighbours, self._items.capacity, NO_ITEM)
            self.scores = grown(self.scores, self._items.capacity)

    def _set(self, name: str, value: bytes) -> None:
        row = _similar.decode(value).items[: self._max]
        intern = self._items.intern
        item = intern(name)
        others = [intern(other.product_id) for other in row]
        scores = np.array([other.score for other in row], np.float32)
        if not np.isfinite(scores).all():
            raise ValueError("a score is not finite")
        self.fit()
        self.neighbours[item] = NO_ITEM
        self.scores[item] = 0.0
        self.neighbours[item, : len(others)] = others
        self.scores[item, : len(others)] = scores

    def _remove(self, name: str) -> None:
        item = self._items.ids.get(name)
        if item is not None and item < len(self.neighbours):
            self.neighbours[item] = NO_ITEM
            self.scores[item] = 0.0

    def of(self, name: str) -> list[tuple[str, float]]:
        """An item's neighbours with their scores, best first."""
        item = self._items.ids.get(name, len(self.neighbours))
        if item >= len(self.neighbours):
            return []
        names = self._items.names
        pairs = zip(self.neighbours[item].tolist(), self.scores[item].tolist(), strict=True)
        return [(names[other], score) for other, score in pairs if other != NO_ITEM]

    def __len__(self) -> int:
        return int((self.neighbours[:, 0] != NO_ITEM).sum())


class ProductSentimentView(View):
    """The Bayesian mean of the reviews of each product, -1 to 1; 0 where there are none."""

    def __init__(self, items: Items) -> None:
        super().__init__()
        self._items = items
        self.means = np.zeros(1024, np.float32)

    def fit(self) -> None:
        """Make room for every item that is known by now."""
        if len(self._items) > len(self.means):
            self.means = grown(self.means, self._items.capacity)

    def _set(self, name: str, value: bytes) -> None:
        mean = _sentiment.decode(value).mean
        if not -1.0 <= mean <= 1.0:
            raise ValueError("a mean outside [-1, 1]")
        item = self._items.intern(name)
        self.fit()
        self.means[item] = mean

    def _remove(self, name: str) -> None:
        item = self._items.ids.get(name)
        if item is not None and item < len(self.means):
            self.means[item] = 0.0


class CatalogueView(View):
    """What the shop sells. A product that was never catalogued may be offered (a shop need not
    publish a catalogue); one that was removed, or is not available, may not.

    Binary and bare records look alike here: the value is the product's data. Records in
    structured mode have the data inside.
    """

    def __init__(self, items: Items) -> None:
        super().__init__()
        self._items = items
        self.blocked = np.zeros(1024, np.bool_)
        self.titles: dict[int, str] = {}
        self.prices: dict[int, float] = {}
        self.categories: dict[int, str] = {}
        # Newest last. By the order of first appearance in the topic: a product that is merely
        # updated does not become new again.
        self._newest: OrderedDict[int, None] = OrderedDict()

    def fit(self) -> None:
        """Make room for every item that is known by now."""
        if len(self._items) > len(self.blocked):
            self.blocked = grown(self.blocked, self._items.capacity)

    def _set(self, name: str, value: bytes) -> None:
        try:
            product = _catalogued.decode(value)
        except msgspec.ValidationError:
            envelope = msgspec.json.decode(value)
            product = msgspec.convert(envelope["data"], ProductCatalogued)
        item = self._items.intern(product.product_id)
        self.fit()
        self.blocked[item] = product.available is False
        if item not in self.titles:
            self._newest[item] = None
            if len(self._newest) > NEWEST_MAX:
                self._newest.popitem(last=False)
        self.titles[item] = product.title
        _set_or_drop(self.categories, item, product.category)
        _set_or_drop(self.prices, item, product.price)

    def _remove(self, name: str) -> None:
        item = self._items.intern(name)  # also one never seen: neighbours may still name it
        self.fit()
        self.blocked[item] = True
        self._newest.pop(item, None)
        for column in (self.titles, self.prices, self.categories):
            column.pop(item, None)

    def newest(self) -> list[int]:
        """The products catalogued last, newest first, at most NEWEST_MAX."""
        return list(reversed(self._newest))

    def __len__(self) -> int:
        return len(self.titles)


def _set_or_drop(column: dict[int, V], item: int, value: V | None) -> None:
    if value is None:
        column.pop(item, None)
    else:
        column[item] = value


class TrendingView(View):
    """What is clicked most lately: item and score, best first, by scope."""

    def __init__(self, items: Items) -> None:
        super().__init__()
        self._items = items
        self.scopes: dict[str, list[tuple[int, float]]] = {}

    def _set(self, name: str, value: bytes) -> None:
        intern = self._items.intern
        rows = _trending.decode(value).items
        self.scopes[name] = [(intern(row.product_id), row.score) for row in rows]

    def _remove(self, name: str) -> None:
        self.scopes.pop(name, None)


class ItemCounts(msgspec.Struct, frozen=True, array_like=True):
    """One record of item-counts (msgpack): all the items of one bucket of an item partition.

    sessions: int32 (items, class) n(i). hot_*: events by item (its place in `items`, int32),
    event-time hour (int32), class (uint8) and how many (int32).
    """

    format_version: int
    items: list[str]
    sessions: bytes
    hot_items: bytes
    hot_hours: bytes
    hot_classes: bytes
    hot_counts: bytes


COUNTS_FORMAT_VERSION = 1
_counts = msgspec.msgpack.Decoder(ItemCounts)


class ItemCountsView(View):
    """n(i) of every item of every item partition, and who was looked at in which hour."""

    def __init__(self, items: Items) -> None:
        super().__init__()
        self._items = items
        self._sessions = np.zeros((1024, CLASS_COUNT), np.int32)
        self._members: dict[str, NDArray[np.int64]] = {}
        # key -> (4, entries): item, hour, class, count
        self._hot: dict[str, NDArray[np.int64]] = {}

    def sessions(self) -> NDArray[np.int32]:
        """(at least items, class) n(i); 0 where nothing is known."""
        if len(self._items) > len(self._sessions):
            self._sessions = grown(self._sessions, self._items.capacity)
        return self._sessions

    def hot(self) -> NDArray[np.int64]:
        """(4, entries): item, hour, class, count, of all buckets."""
        if not self._hot:
            return np.zeros((4, 0), np.int64)
        return np.concatenate(list(self._hot.values()), axis=1)

    def _set(self, name: str, value: bytes) -> None:
        record = _counts.decode(value)
        if record.format_version > COUNTS_FORMAT_VERSION:
            raise ValueError("a newer format")
        sessions = np.frombuffer(record.sessions, "<i4").reshape(len(record.items), CLASS_COUNT)
        columns = [
            np.frombuffer(record.hot_items, "<i4"),
            np.frombuffer(record.hot_hours, "<i4"),
            np.frombuffer(record.hot_classes, np.uint8),
            np.frombuffer(record.hot_counts, "<i4"),
        ]
        hot = np.stack([column.astype(np.int64) for column in columns])
        if hot.size and not (hot[0].min() >= 0 and hot[0].max() < len(record.items)):
            raise ValueError("a place outside the table")
        items = self._items.intern_all(record.items)
        self._remove(name)
        self.sessions()[items] = sessions
        self._members[name] = items
        hot[0] = items[hot[0]]
        self._hot[name] = hot

    def _remove(self, name: str) -> None:
        members = self._members.pop(name, None)
        if members is not None:
            self.sessions()[members] = 0
        self._hot.pop(name, None)


def total_junk(views: Iterable[View]) -> int:
    """Records that no view could read."""
    return sum(view.junk for view in views)
