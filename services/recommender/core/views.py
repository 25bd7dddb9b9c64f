"""Broadcast views: what every worker keeps of the compacted topics that it reads whole.

Each `apply` takes (key, value) pairs in log order; an empty value removes the key. Junk is
counted in `junk` and skipped: a view never fails for what somebody wrote into its topic.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import orjson

from shopkeeper.services.recommender.core.attributes import Attributes
from shopkeeper.services.recommender.core.behaviour import price_band
from shopkeeper.services.recommender.core.content import Content
from shopkeeper.services.recommender.core.group_view import GroupsView
from shopkeeper.services.recommender.core.item2vec import ItemVectors
from shopkeeper.services.recommender.core.items import grown
from shopkeeper.services.recommender.core.rules import Rules, excluded, factors
from shopkeeper.services.recommender.core.session_index import SessionIndex
from shopkeeper.services.recommender.settings import CLASS_COUNT
from shopkeeper.shared.contracts.outputs import (
    ProductSentimentUpdated,
    SimilarItemsUpdated,
    TrendingUpdated,
)
from shopkeeper.shared.contracts.shop import ProductCatalogued

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from shopkeeper.services.recommender.core.items import Items
    from shopkeeper.services.recommender.settings import Settings

KeyValue = tuple[bytes | None, bytes | None]

PRICE_MAX = 1e30  # well within 32 bits
BASES = ("viewed", "added", "bought")  # SimilarItem.basis by event class
REMOVED, UNAVAILABLE, AVAILABLE = 1, 2, 3  # 0: never heard of


class SimilarView:
    """Neighbour lists in packed arrays: 13 bytes per neighbour, rows only for items that have one.

    `row_of[item]` is -1 or the row of `neighbours` (item numbers, -1 past the end), `scores` and
    `classes`, each (rows, neighbours_max).
    """

    def __init__(self, items: Items, neighbours_max: int) -> None:
        self._items, self._width = items, neighbours_max
        self.row_of: NDArray[np.int32] = np.full(1024, -1, np.int32)
        self.neighbours: NDArray[np.int32] = np.full((256, neighbours_max), -1, np.int32)
        self.scores: NDArray[np.float32] = np.zeros((256, neighbours_max), np.float32)
        self.counts: NDArray[np.int32] = np.zeros((256, neighbours_max), np.int32)  # c(i, j)
        self.classes: NDArray[np.uint8] = np.zeros((256, neighbours_max), np.uint8)
        self._free: list[int] = []
        self._used = 0
        self.junk = 0
        self._decoder = msgspec.json.Decoder(SimilarItemsUpdated)

    def __len__(self) -> int:
        """Items that have a row."""
        return self._used - len(self._free)

    def apply(self, records: Sequence[KeyValue]) -> None:
        for key, value in records:
            try:
                if value is None:
                    self._remove((key or b"").decode())
                else:
                    self._put(self._decoder.decode(value))
            except (msgspec.MsgspecError, UnicodeDecodeError):
                self.junk += 1

    def reserve(self) -> None:
        """Make `row_of` cover every interned item."""
        if self._items.capacity > len(self.row_of):
            self.row_of = grown(self.row_of, self._items.capacity, -1)

    def _put(self, row: SimilarItemsUpdated) -> None:
        intern = self._items.intern
        item = intern(row.product_id)
        shown = row.items[: self._width]
        neighbours = [intern(other.product_id) for other in shown]
        self.reserve()
        place = int(self.row_of[item])
        if place < 0:
            if self._free:
                place = self._free.pop()
            else:
                place = self._used
                self._used += 1
                if place == len(self.scores):
                    self.neighbours = grown(self.neighbours, 2 * place, -1)
                    self.scores = grown(self.scores, 2 * place)
                    self.counts = grown(self.counts, 2 * place)
                    self.classes = grown(self.classes, 2 * place)
            self.row_of[item] = place
        count = len(shown)
        self.neighbours[place, :count] = neighbours
        self.neighbours[place, count:] = -1
        self.scores[place, :count] = [other.score for other in shown]
        self.scores[place, count:] = 0
        self.counts[place, :count] = [other.count for other in shown]
        self.counts[place, count:] = 0
        self.classes[place, :count] = [
            BASES.index(other.basis) if other.basis in BASES else 0 for other in shown
        ]

    def _remove(self, name: str) -> None:
        item = self._items.ids.get(name)
        if item is None or item >= len(self.row_of) or self.row_of[item] < 0:
            return
        place = int(self.row_of[item])
        self.row_of[item] = -1
        self.neighbours[place] = -1
        self._free.append(place)


class CountsRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """The value of one item bucket on the item-counts topic (msgpack; internal)."""

    format_version: int
    items: list[str]
    n: bytes  # int32 (class, items)
    hour_items: bytes  # int32 places in `items`
    hours: bytes  # int32, hours since the Unix epoch
    hour_counts: bytes  # int32
    epoch: int = 0  # newest of `n_by_epoch`
    n_by_epoch: bytes = b""  # int32 (epoch, class, items), newest first, where counts decay


class ItemCountsView:
    """n(i) of every item by event class, and visits by hour, from all item partitions."""

    def __init__(self, items: Items, epochs: int = 1) -> None:
        self._items = items
        self.n: NDArray[np.int32] = np.zeros((CLASS_COUNT, 1024), np.int32)  # (class, item)
        # Where counts decay: n by epoch, newest first, and by item the newest epoch of these.
        self.n_by_epoch: NDArray[np.int32] = np.zeros(
            (epochs if epochs > 1 else 0, CLASS_COUNT, 1024), np.int32
        )
        self.epoch: NDArray[np.int64] = np.zeros(1024, np.int64)
        self._hours: dict[bytes, tuple[NDArray[np.int64], ...]] = {}  # item, hour, count
        self.version = 0  # moves when a count did
        self.junk = 0

    def apply(self, records: Sequence[KeyValue]) -> None:
        for key, value in records:
            try:
                self._put(key or b"", value)
            except (msgspec.MsgspecError, ValueError, IndexError):
                self.junk += 1

    def _put(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            if self._hours.pop(key, None) is not None:
                self.version += 1
            return
        record = msgspec.msgpack.decode(value, type=CountsRecord)
        n = np.frombuffer(record.n, np.int32).reshape(CLASS_COUNT, len(record.items))
        places = np.frombuffer(record.hour_items, np.int32)
        hours = np.frombuffer(record.hours, np.int32).astype(np.int64)
        counts = np.frombuffer(record.hour_counts, np.int32).astype(np.int64)
        if not len(places) == len(hours) == len(counts) or np.any(places < 0):
            raise ValueError("columns of different lengths")
        if record.format_version != 1 or np.any(places >= len(record.items)):
            raise ValueError("not a record of item counts")
        by_epoch = np.frombuffer(record.n_by_epoch, np.int32)
        by_epoch = by_epoch.reshape(len(self.n_by_epoch), *n.shape)
        ids = self._items.intern_all(record.items)
        self.reserve()
        if len(by_epoch):
            self.n_by_epoch[:, :, ids], self.epoch[ids] = by_epoch, record.epoch
        if not np.array_equal(self.n[:, ids], n):
            self.n[:, ids] = n
            self.version += 1
        new = (ids[places], hours, counts)
        old = self._hours.get(key)
        if old is None or not all(np.array_equal(a, b) for a, b in zip(old, new, strict=True)):
            self._hours[key] = new
            self.version += 1

    def reserve(self) -> None:
        """Make `n` cover every interned item."""
        if self._items.capacity > self.n.shape[1]:
            self.n = np.ascontiguousarray(grown(self.n.T, self._items.capacity).T)
            by_epoch = grown(self.n_by_epoch.T, self._items.capacity)
            self.n_by_epoch = np.ascontiguousarray(by_epoch.T)
            self.epoch = grown(self.epoch, self._items.capacity)

    def visits(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """All (items, hours, counts)."""
        if not self._hours:
            nothing = np.zeros(0, np.int64)
            return nothing, nothing, nothing
        items, hours, counts = (np.concatenate(p) for p in zip(*self._hours.values(), strict=True))
        return items, hours, counts


class CatalogueView:
    """Products as the catalogue has them: availability, category, brand, price, attributes, order
    of arrival; and what the shop's rules make of them.

    Values may be CloudEvents data, a structured CloudEvent, bare JSON, or framed by Confluent.
    """

    def __init__(
        self,
        items: Items,
        rules: Rules | None = None,
        note: Callable[[str, ProductCatalogued | None], None] | None = None,
    ) -> None:
        """note: told of every product as it now is, or None where it is gone."""
        self._items, self._rules, self._note = items, rules or Rules(), note
        # Known from the start, so that rules match them before the catalogue names them, if ever.
        items.intern_all(r.product_id for r in (*self._rules.exclude, *self._rules.boost)
                         if r.product_id is not None)  # fmt: skip
        self.status: NDArray[np.uint8] = np.zeros(1024, np.uint8)
        self.category: NDArray[np.int32] = np.full(1024, -1, np.int32)
        self.band: NDArray[np.uint8] = np.zeros(1024, np.uint8)  # of its price
        self.categories: list[str] = []
        self._category_ids: dict[str, int] = {}
        self.brand: NDArray[np.int32] = np.full(1024, -1, np.int32)
        self._brand_ids: dict[str, int] = {}
        self.price: NDArray[np.float32] = np.full(1024, np.nan, np.float32)
        self.replenishable: NDArray[np.bool_] = np.zeros(1024, np.bool_)  # bought again and again
        self._any_replenishable = False  # ever was
        self._newest: dict[int, None] = {}  # available items, newest last
        self.attributes = Attributes()
        self._blocked: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._blocked_version = -1
        self._boost: NDArray[np.float32] = np.ones(0, np.float32)
        self._boost_version = -1
        self.version = 0
        self.junk = 0

    def apply(self, records: Sequence[KeyValue]) -> None:
        for key, value in records:
            try:
                product = _catalogued(value) if value else None
                if product is not None:
                    self._put(product)
                elif key:
                    self._remove(key.decode())
                else:
                    self.junk += 1
            except (msgspec.MsgspecError, orjson.JSONDecodeError, UnicodeDecodeError, ValueError):
                self.junk += 1

    def reserve(self) -> None:
        """Make the arrays cover every interned item."""
        if self._items.capacity > len(self.status):
            self.status = grown(self.status, self._items.capacity)
            self.category = grown(self.category, self._items.capacity, -1)
            self.brand = grown(self.brand, self._items.capacity, -1)
            self.price = grown(self.price, self._items.capacity, np.nan)
            self.replenishable = grown(self.replenishable, self._items.capacity)
            self.band = grown(self.band, self._items.capacity)

    def blocked(self) -> NDArray[np.bool_]:
        """(items,) whether an item must not be offered: removed, not available, or excluded by a
        rule. Read only."""
        self.reserve()
        if self._blocked_version != self.version or len(self._blocked) < len(self.status):
            self._blocked = (self.status == REMOVED) | (self.status == UNAVAILABLE)
            if self._rules.exclude:
                self._blocked |= excluded(self._rules, self)
            self._blocked_version = self.version
        return self._blocked

    def boost(self) -> NDArray[np.float32] | None:
        """(items,) what rules multiply an item's score by; None without such rules. Read only."""
        if not self._rules.boost:
            return None
        self.reserve()
        if self._boost_version != self.version or len(self._boost) < len(self.status):
            self._boost = factors(self._rules, self)
            self._boost_version = self.version
        return self._boost

    def number(self, column: str, name: str) -> int:
        """What stands for a name in `category` or `brand`, or the item of a "product_id"."""
        ids = {"category": self._category_ids, "brand": self._brand_ids}
        return ids.get(column, self._items.ids).get(name, -1)

    def used_up(self, boughts: Sequence[Sequence[int]]) -> Sequence[Sequence[int]]:
        """By list, what was bought and is not bought again and again."""
        if not self._any_replenishable:
            return boughts
        again = self.replenishable
        return [[item for item in bought if not again[item]] for bought in boughts]

    def newest(self) -> Iterator[int]:
        """The available items, those that came last first."""
        return reversed(self._newest)

    def _put(self, product: ProductCatalogued) -> None:
        item = self._items.intern(product.product_id)
        self.reserve()
        self.attributes.put(item, product)
        if self._note is not None:
            self._note(product.product_id, product)
        status = UNAVAILABLE if product.available is False else AVAILABLE
        category = brand = -1
        if product.category:
            category = self._category_ids.setdefault(product.category, len(self.categories))
            if category == len(self.categories):
                self.categories.append(product.category)
        self.band[item] = price_band(product.price)
        if product.brand:
            brand = self._brand_ids.setdefault(product.brand, len(self._brand_ids))
        price = np.float32(np.nan)
        if product.price is not None:
            price = np.float32(min(max(product.price, -PRICE_MAX), PRICE_MAX))
        replenishable = (product.attributes or {}).get("replenishable") is True
        known = self.price[item]
        if (
            (self.status[item], self.category[item], self.brand[item], self.replenishable[item])
            == (status, category, brand, replenishable)
            and (known == price or (np.isnan(known) and np.isnan(price)))
        ):  # fmt: skip
            return
        self.brand[item], self.price[item] = brand, price
        self.replenishable[item] = replenishable
        self._any_replenishable = self._any_replenishable or replenishable
        self.status[item], self.category[item] = status, category
        if status == UNAVAILABLE:
            self._newest.pop(item, None)
        else:
            self._newest.setdefault(item)
        self.version += 1

    def _remove(self, name: str) -> None:
        item = self._items.intern(name)
        self.reserve()
        self.status[item], self.category[item], self.band[item] = REMOVED, -1, 0
        self.attributes.remove(item)
        if self._note is not None:
            self._note(name, None)
        self.brand[item], self.price[item], self.replenishable[item] = -1, np.nan, False
        self._newest.pop(item, None)
        self.version += 1


