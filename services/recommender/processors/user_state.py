"""What one partition remembers of its users: sessions, and what they searched for last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.counting.learned import ListRequest, request_of
from ..core.counting.sessions import Sessions
from ..core.counting.users import User
from ..core.search.last_searches import LastSearches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopkeeper.shared.contracts.envelope import Event

    from ..config import RecommenderConfig
    from ..core.numeric.items import ItemIndex
    from ..core.numeric.types import Searched


class UserState:
    """Users of one partition. Their events change `sessions`; their searches, `searches`."""

    def __init__(
        self,
        config: RecommenderConfig,
        items: ItemIndex,
        elsewhere: Callable[[str], int | None] = lambda name: None,
    ) -> None:
        """elsewhere: the partition of a user's id, or None where it is this one."""
        self.sessions = Sessions(config, items, elsewhere)
        self.searches = LastSearches(
            config.searching_users_max, config.search_age_ms_max, config.search_decay
        )

    def fresh(self, events: Sequence[Event], from_ms: int) -> list[Event]:
        """The events that are not older; the others are counted as `list_of_old_event`."""
        fresh = [event for event in events if event.time_ms >= from_ms]
        self.sessions.counters["list_of_old_event"] += len(events) - len(fresh)
        return fresh

    def request(self, user: str, event: Event, searched: Searched) -> ListRequest:
        """The list that a user's search makes due: what it found counts from now on, beside what
        the user's interactions have taught so far."""
        self.searches.put(user, event.time_ms, searched)
        known = self.sessions.users.get(user)
        session = self.sessions.sessions.get((user, event.data.session_id))
        return request_of(event, user, User() if known is None else known, session)
