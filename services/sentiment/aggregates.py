"""What all reviews of a product say together, in integers.

Per product: how many reviews of each label, the sum of their sentiments in thousandths, and the
same by week of event time for the newest weeks. Mean and trend are computed when read, so the
state is a function of the log alone, to the bit, however the log was cut.

Limits, both kept at points that the log defines:
- products: the one whose last review lies furthest back in the log goes first; should it be
  reviewed again, it starts anew.
- reviews whose edit is recognised: the newest in the log; an edit of an older one counts as one
  more review.
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
WEEKS_KEPT = 8
WEEKS_RECENT = 4  # "newer" in the trend: these weeks, up to the product's newest review
PRIOR_COUNT = 5  # a product starts as if it had this many reviews ...
PRIOR_MEAN = 0.0  # ... of this sentiment
FORMAT = 1


class Product(msgspec.Struct, array_like=True):
    """One product's integers. weeks: week number -> [reviews, sum of sentiments]."""

    negative: int = 0
    neutral: int = 0
    positive: int = 0
    total: int = 0  # sum of sentiments, in thousandths
    newest_week: int = 0
    generation: int = 0  # which of the partition's products, in order of creation
    weeks: dict[int, list[int]] = {}

    @property
    def count(self) -> int:
        return self.negative + self.neutral + self.positive

    def add(self, label: int, value: int, week: int, sign: int) -> None:
        """Count one review in (sign 1) or out again (sign -1)."""
        if label == NEGATIVE:
            self.negative += sign
        elif label == NEUTRAL:
            self.neutral += sign
        else:
            self.positive += sign
        self.total += sign * value
        if sign > 0 and (week > self.newest_week or not self.weeks):
            self.newest_week = week
            for old in [w for w in self.weeks if w <= week - WEEKS_KEPT]:
                del self.weeks[old]
        if week > self.newest_week - WEEKS_KEPT and (sign > 0 or week in self.weeks):
            bucket = self.weeks.setdefault(week, [0, 0])
            bucket[0] += sign
            bucket[1] += sign * value

    def mean(self) -> float:
        """Bayesian mean of sentiment, -1 to 1: few reviews do not move it far from the prior."""
        total = self.total / UNIT + PRIOR_COUNT * PRIOR_MEAN
        return total / (self.count + PRIOR_COUNT)

    def trend(self) -> float:
        """Mean of the newest four weeks minus mean of all before, -2 to 2.

        Both parts are drawn to the product's own mean by the prior's count; 0 if either is empty.
        """
        recent = [
            bucket for week, bucket in self.weeks.items() if week > self.newest_week - WEEKS_RECENT
        ]
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


class Aggregates:
    """All products of one partition."""

    def __init__(self, products_max: int = 200_000, reviews_max: int = 200_000) -> None:
        self.products_max, self.reviews_max = products_max, reviews_max
        self._evictions = 0  # not reported yet; no part of the state
        self._created = 0
        self._products: OrderedDict[str, Product] = OrderedDict()
        self._reviews: OrderedDict[int, int] = OrderedDict()  # hash -> packed contribution

    def __len__(self) -> int:
        return len(self._products)

    @property
    def review_count(self) -> int:
        """Reviews whose edits would be recognised."""
        return len(self._reviews)

    def take_evictions(self) -> int:
        """Products evicted since this was last called."""
        taken, self._evictions = self._evictions, 0
        return taken

    def product_ids(self) -> Iterable[str]:
        return self._products.keys()

    def get(self, product_id: str) -> Product | None:
        return self._products.get(product_id)

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
                self._evictions += 1
        self._products.move_to_end(product_id)
        review = xxhash.xxh3_64_intdigest(f"{len(product_id)}:{product_id}{review_id}".encode())
        earlier = self._reviews.pop(review, None)
        if earlier is not None:
            generation, old_label, old_value, old_week = _unpacked(earlier)
            # An evicted product starts anew: what it no longer holds cannot be taken out of it.
            if generation == product.generation:
                product.add(old_label, old_value, old_week, sign=-1)
        product.add(label, value, week, sign=1)
        self._reviews[review] = _packed(product.generation, label, value, week)
        if len(self._reviews) > self.reviews_max:
            self._reviews.popitem(last=False)

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(
            Snapshot(
                FORMAT, self._created, list(self._products.items()), list(self._reviews.items())
            )
        )

    def restore(self, packed: bytes) -> None:
        """Raises ValueError if a newer version of the code wrote it."""
        snapshot = msgspec.msgpack.decode(packed, type=Snapshot)
        if snapshot.format != FORMAT:
            raise ValueError(
                f"state format {snapshot.format}; this version of shopkeeper reads {FORMAT}"
            )
        self._created = snapshot.created
        self._products = OrderedDict(snapshot.products)
        self._reviews = OrderedDict(snapshot.reviews)


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
    return {number: aggregates.snapshot() for number, aggregates in after.items()}


def _packed(generation: int, label: int, value: int, week: int) -> int:
    """In one integer of 63 bits: there are as many of these as there are reviews."""
    assert 0 <= week < 1 << 16, week
    assert generation < 1 << 31, generation
    return label | (value + UNIT) << 2 | week << 16 | generation << 32


def _unpacked(packed: int) -> tuple[int, int, int, int]:
    """(generation, label, value, week)."""
    return packed >> 32, packed & 3, (packed >> 2 & 0x3FFF) - UNIT, packed >> 16 & 0xFFFF
