"""Answers searches: what they find is remembered for their users' lists, and one list each goes
out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shopkeeper.shared.runtime.api.processor import Stateless

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopkeeper.shared.contracts.envelope import Event, Output, Rejected

    from ..config import RecommenderConfig
    from ..core.counting.learned import ListRequest
    from ..core.search.product_search import ProductSearch
    from ..publishers.recommendations import Pending, RecommendationPublisher
    from .interactions import InteractionsProcessor


class FoldedSearches(NamedTuple):
    """Lists that a batch of searches made due; `pending` holds them once they are ranked."""

    lists: RecommendationPublisher
    requests: list[ListRequest]
    pending: Pending
    now_ms: int


class SearchesProcessor(Stateless):
    """One partition of shop.searches.v1, beside the same users' interactions. Nothing is
    checkpointed: see core/search/last_searches.py."""

    def __init__(
        self,
        config: RecommenderConfig,
        product_search: ProductSearch | None,
        interactions: Callable[[], InteractionsProcessor | None],
    ) -> None:
        """interactions: the processor of the partition of the same number, once there is one.
        product_search: None where searches are not used."""
        self._config, self._product_search = config, product_search
        self._interactions = interactions

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        """A list for every search for products that is fresh, whatever the pause between lists: it
        was asked for."""
        folded, rejected = self.fold(events, now_ms)
        if folded is not None:
            folded.lists.rank_pending()
        return self.publish(folded), rejected

    def fold(
        self, events: Sequence[Event], now_ms: int
    ) -> tuple[FoldedSearches | None, list[Rejected]]:
        """Search, and submit the lists to be ranked."""
        interactions, product_search = self._interactions(), self._product_search
        if interactions is None or product_search is None:
            return None, []
        users, lists = interactions.users, interactions.lists
        fresh = users.fresh(events, now_ms - self._config.list_age_ms_max)
        if not fresh:
            return None, []
        found = product_search.find([event.data.query for event in fresh], now_ms)
        requests = [
            users.request(event.data.user_id or event.data.anonymous_id, event, searched)
            for event, searched in zip(fresh, found, strict=True)
            if searched is not None  # None: a support question, which the intent service answers
        ]
        if not requests:
            return None, []
        return FoldedSearches(lists, requests, lists.submit(requests), now_ms), []

    def publish(self, folded: FoldedSearches | None) -> list[Output]:
        """The lists, ranked by now."""
        if folded is None:
            return []
        return folded.lists.outputs(folded.requests, folded.pending, folded.now_ms)

    def on_timer(self, now_ms: int) -> list[Output]:
        if self._product_search is not None:
            self._product_search.index_pending(self._config.search_products_per_tick)
        return []
