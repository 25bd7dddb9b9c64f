"""Profiles of one partition of users: the newest of each by its time, and who was erased when.

A pure function of the partition's log of profiles. What is kept is only what lists or fairness
figures are made from; users are forgotten by records of their own log, so that a replay forgets
them again. Of an erased user a 64-bit number stays, with the time of the erasure: a copy that comes
late from another partition is told from a user who came back.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from enum import Enum
from typing import TYPE_CHECKING

import msgspec
from xxhash import xxh3_64_intdigest

from ..user_groups.profiles import FIELDS, Values, cell_of, cells_of, kept_values
from .snapshot import read_state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shopkeeper.shared.contracts.envelope import Event

    from ...config import ProfilesConfig

FORMAT_VERSION = 1
RULE = "profiles/1"
# Clocks of producers differ so much (the decoder allows it): a profile that is newer than an
# erasure by less may well be the one that was to be erased.
GRACE_MS = 60_000


class Verdict(Enum):
    """What a record said, or what is to be said again since the record is not the last word."""

    KNOWN = "known"  # the user's profile is this one now
    FORGOTTEN = "forgotten"
    ELSEWHERE = "elsewhere"  # a tombstone for a copy: the user's state is kept elsewhere
    KNOWN_NEWER = "known_newer"  # publish the known profile again
    ERASED_SINCE = "erased_since"  # publish a tombstone again


class Profile(msgspec.Struct, frozen=True, gc=False):
    """What is kept of one user's profile."""

    time_ms: int
    values: Values


class State(msgspec.Struct, frozen=True):
    """A checkpoint's section. users: those heard of longest ago first; places in `values`."""

    format_version: int
    rule: str
    values: list[tuple[str, str]]
    users: list[tuple[str, int, list[int]]]
    erased: list[tuple[int, int]]


class ProfileStore:
    """Bounded: `profiles_max` users, those heard of longest ago go first; `erased_users_max`
    erasures."""

    def __init__(
        self,
        config: ProfilesConfig,
        elsewhere: Callable[[str], int | None] = lambda name: None,
        *,
        every_field: bool = False,
    ) -> None:
        """elsewhere: the partition of a user's id, or None where it is this one. every_field: keep
        all there is, where state is only handed on."""
        self._config, self._elsewhere = config, elsewhere
        used = FIELDS if every_field else (*config.profile_fields, *config.fairness_fields)
        self._kept = frozenset(used)
        self._allowed = frozenset(config.profile_fields)
        self._users: OrderedDict[str, Profile] = OrderedDict()
        self._erased: OrderedDict[int, int] = OrderedDict()  # number of a user -> time
        self._sizes: Counter[tuple[str, str]] = Counter()  # users by (field, value)
        self.counters: Counter[str] = Counter()

    def __len__(self) -> int:
        """Users of whom a profile is known."""
        return len(self._users)

    def fold(self, user: str, event: Event) -> Verdict:
        """One record of the log, a profile or a tombstone."""
        if event.data is None:
            return self._forget(user, event.time_ms)
        known, erased_ms = self._users.get(user), self._erased.get(_number(user))
        if known is not None and event.time_ms < known.time_ms:
            return Verdict.KNOWN_NEWER
        if erased_ms is not None and event.time_ms <= erased_ms:
            self.counters["profiles_of_erased"] += 1
            return Verdict.ERASED_SINCE if known is None else Verdict.KNOWN_NEWER
        self._drop(user)
        self._put(user, Profile(event.time_ms, kept_values(event.data, self._kept)))
        while len(self._users) > self._config.profiles_max:
            self._drop(next(iter(self._users)))
            self.counters["profiles_evicted"] += 1
        return Verdict.KNOWN

    def _forget(self, user: str, time_ms: int) -> Verdict:
        if self._elsewhere(user) is not None:
            return Verdict.ELSEWHERE
        number = _number(user)
        self._erased[number] = max(time_ms, self._erased.pop(number, 0))
        while len(self._erased) > self._config.erased_users_max:
            self._erased.popitem(last=False)
        known = self._users.get(user)
        if known is not None and known.time_ms > time_ms + GRACE_MS:
            return Verdict.KNOWN_NEWER
        if known is not None:
            self._drop(user)
            self.counters["profiles_erased"] += 1
        return Verdict.FORGOTTEN

    def _put(self, user: str, profile: Profile) -> None:
        self._users[user] = profile
        self._sizes.update(profile.values)

    def _drop(self, user: str) -> None:
        profile = self._users.pop(user, None)
        if profile is not None:
            for value in profile.values:
                self._sizes[value] -= 1
                if not self._sizes[value]:
                    del self._sizes[value]

    def get(self, user: str) -> Profile | None:
        """What is kept of a user's profile."""
        return self._users.get(user)

    def erased_ms(self, user: str) -> int:
        """When a user was last erased, as far as it is remembered; else 0."""
        return self._erased.get(_number(user), 0)

    def cells(self, user: str) -> tuple[int, ...]:
        """The cells of a user that lists may be made from."""
        profile = self._users.get(user)
        return () if profile is None else cells_of(profile.values, self._allowed)

    def sizes(self) -> dict[int, tuple[str, int]]:
        """By cell that lists may be made from: its field, and how many users have it."""
        return {
            cell_of(name, value): (name, count)
            for (name, value), count in self._sizes.items()
            if name in self._allowed
        }

    def fairness_values(self, user: str) -> Values:
        """The groups that a user counts in where lists are compared."""
        profile = self._users.get(user)
        if profile is None:
            return ()
        fields = self._config.fairness_fields
        return tuple([value for value in profile.values if value[0] in fields])

    def size(self, value: tuple[str, str]) -> int:
        """How many users have this (field, value)."""
        return self._sizes.get(value, 0)

    # -- checkpoints

    def snapshot(self) -> bytes:
        """The whole state; equal states give equal bytes."""
        places: dict[tuple[str, str], int] = {}
        users = [
            (name, each.time_ms, [places.setdefault(v, len(places)) for v in each.values])
            for name, each in self._users.items()
        ]
        erased = list(self._erased.items())
        return msgspec.msgpack.encode(State(FORMAT_VERSION, RULE, list(places), users, erased))

    def restore(self, packed: bytes) -> None:
        """Replace the state; fields that are kept no longer are left out. Raises StateError."""
        state = read_state(packed, State, FORMAT_VERSION, RULE)
        self._users.clear()
        self._sizes.clear()
        for name, time_ms, places in state.users:
            values = tuple([state.values[place] for place in places])
            self._put(name, Profile(time_ms, tuple([v for v in values if v[0] in self._kept])))
        self._erased = OrderedDict(state.erased)

    def take(self, other: ProfileStore, mine: Mapping[str, bool]) -> None:
        """Take the users of another store that are `mine`, and all of its erasures (whose users
        nobody can tell any more), as partitions are split anew."""
        for name, profile in other._users.items():
            if mine[name]:
                self._put(name, profile)
        for number, time_ms in other._erased.items():
            self._erased[number] = max(time_ms, self._erased.get(number, 0))

    @property
    def users(self) -> list[str]:
        """Users of whom a profile is known, those heard of longest ago first."""
        return list(self._users)


def _number(user: str) -> int:
    return xxh3_64_intdigest(user.encode("utf-8", "surrogatepass"))
