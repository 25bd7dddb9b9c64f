"""The categories of one worker: sums of its partitions published as parts, parts added up.

    products of a partition ─► its sums ─► parts, a compacted topic (partition, category)
                                                │ read whole by every worker
                    the owner of hash(category) ─► the category's record

What a worker publishes is compared with what stands on the topic, which it reads whole anyway: it
publishes what differs. So a record that a killed or late worker left behind, or that no partition
has any more, is put right by whoever has the partition, and nothing has to be remembered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from weakref import WeakSet

import xxhash

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Output
from shopkeeper.shared.contracts.events.sentiment import CATEGORY_SENTIMENT_UPDATED
from shopkeeper.shared.contracts.outputs import encode, view_headers
from shopkeeper.shared.runtime.kafka.murmur2 import partitions_of

from ..summaries import category_summary
from . import parts
from .catalogue import CATEGORIES_MAX, PRODUCTS_MAX, Categories, ProductCategories
from .sums import CategorySums

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from shopkeeper.shared.contracts.envelope import KeyValue
    from shopkeeper.shared.contracts.events.base import Model

    from ..aggregates import Aggregates
    from .parts import Whole

VIEW_CATEGORIES_MAX: Final = 500  # per tick, of parts and of categories each


class CategoryTables:
    """What every worker reads whole: the catalogue, parts of categories, and their records."""

    def __init__(
        self, products_max: int = PRODUCTS_MAX, categories_max: int = CATEGORIES_MAX
    ) -> None:
        """What comes beyond has no category, or none that is published (see `catalogue.py`)."""
        # Weak: the runtime drops the processors of a revoked partition, and so does this.
        self._partitions: WeakSet[PartitionCategories] = WeakSet()
        self.products = ProductCategories(
            self._moved,
            self._dropped,
            products_max=products_max,
            categories_max=categories_max,
        )
        self._categories_max = 2 * categories_max  # those that give way are still on the topic
        self._full = False  # latched: of a category let in later, parts would be missing
        self._parts: dict[str, dict[int, bytes]] = {}
        self._records: dict[str, int] = {}  # category -> digest of its record
        self._count = 1
        self._owners: dict[str, int] = {}
        self.refused = 0  # parts of categories beyond, so far
        self.junk = 0

    def prepare(self, partition_count: Callable[[str], int]) -> None:
        """By how many partitions reviews are split; before there is a partition."""
        self._count = partition_count(topics.REVIEWS)

    def partition(self, number: int, aggregates: Aggregates) -> PartitionCategories:
        """The categories of one partition of reviews."""
        made = PartitionCategories(number, aggregates, self)
        self._partitions.add(made)
        return made

    # -- records of the topics, on the state thread

    def apply_parts(self, records: Sequence[KeyValue]) -> None:
        for key, value in records:
            try:
                number, category = parts.place_of(key or b"")
            except ValueError:
                self.junk += 1
                continue
            self._hold(number, category, value)
            owner = self.owner(category)
            for partition in self._partitions:
                if partition.number == number:
                    partition.parts.read(category, digest(value))
                if partition.number == owner:
                    partition.records.change(category)

    def apply_records(self, records: Sequence[KeyValue]) -> None:
        for key, value in records:
            try:
                category = (key or b"").decode()
            except ValueError:
                self.junk += 1
                continue
            if value is None:
                self._records.pop(category, None)
            else:
                self._records[category] = xxhash.xxh3_64_intdigest(value)
            owner = self.owner(category)
            for partition in self._partitions:
                if partition.number == owner:
                    partition.records.read(category, digest(value))

    def _hold(self, number: int, category: str, value: bytes | None) -> None:
        held = self._parts.get(category)
        if value is None:
            if held is not None and held.pop(number, None) is not None and not held:
                del self._parts[category]
        elif held is not None:
            held[number] = value
        elif self._full or len(self._parts) >= self._categories_max:
            self._full = True
            self.refused += 1
        else:
            self._parts[category] = {number: value}

    # -- what partitions ask

    @property
    def count(self) -> int:
        """Partitions of reviews."""
        return self._count

    @property
    def held(self) -> int:
        """Parts held."""
        return sum(map(len, self._parts.values()))

    @property
    def open_partitions(self) -> list[PartitionCategories]:
        return [each for each in self._partitions if each.sums is not None]

    def owner(self, category: str) -> int:
        """The partition whose worker publishes this category."""
        owner = self._owners.get(category)
        if owner is None:
            owner = int(partitions_of([category.encode()], self._count)[0])
            if len(self._owners) >= self._categories_max:
                self._owners.clear()
            self._owners[category] = owner
        return owner

    def with_part(self, number: int) -> Iterable[str]:
        """Categories of which a partition's part stands on the topic."""
        return (category for category, held in self._parts.items() if number in held)

    def owned_by(self, number: int) -> Iterable[str]:
        """Categories that stand on either topic and that a partition's worker publishes."""
        known = dict.fromkeys((*self._parts, *self._records))
        return (category for category in known if self.owner(category) == number)

    def part(self, number: int, category: str) -> int | None:
        """Digest of the part that stands on the topic."""
        return digest(self._parts.get(category, {}).get(number))

    def record(self, category: str) -> int | None:
        """Digest of the record that stands on the topic."""
        return self._records.get(category)

    def whole(self, category: str) -> Whole | None:
        """The parts of a category that stand on the topic, added up."""
        found = []
        for number, value in sorted(self._parts.get(category, {}).items()):
            if number >= self._count:
                continue  # left by a shop whose topics were made anew with fewer partitions
            try:
                found.append(parts.unpacked(value))
            except ValueError:
                self.junk += 1  # its partition's worker writes it anew
        return parts.whole(found)

    # -- what the catalogue tells

    def _moved(self, product_id: str, before: Categories, after: Categories) -> None:
        for partition in self._partitions:
            if partition.sums is not None:
                partition.sums.move(product_id, before, after)

    def _dropped(self, category: str) -> None:
        for partition in self._partitions:
            if partition.sums is not None:
                partition.sums.drop(category)


