"""What follows when a user changes how lists are to be ranked: another list, at once.

The topic's last word on a user is then what the user wants, for whoever subscribes to it. What is
in `shop.preferences.v1` when a worker starts makes no list: the user's next event does.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Event, Output
from shopkeeper.shared.contracts.preferences import PERSONALISED, PREFERENCE_SET

from ..core.counting.learned import ListRequest, request_of
from ..core.counting.users import User

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopkeeper.shared.contracts.events.shop import PreferenceSet

    from ..core.counting.sessions import Sessions
    from .recommendations import RecommendationPublisher
    from .segments import SegmentsPublisher

WAITING_MAX = 10_000  # later ones get their list with their next event
AT_ONCE = 64


class PreferencePublisher:
    """Lists of one partition's users who changed their mind."""

    def __init__(
        self,
        *,
        partition: int,
        elsewhere: Callable[[str], int | None],
        sessions: Sessions,
        lists: RecommendationPublisher,
        segments: SegmentsPublisher,
    ) -> None:
        """elsewhere: the partition of a user's id, or None where it is this one. sessions, lists,
        segments: of the partition's users."""
        self._partition, self._elsewhere = partition, elsewhere
        self._sessions, self._lists, self._segments = sessions, lists, segments
        self._waiting: dict[str, PreferenceSet] = {}

    def changed(self, said: Sequence[PreferenceSet]) -> None:
        """Users of any partition have changed their mind."""
        for each in said:
            if len(self._waiting) < WAITING_MAX and self._elsewhere(each.user) is None:
                self._waiting[each.user] = each

    def due(self, now_ms: int) -> list[Output]:
        """Their lists; of who wants no personalised ones, the segments are removed."""
        outputs: list[Output] = []
        requests: list[ListRequest] = []
        for nth, name in enumerate(list(islice(self._waiting, AT_ONCE))):
            said, user = self._waiting.pop(name), self._sessions.users.get(name)
            if said.ranking != PERSONALISED:
                outputs.append(self._segments.forget(name))
            elif user is None or not user.recent:
                continue  # there is nothing to make a list from
            else:
                self._segments.wait(name, now_ms)
            cause = f"{topics.PREFERENCES}/{self._partition}/{now_ms}/{nth}"
            event = Event(
                PREFERENCE_SET,
                said,
                name.encode(),
                now_ms,
                now_ms,
                cause,
                source="",
                correlation_id=cause,
                part=nth,
            )
            requests.append(request_of(event, name, user or User(), None, teaches=False))
        if not requests:
            return outputs
        pending = self._lists.submit(requests)
        self._lists.rank_pending()
        return outputs + self._lists.outputs(requests, pending, now_ms)

    def confirmed(self) -> None:
        """Nothing waits for it: a list that was lost comes with the user's next event."""
