"""Whole slices of records turned into events at once: decoded, looked up, repeats dropped.

What comes of it is what one record at a time would give; where a slice is unusual, nothing does,
and nothing has changed: then `PartitionState` goes through its records (docs/decisions/0075).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from xxhash import xxh3_128_digest

from shopkeeper.shared.bulk.clicks import pack_identities

from ..kafka import slicing
from ..kafka.sink import partition_of
from .deduplicator import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopkeeper.shared.contracts.clicks_in_bulk import ClickDecoder, DecodedClicks
    from shopkeeper.shared.contracts.envelope import Event, Rejected, Skipped
    from shopkeeper.shared.contracts.event_columns import EventColumns

    from ..kafka.record_slices import RecordSlice
    from .deduplicator import RecentIds

_POSITIVE = np.uint32(0x7FFFFFFF)


class Taken(NamedTuple):
    """What became of a slice: each record is an event, a repeat, or one of the others."""

    events: EventColumns
    repeats: int
    others: list[Rejected | Skipped]


class SliceTaker:
    """Takes the slices of one partition.

    number, count, key_of: as of `PartitionState`; the key of a click is its user (`Source.bulk`).
    """

    def __init__(
        self,
        decoder: ClickDecoder,
        recent: RecentIds,
        number: int,
        count: int | None,
        key_of: Callable[[Event], str | None] | None,
    ) -> None:
        self._decoder, self._recent = decoder, recent
        self._number, self._count, self._key_of = number, count, key_of

    def take(self, records: RecordSlice) -> Taken | None:
        """Remembers the ids of the events. None, and nothing is changed, where the records are to
        be gone through one by one."""
        decoded = self._decoder.decode_bulk(records)
        if decoded is None or not self.all_ours(decoded):
            self._decoder.take_dropped()  # what was left out will be counted again
            slicing.pass_over(records)
            return None
        return self.without_repeats(decoded)

    def without_repeats(self, decoded: DecodedClicks) -> Taken:
        """The events that were not seen before; remembers their ids."""
        events, others = decoded.events, decoded.others
        digests = _digests(decoded)
        # An id made up from topic, partition and offset cannot repeat.
        nameless = [place for place, event in decoded.made if not event.source]
        for place in reversed(nameless):
            del digests[place]
        seen = self._recent.seen_many(digests)
        for place in nameless:
            seen.insert(place, False)
        if not any(seen):
            return Taken(events, 0, others)
        new = ~np.array(seen, np.bool_)
        return Taken(events.select(new), len(events) - int(np.count_nonzero(new)), others)

    def all_ours(self, decoded: DecodedClicks) -> bool:
        """Whether every event belongs to this partition."""
        key_of, count = self._key_of, self._count
        if count is None or key_of is None:
            return True
        owners = (decoded.hashes & _POSITIVE) % np.uint32(count)
        if (owners[decoded.events.plain] != self._number).any():
            return False
        keys = [key_of(event) for _, event in decoded.made]
        return all(key is None or partition_of(key.encode(), count) == self._number for key in keys)


def _digests(decoded: DecodedClicks) -> list[bytes]:
    """By event, what `RecentIds` knows it by."""
    spans = decoded.identities
    packed = np.empty(int(spans[:, :, 1].sum()) + len(spans), np.uint8)
    ends = np.empty(len(spans), np.int64)
    pack_identities(decoded.events.buffer, spans, packed, ends)
    texts, stops = packed.tobytes(), ends.tolist()
    digests = [
        xxh3_128_digest(texts[start:end])
        for start, end in zip([0, *stops[:-1]], stops, strict=True)
    ]
    for place, event in decoded.made:
        digests[place] = digest_of(event.source, event.id)
    return digests
