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
- weeks: once a week is older than the newest eight, it is one with all before it, and stays so if
  newer ones are withdrawn.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import msgspec
import xxhash

from shopkeeper.shared.runtime.kafka.murmur2 import partitions_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NEGATIVE, NEUTRAL, POSITIVE = 0, 1, 2
UNIT = 1000  # sentiments are counted in thousandths of -1 (negative) to 1 (positive)
WEEK_MS = 7 * 86_400_000
WEEKS_KEPT = 8  # newest weeks with reviews that are told apart
WEEKS_RECENT = 4  # "newer" in the trend: these weeks, up to the product's newest review
PRIOR_COUNT = 5  # a product starts as if it had this many reviews ...
PRIOR_MEAN = 0.0  # ... of this sentiment
EMPTIED_MAX = 20_000  # products without a review left, whose removal a restart publishes again
FORMAT = 2
FORMAT_OF_WINDOWS = 1  # kept the weeks up to eight before the newest; read, no longer written


class Product(msgspec.Struct, array_like=True):
    """One product's integers. weeks: week number -> [reviews, sum of sentiments]."""

    negative: int = 0
    neutral: int = 0
    positive: int = 0
    total: int = 0  # sum of sentiments, in thousandths
    floor: int = 0  # weeks up to this one are no longer told apart
    generation: int = 0  # which of the partition's products, in order of creation
    weeks: dict[int, list[int]] = {}

    @property
    def count(self) -> int:
        return self.negative + self.neutral + self.positive

    @property
    def newest_week(self) -> int:
        return max(self.weeks, default=self.floor)

    def add(self, label: int, value: int, week: int) -> None:
        """Count one review in."""
        self._count(label, value, 1)
        if week > self.floor:
            bucket = self.weeks.setdefault(week, [0, 0])
            bucket[0] += 1
            bucket[1] += value
            if len(self.weeks) > WEEKS_KEPT:
                self.floor = min(self.weeks)
                del self.weeks[self.floor]

    def remove(self, label: int, value: int, week: int) -> None:
        """Take out one review that was counted in just so."""
        self._count(label, value, -1)
        if bucket := self.weeks.get(week):
            bucket[0] -= 1
            bucket[1] -= value
            if not bucket[0]:
                del self.weeks[week]

    def _count(self, label: int, value: int, sign: int) -> None:
        if label == NEGATIVE:
            self.negative += sign
        elif label == NEUTRAL:
            self.neutral += sign
        else:
            self.positive += sign
        self.total += sign * value

    def mean(self) -> float:
        """Bayesian mean of sentiment, -1 to 1: few reviews do not move it far from the prior."""
        total = self.total / UNIT + PRIOR_COUNT * PRIOR_MEAN
        return total / (self.count + PRIOR_COUNT)

    def trend(self) -> float:
        """Mean of the newest four weeks minus mean of all before, -2 to 2.

        Both parts are drawn to the product's own mean by the prior's count; 0 if either is empty.
        """
        newest = self.newest_week
        recent = [bucket for week, bucket in self.weeks.items() if week > newest - WEEKS_RECENT]
        newer_count = sum(bucket[0] for bucket in recent)
        newer_total = sum(bucket[1] for bucket in recent)
        older_count, older_total = self.count - newer_count, self.total - newer_total
        if newer_count <= 0 or older_count <= 0:
            return 0.0
        anchor = PRIOR_COUNT * self.mean()
        newer = (newer_total / UNIT + anchor) / (newer_count + PRIOR_COUNT)
        older = (older_total / UNIT + anchor) / (older_count + PRIOR_COUNT)
        return newer - older


