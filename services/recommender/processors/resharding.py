"""The state of interactions, split by another number of partitions (see docs/partitions.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.murmur2 import partitions_of

from ..config import RecommenderConfig
from ..core.ab_testing import split_counts
from ..core.counting.profile_store import ProfileStore
from ..core.counting.sessions import Sessions
from ..core.numeric.items import ItemIndex
from .interactions import BLEND_SECTION, EXPERIMENT_SECTION, SECTION
from .profiles import SECTION as PROFILES_SECTION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopkeeper.shared.runtime.api.processor import Sections


def split_interactions(before: Mapping[int, Sections], count: int) -> dict[int, Sections]:
    """before: by partition. Users and their sessions go where their key now is.

    Of every user all state is kept. A session that moves gets a number of its own below
    zero: numbers are offsets of the partition that it leaves.
    """
    items = ItemIndex()
    old: dict[int, Sessions] = {}
    for number, sections in before.items():
        old[number] = Sessions(RecommenderConfig(), items)
        old[number].restore(sections[SECTION])
    owners = {}
    for number, sessions in old.items():
        names = list(sessions.users)
        numbers = partitions_of([name.encode() for name in names], count).tolist()
        owners[number] = dict(zip(names, numbers, strict=True))
    after: dict[int, Sections] = {}
    all_counts = split_counts.split(
        {n: s[EXPERIMENT_SECTION] for n, s in before.items() if EXPERIMENT_SECTION in s},
        owners,
        count,
    )
    for number in range(count):
        sections = dict(before.get(number, {}))
        sections[SECTION] = _merged(number, old, owners, items).snapshot()
        if number in all_counts:
            sections[EXPERIMENT_SECTION] = all_counts[number]
        if BLEND_SECTION not in sections:  # it is learned by a worker, of all its partitions
            for other in before.values():
                if BLEND_SECTION in other:
                    sections[BLEND_SECTION] = other[BLEND_SECTION]
                    break
        after[number] = sections
    return after


def _merged(
    number: int,
    old: Mapping[int, Sessions],
    owners: Mapping[int, Mapping[str, int]],
    items: ItemIndex,
) -> Sessions:
    """The users of one partition: those that come first, for they were seen before the partition's
    own, as far as anybody knows, and are forgotten first."""
    merged = Sessions(RecommenderConfig(), items)
    own = old.get(number)
    start = min([0, *(s.start for s in own.sessions.values())] if own is not None else [0])
    for origin in sorted(old, key=lambda n: (n == number, n)):
        sessions = old[origin]
        for name, user in sessions.users.items():
            if owners[origin][name] == number:
                merged.put_user(name, user)
        for (name, session_id), session in sessions.sessions.items():
            if owners[origin][name] == number:
                moved = session.copy()
                if origin != number:
                    start -= 1
                    moved.start = start
                    if type(session_id) is int:  # a parked one goes by its number
                        session_id = start
                merged.put_session(merged.users[name], session_id, moved)
    if own is not None:
        merged.take_eviction_bucket(own)
    return merged


def split_profiles(before: Mapping[int, Sections], count: int) -> dict[int, Sections]:
    """before: by partition. Profiles go where their user's key now is; whose erasures are
    remembered only a number tells, so every partition remembers all of them."""
    config = RecommenderConfig()
    old: dict[int, ProfileStore] = {}
    for number, sections in before.items():
        old[number] = ProfileStore(config, every_field=True)
        old[number].restore(sections[PROFILES_SECTION])
    after: dict[int, Sections] = {}
    for number in range(count):
        merged = ProfileStore(config, every_field=True)
        for origin in sorted(old, key=lambda n: (n == number, n)):
            names = old[origin].users
            owners = partitions_of([name.encode() for name in names], count).tolist()
            mine = {name: own == number for name, own in zip(names, owners, strict=True)}
            merged.take(old[origin], mine)
        after[number] = {PROFILES_SECTION: merged.snapshot()}
    return after


RESHARD = {topics.CLICKS: split_interactions, topics.PROFILES: split_profiles}  # by topic
