"""What all reviews of a product say together, in integers.

Per product: how many reviews of each label, the sum of their sentiments in thousandths, and the
same by week of event time for the newest weeks that have reviews. Mean and trend are computed when
read, so the state is a function of the log alone, to the bit, however the log was cut.

What each review added is remembered, so that an edit replaces it and a withdrawal takes it out.

Limits, all kept at points that the log defines:
- products: the one whose last review lies furthest back in the log goes first; should it be
  reviewed again, it starts anew.
- reviews remembered: the newest in the log; an edit of an older one counts as one more review, and
  an older one can only be withdrawn with its whole product.
- quotes: `aspects/quotes.py`.
- weeks: once a week is older than the newest eight, it is one with all before it, and stays so if
  newer ones are withdrawn.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import msgspec

from shopkeeper.shared.contracts.review_digests import review_name
from shopkeeper.shared.runtime.kafka.murmur2 import partitions_of

from .aspects.quotes import Quotes
from .tally import UNIT, WEEK_MS, WEEKS_KEPT, Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

EMPTIED_MAX = 20_000  # products without a review left, whose removal a restart publishes again
FORMAT = 3
FORMAT_WITHOUT_ASPECTS = 2  # read, no longer written
FORMAT_OF_WINDOWS = 1  # kept the weeks up to eight before the newest; read, no longer written


class Snapshot(msgspec.Struct, array_like=True):
    """The state as it is packed; products and reviews in their order of eviction."""

    format: int
    created: int
    products: list[tuple[str, Tally]]
    reviews: list[tuple[int, int]]
    emptied: list[str] = []
    told: list[tuple[int, int]] = []  # review -> what it said of aspects; not those that told none
    quotes: list[tuple[str, list[tuple[int, int, str]]]] = []


class Counts(msgspec.Struct):
    """What happened since it was last asked; no part of the state."""

    products_evicted: int = 0
    reviews_evicted: int = 0
    withdrawn: int = 0
    unknown: int = 0  # withdrawals of what is not remembered: evicted, withdrawn before, never seen


class Aggregates:
    """All products of one partition."""

    def __init__(self, products_max: int = 200_000, reviews_max: int = 200_000) -> None:
        self.products_max, self.reviews_max = products_max, reviews_max
        self._counts = Counts()
        self._created = 0
        self._products: OrderedDict[str, Tally] = OrderedDict()
        self._reviews: OrderedDict[int, int] = OrderedDict()  # hash -> packed contribution
        self._emptied: OrderedDict[str, None] = OrderedDict()
        self._told: dict[int, int] = {}  # hash -> opinions and language
        self.quotes = Quotes()
        self._gone: list[int] = []  # reviews forgotten since this was last asked
        self._dropped: set[int] = set()  # generations, likewise, that left with all their reviews
        # While somebody adds products up: each that changed, as it was before.
        self._before: dict[str, Tally | None] | None = None

    def __len__(self) -> int:
        return len(self._products)

    @property
    def review_count(self) -> int:
        """Reviews that an edit would replace and a withdrawal take out."""
        return len(self._reviews)

    def take_counts(self) -> Counts:
        """What happened since this was last called."""
        taken, self._counts = self._counts, Counts()
        return taken

    def take_changed(self) -> dict[str, Tally | None]:
        """Products that changed since this was last called, each as it was then (None: it was
        not there). The first call returns none; from then on changes are noted."""
        taken, self._before = self._before or {}, {}
        return taken

    def take_gone(self) -> list[int]:
        """Reviews, by `review_name`, that were forgotten one by one since this was last called."""
        taken, self._gone = self._gone, []
        return taken

    def take_dropped(self) -> list[int]:
        """Reviews that left with their products since this was last called, as far as they are
        remembered. Linear in the reviews, where a product left."""
        dropped, self._dropped = self._dropped, set()
        if not dropped:
            return []
        return [review for review, packed in self._reviews.items() if packed >> 32 in dropped]

    def _note(self, product_id: str) -> None:
        """A product is about to change."""
        if self._before is not None and product_id not in self._before:
            product = self._products.get(product_id)
            self._before[product_id] = None if product is None else product.copy()

    def product_ids(self) -> Iterable[str]:
        return self._products.keys()

    def get(self, product_id: str) -> Tally | None:
        return self._products.get(product_id)

    def emptied_ids(self) -> Iterable[str]:
        """Products whose reviews were all withdrawn: at least the newest `EMPTIED_MAX` of them."""
        return self._emptied.keys()

    def is_emptied(self, product_id: str) -> bool:
        return product_id in self._emptied

    def fold(
        self,
        product_id: str,
        review_id: str,
        label: int,
        value: int,
        time_ms: int,
        *,
        told: int = 0,
        quotes: Sequence[tuple[int, str]] = (),
    ) -> None:
        """Count one review; the newest version of an edited review replaces the older one.

        label: NEGATIVE, NEUTRAL or POSITIVE. value: sentiment in thousandths, -1000 to 1000.
        told: `aspects.opinions.packed`. quotes: (opinion, words).
        """
        assert -UNIT <= value <= UNIT, value
        week = time_ms // WEEK_MS
        self._note(product_id)
        product = self._products.get(product_id)
        if product is None:
            self._created += 1
            product = self._products[product_id] = Tally(generation=self._created)
            if len(self._products) > self.products_max:
                evicted = next(iter(self._products))
                self._note(evicted)
                self._dropped.add(self._products.pop(evicted).generation)
                self.quotes.drop(evicted)
                self._counts.products_evicted += 1
            self._emptied.pop(product_id, None)
        self._products.move_to_end(product_id)
        review = review_name(product_id, review_id)
        earlier, told_earlier = self._reviews.pop(review, None), self._told.pop(review, 0)
        self.quotes.remove(product_id, review)
        if earlier is not None:
            generation, old_label, old_value, old_week = _unpacked(earlier)
            # An evicted product starts anew: what it no longer holds cannot be taken out of it.
            if generation == product.generation:
                product.remove(old_label, old_value, old_week)
                product.tell(told_earlier, -1)
        product.add(label, value, week)
        if told:
            product.tell(told, 1)
            self._told[review] = told
            self.quotes.add(product_id, review, quotes)
        self._reviews[review] = _packed(product.generation, label, value, week)
        if len(self._reviews) > self.reviews_max:
            forgotten, _ = self._reviews.popitem(last=False)
            self._told.pop(forgotten, None)
            self._gone.append(forgotten)
            self._counts.reviews_evicted += 1

    def withdraw(self, product_id: str, review_id: str) -> bool:
        """Take out one review, as though it had never come; whether anything of it was known.

        Its quotes go even where its counts are no longer remembered.
        """
        self._note(product_id)
        product = self._products.get(product_id)
        review = review_name(product_id, review_id)
        contribution, told = self._reviews.pop(review, None), self._told.pop(review, 0)
        quoted = self.quotes.remove(product_id, review)
        if product is not None and contribution is not None:
            generation, label, value, week = _unpacked(contribution)
            if generation == product.generation:
                product.remove(label, value, week)
                product.tell(told, -1)
                self._counts.withdrawn += 1
                if not product.count:
                    self._empty(product_id)
                return True
        self._counts.unknown += 1
        return quoted

    def withdraw_product(self, product_id: str) -> None:
        """Take out every review of a product, remembered one by one or not."""
        self._note(product_id)
        product = self._products.get(product_id)
        if product is None:
            self._counts.unknown += 1
        else:
            self._counts.withdrawn += product.count
        # Where it is unknown too: it may be an evicted one, whose record stands on the view.
        self._empty(product_id)

    def _empty(self, product_id: str) -> None:
        """Its remembered reviews go with its generation: nothing can be taken out of it again."""
        product = self._products.pop(product_id, None)
        if product is not None:
            self._dropped.add(product.generation)
        self.quotes.drop(product_id)
        self._emptied[product_id] = None
        self._emptied.move_to_end(product_id)
        if len(self._emptied) > EMPTIED_MAX:
            self._emptied.popitem(last=False)

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(
            Snapshot(
                FORMAT,
                self._created,
                list(self._products.items()),
                list(self._reviews.items()),
                list(self._emptied),
                told=[(r, told) for r in self._reviews if (told := self._told.get(r))],
                quotes=self.quotes.dump(),
            )
        )

    def restore(self, packed: bytes) -> None:
        """Raises ValueError if a newer version of the code wrote it."""
        snapshot = msgspec.msgpack.decode(packed, type=Snapshot)
        if snapshot.format == FORMAT_OF_WINDOWS:
            for _, product in snapshot.products:
                newest = product.floor  # what stood in its place
                product.floor = max(newest - WEEKS_KEPT, 0)
                product.weeks = {week: b for week, b in product.weeks.items() if b[0]}
        elif snapshot.format not in (FORMAT, FORMAT_WITHOUT_ASPECTS):
            raise ValueError(
                f"state format {snapshot.format}; this version of shopkeeper reads {FORMAT}"
            )
        self._created = snapshot.created
        self._products = OrderedDict(snapshot.products)
        self._reviews = OrderedDict(snapshot.reviews)
        self._emptied = OrderedDict.fromkeys(snapshot.emptied)
        self._told = dict(snapshot.told)
        self.quotes.load(snapshot.quotes)


def split(before: Mapping[int, bytes], count: int) -> dict[int, bytes]:
    """Dumps by partition as dumps of so many partitions, each product where its key belongs.

    Products that come stand before the partition's own, and so are evicted before them. They get
    generations of their new partition; reviews of products that were evicted go.
    """
    after = {number: Aggregates() for number in range(count)}
    for origin, packed in sorted(before.items()):
        old = Aggregates()
        old.restore(packed)
        names = list(old.product_ids())
        owners = partitions_of([name.encode() for name in names], count).tolist()
        places: dict[int, tuple[int, int]] = {}  # generation -> partition, generation there
        for name, owner in zip(names, owners, strict=True):
            product = old._products[name]
            was = product.generation
            product.generation = after[owner]._created = after[owner]._created + 1
            after[owner]._products[name] = product
            if owner != origin:
                after[owner]._products.move_to_end(name, last=False)
            old.quotes.move(name, after[owner].quotes, first=owner != origin)
            places[was] = owner, product.generation
        for review, contribution in old._reviews.items():
            generation, label, value, week = _unpacked(contribution)
            if (place := places.get(generation)) is not None:
                owner, generation = place
                after[owner]._reviews[review] = _packed(generation, label, value, week)
                if told := old._told.get(review):
                    after[owner]._told[review] = told
                if owner != origin:
                    after[owner]._reviews.move_to_end(review, last=False)
        emptied = list(old.emptied_ids())
        owners = partitions_of([name.encode() for name in emptied], count).tolist()
        for name, owner in zip(emptied, owners, strict=True):
            after[owner]._emptied[name] = None
    return {number: aggregates.snapshot() for number, aggregates in after.items()}


def _packed(generation: int, label: int, value: int, week: int) -> int:
    """In one integer of 63 bits: there are as many of these as there are reviews."""
    assert 0 <= week < 1 << 16, week
    assert generation < 1 << 31, generation
    return label | (value + UNIT) << 2 | week << 16 | generation << 32


def _unpacked(packed: int) -> tuple[int, int, int, int]:
    """(generation, label, value, week)."""
    return packed >> 32, packed & 3, (packed >> 2 & 0x3FFF) - UNIT, packed >> 16 & 0xFFFF
