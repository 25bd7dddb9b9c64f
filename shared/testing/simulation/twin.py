"""The naive twin: what the logs say must come out, in plain Python and without the runtime.

It reads the finished logs of clicks. An event counts in the partition that its user belongs to,
where that partition's log has it first; how often it was published, forwarded or read again does
not matter.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shopkeeper.shared.contracts.envelope import FORWARDED, HANDOVER
from shopkeeper.shared.runtime.kafka.routing import HANDOVERS_FROM, HANDOVERS_PER_EVENT
from shopkeeper.shared.runtime.kafka.sink import partition_of

from .service import SHARED_ITEM, USERS, friend_of, targets_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .schedule import Input

Place = tuple[int, int]  # partition of clicks, and offset


@dataclass
class Expected:
    """What state and outputs must be."""

    answers: dict[str, tuple[str, int, str]] = field(default_factory=dict)  # id -> content
    dead_letters: set[Place] = field(default_factory=set)
    # (partition, user) -> clicks, last item, how often something was told
    users: dict[tuple[int, str], list[Any]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)  # by key of an item or a pair
    # (partition of items, of users) -> the last offset that counted there
    applied: dict[tuple[int, int], int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)  # events that never reached their partition


def expect(
    inputs: Mapping[Place, Input], logs: Sequence[Sequence[Any]], item_partitions: int
) -> Expected:
    """inputs: by where they were published. logs: of clicks, by partition."""
    found = Expected()
    met: set[str] = set()
    told: dict[Place, str] = {}  # cause -> the friend who must hear of it
    heard: dict[Place, str] = {}
    for number, log in enumerate(logs):
        seen: set[str] = set()
        for record in log:
            if record.headers and record.headers[0][0] == HANDOVER:
                if (cause := _cause(record)) not in heard:
                    friend = heard[cause] = record.value.decode()
                    found.users.setdefault((number, friend), [0, "", 0])[2] += 1
                continue
            place = _origin(record) or (number, record.offset)
            given = inputs[place]
            if given.kind in ("bad", "refused"):
                found.dead_letters.add(place)
            if given.kind != "click" or _home(given.user, logs) != number:
                continue
            name = given.event_id or f"{USERS}/{place[0]}/{place[1]}"
            if name in seen:
                continue
            seen.add(name)
            known = found.users.setdefault((number, given.user), [0, "", 0])
            for key in targets_of(known[1], given.item):
                found.counts[key] += 1
                owner = partition_of(key.encode(), item_partitions)
                found.applied[owner, number] = record.offset
            known[0] += 1
            known[1] = given.item
            found.answers[name] = (given.user, known[0], given.item)
            if given.item == SHARED_ITEM:
                friend = friend_of(given.user)
                if _home(friend, logs) == number:
                    found.users.setdefault((number, friend), [0, "", 0])[2] += 1
                else:
                    told[number, record.offset] = friend
        met |= seen
    for place, given in inputs.items():
        name = given.event_id or f"{USERS}/{place[0]}/{place[1]}"
        if given.kind == "click" and name not in met:
            found.missing.append(f"{given} (published at clicks/{place[0]}, offset {place[1]})")
    found.missing += [f"{told.get(c)} told of {c}" for c in told if heard.get(c) != told[c]]
    found.missing += [f"{heard[c]} told of {c}, of all things" for c in heard if c not in told]
    return found


def _cause(record: Any) -> Place:
    """The event that a handover follows from: its partition and offset."""
    _, _, sender, order = dict(record.headers)[FORWARDED].split(b"/")
    return int(sender) - HANDOVERS_FROM, int(order) // HANDOVERS_PER_EVENT


def _origin(record: Any) -> Place | None:
    """Where a forwarded record was published first."""
    for name, value in record.headers:
        if name == FORWARDED:
            partition, offset, *_ = value.split(b"/")
            return int(partition), int(offset)
    return None


def _home(user: str, logs: Sequence[Any]) -> int:
    return partition_of(user.encode(), len(logs))
