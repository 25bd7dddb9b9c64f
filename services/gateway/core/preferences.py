"""How users want lists to be ranked, as the gateway's table."""

from __future__ import annotations

from shopkeeper.shared.contracts.preferences import Preferences


class PreferencesTable(Preferences):
    """`shop.preferences.v1`, whole."""

    def take_evicted(self) -> int:
        """Users that made room since this was asked last."""
        evicted, self.evicted = self.evicted, 0
        return evicted
