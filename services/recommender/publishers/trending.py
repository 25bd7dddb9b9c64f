"""What is trending, published by one worker: the owner of item partition 0.

Every partition's visits by hour arrive through the table of item counts; the decay is applied when
they are read, so that what is stored stays integers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shopkeeper.shared.contracts import outputs, topics
from shopkeeper.shared.contracts.envelope import Output
from shopkeeper.shared.contracts.events.recommendation import (
    TRENDING_UPDATED,
    TrendingItem,
    TrendingUpdated,
)

from ..config import MODEL, SOURCE
from ..core.counting.trending import best, decayed_scores, present_hour
from ..core.numeric.types import HOUR_MS
from ..core.ranking.fallbacks import ALL_SCOPE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..config import RecommenderConfig
    from ..core.knowledge import Knowledge
    from ..core.numeric.items import ItemIndex

SCORE_DIGITS = 4


class TrendingPublisher:
    """Publishes the scopes whose content changed, every `trending_interval_ms` at most."""

    def __init__(
        self, *, config: RecommenderConfig, items: ItemIndex, knowledge: Knowledge
    ) -> None:
        self._config, self._items, self._knowledge = config, items, knowledge
        self._last_ms: int | None = None
        self._seen = (0, 0)  # versions of counts and catalogue
        self._values: dict[str, bytes] = {}  # as published

    def due(self, now_ms: int) -> list[Output]:
        """The scopes that changed; a scope with nothing left in it is removed."""
        knowledge, config = self._knowledge, self._config
        seen = (knowledge.item_counts.version, knowledge.catalogue.version)
        if seen == self._seen:
            return []
        if self._last_ms is not None and now_ms - self._last_ms < config.trending_interval_ms:
            return []
        self._seen, self._last_ms = seen, now_ms
        values = self._compute()
        found: list[Output] = []
        for scope, value in values.items():
            if self._values.get(scope) != value:
                headers = outputs.view_headers(TRENDING_UPDATED, scope, SOURCE, now_ms)
                found.append(Output(topics.TRENDING, scope.encode(), value, headers))
        # A predecessor may have published scopes that are empty by now: the table knows them.
        for scope in sorted(
            (self._values.keys() | knowledge.trending.scopes.keys()) - values.keys()
        ):
            headers = outputs.view_headers(TRENDING_UPDATED, scope, SOURCE, now_ms)
            found.append(Output(topics.TRENDING, scope.encode(), None, headers))
            knowledge.trending.scopes.pop(scope, None)
        self._values = values
        return found

    def confirmed(self) -> None:
        """Nothing waits for it: a restored partition publishes every scope again."""

    def _compute(self) -> dict[str, bytes]:
        knowledge, config = self._knowledge, self._config
        items, hours, counts = knowledge.item_counts.visits()
        if not len(items):
            return {}
        newest = present_hour(hours, counts)
        # Buckets of quiet items may still hold hours that their owner has dropped.
        kept = hours > newest - config.hours_kept
        scores = decayed_scores(
            items[kept],
            hours[kept],
            counts[kept],
            config.trending_half_life_hours,
            len(self._items),
            newest,
        )
        everything = np.arange(len(self._items))
        scores[knowledge.catalogue.blocked()[: len(scores)]] = 0.0
        order = self._items.order(everything)
        as_of_ms = (newest + 1) * HOUR_MS
        _, top = best(scores, order, None, config.trending_items_max)
        values = {ALL_SCOPE: self._value(ALL_SCOPE, top, scores, as_of_ms)} if len(top) else {}
        knowledge.catalogue.reserve()
        categories = knowledge.catalogue.category[: len(scores)].astype(np.int64)
        groups, top = best(scores, order, categories, config.trending_items_max)
        starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]]) if len(groups) else groups
        for group, members in zip(
            groups[starts].tolist()[: config.trending_categories_max],
            np.split(top, starts[1:]),
            strict=False,
        ):
            scope = f"category/{knowledge.catalogue.categories[group]}"
            values[scope] = self._value(scope, members, scores, as_of_ms)
        return values

    def _value(
        self, scope: str, top: NDArray[np.int64], scores: NDArray[np.float64], as_of_ms: int
    ) -> bytes:
        names = self._items.product_ids
        return outputs.encode(
            TrendingUpdated(
                scope=scope,
                items=[
                    TrendingItem(names[item], round(score, SCORE_DIGITS))
                    for item, score in zip(top.tolist(), scores[top].tolist(), strict=True)
                ],
                as_of_ms=as_of_ms,
                model=MODEL,
            )
        )
