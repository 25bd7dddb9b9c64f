"""An experiment's counts, split by another number of partitions.

Counts know users by their number in the experiment, which no partition follows from: so users
are told by the names that the sessions hold. One whose sessions were forgotten stays where he is.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import msgspec
from xxhash import xxh3_64_intdigest

from .variants import KINDS, VariantCountsState

if TYPE_CHECKING:
    from collections.abc import Mapping

Row = tuple[int, int, int, int]  # user's number, offset, time of the last list, flags


def split(
    before: Mapping[int, bytes], owners: Mapping[int, Mapping[str, int]], count: int
) -> dict[int, bytes]:
    """before: by partition, a snapshot of counts. owners: by partition, of the users in it, where
    each belongs. Counts stay where they were counted, so their sums are the same."""
    states = {
        n: msgspec.msgpack.decode(packed, type=VariantCountsState) for n, packed in before.items()
    }
    if not states:
        return {}
    rule = next(reversed(states.values())).rule
    rows: dict[int, list[Row]] = {number: [] for number in range(count)}
    for number, state in states.items():
        if state.rule != rule:
            continue  # of an experiment that was over; counts start anew there by themselves
        head = f"{_name_in(rule)}\x00".encode()
        places = {
            xxh3_64_intdigest(head + user.encode()): owner
            for user, owner in owners.get(number, {}).items()
        }
        for key, offset, time_ms, flags in _rows(state):
            owner = places.get(key, number)
            # Offsets of another partition say nothing here: any list of this one counts.
            rows[owner].append((key, offset if owner == number else 0, time_ms, flags))
    after: dict[int, bytes] = {}
    for number, kept in rows.items():
        own = states.get(number)
        if own is not None and own.rule != rule:
            own = None
        variants = len(states[next(n for n, s in states.items() if s.rule == rule)].counts)
        after[number] = msgspec.msgpack.encode(
            VariantCountsState(
                format_version=next(iter(states.values())).format_version,
                rule=rule,
                keys=array("Q", [row[0] for row in kept]).tobytes(),
                offsets=array("q", [row[1] for row in kept]).tobytes(),
                list_times_ms=array("q", [row[2] for row in kept]).tobytes(),
                flags=bytes(row[3] for row in kept),
                counts=own.counts if own else [[0] * len(KINDS) for _ in range(variants)],
                unattributed=own.unattributed if own else 0,
                not_enrolled=own.not_enrolled if own else 0,
            )
        )
    return after


def _name_in(rule: str) -> str:
    """The experiment's name: a rule begins with a JSON list whose first element it is."""
    decoder = msgspec.json.Decoder()
    text, _, _ = rule.rpartition(" interval=")
    name: str = decoder.decode(text)[0]
    return name


def _rows(state: VariantCountsState) -> list[Row]:
    keys, offsets, times = array("Q"), array("q"), array("q")
    keys.frombytes(state.keys)
    offsets.frombytes(state.offsets)
    times.frombytes(state.list_times_ms)
    return list(zip(keys, offsets, times, state.flags, strict=True))
