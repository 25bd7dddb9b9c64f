"""The newest reviews of each product, with what was understood of them, and who waits for more."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final

from shopkeeper.shared.contracts.events.sentiment import ASPECTS
from shopkeeper.shared.contracts.outputs import rfc3339
from shopkeeper.shared.contracts.review_digests import Digest, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from shopkeeper.shared.contracts.envelope import KeyValue

PER_PRODUCT_MAX: Final = 20
LABELS: Final = {-1: "negative", 0: "neutral", 1: "positive"}


class Reviews:
    """Digests of reviews by product: the newest on the topic of each, and of the `products_max`
    products reviewed last.

    One thread writes, others may read and subscribe, under `lock`.
    """

    def __init__(
        self,
        products_max: int,
        per_product_max: int = PER_PRODUCT_MAX,
        lock: AbstractContextManager[Any] | None = None,
    ) -> None:
        self._products_max, self._per_product_max = products_max, per_product_max
        # product -> key -> digest; the product reviewed longest ago first, and so its reviews
        self._held: dict[str, dict[bytes, bytes]] = {}
        self._product_of: dict[bytes, str] = {}
        self._waiting: dict[str, set[Callable[[], None]]] = {}
        self._lock = lock or nullcontext()
        self._evicted = 0

    def __len__(self) -> int:
        return len(self._product_of)

    def apply(self, records: Sequence[KeyValue]) -> None:
        """Records of the topic in their order; an empty value removes a review. What cannot be read
        is passed over."""
        changed: set[str] = set()
        with self._lock:
            for key, value in records:
                if key is None:
                    continue
                try:
                    digest = unpacked(value) if value else None
                except ValueError:
                    continue
                changed |= self._put(key, digest, value or b"")
            woken = [wake for each in changed for wake in self._waiting.get(each, ())]
        for wake in woken:
            wake()

    def of(self, product_id: str) -> list[dict[str, Any]]:
        """A product's reviews, newest first, as JSON has them."""
        with self._lock:
            packed = list(self._held.get(product_id, {}).values())
        digests = sorted(map(unpacked, packed), key=lambda each: each.time_ms, reverse=True)
        return [_shown(digest) for digest in digests]

    def subscribe(self, product_id: str, wake: Callable[[], None]) -> None:
        """`wake` is called, on the writing thread, whenever the product's reviews have changed."""
        with self._lock:
            self._waiting.setdefault(product_id, set()).add(wake)

    def leave(self, product_id: str, wake: Callable[[], None]) -> None:
        """It waits no more."""
        with self._lock:
            waiting = self._waiting.get(product_id, set())
            waiting.discard(wake)
            if not waiting:
                self._waiting.pop(product_id, None)

    def take_evicted(self) -> int:
        """Reviews that made room since this was asked last."""
        evicted, self._evicted = self._evicted, 0
        return evicted

    def _put(self, key: bytes, digest: Digest | None, packed: bytes) -> set[str]:
        """Products whose reviews are others now."""
        changed = set()
        if (before := self._product_of.pop(key, None)) is not None:
            changed.add(before)
            del self._held[before][key]
            if not self._held[before]:
                del self._held[before]
        if digest is None:
            return changed
        product_id = digest.product_id
        changed.add(product_id)
        reviews = self._held.pop(product_id, {})
        reviews[key] = packed
        self._held[product_id], self._product_of[key] = reviews, product_id
        if len(reviews) > self._per_product_max:
            oldest = next(iter(reviews))
            del reviews[oldest], self._product_of[oldest]
            self._evicted += 1
        if len(self._held) > self._products_max:
            forgotten = self._held.pop(next(iter(self._held)))
            for each in forgotten:
                del self._product_of[each]
            self._evicted += len(forgotten)
        return changed


def _shown(digest: Digest) -> dict[str, Any]:
    return {
        "review_id": digest.review_id,
        "time": rfc3339(digest.time_ms).decode(),
        "label": LABELS[digest.label],
        "language": digest.language,
        "opinions": _opinions(digest.opinions),
        "sentences": [
            {"text": sentence.text, "opinions": _opinions(sentence.opinions)}
            for sentence in digest.sentences
        ],
    }


def _opinions(bits: int) -> list[dict[str, str]]:
    return [
        {"aspect": aspect, "polarity": polarity}
        for place, aspect in enumerate(ASPECTS)
        for praise, polarity in enumerate(("negative", "positive"))
        if bits >> (2 * place + praise) & 1
    ]
