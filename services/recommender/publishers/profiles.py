"""Records on `shop.profiles.v1` that the recommender writes: tombstones of erased users, and
profiles that came with other events. In its own words, so that it reads them like a shop's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Output
from shopkeeper.shared.contracts.events.shop import UserProfiled
from shopkeeper.shared.contracts.outputs import rfc3339

from ..config import SOURCE

if TYPE_CHECKING:
    from ..core.counting.profile_store import Profile

PROFILED = "user.profiled.v1"
OWN = SOURCE.decode()  # `Event.source` of these records


def tombstone(user: str, time_ms: int, record_id: str, partition: int | None = None) -> Output:
    """Forgets what is known of a user, if it is not newer than this time.

    partition: where a copy of the profile may lie; None: where the user's key belongs.
    """
    return _record(user.encode(), None, time_ms, record_id, partition)


def profile_record(user: str, profile: UserProfiled, time_ms: int, record_id: str) -> Output:
    """A user's profile, in the partition of the user's key."""
    return _record(user.encode(), _encode(profile), time_ms, record_id)


def kept_record(user: str, profile: Profile, record_id: str) -> Output:
    """What is kept of a user's profile, said again."""
    told = UserProfiled(user_id=user, **dict(profile.values))  # type: ignore[arg-type]
    return profile_record(user, told, profile.time_ms, record_id)


def _encode(profile: UserProfiled) -> bytes:
    fields = msgspec.structs.asdict(profile)
    return msgspec.json.encode({name: v for name, v in fields.items() if v is not None})


def _record(
    key: bytes, value: bytes | None, time_ms: int, record_id: str, partition: int | None = None
) -> Output:
    headers = [
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_id", record_id.encode()),
        ("ce_source", SOURCE),
        ("ce_type", PROFILED.encode()),
        ("ce_time", rfc3339(time_ms)),
    ]
    return Output(topics.PROFILES, key, value, headers, partition)
