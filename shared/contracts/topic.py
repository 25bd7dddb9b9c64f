"""What a topic is; `topics` has all there are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

DAY_MS = 86_400_000
# Of compacted topics that only our workers write: lets `shopkeeper erase` delete old records; with
# `retention_ms` None nothing goes by age.
CLEANED_BY_US = {"cleanup.policy": "compact,delete"}
# Of the shop's that name users: what a tombstone removed is gone within a day.
COMPACTED_DAILY = {"max.compaction.lag.ms": str(DAY_MS)}


@dataclass(frozen=True, slots=True)
class Topic:
    """One channel of the system. `retention_ms` None means without limit."""

    name: str
    key: str
    cleanup: Literal["delete", "compact"]
    types: tuple[str, ...] = ()  # event type suffixes; empty for internal formats
    producers: tuple[str, ...] = ()
    # Workers that consume it in their group, and dead-letter what they cannot use; and who reads
    # it outside, "subscribers" or "operators".
    consumers: tuple[str, ...] = ()
    tables_of: tuple[str, ...] = ()  # workers that read it whole, as a table
    internal: bool = False
    retention_ms: int | None = 28 * DAY_MS
    message_bytes_max: int = 1_048_576
    owner: str = ""  # the one worker that dead-letters types which schemas/ does not know
    default_type: str = ""  # what a bare JSON record without a type is
    config: dict[str, str] = field(default_factory=dict)
