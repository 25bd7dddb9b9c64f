"""Segments of users on `personalisation.segments.v1`: of those for whom lists were made.

Lists wait for nothing: users are noted as their lists are made, and their segments follow by the
clock, in slices, once for however many events came between. What waits is in no checkpoint: the
user's next event brings it again.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from shopkeeper.shared.contracts import outputs, topics
from shopkeeper.shared.contracts.envelope import Output
from shopkeeper.shared.contracts.events.recommendation import (
    SEGMENTS_UPDATED,
    Segment,
    SegmentsUpdated,
)
from shopkeeper.shared.contracts.preferences import PERSONALISED

from ..config import MODEL, SOURCE
from ..core.user_groups.segments import shares_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..config import RecommenderConfig
    from ..core.counting.learned import ListRequest
    from ..core.counting.sessions import Sessions
    from ..core.knowledge import Knowledge
    from ..core.ranking.ranked_list import RankedList


class SegmentsPublisher:
    """What one partition of users publishes of each."""

    def __init__(
        self, *, config: RecommenderConfig, knowledge: Knowledge, sessions: Sessions
    ) -> None:
        """sessions: of the partition's users."""
        self._config, self._knowledge, self._sessions = config, knowledge, sessions
        self._waiting: dict[str, int] = {}  # user -> event time; the longest waiting first

    def add(self, made: Sequence[tuple[ListRequest, RankedList]]) -> None:
        """Lists that were just made: each is of a user who has just done something."""
        for due, _ in made:
            self.wait(due.user, due.event.time_ms)

    def wait(self, user: str, time_ms: int) -> None:
        """The user's segments are due."""
        self._waiting[user] = time_ms
        if len(self._waiting) > self._config.segments_waiting_max:
            del self._waiting[next(iter(self._waiting))]

    def forget(self, user: str) -> Output:
        """The tombstone of what was published."""
        self._waiting.pop(user, None)
        return Output(topics.SEGMENTS, user.encode(), None, [])

    def due(self, now_ms: int) -> list[Output]:
        """Segments of those who waited longest, so many that no list waits long for them."""
        names = list(islice(self._waiting, self._config.segments_per_tick))
        times = [self._waiting.pop(name) for name in names]
        known, ranking = self._sessions.users, self._knowledge.preferences.ranking
        users = [
            (name, time_ms, known[name])
            for name, time_ms in zip(names, times, strict=True)
            if name in known and known[name].recent and ranking(name) == PERSONALISED
        ]
        if not users:
            return []
        knowledge, catalogue = self._knowledge, self._knowledge.catalogue
        catalogue.reserve()
        groups = knowledge.user_groups.assign(
            [user.recent for _, _, user in users], [user.bought for _, _, user in users]
        )
        found = []
        for (name, time_ms, user), group in zip(users, groups.tolist(), strict=True):
            categories = shares_of(user.recent, catalogue.category, catalogue.categories)
            brands = shares_of(user.recent, catalogue.brand, catalogue.brands)
            value = SegmentsUpdated(
                user=name,
                categories=[Segment(*pair) for pair in categories],
                brands=[Segment(*pair) for pair in brands],
                group=None if group < 0 else group,
                signals=len(user.recent),
                as_of_ms=time_ms,
                model=MODEL,
            )
            headers = outputs.view_headers(SEGMENTS_UPDATED, name, SOURCE, now_ms)
            found.append(Output(topics.SEGMENTS, name.encode(), outputs.encode(value), headers))
        return found

    def confirmed(self) -> None:
        """Nothing waits for it: the user's next event replaces one that was lost."""
