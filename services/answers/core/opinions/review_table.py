"""Reviews as the service keeps them, by product: what each said; of an author the newest counts."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from shopkeeper.shared.contracts.review_digests import (
    NOBODY,
    Digest,
    unpacked,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.contracts.envelope import KeyValue

PER_PRODUCT_MAX: Final = 500  # reviews of one product, the newest on the topic
ERASED_MAX: Final = 10_000  # authors whose erasure is remembered
SWEPT_MAX: Final = 2_000  # records removed at once


class Swept(NamedTuple):
    """A review of an erased user: its record's key, and when its author was erased."""

    key: bytes
    product_id: str
    review_id: str
    erased_ms: int


class ReviewTable:
    """Digests by product, packed; at `reviews_max` that published longest ago makes room."""

    def __init__(self, reviews_max: int, per_product_max: int = PER_PRODUCT_MAX) -> None:
        if min(reviews_max, per_product_max) < 1:
            raise ValueError("reviews_max and per_product_max must be at least 1")
        self.reviews_max, self.per_product_max = reviews_max, per_product_max
        self._where: dict[bytes, tuple[str, int]] = {}  # key -> product, author; oldest first
        self._packed: dict[str, dict[bytes, bytes]] = {}  # product -> key -> digest, oldest first
        self._erased: dict[int, int] = {}  # author -> up to when
        self._unswept: set[int] = set()  # authors whose reviews were not looked for yet
        self._due: dict[bytes, Swept] = {}  # records to remove from the topic
        self._evicted = 0
        self._words_gone: list[str] = []

    def __len__(self) -> int:
        return len(self._where)

    def apply(self, records: Sequence[KeyValue]) -> None:
        """Records of the topic in their order. What cannot be read is passed over."""
        for key, value in records:
            if key is None:
                continue
            try:
                record = None if value is None else unpacked(value)
            except ValueError:
                continue
            self._put(key, record, value or b"")

    def erase(self, erased: Sequence[tuple[int, int]]) -> None:
        """Forget what these users wrote up to a time (Unix ms), also if it is read later. erased:
        by number, which is the author's."""
        for author, time_ms in erased:
            self._erase(author, time_ms)

    def of(self, product_id: str) -> list[Digest]:
        """What a product's reviews say, newest first: one review of each author, the newest, and
        each that names no author."""
        by_author: dict[object, tuple[int, bytes, Digest]] = {}
        for key, packed in self._packed.get(product_id, {}).items():
            digest = unpacked(packed)
            if self._is_erased(digest):
                continue
            author = key if digest.author == NOBODY else digest.author
            known = by_author.get(author)
            found = (digest.time_ms, key, digest)
            if known is None or found[:2] > known[:2]:
                by_author[author] = found
        newest = sorted(by_author.values(), key=lambda found: found[:2], reverse=True)
        return [digest for _, _, digest in newest]

    def sweep(self) -> list[Swept]:
        """Reviews to be withdrawn, and removed from the topic: what erased authors wrote. Each is
        named again until it is gone."""
        if self._unswept:
            for key, (product_id, author) in self._where.items():
                if author in self._unswept:
                    digest = unpacked(self._packed[product_id][key])
                    if self._is_erased(digest):
                        self._due[key] = self._swept(key, digest)
            self._unswept.clear()
        return list(islice(self._due.values(), SWEPT_MAX))

    def take_words_gone(self) -> list[str]:
        """Sentences of erased authors that left since this was asked last."""
        taken, self._words_gone = self._words_gone, []
        return taken

    def take_evicted(self) -> int:
        """Reviews that made room since this was asked last."""
        evicted, self._evicted = self._evicted, 0
        return evicted

    def _put(self, key: bytes, digest: Digest | None, packed: bytes) -> None:
        self._due.pop(key, None)
        if digest is None and self._erased and key in self._where:
            gone = unpacked(self._packed[self._where[key][0]][key])
            if self._is_erased(gone):
                self._words_gone += [sentence.text for sentence in gone.sentences]
        self._drop(key)
        if digest is None:
            return
        if self._is_erased(digest):
            self._due[key] = self._swept(key, digest)
        self._where[key] = digest.product_id, digest.author
        held = self._packed.setdefault(digest.product_id, {})
        held[key] = packed
        if len(held) > self.per_product_max:
            self._evict(next(iter(held)))
        elif len(self._where) > self.reviews_max:
            self._evict(next(iter(self._where)))

    def _evict(self, key: bytes) -> None:
        self._drop(key)
        self._evicted += 1

    def _drop(self, key: bytes) -> None:
        product_id, _ = self._where.pop(key, (None, 0))
        if product_id is not None:
            held = self._packed[product_id]
            del held[key]
            if not held:
                del self._packed[product_id]

    def _erase(self, author: int, time_ms: int) -> None:
        self._erased[author] = max(time_ms, self._erased.pop(author, time_ms))
        self._unswept.add(author)
        if len(self._erased) > ERASED_MAX:
            forgotten = next(iter(self._erased))
            del self._erased[forgotten]
            self._unswept.discard(forgotten)

    def _swept(self, key: bytes, digest: Digest) -> Swept:
        return Swept(key, digest.product_id, digest.review_id, self._erased[digest.author])

    def _is_erased(self, digest: Digest) -> bool:
        if digest.author == NOBODY:
            return False
        return digest.time_ms <= self._erased.get(digest.author, -1)