class Snapshot(msgspec.Struct, array_like=True):
    """The state as it is packed; products and reviews in their order of eviction."""

    format: int
    created: int
    products: list[tuple[str, Product]]
    reviews: list[tuple[int, int]]
    emptied: list[str] = []


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
        self._products: OrderedDict[str, Product] = OrderedDict()
        self._reviews: OrderedDict[int, int] = OrderedDict()  # hash -> packed contribution
        self._emptied: OrderedDict[str, None] = OrderedDict()

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

    def product_ids(self) -> Iterable[str]:
        return self._products.keys()

    def get(self, product_id: str) -> Product | None:
        return self._products.get(product_id)

    def emptied_ids(self) -> Iterable[str]:
        """Products whose reviews were all withdrawn: at least the newest `EMPTIED_MAX` of them."""
        return self._emptied.keys()

    def is_emptied(self, product_id: str) -> bool:
        return product_id in self._emptied

    def fold(self, product_id: str, review_id: str, label: int, value: int, time_ms: int) -> None:
        """Count one review; the newest version of an edited review replaces the older one.

        label: NEGATIVE, NEUTRAL or POSITIVE. value: sentiment in thousandths, -1000 to 1000.
        """
        assert -UNIT <= value <= UNIT, value
        week = time_ms // WEEK_MS
        product = self._products.get(product_id)
        if product is None:
            self._created += 1
            product = self._products[product_id] = Product(generation=self._created)
            if len(self._products) > self.products_max:
                self._products.popitem(last=False)
                self._counts.products_evicted += 1
            self._emptied.pop(product_id, None)
        self._products.move_to_end(product_id)
        review = _name(product_id, review_id)
        earlier = self._reviews.pop(review, None)
        if earlier is not None:
            generation, old_label, old_value, old_week = _unpacked(earlier)
            # An evicted product starts anew: what it no longer holds cannot be taken out of it.
            if generation == product.generation:
                product.remove(old_label, old_value, old_week)
        product.add(label, value, week)
        self._reviews[review] = _packed(product.generation, label, value, week)
        if len(self._reviews) > self.reviews_max:
            self._reviews.popitem(last=False)
            self._counts.reviews_evicted += 1

    def withdraw(self, product_id: str, review_id: str) -> bool:
        """Take out one review, as though it had never come; whether it was known."""
        product = self._products.get(product_id)
        contribution = self._reviews.pop(_name(product_id, review_id), None)
        if product is not None and contribution is not None:
            generation, label, value, week = _unpacked(contribution)
            if generation == product.generation:
                product.remove(label, value, week)
                self._counts.withdrawn += 1
                if not product.count:
                    self._empty(product_id)
                return True
        self._counts.unknown += 1
        return False

    def withdraw_product(self, product_id: str) -> None:
        """Take out every review of a product, remembered one by one or not."""
        product = self._products.get(product_id)
        if product is None:
            self._counts.unknown += 1
        else:
            self._counts.withdrawn += product.count
        # Where it is unknown too: it may be an evicted one, whose record stands on the view.
        self._empty(product_id)

    def _empty(self, product_id: str) -> None:
        """Its remembered reviews go with its generation: nothing can be taken out of it again."""
        self._products.pop(product_id, None)
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
        elif snapshot.format != FORMAT:
            raise ValueError(
                f"state format {snapshot.format}; this version of shopkeeper reads {FORMAT}"
            )
        self._created = snapshot.created
        self._products = OrderedDict(snapshot.products)
        self._reviews = OrderedDict(snapshot.reviews)
        self._emptied = OrderedDict.fromkeys(snapshot.emptied)


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
            places[was] = owner, product.generation
        for review, contribution in old._reviews.items():
            generation, label, value, week = _unpacked(contribution)
            if (place := places.get(generation)) is not None:
                owner, generation = place
                after[owner]._reviews[review] = _packed(generation, label, value, week)
                if owner != origin:
                    after[owner]._reviews.move_to_end(review, last=False)
        emptied = list(old.emptied_ids())
        owners = partitions_of([name.encode() for name in emptied], count).tolist()
        for name, owner in zip(emptied, owners, strict=True):
            after[owner]._emptied[name] = None
    return {number: aggregates.snapshot() for number, aggregates in after.items()}


def _name(product_id: str, review_id: str) -> int:
    """What a review is remembered under, in 64 bits."""
    return xxhash.xxh3_64_intdigest(f"{len(product_id)}:{product_id}{review_id}".encode())


def _packed(generation: int, label: int, value: int, week: int) -> int:
    """In one integer of 63 bits: there are as many of these as there are reviews."""
    assert 0 <= week < 1 << 16, week
    assert generation < 1 << 31, generation
    return label | (value + UNIT) << 2 | week << 16 | generation << 32


def _unpacked(packed: int) -> tuple[int, int, int, int]:
    """(generation, label, value, week)."""
    return packed >> 32, packed & 3, (packed >> 2 & 0x3FFF) - UNIT, packed >> 16 & 0xFFFF
