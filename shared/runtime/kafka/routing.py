"""Routing: an event is folded where the key that it names belongs, wherever it was published.

Producers hash keys differently, or send none; and for minutes after partitions were added some
still place keys by the old count. A worker that finds an event of another partition's key publishes
the record again, to the same topic, in the partition that holds the key's state, with one header
more: the *hop*, which says from where. What a worker that was killed forwards twice is dropped
there, by the highest offset seen of each partition that records came from. Records of one partition
are forwarded to another in the order of their offsets, so what is at or below it is a repeat.

A processor may also tell another partition of its topic something (a *handover*: what follows from
an event here for state that is kept there). It goes the same way, in an order of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from shopkeeper.shared.contracts.envelope import (
    FORWARDED,
    HANDOVER,
    Decoded,
    Event,
    Output,
    Rejected,
    Several,
    Skipped,
    parts_header,
)

from .murmur2 import partitions_of
from .sink import partition_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

REROUTED = "rerouted"  # folded elsewhere: `Skipped.reason`
COPY = "rerouted_copy"  # of a record that was handled where it lay
OWNED_MAX = 200_000  # keys remembered as ours, about 20 MB
FEW = 8  # keys that are sooner looked up one by one
# A handover's hop: its partition is that number higher, its offset that of the event times so many,
# plus its place among what the event caused.
HANDOVERS_FROM = 1_000_000
HANDOVERS_PER_EVENT = 4096


class Hop(NamedTuple):
    """Where a forwarded record was published first, and from where it was forwarded last."""

    origin_partition: int
    origin_offset: int
    partition: int
    offset: int

    def packed(self) -> bytes:
        """The header's value."""
        return b"%d/%d/%d/%d" % self


def hop_of(record: Any) -> Hop | None:
    """The hop of a forwarded record: its last header; None for every other record."""
    headers = record.headers
    if not headers or headers[-1][0] != FORWARDED:
        return None
    parts = (headers[-1][1] or b"").split(b"/")
    if len(parts) != 4 or not all(part.isdigit() and len(part) < 20 for part in parts):
        return None  # not ours
    return Hop(*map(int, parts))


def _events(several: Several) -> Iterator[Event]:
    return (verdict for verdict in several.verdicts if isinstance(verdict, Event))


def handover(
    topic: str,
    key: str,
    value: bytes,
    event_type: str,
    *,
    sender: int,
    cause: tuple[int, int],
    partition: int,
) -> Output:
    """A record for another partition of the same topic, in the order of the events that cause them.

    sender: the partition that it comes from. cause: the event's offset there, and the record's
    place among those that the event causes, from 0.
    """
    offset, nth = cause
    assert nth < HANDOVERS_PER_EVENT, cause
    hop = Hop(sender, offset, HANDOVERS_FROM + sender, offset * HANDOVERS_PER_EVENT + nth)
    headers = [
        (HANDOVER, b"1"),
        ("ce_type", event_type.encode()),
        (FORWARDED, hop.packed()),
    ]
    return Output(topic, key.encode(), value, headers, partition)


class ForwardedOffsets:
    """The highest offset that was forwarded to us, by the partition that it came from."""

    def __init__(self) -> None:
        self._highest: dict[int, int] = {}

    def passes(self, hop: Hop) -> bool:
        """Whether this hop was not seen before; remembers it."""
        if hop.offset <= self._highest.get(hop.partition, -1):
            return False
        self._highest[hop.partition] = hop.offset
        return True

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(sorted(self._highest.items()))

    def restore(self, packed: bytes) -> None:
        """Replace what is remembered by what `snapshot` gave."""
        self._highest = dict(msgspec.msgpack.decode(packed, type=list[tuple[int, int]]))


