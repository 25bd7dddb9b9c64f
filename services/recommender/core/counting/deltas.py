"""Count deltas, from the users' partitions, which sessionise, to the items', which count.

One record per batch and item partition. An entry of `pairs` adds 1 to c(row, column), an entry of
`visits` adds 1 to n(row) and to the row's count in an hour of event time; each carries the offset
of the event that caused it (its origin). A visit whose user was counted in this hour already says
so: it counts in n(row) alone. Where counts decay, pairs have their hour too (format 2). A record
never ends inside an origin offset, so that the receiver's applied offset, the highest origin offset
folded, is always between events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from ..numeric.items import distinct
from ..numeric.types import CLASS_COUNT
from .learned import JOINED, REPEATED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..numeric.items import ItemIndex
    from .learned import Learned

FORMAT_VERSION = 2  # written only where it says more than 1: with the hours of pairs


class CorruptDelta(ValueError):
    """A record that is not a delta record, or whose parts do not fit together."""


@dataclass(slots=True)
class Deltas:
    """Entries for one item partition, both parts sorted by origin offset. Items are interned."""

    origin_topic: str
    origin_partition: int
    pair_rows: NDArray[np.int64]  # (pairs,)
    pair_columns: NDArray[np.int64]
    pair_classes: NDArray[np.int64]
    pair_offsets: NDArray[np.int64]
    visit_rows: NDArray[np.int64]  # (visits,)
    visit_classes: NDArray[np.int64]
    visit_hours: NDArray[np.int64]  # hours since the Unix epoch, of the event's time
    visit_offsets: NDArray[np.int64]
    pair_hours: NDArray[np.int64] | None = None  # as visit_hours; None where not told
    # (visits,) whether the user was counted in this hour before; None: none was
    visit_repeated: NDArray[np.bool_] | None = None

    @property
    def last_offset(self) -> int:
        """The highest origin offset in it. Every pair comes with a visit of its row's offset or
        of its column's, but perhaps in another partition: so both parts count."""
        last = [int(part[-1]) for part in (self.pair_offsets, self.visit_offsets) if len(part)]
        return max(last, default=-1)

    def after(self, offset: int) -> Deltas:
        """Only the entries with an origin above `offset`."""
        pair = int(np.searchsorted(self.pair_offsets, offset, "right"))
        visit = int(np.searchsorted(self.visit_offsets, offset, "right"))
        return self._part(slice(pair, None), slice(visit, None))

    def halves(self) -> tuple[Deltas, Deltas] | None:
        """Two parts of about equal size, cut between origin offsets; None if there is only one."""
        offsets = np.concatenate([self.pair_offsets, self.visit_offsets])
        offsets.sort()
        cut = cut_of(offsets)
        if cut is None:
            return None
        pair = int(np.searchsorted(self.pair_offsets, cut))
        visit = int(np.searchsorted(self.visit_offsets, cut))
        return (
            self._part(slice(None, pair), slice(None, visit)),
            self._part(slice(pair, None), slice(visit, None)),
        )

    def _part(self, pairs: slice, visits: slice) -> Deltas:
        return Deltas(
            origin_topic=self.origin_topic,
            origin_partition=self.origin_partition,
            pair_rows=self.pair_rows[pairs],
            pair_columns=self.pair_columns[pairs],
            pair_classes=self.pair_classes[pairs],
            pair_offsets=self.pair_offsets[pairs],
            visit_rows=self.visit_rows[visits],
            visit_classes=self.visit_classes[visits],
            visit_hours=self.visit_hours[visits],
            visit_offsets=self.visit_offsets[visits],
            pair_hours=None if self.pair_hours is None else self.pair_hours[pairs],
            visit_repeated=None if self.visit_repeated is None else self.visit_repeated[visits],
        )


