"""How much the categories of a worker hold, and what their limits left out."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from shopkeeper.shared.runtime.telemetry.metrics import StateMetrics

if TYPE_CHECKING:
    from shopkeeper.shared.runtime.telemetry.metrics import Observer, Registry

    from .views import CategoryTables

log = logging.getLogger(__name__)


class CategoryMetrics:
    """Sizes as they are, and what was refused since the last observation."""

    def __init__(self, tables: CategoryTables) -> None:
        self._tables = tables
        self._told: dict[str, int] = {}

    def metrics(self, registry: Registry) -> Observer:
        state = StateMetrics(registry)
        lonely = registry.gauge(
            "products_without_category",
            "Products with reviews that count for no category: the catalogue does not name one.",
        )
        tables = self._tables

        def observe() -> None:
            partitions = tables.open_partitions
            sums = [each.sums for each in partitions if each.sums is not None]
            state.entries.labels("category_sums").set(sum(map(len, sums)))
            state.entries.labels("category_parts").set(tables.held)
            state.entries.labels("catalogue_products").set(len(tables.products))
            lonely.set(sum(each.products_without_category for each in partitions))
            for table, refused in (
                ("catalogue_products", tables.products.products_refused),
                ("catalogue_categories", tables.products.categories_refused),
                ("category_parts", tables.refused),
            ):
                before = self._told.get(table, 0)
                state.evictions.labels(table).inc(refused - before)
                if refused and not before:
                    log.warning(
                        "%s are at their limit: of the categories of what came beyond, or of "
                        "what gave way, personalisation.category-sentiment.v1 has no record or "
                        "one without their reviews; use fewer categories",
                        table,
                    )
                self._told[table] = refused

        return observe
