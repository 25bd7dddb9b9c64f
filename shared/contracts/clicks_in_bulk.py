"""The decoder of clicks, many at a time: plain ones by a compiled loop, all others as ever."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from shopkeeper.shared.bulk import clicks as loop
from shopkeeper.shared.bulk.table import OFFSET

from .decoder import (
    AHEAD_GRACE_MS,
    ENVELOPE_CHARACTERS_MAX,
    EVENT_BYTES_MAX,
    KEY_BYTES_MAX,
    TIME_MS_MIN,
    EventDecoder,
)
from .envelope import Event, Record, Rejected, Several, Skipped
from .event_columns import CLICKED, EventColumns

if TYPE_CHECKING:
    from numpy.typing import NDArray

OTHERS_SHARE_MAX = 0.25  # of records that are not plain: with more, bulk saves nothing
BUFFER_BYTES_MAX = 2**31 - 1  # what a span can point into
_LIMITS = np.empty(loop.LIMITS, np.int64)
_LIMITS[loop.VALUE_BYTES_MAX], _LIMITS[loop.KEY_BYTES_MAX] = EVENT_BYTES_MAX, KEY_BYTES_MAX
_LIMITS[loop.ENVELOPE_MAX], _LIMITS[loop.TIME_MIN] = ENVELOPE_CHARACTERS_MAX, TIME_MS_MIN
_LIMITS[loop.GRACE] = AHEAD_GRACE_MS
_IDENTITY = slice(loop.AT_ID, loop.AT_SOURCE + 1)


class Records(Protocol):
    """Records of one partition as a table (see `runtime.kafka.record_slices.RecordSlice`)."""

    buffer: NDArray[np.uint8]
    table: NDArray[np.int64]

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Record: ...


@dataclass(frozen=True, slots=True)
class DecodedClicks:
    """What became of a slice of records: its events as columns, and verdicts on all others."""

    events: EventColumns
    identities: NDArray[np.int32]  # (events, 2, 2) spans of id and source; of plain ones
    hashes: NDArray[np.uint32]  # (events,) murmur2 of the user's id; of plain ones
    made: list[tuple[int, Event]]  # which of the events are not plain, and these
    others: list[Rejected | Skipped]  # in the order of their offsets


class ClickDecoder(EventDecoder):
    """A decoder of events that may also be given a slice, of which it decodes clicks in bulk."""

    def decode_bulk(self, records: Records) -> DecodedClicks | None:
        """The same verdicts as of `decode`. None where it is to be asked instead: for records that
        hold several events, or that a worker has written, and where few are plain."""
        count = len(records)
        if CLICKED not in self._wanted or len(records.buffer) > BUFFER_BYTES_MAX:
            return None
        kinds = np.empty(count, np.uint8)
        times = np.empty(count, np.int64)
        hashes = np.empty(count, np.uint32)
        spans = np.empty((count, loop.SPANS, 2), np.int32)
        loop.parse_clicks(
            records.buffer, records.table, self._known(), _LIMITS, (kinds, times, hashes, spans)
        )
        plain = kinds == loop.PLAIN
        if plain.all():
            places = np.arange(count)
            return self._decoded(records, places, (plain, times, hashes, spans), {}, [])
        unusual = np.flatnonzero(~plain).tolist()
        if (kinds == loop.OURS).any() or len(unusual) > count * OTHERS_SHARE_MAX:
            return None
        events: dict[int, Event] = {}
        others: list[Rejected | Skipped] = []
        for place, verdict in zip(unusual, self.decode([records[n] for n in unusual]), strict=True):
            if isinstance(verdict, Event):
                events[place] = verdict
                times[place] = verdict.time_ms
            elif isinstance(verdict, Several):
                self.take_dropped()  # `decode` will count them
                return None
            else:
                others.append(verdict)
        kept = plain.copy()
        kept[list(events)] = True
        places = np.flatnonzero(kept)
        spans[unusual] = 0
        columns = plain[places], times[places], hashes[places], spans[places]
        return self._decoded(records, places, columns, events, others)

    def _known(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """The values of ce_type that mean a click, and where each ends."""
        names = [name for name, suffix in self._suffix_of.items() if suffix == CLICKED]
        ends = np.cumsum([len(name) for name in names], dtype=np.int64)
        return np.frombuffer(b"".join(names), np.uint8), ends

    def _decoded(
        self,
        records: Records,
        places: NDArray[np.int64],
        columns: tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.uint32], NDArray[np.int32]],
        events: dict[int, Event],
        others: list[Rejected | Skipped],
    ) -> DecodedClicks:
        plain, times, hashes, spans = columns

        def event_at(place: int) -> Event:
            if place in events:
                return events[place]
            [event] = self.decode([records[place]])
            assert isinstance(event, Event), "the loop takes less for certain than the decoder"
            return event

        return DecodedClicks(
            EventColumns(
                buffer=records.buffer,
                offsets=records.table[places, OFFSET],
                times_ms=times,
                plain=plain,
                users=spans[:, loop.AT_USER].copy(),
                sessions=spans[:, loop.AT_SESSION].copy(),
                products=spans[:, loop.AT_PRODUCT].copy(),
                event_at=event_at,
                places=places,
            ),
            spans[:, _IDENTITY].copy(),
            hashes,
            [(int(np.searchsorted(places, place)), event) for place, event in events.items()],
            others,
        )
