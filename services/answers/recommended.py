"""What the recommender says goes with a product, and what is in demand, as a worker reads them:
whole, from the compacted topics' beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from shopkeeper.shared.runtime.telemetry.metrics import StateMetrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.contracts.envelope import KeyValue
    from shopkeeper.shared.runtime.telemetry.metrics import Observer, Registry

KEPT_EACH = 6  # of a row: some of them may be sold out
SCOPES_MAX = 10_000
_OF_CATEGORY = "category/"


class _Item(msgspec.Struct, frozen=True):
    product_id: str


class _Similar(msgspec.Struct, frozen=True):
    product_id: str
    items: list[_Item]


class _Trending(msgspec.Struct, frozen=True):
    scope: str
    items: list[_Item]


class Recommended:
    """Of each product, and of each category, the first few ids. Beyond `rows_max` products the row
    that changed longest ago goes. What cannot be read is passed over: these are additions."""

    def __init__(self, rows_max: int) -> None:
        self._rows_max = rows_max
        self._similar: dict[str, tuple[str, ...]] = {}
        self._trending: dict[str, tuple[str, ...]] = {}
        self._evicted = 0

    def similar(self, product_id: str) -> tuple[str, ...]:
        """Products that go with one, best first."""
        return self._similar.get(product_id, ())

    def trending(self, category: str) -> tuple[str, ...]:
        """What is in demand of a category, best first."""
        return self._trending.get(_OF_CATEGORY + category, ())

    def apply_similar(self, records: Sequence[KeyValue]) -> None:
        """Records of `personalisation.similar-items.v1`, in their order."""
        for key, value in records:
            try:
                row = msgspec.json.decode(value, type=_Similar) if value else None
                name = (key or b"").decode() if row is None else row.product_id
            except (msgspec.MsgspecError, ValueError):
                continue
            self._similar.pop(name, None)
            if row is not None:
                self._similar[name] = tuple(item.product_id for item in row.items[:KEPT_EACH])
            if len(self._similar) > self._rows_max:
                del self._similar[next(iter(self._similar))]
                self._evicted += 1

    def apply_trending(self, records: Sequence[KeyValue]) -> None:
        """Records of `personalisation.trending.v1`, in their order."""
        for key, value in records:
            try:
                row = msgspec.json.decode(value, type=_Trending) if value else None
                scope = (key or b"").decode() if row is None else row.scope
            except (msgspec.MsgspecError, ValueError):
                continue
            self._trending.pop(scope, None)
            if row is not None:
                self._trending[scope] = tuple(item.product_id for item in row.items[:KEPT_EACH])
            if len(self._trending) > SCOPES_MAX:
                del self._trending[next(iter(self._trending))]

    def metrics(self, registry: Registry) -> Observer:
        """Rows as they are, and evictions since the last observation."""
        metrics = StateMetrics(registry)

        def observe() -> None:
            metrics.entries.labels("similar_items").set(len(self._similar))
            metrics.evictions.labels("similar_items").inc(self._evicted)
            self._evicted = 0

        return observe
