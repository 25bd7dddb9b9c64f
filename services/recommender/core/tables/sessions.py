"""Sessions of all users, indexed by item: what neighbour sessions and sequences are read from.

The index of VMIS-kNN (Kersbergen, Sprangers and Schelter, "Serenade: low-latency session-based
recommendation in e-commerce at scale", SIGMOD 2022), made to be updated by each event: the newest
sessions in a ring, and from each place of an item in a session a link to the place where that item
had come up before. So the newest sessions with an item are a walk along links; adding an item to a
session is O(1); and a session that falls out of the ring needs no cleaning up, because every link
that leads to it is seen to be too old.

Fed by the internal topic of session items, which every worker reads whole: lists do not depend on
how many partitions or workers there are. It holds no user: sessions are numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from shopkeeper.shared.contracts import topics

from ..counting.deltas import cut_of
from ..numeric.arrays import grown
from ..numeric.items import distinct
from ..numeric.jit import jit
from ..numeric.ring_numbers import RingNumbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from shopkeeper.shared.contracts.envelope import KeyValue

    from ..counting.learned import Learned
    from ..numeric.items import ItemIndex
    from ..vectors.item2vec import ItemVectors

FORMAT_VERSION = 1
HEAT_HALF_LIFE = 50_000.0  # events, whatever the item
ORIGIN_BITS = 16
SESSIONS_AT_FIRST = 1024
NO_LINK = 0  # no place is 0 places before itself


@dataclass(slots=True)
class SessionItems:
    """Items of sessions of one partition, in the order of the log; repeats included."""

    origin: int  # the partition
    sessions: NDArray[np.int64]  # (events,) offset of the event that began the session
    items: NDArray[np.int64]
    offsets: NDArray[np.int64]


class SessionIndex:
    """The newest sessions, by item.

    sessions_max: how many. session_items_max: distinct items of each, the first ones. vectors:
    learn from every item put into a session.
    """

    topic = topics.SESSION_ITEMS

    def __init__(
        self,
        items: ItemIndex,
        sessions_max: int,
        session_items_max: int,
        vectors: ItemVectors | None = None,
    ) -> None:
        self._items, self._vectors = items, vectors
        self._sessions_max, self.width = sessions_max, session_items_max
        size = min(SESSIONS_AT_FIRST, sessions_max)
        # By slot, which is the session's number modulo their count.
        # (slots, width, 2) an item (-1: no more), and how many places back it came up before: both
        # in one line of the cache, for a walk is a chain of cache misses.
        self.entries: NDArray[np.int32] = np.full((size, self.width, 2), -1, np.int32)
        self.lengths: NDArray[np.int32] = np.zeros(size, np.int32)
        self._last: NDArray[np.int32] = np.full(size, -1, np.int32)  # item that came last
        # By item. A place is session number * width + position.
        self.heads: NDArray[np.int64] = np.full(1024, -1, np.int64)  # newest place
        self.heat: NDArray[np.float64] = np.zeros(1024)  # events, halved every HEAT_HALF_LIFE
        self.heat_at: NDArray[np.int64] = np.zeros(1024, np.int64)
        # Events; of them in a session that had the item already; and directly after itself.
        self.returns: NDArray[np.int32] = np.zeros((1024, 3), np.int32)
        self.totals: NDArray[np.int64] = np.zeros(3, np.int64)  # of `returns`
        self._numbers = RingNumbers(size, sessions_max)  # of sessions by key
        self._applied_offsets: dict[int, int] = {}  # origin -> highest offset taken in
        self.junk = 0

    def __len__(self) -> int:
        return len(self._numbers)

    def apply(self, records: Sequence[KeyValue]) -> None:
        """Take records of the session items topic in; junk is counted and passed over."""
        for _, value in records:
            try:
                self.add(decode(value or b"", self._items))
            except (msgspec.MsgspecError, ValueError):
                self.junk += 1

    def number_of(self, origin: int, session: int) -> int:
        """The number of a session by its partition and first offset; -1 if it is not held."""
        return self._numbers.get(_key(origin, session))

    @property
    def newest(self) -> int:
        """The number of the session that began last."""
        return self._numbers.newest

    def add(self, seen: SessionItems) -> None:
        """Take items in; what lies at or below the highest offset known changes nothing."""
        applied = self._applied_offsets.get(seen.origin, -1)
        sessions, items = seen.sessions, seen.items
        if len(seen.offsets) and seen.offsets[0] <= applied:
            new = int(np.searchsorted(seen.offsets, applied, "right"))
            sessions, items = sessions[new:], items[new:]
        if not len(items):
            return
        self._applied_offsets[seen.origin] = int(seen.offsets[-1])
        self.reserve()
        newest = self.newest
        numbers = self._numbers.number(sessions << ORIGIN_BITS | seen.origin)
        if (size := self._numbers.size) > len(self.lengths):
            # Before the ring has gone round once a slot is the number itself, so it may grow.
            self.entries = grown(self.entries, size, -1)
            self.lengths = grown(self.lengths, size)
            self._last = grown(self._last, size, -1)
        self._insert(numbers, items, newest)

    def reserve(self) -> None:
        """Make the arrays by item cover every interned item."""
        if self._vectors is not None:
            self._vectors.reserve(self._items.capacity)
        if self._items.capacity > len(self.heads):
            capacity = self._items.capacity
            self.heads = grown(self.heads, capacity, -1)
            self.heat = grown(self.heat, capacity)
            self.heat_at = grown(self.heat_at, capacity)
            self.returns = grown(self.returns, capacity)

    def warm(self) -> None:
        """Have the compiled loop ready."""
        nothing = np.zeros(0, np.int64)
        self._insert(nothing, nothing, -1)

    def _insert(self, numbers: NDArray[np.int64], items: NDArray[np.int64], newest: int) -> None:
        vectors = self._vectors
        contexts = np.full((len(items), vectors.window if vectors else 0), -1, np.int32)
        _insert(
            numbers=numbers,
            items=items,
            entries=self.entries,
            lengths=self.lengths,
            last=self._last,
            heads=self.heads,
            heat=self.heat,
            heat_at=self.heat_at,
            returns=self.returns,
            totals=self.totals,
            newest=newest,
            contexts=contexts,
        )
        if vectors:
            vectors.learn(items, contexts)


def _key(origin: int, session: int) -> int:
    return session << ORIGIN_BITS | origin


@jit
def _insert(
    numbers: NDArray[np.int64],
    items: NDArray[np.int64],
    entries: NDArray[np.int32],
    lengths: NDArray[np.int32],
    last: NDArray[np.int32],
    heads: NDArray[np.int64],
    heat: NDArray[np.float64],
    heat_at: NDArray[np.int64],
    returns: NDArray[np.int32],
    totals: NDArray[np.int64],
    newest: int,
    contexts: NDArray[np.int32],
) -> None:
    """Put each item at the end of its session, unless it is there or the session is full.

    numbers: (events,) of the sessions; one above `newest`, and above those before, begins here.
    contexts: (events, window) of -1, filled with what was there before an item, newest first.
    """
    size, width, _ = entries.shape
    for event in range(len(items)):
        item, number = items[event], numbers[event]
        totals[0] += 1
        heat[item] = heat[item] * 0.5 ** ((totals[0] - heat_at[item]) / HEAT_HALF_LIFE) + 1.0
        heat_at[item] = totals[0]
        returns[item, 0] += 1
        slot = number % size
        if number > newest:
            newest = number
            lengths[slot], last[slot] = 0, -1
            entries[slot, :, 0] = -1
        elif number <= newest - size:
            continue  # it fell out of the ring while this record was read
        if last[slot] == item:
            returns[item, 2] += 1
            totals[2] += 1
        last[slot] = item
        length = lengths[slot]
        known = False
        for place in range(length):
            if entries[slot, place, 0] == item:
                known = True
                break
        if known:
            returns[item, 1] += 1
            totals[1] += 1
        elif length < width:
            place = number * width + length
            back = place - heads[item]
            # A place of a session that has left the ring is no place; nor is one so far away.
            linked = heads[item] >= 0 and -size * width < back < size * width
            entries[slot, length, 0] = item
            entries[slot, length, 1] = back if linked else NO_LINK
            heads[item] = place
            lengths[slot] = length + 1
            for nth in range(min(contexts.shape[1], length)):
                contexts[event, nth] = entries[slot, length - 1 - nth, 0]


class _Record(msgspec.Struct, frozen=True):
    """Offsets are uint32 above `base_offset`, items are int32 places in `items`, sessions int64."""

    format_version: int
    origin_partition: int
    base_offset: int
    items: list[str]
    sessions: bytes
    places: bytes
    offsets: bytes


def encode(learned: Learned, origin: int, items: ItemIndex, bytes_max: int) -> list[bytes]:
    """What a batch taught, as one record, or more where one would exceed `bytes_max` (unless a
    single event does); none if it taught nothing. About 16 bytes an event, and the ids."""
    offsets, sessions, seen_items = learned.seen_columns()
    seen = SessionItems(origin, sessions, seen_items, offsets)
    return _encode(seen, items, bytes_max) if len(seen.items) else []


def _encode(seen: SessionItems, items: ItemIndex, bytes_max: int) -> list[bytes]:
    used, places = distinct(seen.items, items.capacity)
    offsets = seen.offsets
    base = int(offsets[0])
    names = items.product_ids
    record = msgspec.msgpack.encode(
        _Record(
            format_version=FORMAT_VERSION,
            origin_partition=seen.origin,
            base_offset=base,
            items=[names[item] for item in used.tolist()],
            sessions=seen.sessions.tobytes(),
            places=places.astype(np.int32).tobytes(),
            offsets=(offsets - base).astype(np.uint32).tobytes(),
        )
    )
    if len(record) <= bytes_max or (cut := cut_of(offsets)) is None:
        return [record]
    middle = int(np.searchsorted(offsets, cut))
    halves = (slice(None, middle), slice(middle, None))
    return [
        part
        for half in halves
        for part in _encode(
            SessionItems(seen.origin, seen.sessions[half], seen.items[half], offsets[half]),
            items,
            bytes_max,
        )
    ]


def decode(record: bytes, items: ItemIndex) -> SessionItems:
    """Raises ValueError or msgspec.MsgspecError, before any item is interned."""
    packed = msgspec.msgpack.decode(record, type=_Record)
    if packed.format_version != FORMAT_VERSION or not 0 <= packed.origin_partition < 1 << 16:
        raise ValueError("not a record of session items")
    sessions = np.frombuffer(packed.sessions, np.int64)
    places = np.frombuffer(packed.places, np.int32)
    offsets = np.frombuffer(packed.offsets, np.uint32).astype(np.int64) + packed.base_offset
    if not len(sessions) == len(places) == len(offsets):
        raise ValueError("columns of different lengths")
    if np.any(np.diff(offsets) < 0):
        raise ValueError("offsets out of order")
    if len(places) and not 0 <= places.min() <= places.max() < len(packed.items):
        raise ValueError("an item index out of range")
    ids = items.intern_all(packed.items)
    return SessionItems(packed.origin_partition, sessions, ids[places], offsets)
