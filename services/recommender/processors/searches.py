"""Answers searches: what they find is remembered for their users' lists, and one list each goes
out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shopkeeper.shared.runtime.api.processor import Stateless

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopkeeper.shared.contracts.envelope import Event, Output, Rejected

    from ..config import RecommenderConfig
    from ..core.counting.learned import ListRequest
    from ..core.search.product_search import ProductSearch
    from ..publishers.recommendations import Pending
    from .interactions import InteractionsProcessor


@dataclass(slots=True, eq=False)
class FoldedSearches:
    """A batch of one partition's searches, and the lists that it makes due once it is answered;
    `pending` holds them once they are ranked."""

    interactions: InteractionsProcessor
    events: Sequence[Event]
    now_ms: int
    requests: list[ListRequest] = field(default_factory=list)
    pending: Pending | None = None


class PendingSearches:
    """Searches of all partitions that wait for an answer: most of the price of a few is paid once
    per call of the index and of the models, however many partitions they came from."""

    def __init__(self, product_search: ProductSearch | None) -> None:
        """product_search: None where searches are not used."""
        self.product_search = product_search
        self._waiting: list[FoldedSearches] = []

    def add(self, folded: FoldedSearches) -> None:
        """To be answered with the others."""
        self._waiting.append(folded)

    def answer(self) -> None:
        """Search for all that wait, and submit their lists to be ranked."""
        waiting, self._waiting = self._waiting, []
        if not waiting or self.product_search is None:
            return
        queries = [event.data.query for each in waiting for event in each.events]
        found = iter(self.product_search.find(queries, waiting[0].now_ms))
        for each in waiting:
            users, lists = each.interactions.users, each.interactions.lists
            each.requests = [
                users.request(event.data.user_id or event.data.anonymous_id, event, searched)
                for event, searched in zip(each.events, found, strict=False)
                if searched is not None  # None: a support question, for the intent service
            ]
            if each.requests:
                each.pending = lists.submit(each.requests)


class SearchesProcessor(Stateless):
    """One partition of shop.searches.v1, beside the same users' interactions. Nothing is
    checkpointed: see core/search/last_searches.py."""

    def __init__(
        self,
        config: RecommenderConfig,
        searches: PendingSearches,
        interactions: Callable[[], InteractionsProcessor | None],
    ) -> None:
        """interactions: the processor of the partition of the same number, once there is one.
        searches: of all partitions."""
        self._config, self._searches = config, searches
        self._interactions = interactions

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        """A list for every search for products that is fresh, whatever the pause between lists: it
        was asked for."""
        folded, rejected = self.fold(events, now_ms)
        if folded is not None:
            self._searches.answer()
            folded.interactions.lists.rank_pending()
        return self.publish(folded), rejected

    def fold(
        self, events: Sequence[Event], now_ms: int
    ) -> tuple[FoldedSearches | None, list[Rejected]]:
        """Let what is fresh wait for `PendingSearches.answer`."""
        interactions = self._interactions()
        if interactions is None or self._searches.product_search is None:
            return None, []
        fresh = interactions.users.fresh(events, now_ms - self._config.list_age_ms_max)
        if not fresh:
            return None, []
        folded = FoldedSearches(interactions, fresh, now_ms)
        self._searches.add(folded)
        return folded, []

    def publish(self, folded: FoldedSearches | None) -> list[Output]:
        """The lists, ranked by now."""
        if folded is None or folded.pending is None:
            return []
        lists = folded.interactions.lists
        return lists.outputs(folded.requests, folded.pending, folded.now_ms)