def _catalogued(value: bytes) -> ProductCatalogued | None:
    """The product in a record's value; None for a removal in structured mode."""
    if value[0] == 0 and len(value) > 5:
        value = value[5:]
    document: Any = orjson.loads(value)
    if isinstance(document, dict) and "specversion" in document:
        if "data_base64" in document:
            document = orjson.loads(base64.b64decode(document["data_base64"], validate=True))
        else:
            document = document.get("data")
            if document is None:
                return None
    return msgspec.convert(document, ProductCatalogued)


class ProductSentimentView:
    """What reviews say about each product: `mean[item]`, -1 to 1; 0 where there are none."""

    def __init__(self, items: Items) -> None:
        self._items = items
        self.mean: NDArray[np.float32] = np.zeros(1024, np.float32)
        self.junk = 0
        self._decoder = msgspec.json.Decoder(ProductSentimentUpdated)

    def apply(self, records: Sequence[KeyValue]) -> None:
        for key, value in records:
            try:
                if value is None:
                    name, mean = (key or b"").decode(), 0.0
                else:
                    product = self._decoder.decode(value)
                    name, mean = product.product_id, product.mean
                    if not -1.0 <= mean <= 1.0:
                        raise ValueError("not a mean")
            except (msgspec.MsgspecError, ValueError):
                self.junk += 1
                continue
            item = self._items.intern(name)
            self.reserve()
            self.mean[item] = mean

    def reserve(self) -> None:
        """Make `mean` cover every interned item."""
        if self._items.capacity > len(self.mean):
            self.mean = grown(self.mean, self._items.capacity)


