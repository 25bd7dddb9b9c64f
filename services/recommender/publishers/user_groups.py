"""Groups of users on their topic: partitions' samples and clicks, and the model made from them.

Published by the clock and remembered in no checkpoint: the next owner of a partition goes on from
what was last published.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Output

from ..core.numeric.types import HOUR_MS
from ..core.tables.user_groups import FORMAT_VERSION, MODEL_KEY, GroupClicksRecord, ModelRecord
from ..core.user_groups.behaviour import WIDTH
from ..core.user_groups.clicks import GroupClicks
from ..core.user_groups.clustering import UserGroups

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ..config import RecommenderConfig
    from ..core.counting.learned import ListRequest
    from ..core.counting.profile_store import ProfileStore
    from ..core.counting.sessions import Sessions
    from ..core.numeric.items import ItemIndex
    from ..core.ranking.ranked_list import RankedList
    from ..core.search.last_searches import LastSearches
    from ..core.tables.user_groups import UserGroupsTable


class UserGroupClicksPublisher:
    """What one partition of clicks publishes of its users, every `group_interval_ms` at most."""

    def __init__(
        self,
        *,
        partition: int,
        config: RecommenderConfig,
        items: ItemIndex,
        table: UserGroupsTable,
        sessions: Sessions,
        searches: LastSearches,
        profiles: Callable[[], ProfileStore],
    ) -> None:
        """sessions, searches, profiles: of the partition's users."""
        self._config, self._items, self._table = config, items, table
        self._sessions, self._searches, self._profiles = sessions, searches, profiles
        self._key = f"clicks/{partition}".encode()
        self._clicks = GroupClicks(
            config.trending_half_life_hours,
            config.group_items_max,
            config.group_users_max,
            config.group_cells_max,
        )
        self._taken_over = False
        self._last_ms: int | None = None
        self._news = False

    def add(self, made: Sequence[tuple[ListRequest, RankedList]]) -> None:
        """Lists that were just made: each is of a user who has just clicked something."""
        self._news = True
        self._clicks.see(
            [due.user for due, _ in made],
            [ranked.group for _, ranked in made],
            [due.recent[-1] for due, _ in made],
            [due.event.time_ms // HOUR_MS for due, _ in made],
        )
        profiles = self._profiles()
        if len(profiles):
            clicks = [
                (cell, due.recent[-1], due.event.time_ms // HOUR_MS)
                for due, _ in made
                for cell in profiles.cells(due.user)
            ]
            if clicks:
                self._clicks.add(*zip(*clicks, strict=True))

    def place_of(self, user: str) -> int | None:
        """The place among all groups, from 1, of the one that a user was last told to be in; None:
        none is remembered, or it was given up since."""
        return self._table.places.get(self._clicks.last(user))

    def forget(self, user: str) -> None:
        """Drop what is remembered of a user."""
        self._clicks.forget(user)

    def due(self, now_ms: int) -> list[Output]:
        """The report, if there is news and it is time."""
        config, sessions, searches = self._config, self._sessions, self._searches
        due = self._last_ms is None or now_ms - self._last_ms >= config.group_interval_ms
        if not (config.user_groups and self._news and due):
            return []
        self._last_ms, self._news = now_ms, False
        if not self._taken_over:
            self._taken_over = True
            before = self._table.clicks_of(self._key)
            if before is not None:
                self._clicks.replace(*before)
        keys, scores = self._clicks.top()
        items, places = np.unique(keys & 0xFFFFFFFF, return_inverse=True)
        names = self._items.product_ids
        counted = {*np.unique(keys >> 32).tolist()}
        latest = list(sessions.users.newest(config.group_sample_users))
        sample = self._table.behaviour.vectors(
            [user.recent for _, user in latest],
            [user.bought for _, user in latest],
            [searches.peek(name, user.list_time_ms or 0) for name, user in latest],
        )
        record = GroupClicksRecord(
            format_version=FORMAT_VERSION,
            sample=sample.astype(np.float16).tobytes(),
            hour=self._clicks.hour,
            names=[names[item] for item in items.tolist()],
            groups=(keys >> 32).tobytes(),
            items=places.astype(np.int32).tobytes(),
            scores=scores.astype(np.float32).tobytes(),
            cells={c: told for c, told in self._profiles().sizes().items() if c in counted},
        )
        return [Output(topics.USER_GROUPS, self._key, msgspec.msgpack.encode(record), [])]

    def confirmed(self) -> None:
        """Nothing waits for it: the next report replaces one that was lost."""


class UserGroupModelPublisher:
    """The model, learned by the owner of item partition 0 and published when it has learned."""

    def __init__(self, *, config: RecommenderConfig, table: UserGroupsTable) -> None:
        self._config, self._table = config, table
        self.groups = UserGroups(WIDTH, config.user_groups, config.group_components)
        self._taken_over = False
        self._seen: dict[bytes, NDArray[np.float16]] = {}  # samples that were learned from
        self._last_ms: int | None = None

    def confirmed(self) -> None:
        """Nothing waits for it: the next model replaces one that was lost."""

    def due(self, now_ms: int) -> list[Output]:
        """Learn from the samples that are new; those there were at the start may be old."""
        config, table = self._config, self._table
        if not config.user_groups:
            return []
        if self._last_ms is not None and now_ms - self._last_ms < config.group_interval_ms:
            return []
        if not self._taken_over:
            self._taken_over = True
            if table.state and self.groups.restore(table.state):
                self._seen = dict(table.samples)  # its predecessor's, or lost: a sample is a sample
        new = [
            key
            for key, sample in sorted(table.samples.items())
            if self._seen.get(key) is not sample
        ]
        if not new:
            return []
        self._last_ms = now_ms
        for key in new:
            self.groups.learn(table.samples[key].astype(np.float64))
        self._seen = dict(table.samples)
        record = ModelRecord(FORMAT_VERSION, self.groups.model(), self.groups.snapshot())
        return [Output(topics.USER_GROUPS, MODEL_KEY, msgspec.msgpack.encode(record), [])]