def cut_of(offsets: NDArray[np.int64]) -> int | None:
    """The origin offset before which to cut entries into two parts of about equal size; None if
    they are all of one. offsets: ascending."""
    if not len(offsets) or offsets[0] == offsets[-1]:
        return None
    cut = offsets[len(offsets) // 2]
    if cut == offsets[0]:
        cut = offsets[np.searchsorted(offsets, cut, "right")]
    return int(cut)


def deltas_of(
    learned: Learned,
    items: ItemIndex,
    topic: str,
    partition: int,
    partition_count: int,
    with_hours: bool = False,
) -> list[tuple[int, Deltas]]:
    """What a batch taught, by item partition: [(item partition, its entries)], none empty.

    with_hours: pairs too say when they were.
    """
    if not learned:
        return []
    offsets, classes, rows, hours, counts, how = learned.new_columns()
    prior = learned.prior_column()
    new = np.repeat(rows, counts)
    # Both directions side by side, so that offsets stay sorted.
    pair_rows = np.stack([new, prior], axis=1).ravel()
    pair_columns = np.stack([prior, new], axis=1).ravel()
    pair_classes = np.repeat(np.repeat(classes, counts), 2)
    pair_offsets = np.repeat(np.repeat(offsets, counts), 2)
    pair_hours = np.repeat(np.repeat(hours, counts), 2) if with_hours else None
    repeated = how == REPEATED if (how == REPEATED).any() else None
    pair_owner = items.partition_of(pair_rows, partition_count)
    if (how == JOINED).any():  # they were visited, and counted, where their session began
        visited = how != JOINED
        offsets, classes, rows, hours = (
            column[visited] for column in (offsets, classes, rows, hours)
        )
        repeated = None if repeated is None else repeated[visited]
    visit_owner = items.partition_of(rows, partition_count)
    found: list[tuple[int, Deltas]] = []
    for owner in range(partition_count):
        p, v = pair_owner == owner, visit_owner == owner
        if p.any() or v.any():
            found.append(
                (
                    owner,
                    Deltas(
                        origin_topic=topic,
                        origin_partition=partition,
                        pair_rows=pair_rows[p],
                        pair_columns=pair_columns[p],
                        pair_classes=pair_classes[p],
                        pair_offsets=pair_offsets[p],
                        visit_rows=rows[v],
                        visit_classes=classes[v],
                        visit_hours=hours[v],
                        visit_offsets=offsets[v],
                        pair_hours=None if pair_hours is None else pair_hours[p],
                        visit_repeated=None if repeated is None else repeated[v],
                    ),
                )
            )
    return found


def encode(deltas: Deltas, items: ItemIndex, bytes_max: int) -> list[bytes]:
    """One record, or more where one would exceed `bytes_max` (unless a single event does)."""
    encoded = _encode(deltas, items)
    if len(encoded) > bytes_max and (halves := deltas.halves()) is not None:
        return [record for half in halves for record in encode(half, items, bytes_max)]
    return [encoded]


def decode(record: bytes | None, items: ItemIndex) -> Deltas:
    """The entries of a record. Raises CorruptDelta, before any item is interned."""
    try:
        packed = msgspec.msgpack.decode(record or b"", type=_Record)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CorruptDelta(str(error)) from None
    if not 1 <= packed.format_version <= FORMAT_VERSION:
        raise CorruptDelta(f"format {packed.format_version}, not 1 to {FORMAT_VERSION}")
    try:
        pair = [np.frombuffer(b, np.int32) for b in (packed.pair_rows, packed.pair_columns)]
        pair.append(np.frombuffer(packed.pair_classes, np.uint8))
        pair.append(np.frombuffer(packed.pair_offsets, np.uint32))
        visit = [np.frombuffer(packed.visit_rows, np.int32)]
        visit.append(np.frombuffer(packed.visit_classes, np.uint8))
        visit.append(np.frombuffer(packed.visit_hours, np.int32))
        visit.append(np.frombuffer(packed.visit_offsets, np.uint32))
        told = np.frombuffer(packed.hour_offsets, np.uint32), np.frombuffer(packed.hours, np.int32)
    except ValueError as error:
        raise CorruptDelta(str(error)) from None
    for part in (pair, visit):
        if len({len(column) for column in part}) != 1:
            raise CorruptDelta("columns of different lengths")
        if np.any(np.diff(part[-1].astype(np.int64)) < 0):
            raise CorruptDelta("origin offsets out of order")
    for column in (pair[0], pair[1], visit[0]):
        if len(column) and (column.min() < 0 or column.max() >= len(packed.items)):
            raise CorruptDelta("an item index out of range")
    for column in (pair[2], visit[1]):
        if len(column) and column.max() >= CLASS_COUNT:
            raise CorruptDelta("an unknown event class")
    repeated = np.frombuffer(packed.visit_repeated, np.uint8) > 0
    if len(repeated) not in (0, len(visit[0])):
        raise CorruptDelta("columns of different lengths")
    pair_hours = None
    if packed.format_version > 1:
        origins, first = np.unique(pair[3], return_inverse=True)
        if not np.array_equal(origins, told[0]) or len(origins) != len(told[1]):
            raise CorruptDelta("pairs without their hours")
        pair_hours = told[1][first].astype(np.int64)
    ids = items.intern_all(packed.items)
    return Deltas(
        origin_topic=packed.origin_topic,
        origin_partition=packed.origin_partition,
        pair_rows=ids[pair[0]],
        pair_columns=ids[pair[1]],
        pair_classes=pair[2].astype(np.int64),
        pair_offsets=pair[3].astype(np.int64) + packed.base_offset,
        visit_rows=ids[visit[0]],
        visit_classes=visit[1].astype(np.int64),
        visit_hours=visit[2].astype(np.int64),
        visit_offsets=visit[3].astype(np.int64) + packed.base_offset,
        pair_hours=pair_hours,
        visit_repeated=repeated if len(repeated) else None,
    )


class _Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """Offsets are uint32 above `base_offset`, items are int32 places in `items`, classes uint8,
    hours int32. Every entry counts 1. `hours` are those of pairs, one for each distinct offset.
    `visit_repeated`, uint8, is empty where no visit is repeated."""

    format_version: int
    origin_topic: str
    origin_partition: int
    base_offset: int
    items: list[str]
    pair_rows: bytes
    pair_columns: bytes
    pair_classes: bytes
    pair_offsets: bytes
    visit_rows: bytes
    visit_classes: bytes
    visit_hours: bytes
    visit_offsets: bytes
    hour_offsets: bytes = b""
    hours: bytes = b""
    visit_repeated: bytes = b""


def _encode(deltas: Deltas, items: ItemIndex) -> bytes:
    pairs = len(deltas.pair_rows)
    used, places = distinct(
        np.concatenate([deltas.pair_rows, deltas.pair_columns, deltas.visit_rows]), items.capacity
    )
    places = places.astype(np.int32)
    base = min(
        (int(part[0]) for part in (deltas.pair_offsets, deltas.visit_offsets) if len(part)),
        default=0,
    )
    names = items.product_ids
    told = np.zeros(0, np.int64), np.zeros(0, np.intp)
    if deltas.pair_hours is not None:
        told = np.unique(deltas.pair_offsets, return_index=True)
    return msgspec.msgpack.encode(
        _Record(
            format_version=1 if deltas.pair_hours is None else FORMAT_VERSION,
            origin_topic=deltas.origin_topic,
            origin_partition=deltas.origin_partition,
            base_offset=base,
            items=[names[item] for item in used.tolist()],
            pair_rows=places[:pairs].tobytes(),
            pair_columns=places[pairs : 2 * pairs].tobytes(),
            pair_classes=deltas.pair_classes.astype(np.uint8).tobytes(),
            pair_offsets=(deltas.pair_offsets - base).astype(np.uint32).tobytes(),
            visit_rows=places[2 * pairs :].tobytes(),
            visit_classes=deltas.visit_classes.astype(np.uint8).tobytes(),
            visit_hours=deltas.visit_hours.astype(np.int32).tobytes(),
            visit_offsets=(deltas.visit_offsets - base).astype(np.uint32).tobytes(),
            hour_offsets=(told[0] - base).astype(np.uint32).tobytes(),
            hours=b""
            if deltas.pair_hours is None
            else deltas.pair_hours[told[1]].astype(np.int32).tobytes(),
            visit_repeated=b""
            if deltas.visit_repeated is None
            else deltas.visit_repeated.astype(np.uint8).tobytes(),
        )
    )
