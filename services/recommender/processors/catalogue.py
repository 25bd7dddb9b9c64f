"""Checks the catalogue: every worker reads it whole, as a table; one checks each record.

Readers of a table cannot dead-letter: there are many, and each skips what it cannot decode. So the
topic is also consumed in the group, partition by partition, by a processor that keeps nothing: what
the decoder refuses goes to the dead letters once, and the counts balance for this topic too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.shared.runtime.api.processor import Stateless

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.contracts.envelope import Event, Output, Rejected


class CatalogueProcessor(Stateless):
    """One partition of shop.catalogue.v1. Keeps nothing: the table does."""

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        """Nothing to do with a good record."""
        return [], []