class Router:
    """Routes the events of one partition of a topic whose state is split into `count` parts.

    key_of: the key that an event names, or None for one that is handled where it lies; itself None
    where nothing is kept by key. Then every original is handled where it lies, and forwarded
    copies, which another service made, are passed over.
    """

    def __init__(
        self, topic: str, number: int, count: int, key_of: Callable[[Event], str | None] | None
    ) -> None:
        self._topic, self._number, self._count = topic, number, count
        self._key_of = key_of
        self._owned: set[str | None] = {None}  # None: no event, or one that is not wanted
        self.forwarded_offsets = ForwardedOffsets()

    def route(
        self, records: Sequence[Any], verdicts: Sequence[Decoded]
    ) -> tuple[Sequence[Decoded], list[Output], int]:
        """Verdicts on what is handled here, or Skipped; what is forwarded; how many are repeats."""
        kept, repeats = verdicts, 0
        hops: dict[int, Hop] = {}
        if [1 for r in records if r.headers and r.headers[-1][0] == FORWARDED]:
            kept, repeats = self._received(records, verdicts, hops)
        key_of = self._key_of
        if key_of is None:
            return kept, [], repeats
        keys = [key_of(v) if type(v) is Event else None for v in kept]
        named: Iterable[str | None] = keys
        if Several in map(type, kept):
            named = {*keys, *(key_of(e) for v in kept if type(v) is Several for e in _events(v))}
        if self._owned.issuperset(named):
            return kept, [], repeats
        owners = self._owners({key for key in named if key is not None and key not in self._owned})
        outputs: list[Output] = []
        if owners:
            kept = list(kept)
            by_offset = {record.offset: record for record in records}
            for place, key in enumerate(keys):  # in the order of offsets, of which repeats are told
                verdict = kept[place]
                if type(verdict) is Several:
                    record = by_offset[verdict.offset]
                    hop = hops.get(record.offset)
                    kept[place], split = self._split(record, verdict, owners, hop, key_of)
                    outputs += split
                elif key is not None and (owner := owners.get(key)) is not None:
                    record = by_offset[kept[place].offset]
                    outputs.append(self._forward(record, key, owner, hops.get(record.offset)))
                    kept[place] = Skipped(record.offset, REROUTED)
        return kept, outputs, repeats

    def _split(
        self,
        record: Any,
        several: Several,
        owners: dict[str, int],
        hop: Hop | None,
        key_of: Callable[[Event], str | None],
    ) -> tuple[Decoded, list[Output]]:
        """What of a record of several events is handled here, and the record once more for each
        partition that others of them belong to, with a header that says which."""
        parts: dict[int, list[int]] = {}
        keys: dict[int, str] = {}
        stays: list[Event | Rejected | Skipped] = []
        for verdict in several.verdicts:
            key = key_of(verdict) if isinstance(verdict, Event) else None
            owner = None if key is None else owners.get(key)
            if owner is None or key is None or not isinstance(verdict, Event):
                stays.append(verdict)
            else:
                parts.setdefault(owner, []).append(verdict.ordinal)
                keys.setdefault(owner, key)
        outputs = [
            self._forward(record, keys[owner], owner, hop, parts[owner]) for owner in sorted(parts)
        ]
        if outputs and all(isinstance(verdict, Skipped) for verdict in stays):
            return Skipped(record.offset, REROUTED), outputs
        return Several(several.offset, tuple(stays)), outputs

    def _received(
        self, records: Sequence[Any], verdicts: Sequence[Decoded], hops: dict[int, Hop]
    ) -> tuple[list[Decoded], int]:
        kept: list[Decoded] = []
        repeats = 0
        for record, verdict in zip(records, verdicts, strict=True):
            hop = hop_of(record)
            if hop is None:
                kept.append(verdict)
            elif self._key_of is None:
                kept.append(Skipped(record.offset, COPY))
            elif self.forwarded_offsets.passes(hop):
                hops[record.offset] = hop
                kept.append(self._as_published(verdict, hop))
            else:
                repeats += 1
        return kept, repeats

    def _as_published(self, verdict: Decoded, hop: Hop) -> Decoded:
        """An id that was made up from a place in the log is that of the first place."""
        if isinstance(verdict, Several):
            return Several(
                verdict.offset, tuple(self._of_first_place(each, hop) for each in verdict.verdicts)
            )
        return self._of_first_place(verdict, hop)

    def _of_first_place(
        self, verdict: Event | Rejected | Skipped, hop: Hop
    ) -> Event | Rejected | Skipped:
        if not isinstance(verdict, Event) or verdict.source:
            return verdict
        here, _, part = verdict.id.partition("#")
        own = f"{self._topic}/{hop.origin_partition}/{hop.origin_offset}"
        caused = own if verdict.correlation_id == here else verdict.correlation_id
        return msgspec.structs.replace(
            verdict, id=f"{own}#{part}" if part else own, correlation_id=caused
        )

    def _owners(self, unknown: Iterable[str]) -> dict[str, int]:
        """Of keys that were not known to be ours, the partitions of those that are not."""
        names = list(unknown)
        keys = [name.encode() for name in names]
        if len(keys) <= FEW:
            numbers = [partition_of(key, self._count) for key in keys]
        else:
            numbers = partitions_of(keys, self._count).tolist()
        owners = {n: p for n, p in zip(names, numbers, strict=True) if p != self._number}
        if len(self._owned) + len(names) > OWNED_MAX:
            self._owned = {None}
        self._owned.update(name for name in names if name not in owners)
        return owners

    def _forward(
        self, record: Any, key: str, owner: int, came: Hop | None, parts: Sequence[int] = ()
    ) -> Output:
        headers = list(record.headers or ())
        if came is not None:
            headers.pop()
        if parts:
            headers = parts_header(headers, parts)
        first = (self._number, record.offset) if came is None else (came[0], came[1])
        headers.append((FORWARDED, Hop(first[0], first[1], self._number, record.offset).packed()))
        return Output(self._topic, key.encode(), record.value, headers, owner, record.timestamp)
