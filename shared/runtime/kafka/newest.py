"""The newest record of some keys, found from the end of a topic: a log has no index by key.

Windows of records are read from the end backwards, each twice as long as the one behind it, until
every key is found or the beginning is reached. What was written lately, which is what is mostly
asked for, costs one small window; a key that is not there costs the topic, read about once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .reader import Reader

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ..settings import KafkaSettings

FIRST_WINDOW = 1_000  # records


@dataclass
class Found:
    """What a search came to. Memory: one record per key and partition."""

    records: dict[bytes, Any] = field(default_factory=dict)  # key -> its newest record
    complete: bool = True  # False: given up before the beginning, so a key may still be there


async def newest(
    kafka: KafkaSettings,
    topic: str,
    keys: Collection[bytes],
    partitions: Sequence[int] | None = None,
    *,
    window: int = FIRST_WINDOW,
    seconds_max: float | None = None,
    bytes_max: int | None = None,
) -> Found:
    """Look for `keys` in a topic (unprefixed), in these of its partitions or in all. A tombstone is
    found like any record. Raises KafkaError.

    window: how many records per partition are looked at first. A key that stands in several
    partitions is found where it stands nearest to the end. seconds_max, bytes_max: after so much,
    what is found is what there is.
    """
    found = Found()
    missing = set(keys)
    deadline = None if seconds_max is None else time.monotonic() + seconds_max
    size = 0
    async with Reader(kafka, [topic], from_start=False) as reader:
        begins, ends = await reader.begin_offsets(), await reader.end_offsets()
        places = [p for p in ends if partitions is None or p.partition in partitions]
        while missing:
            starts = {p: max(begins[p], ends[p] - window) for p in places if ends[p] > begins[p]}
            if not starts:
                break
            here: dict[tuple[int, bytes], Any] = {}
            async for record in reader.between(starts, ends):
                size += len(record.value or b"")
                if record.key in missing:
                    here[record.partition, record.key] = record
                if (deadline is not None and time.monotonic() > deadline) or (
                    bytes_max is not None and size > bytes_max
                ):
                    found.complete = False
                    break
            _keep(found, here)
            missing -= found.records.keys()
            if not found.complete:
                break
            ends, window = {**ends, **starts}, window * 2
    return found


def _keep(found: Found, here: dict[tuple[int, bytes], Any]) -> None:
    """Add what an older window holds: of a key, the newest by the clock of whoever wrote it."""
    for (_, key), record in here.items():
        known = found.records.get(key)
        if known is None or record.timestamp > known.timestamp:
            found.records[key] = record
