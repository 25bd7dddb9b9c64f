"""Knowledge, catalogue and reviews as a worker reads them: whole, from the compacted topics'
beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from shopkeeper.shared.contracts import erased_users, knowledge
from shopkeeper.shared.contracts.catalogue import Refused, products
from shopkeeper.shared.contracts.connectors import text_of_key
from shopkeeper.shared.domains.exclusions import NOTHING, Exclusions
from shopkeeper.shared.runtime.telemetry.metrics import StateMetrics

from .core.entries import entry_of
from .core.opinions.review_table import ReviewTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.contracts.envelope import KeyValue
    from shopkeeper.shared.contracts.events.shop import ProductCatalogued
    from shopkeeper.shared.runtime.telemetry.metrics import Observer, Registry

    from .core.entries import Entry
    from .core.knowledge_base import KnowledgeBase
    from .core.product_table import ProductTable


class Tables:
    """Takes records of `shop.knowledge.v1`, `shop.catalogue.v1` and the digests of reviews in, on
    the state thread.

    What cannot be read is passed over: the worker that consumes the topic in its group dead-letters
    it. Where a record says its id, that counts; its key counts for removals.
    """

    def __init__(
        self,
        knowledge_base: KnowledgeBase,
        product_table: ProductTable,
        reviews: ReviewTable | None = None,
        exclusions: Exclusions = NOTHING,
    ) -> None:
        """reviews: None stands for a table of one review, where nobody asks for opinions.
        exclusions: products that are not taken in, so that no answer names or suggests one."""
        self._exclusions = exclusions
        self._knowledge, self._products = knowledge_base, product_table
        self._reviews = ReviewTable(1) if reviews is None else reviews

    def apply_knowledge(self, records: Sequence[KeyValue]) -> None:
        """Records in their order; of an id the last one counts."""
        changes: dict[str, Entry | None] = {}
        for key, value in records:
            try:
                said = knowledge.entry_of(value) if value else None
                if said is not None:
                    _put(changes, said.knowledge_id, entry_of(said))
                elif key:
                    _put(changes, text_of_key(key), None)
            except (msgspec.MsgspecError, Refused, ValueError):
                continue
        self._knowledge.change(changes)

    def apply_catalogue(self, records: Sequence[KeyValue]) -> None:
        """Records in their order; of a product the last one counts."""
        changes: dict[str, ProductCatalogued | None] = {}
        for key, value in records:
            try:
                for name, product in products(value) if value else ((None, None),):
                    if product is not None:
                        covered = self._exclusions.covers(product)
                        _put(changes, product.product_id, None if covered else product)
                    elif name or key:
                        _put(changes, name or text_of_key(key or b""), None)
            except (msgspec.MsgspecError, Refused, ValueError):
                continue
        self._products.change(changes)

    def may_name(self, product_id: str) -> bool:
        """Whether an answer may name a product. With exclusions, one that the catalogue does not
        have may not be named either: what nobody knows may turn out to be sensitive."""
        return not self._exclusions or self._products.get(product_id) is not None

    def apply_reviews(self, records: Sequence[KeyValue]) -> None:
        """Records in their order."""
        self._reviews.apply(records)

    def apply_erased(self, records: Sequence[KeyValue]) -> None:
        """Users whose reviews are to be forgotten."""
        self._reviews.erase(erased_users.users(records))

    def metrics(self, registry: Registry) -> Observer:
        """Entries as they are, and evictions since the last observation."""
        metrics = StateMetrics(registry)

        def observe() -> None:
            for name, table in (
                ("knowledge", self._knowledge),
                ("products", self._products),
                ("reviews", self._reviews),
            ):
                metrics.entries.labels(name).set(len(table))
                metrics.evictions.labels(name).inc(table.take_evicted())

        return observe


def _put(changes: dict[str, Any], name: str, change: Any) -> None:
    changes.pop(name, None)  # so that the last one comes last
    changes[name] = change
