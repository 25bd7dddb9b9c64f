"""Keeps what the shop says of its users; a user who has done nothing yet gets a list from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.outputs import output_id

from ..core.counting.learned import request_of
from ..core.counting.profile_store import ProfileStore, Verdict
from ..core.counting.users import User
from ..publishers.profiles import OWN, PROFILED, kept_record, tombstone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shopkeeper.shared.contracts.envelope import Event, Output, Rejected
    from shopkeeper.shared.runtime.api.processor import Sections

    from ..config import RecommenderConfig
    from ..core.counting.learned import ListRequest
    from ..publishers.recommendations import Pending, RecommendationPublisher
    from .interactions import InteractionsProcessor

SECTION = "profiles"


class FoldedProfiles(NamedTuple):
    """What a batch of profiles made due; `pending` holds the lists once they are ranked."""

    outputs: list[Output]
    lists: RecommendationPublisher | None
    requests: list[ListRequest]
    pending: Pending | None
    now_ms: int


def owner_key(event: Event) -> str | None:
    """The user whose partition a record belongs to. None for our own tombstones: each is for the
    partition that it lies in."""
    if event.data is not None:
        return event.data.user  # type: ignore[no-any-return]
    return None if event.source == OWN else _user(event)


def _user(event: Event) -> str:
    if event.data is not None:
        return event.data.user  # type: ignore[no-any-return]
    assert event.key is not None, "the decoder lets no tombstone without a key pass"
    return event.key.decode()


class ProfilesProcessor:
    """One partition of shop.profiles.v1, beside the same users' interactions."""

    def __init__(
        self,
        *,
        partition: int,
        partition_count: int,
        config: RecommenderConfig,
        interactions: Callable[[], InteractionsProcessor | None],
        elsewhere: Callable[[str], int | None],
    ) -> None:
        """interactions: the processor of the partition of the same number, once there is one.
        elsewhere: the partition of a user's id, or None where it is this one."""
        self._partition, self._count, self._config = partition, partition_count, config
        self._interactions = interactions
        self.store = ProfileStore(config, elsewhere)

    def process(self, events: Sequence[Event], now_ms: int) -> tuple[list[Output], list[Rejected]]:
        """Keep or forget; a list for a user who is new, where the record is fresh."""
        folded, rejected = self.fold(events, now_ms)
        if folded.lists is not None:
            folded.lists.rank_pending()
        return self.publish(folded), rejected

    def fold(self, events: Sequence[Event], now_ms: int) -> tuple[FoldedProfiles, list[Rejected]]:
        """Keep or forget, and submit the lists that are due to be ranked."""
        outputs: list[Output] = []
        new: dict[str, Event] = {}
        for event in events:
            user = _user(event)
            verdict = self.store.fold(user, event)
            outputs += self._answers(user, event, verdict)
            new.pop(user, None)
            if verdict is Verdict.KNOWN and event.time_ms >= now_ms - self._config.list_age_ms_max:
                new[user] = event
        interactions = self._interactions()
        if interactions is None or not new:
            return FoldedProfiles(outputs, None, [], None, now_ms), []
        known = interactions.sessions.users
        requests = [
            request_of(event, user, User(), None, teaches=False)
            for user, event in new.items()
            if user not in known and self.store.cells(user)
        ]
        if not requests:
            return FoldedProfiles(outputs, None, [], None, now_ms), []
        lists = interactions.lists
        return FoldedProfiles(outputs, lists, requests, lists.submit(requests), now_ms), []

    def _answers(self, user: str, event: Event, verdict: Verdict) -> list[Output]:
        """What has to be said so that the topic's last word is what is kept here."""

        def made(ordinal: int) -> str:
            return output_id(topics.PROFILES, self._partition, event.offset, PROFILED, ordinal)

        if verdict is Verdict.KNOWN_NEWER:
            profile = self.store.get(user)
            assert profile is not None
            return [kept_record(user, profile, made(event.ordinal))]
        if verdict is Verdict.ERASED_SINCE:
            return [tombstone(user, self.store.erased_ms(user), made(event.ordinal))]
        if verdict is Verdict.FORGOTTEN and event.source != OWN:  # copies may lie elsewhere
            others = [n for n in range(self._count) if n != self._partition]
            return [tombstone(user, event.time_ms, made(n), n) for n in others]
        return []

    def publish(self, folded: FoldedProfiles) -> list[Output]:
        """The answers, then the lists, ranked by now."""
        if folded.lists is None:
            return folded.outputs
        lists = folded.lists.outputs(folded.requests, folded.pending, folded.now_ms)
        return folded.outputs + lists

    def flush(self) -> list[Output]:
        return []

    def on_timer(self, now_ms: int) -> list[Output]:
        return []

    def snapshot(self) -> Sections:
        return {SECTION: self.store.snapshot()}

    def restore(self, sections: Mapping[str, bytes]) -> None:
        """Replace the state by that of a checkpoint. Raises StateError."""
        self.store.restore(sections[SECTION])
