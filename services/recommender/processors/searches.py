"""Searches in: what they find is remembered for their users' lists, and one list each goes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.shared.runtime.api.processor import Stateless

from ..core.counting.sessions import ListRequest
from ..publishers.recommendations import DueLists

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopkeeper.shared.contracts.envelope import Event, Output, Rejected

    from ..config import RecommenderConfig
    from ..core.search.product_search import ProductSearch
    from ..publishers.recommendations import RecommendationPublisher
    from .interactions import InteractionsProcessor

    FoldedSearches = tuple[RecommendationPublisher, DueLists]


class SearchesProcessor(Stateless):
    """One partition of shop.searches.v1, beside the same users' clicks. Nothing is checkpointed:
    see core/last_searches.py."""

    def __init__(
        self,
        settings: RecommenderConfig,
        product_search: ProductSearch | None,
        clicks: Callable[[], InteractionsProcessor | None],
    ) -> None:
        """clicks: the processor of the partition of clicks of the same number, once there is one.
        product_search: None where searches are not used."""
        self._settings, self._product_search, self._clicks = settings, product_search, clicks

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        """A list for every search for products that is fresh, whatever the pause between lists: it
        was asked for."""
        folded, rejected = self.fold(events, now_ms)
        if folded is not None:
            folded[0].rank()
        return self.publish(folded), rejected

    def fold(
        self, events: Sequence[Event], now_ms: int
    ) -> tuple[FoldedSearches | None, list[Rejected]]:
        """Remember what was searched for and submit the lists, which are ranked in one batch with
        those that clicks make due."""
        clicks, product_search = self._clicks(), self._product_search
        oldest_ms = now_ms - self._settings.list_age_ms_max
        fresh = [event for event in events if event.time_ms >= oldest_ms]
        if clicks is None or product_search is None:
            return None, []
        clicks.sessions.counters["list_of_old_event"] += len(events) - len(fresh)
        if not fresh:
            return None, []
        lists, dues = clicks.lists, []
        found = product_search.find([event.data.query for event in fresh], now_ms)
        for event, searched in zip(fresh, found, strict=True):
            if searched is None:
                continue  # a cry for help is answered by others
            due = _due(event, clicks)
            lists.searches.put(due.user, event.time_ms, searched)
            dues.append(due)
        if not dues:
            return None, []
        return (lists, DueLists(dues, lists.submit(dues), now_ms)), []

    def publish(self, folded: FoldedSearches | None) -> list[Output]:
        """The lists that were searched for."""
        if folded is None:
            return []
        lists, due = folded
        return list(lists.outputs(*due))

    def on_timer(self, now_ms: int) -> list[Output]:
        if self._product_search is not None:
            self._product_search.index_pending(self._settings.search_products_per_tick)
        return []


def _due(event: Event, clicks: InteractionsProcessor) -> ListRequest:
    """A list by what the user's clicks have taught so far."""
    data = event.data
    name = data.user_id or data.anonymous_id
    user = clicks.sessions.users.get(name)
    session = clicks.sessions.sessions.get((name, data.session_id))
    return ListRequest(
        event,
        name,
        () if user is None else user.recent,
        () if user is None else user.bought,
        -1 if session is None else session.start,
    )
