"""How users want lists to be ranked: `shop.preferences.v1`, whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.preferences import Preferences

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopkeeper.shared.contracts.envelope import KeyValue
    from shopkeeper.shared.contracts.events.shop import PreferenceSet


class PreferencesTable(Preferences):
    """Read before any list is made, so that no restart makes a list that its user does not want."""

    topic = topics.PREFERENCES

    def __init__(
        self, users_max: int, on_change: Callable[[Sequence[PreferenceSet]], None] | None = None
    ) -> None:
        """on_change: is told of those who changed their mind."""
        super().__init__(users_max)
        self._on_change = on_change

    def apply(self, records: Sequence[KeyValue]) -> list[PreferenceSet]:
        """As `Preferences.apply`."""
        changed = super().apply(records)
        if changed and self._on_change is not None:
            self._on_change(changed)
        return changed

    def reserve(self) -> None:
        """Nothing: no array is indexed by item."""
