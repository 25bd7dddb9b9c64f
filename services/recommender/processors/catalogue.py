"""Checks the catalogue: every worker reads it whole, as a table; one checks each record.

A table cannot dead-letter: all workers read it, and each skips junk. So the topic is also consumed
in the group, partition by partition, by a processor that takes nothing in: what the decoder refuses
goes to the dead letters once, and the counts balance for this topic too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.shared.runtime.api.processor import Stateless

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.contracts.envelope import Event, Output, Rejected


class CatalogueProcessor(Stateless):
    """One partition of shop.catalogue.v1. Keeps nothing: the view does."""

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        """Nothing to do with a good record."""
        return [], []
