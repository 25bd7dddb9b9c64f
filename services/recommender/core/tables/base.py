"""A table: one compacted topic that every worker reads whole, applied record by record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.contracts.envelope import KeyValue

PRICE_MAX = 1e30  # well within 32 bits
BASES = ("viewed", "added", "bought")  # SimilarItem.basis by event class
REMOVED, UNAVAILABLE, AVAILABLE = 1, 2, 3  # 0: never heard of


class Table(Protocol):
    """Knowledge from one topic, in arrays indexed by item or in dicts.

    A record that cannot be decoded is counted in `junk` and skipped: a writer of the topic must
    not be able to stop its readers.
    """

    junk: int

    @property
    def topic(self) -> str:
        """Unprefixed name of the topic."""
        ...

    def apply(self, records: Sequence[KeyValue]) -> object:
        """Apply (key, value) pairs in the order of the log; no value removes the key."""
        ...

    def reserve(self) -> None:
        """Make every array that is indexed by item cover all interned items."""
        ...
