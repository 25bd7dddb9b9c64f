"""Decoders of one partition's records: of internal formats, and of what partitions tell each other.

The decoders of events are `contracts.decoder` and `contracts.clicks_in_bulk`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Protocol

from shopkeeper.shared.contracts.envelope import HANDOVER, Decoded, Event, Rejected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..api.service import Handovers


class Decoder(Protocol):
    """Turns records into verdicts, one each, in order (see contracts.decoder.EventDecoder)."""

    def decode(self, records: Sequence[Any]) -> Sequence[Decoded]: ...

    def take_dropped(self) -> Counter[str]: ...


class RawDecoder:
    """For internal formats: hands every record on as it is."""

    def __init__(self, topic: str, event_type: str) -> None:
        self._topic, self._type = topic, event_type

    def decode(self, records: Sequence[Any]) -> list[Decoded]:
        return [
            Event(
                self._type,
                r.value,
                r.key,
                r.offset,
                r.timestamp,
                id="",
                source="",
                correlation_id="",
            )
            for r in records
        ]

    def take_dropped(self) -> Counter[str]:
        return Counter()


class HandoverDecoder:
    """Beside a decoder of events: decodes what the partitions of the topic tell each other."""

    def __init__(self, decoder: Decoder, handovers: Handovers) -> None:
        self._decoder, self._handovers = decoder, handovers
        # What partitions tell each other, it leaves to `decode`.
        self.decode_bulk = getattr(decoder, "decode_bulk", None)

    def take_dropped(self) -> Counter[str]:
        """As of the decoder of events."""
        return self._decoder.take_dropped()

    def decode(self, records: Sequence[Any]) -> Sequence[Decoded]:
        """One verdict per record, in order."""
        told = [n for n, r in enumerate(records) if r.headers and r.headers[0][0] == HANDOVER]
        if not told:
            return self._decoder.decode(records)
        left = set(told)
        verdicts = list(self._decoder.decode([r for n, r in enumerate(records) if n not in left]))
        for place in told:
            verdicts.insert(place, self._one(records[place]))
        return verdicts

    def _one(self, record: Any) -> Event | Rejected:
        try:
            data, time_ms = self._handovers.decode(record.value or b"")
        except ValueError as error:
            return Rejected(record.offset, "decode", "corrupt_handover", str(error))
        return Event(
            self._handovers.event_type,
            data,
            record.key,
            record.offset,
            time_ms,
            id="",
            source="",
            correlation_id="",
        )
