"""The naive twin: what the logs say must come out, in plain Python and without the runtime.

It reads the finished logs of clicks. An event counts in the partition that its user belongs to,
where that partition's log has it first; how often it was published, forwarded or read again does
not matter.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shopkeeper.shared.contracts.envelope import FORWARDED
from shopkeeper.shared.runtime.kafka.sink import partition_of

from .service import USERS, targets_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .schedule import Input

Place = tuple[int, int]  # partition of clicks, and offset


@dataclass
class Expected:
    """What state and outputs must be."""

    answers: dict[str, tuple[str, int, str]] = field(default_factory=dict)  # id -> content
    dead_letters: set[Place] = field(default_factory=set)
    users: dict[int, dict[str, list[Any]]] = field(default_factory=dict)  # by partition
    counts: Counter[str] = field(default_factory=Counter)  # by key of an item or a pair
    applied: dict[int, dict[int, int]] = field(default_factory=dict)  # items -> users -> offset
    missing: list[str] = field(default_factory=list)  # events that never reached their partition


def expect(
    inputs: Mapping[Place, Input], logs: Sequence[Sequence[Any]], item_partitions: int
) -> Expected:
    """inputs: by where they were published. logs: of clicks, by partition."""
    found = Expected()
    met: set[str] = set()
    for number, log in enumerate(logs):
        seen: set[str] = set()
        users = found.users[number] = {}
        for record in log:
            place = _origin(record) or (number, record.offset)
            given = inputs[place]
            if given.kind in ("bad", "refused"):
                found.dead_letters.add(place)
            if given.kind != "click" or _home(given, logs) != number:
                continue
            name = given.event_id or f"{USERS}/{place[0]}/{place[1]}"
            if name in seen:
                continue
            seen.add(name)
            known = users.setdefault(given.user, [0, ""])
            for key in targets_of(known[1], given.item):
                found.counts[key] += 1
                owner = partition_of(key.encode(), item_partitions)
                found.applied.setdefault(owner, {})[number] = record.offset
            known[0] += 1
            known[1] = given.item
            found.answers[name] = (given.user, known[0], given.item)
        met |= seen
    for place, given in inputs.items():
        name = given.event_id or f"{USERS}/{place[0]}/{place[1]}"
        if given.kind == "click" and name not in met:
            found.missing.append(f"{given} (published at clicks/{place[0]}, offset {place[1]})")
    return found


def _origin(record: Any) -> Place | None:
    """Where a forwarded record was published first."""
    for name, value in record.headers:
        if name == FORWARDED:
            partition, offset, *_ = value.split(b"/")
            return int(partition), int(offset)
    return None


def _home(given: Input, logs: Sequence[Any]) -> int:
    return partition_of(given.user.encode(), len(logs))