class Due:
    """Keys whose record on a topic may not be what it is to be, the oldest first."""

    def __init__(self) -> None:
        self._keys: dict[str, None] = {}
        self._sent: dict[str, int | None] = {}  # published and not yet read again

    def change(self, key: str) -> None:
        """What its record is to say may have changed."""
        self._keys[key] = None

    def read(self, key: str, found: int | None) -> None:
        """A record of the key came from the topic. found: its digest; None for a tombstone."""
        if key in self._sent and self._sent.pop(key) == found:
            return  # what was published last
        self._keys[key] = None  # somebody else's, or one before the last

    def publish(
        self,
        wanted: Callable[[str], bytes | None],
        standing: Callable[[str], int | None],
    ) -> list[tuple[str, bytes | None]]:
        """(key, value) of what differs from the topic, of the oldest VIEW_CATEGORIES_MAX keys.

        wanted: the value that a key is to have. standing: digest of the one that was read last.
        """
        published = []
        for key in list(self._keys)[:VIEW_CATEGORIES_MAX]:
            del self._keys[key]
            value = wanted(key)
            said = digest(value)
            if said != (self._sent[key] if key in self._sent else standing(key)):
                self._sent[key] = said
                published.append((key, value))
        return published


class PartitionCategories:
    """What one partition of reviews publishes: its parts, and the records of its categories."""

    def __init__(self, number: int, aggregates: Aggregates, tables: CategoryTables) -> None:
        self.number = number
        self._aggregates, self._tables = aggregates, tables
        self.sums: CategorySums | None = None  # None until there is state to add up
        self.parts, self.records = Due(), Due()

    @property
    def products_without_category(self) -> int:
        """Products with reviews that count for none."""
        return 0 if self.sums is None else len(self._aggregates) - self.sums.products

    def folded(self) -> None:
        """Products may have changed: called after each batch, so that little is remembered."""
        if self.sums is not None:
            self.sums.refresh()

    def outputs(self, now_ms: int, model: Model, source: bytes) -> list[Output]:
        """Parts and records that differ from what stands on their topics."""
        sums = self.sums
        if sums is None:
            # Not before: now the partition is restored, and the tables are read.
            sums = self.sums = CategorySums(self._aggregates, self._tables.products.of)
            for category in self._tables.with_part(self.number):
                self.parts.change(category)
            for category in self._tables.owned_by(self.number):
                self.records.change(category)
        for category in sums.due:
            self.parts.change(category)
        sums.due.clear()
        outputs = [
            Output(topics.CATEGORY_PARTS, parts.key_of(self.number, category), value, [])
            for category, value in self.parts.publish(
                self._part, lambda category: self._tables.part(self.number, category)
            )
        ]
        for category, value in self.records.publish(
            lambda category: self._record(category, model), self._tables.record
        ):
            headers = view_headers(CATEGORY_SENTIMENT_UPDATED, category, source, now_ms)
            outputs.append(Output(topics.CATEGORY_SENTIMENT, category.encode(), value, headers))
        return outputs

    def _part(self, category: str) -> bytes | None:
        assert self.sums is not None
        of = self.sums.get(category)
        return None if of is None else parts.packed(of, self.sums.quotes(category))

    def _record(self, category: str, model: Model) -> bytes | None:
        whole = self._tables.whole(category)
        if whole is None:
            return None
        return encode(category_summary(category, whole.products, whole.tally, model, whole.quotes))


def digest(value: bytes | None) -> int | None:
    """What values are compared by; None for a tombstone."""
    return None if value is None else xxhash.xxh3_64_intdigest(value)
