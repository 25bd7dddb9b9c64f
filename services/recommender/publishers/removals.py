"""Records on `shop.preferences.v1` that the recommender writes: tombstones of erased users."""

from __future__ import annotations

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.envelope import Output
from shopkeeper.shared.contracts.outputs import rfc3339
from shopkeeper.shared.contracts.preferences import PREFERENCE_SET

from ..config import SOURCE


def removal(user: str, time_ms: int, record_id: str, partition: int) -> Output:
    """What an erased user chose is removed, wherever a producer put it."""
    headers = [
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_id", record_id.encode()),
        ("ce_source", SOURCE),
        ("ce_type", PREFERENCE_SET.encode()),
        ("ce_time", rfc3339(time_ms)),
    ]
    return Output(topics.PREFERENCES, user.encode(), None, headers, partition)
