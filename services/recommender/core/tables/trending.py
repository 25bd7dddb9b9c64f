"""What trends: `personalisation.trending.v1`, whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.events.recommendation import TrendingUpdated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.contracts.envelope import KeyValue

    from ..numeric.items import ItemIndex


class TrendingTable:
    """What is clicked most lately, by scope: "all", or "category/<name>"."""

    topic = topics.TRENDING

    def __init__(self, items: ItemIndex) -> None:
        self._items = items
        self.scopes: dict[str, list[int]] = {}  # best first
        self.scores: dict[str, list[float]] = {}
        self.junk = 0
        self._decoder = msgspec.json.Decoder(TrendingUpdated)

    def apply(self, records: Sequence[KeyValue]) -> None:
        for key, value in records:
            try:
                if value is None:
                    scope = (key or b"").decode()
                    self.scopes.pop(scope, None)
                    self.scores.pop(scope, None)
                    continue
                update = self._decoder.decode(value)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                self.junk += 1
                continue
            self.scopes[update.scope] = [self._items.intern(i.product_id) for i in update.items]
            self.scores[update.scope] = [i.score for i in update.items]

    def reserve(self) -> None:
        """Nothing: no array is indexed by item."""
