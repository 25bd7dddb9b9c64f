"""The catalogue's door: every worker reads the catalogue whole, as a view; one checks each record.

A view cannot dead-letter: all workers read it, and junk is skipped by each. So the topic is also
consumed in the group, partition by partition, by a processor that takes nothing in: what the door
refuses goes to the dead letters once, and the books balance for this topic too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopkeeper.shared.contracts.event import Event, Output, Rejected
    from shopkeeper.shared.runtime.processor import Sections


class CatalogueProcessor:
    """One partition of shop.catalogue.v1. Keeps nothing: the view does."""

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        """Nothing to do with a good record."""
        return [], []

    def dump(self) -> Sections:
        return {}

    def load(self, sections: Mapping[str, bytes]) -> None:
        """Nothing was dumped."""

    def flush(self) -> list[Output]:
        return []

    def tick(self, now_ms: int) -> list[Output]:
        return []
