"""Searches in: what they find is remembered for their users' lists, and one list each goes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.shared.runtime.api.processor import Stateless

from ..core.counting.sessions import Due

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from shopkeeper.shared.contracts.envelope import Event, Output, Rejected

    from ..config import Settings
    from ..core.search.product_search import Finder
    from .interactions import ClicksProcessor


class SearchesProcessor(Stateless):
    """One partition of shop.searches.v1, beside the same users' clicks. Nothing is checkpointed:
    see core/last_searches.py."""

    def __init__(
        self,
        settings: Settings,
        finder: Finder | None,
        clicks: Callable[[], ClicksProcessor | None],
    ) -> None:
        """clicks: the processor of the partition of clicks of the same number, once there is one.
        finder: None where searches are not used."""
        self._settings, self._finder, self._clicks = settings, finder, clicks

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        """A list for every search for products that is fresh, whatever the pause between lists: it
        was asked for."""
        outputs, rejected = self.begin(events, now_ms)
        return list(outputs), rejected

    def begin(
        self, events: Sequence[Event], now_ms: int
    ) -> tuple[Iterable[Output], list[Rejected]]:
        """As `process`, the lists in one batch with those that clicks make due."""
        clicks, finder = self._clicks(), self._finder
        oldest_ms = now_ms - self._settings.list_age_ms_max
        fresh = [event for event in events if event.time_ms >= oldest_ms]
        if clicks is None or finder is None:
            return (), []
        clicks.sessions.counters["list_of_old_event"] += len(events) - len(fresh)
        if not fresh:
            return (), []
        lists, dues = clicks.lists, []
        found = finder.find([event.data.query for event in fresh], now_ms)
        for event, searched in zip(fresh, found, strict=True):
            if searched is None:
                continue  # a cry for help is answered by others
            due = _due(event, clicks)
            lists.searches.put(due.user, event.time_ms, searched)
            dues.append(due)
        if not dues:
            return (), []
        return lists.outputs(dues, lists.ask(dues), now_ms), []

    def tick(self, now_ms: int) -> list[Output]:
        if self._finder is not None:
            self._finder.take_in(self._settings.search_products_per_tick)
        return []


def _due(event: Event, clicks: ClicksProcessor) -> Due:
    """A list by what the user's clicks have taught so far."""
    data = event.data
    name = data.user_id or data.anonymous_id
    user = clicks.sessions.users.get(name)
    session = clicks.sessions.sessions.get((name, data.session_id))
    return Due(
        event,
        name,
        () if user is None else user.recent,
        () if user is None else user.bought,
        -1 if session is None else session.start,
    )