class TrendingView:
    """What is clicked most lately, by scope: "all", or "category/<name>"."""

    def __init__(self, items: Items) -> None:
        self._items = items
        self.scopes: dict[str, list[int]] = {}  # best first
        self.scores: dict[str, list[float]] = {}
        self.junk = 0
        self._decoder = msgspec.json.Decoder(TrendingUpdated)

    def apply(self, records: Sequence[KeyValue]) -> None:
        for key, value in records:
            try:
                if value is None:
                    scope = (key or b"").decode()
                    self.scopes.pop(scope, None)
                    self.scores.pop(scope, None)
                    continue
                update = self._decoder.decode(value)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                self.junk += 1
                continue
            self.scopes[update.scope] = [self._items.intern(i.product_id) for i in update.items]
            self.scores[update.scope] = [i.score for i in update.items]


class Views:
    """All views of one worker, over one set of interned items."""

    def __init__(
        self,
        items: Items,
        settings: Settings,
        note: Callable[[str, ProductCatalogued | None], None] | None = None,
    ) -> None:
        """note: as of `CatalogueView`."""
        self.similar = SimilarView(items, settings.neighbours_max)
        self.vectors = ItemVectors(
            settings.vector_dimensions, settings.vector_window, settings.vector_negatives,
            settings.vector_rate,
        )  # fmt: skip
        self.sessions = SessionIndex(
            items, settings.index_sessions_max, settings.index_session_items_max, self.vectors
        )
        self.counts = ItemCountsView(items, settings.epochs)
        self.catalogue = CatalogueView(items, settings.rules, note)
        self.sentiment = ProductSentimentView(items)
        self.trending = TrendingView(items)
        self.content = Content(
            settings, items, self.catalogue.attributes, self.similar, self.counts, self.catalogue,
            self.vectors,
        )  # fmt: skip
        self.groups = GroupsView(items, self.catalogue, self.sentiment, settings)
