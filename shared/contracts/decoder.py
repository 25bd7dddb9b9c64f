"""The decoder: every record that comes in becomes one `Event`, `Rejected` or `Skipped`.

Accepted are CloudEvents 1.0 in binary mode (ce_ headers) and structured mode (content type
application/cloudevents+json), bare JSON without headers (so that a console producer works), and
any of them behind Confluent's framing (byte 0 and a 4-byte schema id). Nothing that a producer
can send raises: what cannot be used is rejected, alone, with a label from a closed set.

orjson parses strictly (UTF-8, no NaN, no lone surrogates, bounded depth); msgspec then checks the
fields by type. Both are compiled; a small click costs about 3 microseconds.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from . import topics
from .aliases import suffix_of_name, to_our_names
from .envelope import Event, Rejected, Skipped
from .events.shop import SHOP_TYPES
from .parsing import Refused, label_of, optional_id, parse, time_ms_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

EVENT_BYTES_MAX = 262_144
# Keys and envelope fields go on into the headers of every output, so they are bounded as well: a
# megabyte of ce_id would make an output that no broker takes, and a failed delivery stops a worker.
KEY_BYTES_MAX = 2048  # 512 characters, the longest id, in UTF-8
ENVELOPE_CHARACTERS_MAX = 1024  # of ce_id, ce_source and ce_correlationid each
TOO_LONG = f"id, source or correlation id of over {ENVELOPE_CHARACTERS_MAX} characters"
TRACEPARENT_BYTES = 55  # W3C trace context, version 00
TIME_MS_MIN = 946_684_800_000  # 2000-01-01: anything older is a unit mistake or a broken clock
AHEAD_MS_MAX = 86_400_000
NO_SOURCE = "unknown"  # of an event with an id of its own but no source; "" = the id is made up
BARE_TIMES = ("time", "timestamp", "timestamp_micros")
STRUCTURED = b"application/cloudevents"
KNOWN_TYPES = frozenset(SHOP_TYPES) | {t for topic in topics.ALL for t in topic.types}

# What an empty value says: the product of its key is gone, or its reviews are, or the one review
# that `ce_subject` names.
REVIEWED, WITHDRAWN = "product.reviewed.v1", "review.withdrawn.v1"
MAY_BE_EMPTY = frozenset({"product.catalogued.v1", REVIEWED, WITHDRAWN})

SKIPS = frozenset({"other_type", "unknown_type"})  # what `Skipped.reason` can be

Decoded = Event | Rejected | Skipped


class Record(Protocol):
    """What the decoder needs of a consumer's record."""

    offset: int
    partition: int
    timestamp: int  # milliseconds
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class EventDecoder:
    """The decoder of one topic for one worker.

    topic: unprefixed name. wanted: type suffixes that the worker handles; other known types are
    skipped. service: unknown types are rejected only by the topic's owner, skipped by others.
    type_prefix: reverse-DNS prefix of types; a type without it is accepted by its suffix alone.
    """

    def __init__(self, topic: str, wanted: Collection[str], service: str, type_prefix: str) -> None:
        spec = topics.BY_NAME[topic]
        self._topic = topic
        self._owner = spec.owner == service
        self._default_type = spec.default_type
        self._wanted = {suffix: SHOP_TYPES[suffix] for suffix in wanted}
        self._suffix_of: dict[bytes, str] = {}
        for suffix in KNOWN_TYPES:
            self._suffix_of[suffix.encode()] = suffix
            self._suffix_of[(type_prefix + suffix).encode()] = suffix

    def decode(self, records: Iterable[Record]) -> list[Decoded]:
        """One verdict per record, in order. Never raises for anything that a record holds."""
        decode_one = self._decode
        verdicts: list[Decoded] = []
        for record in records:
            try:
                verdicts.append(decode_one(record))
            except Refused as refused:
                stage, error, message = refused.args
                verdicts.append(Rejected(record.offset, stage, error, message))
            except UnicodeDecodeError:
                message = "an envelope header is not UTF-8"
                verdicts.append(Rejected(record.offset, "decode", "invalid_utf8", message))
        return verdicts

    def _decode(self, record: Record) -> Event | Skipped:
        value, key = record.value, record.key
        if value is not None and len(value) > EVENT_BYTES_MAX:
            raise Refused("decode", "too_large", f"{len(value)} bytes, {EVENT_BYTES_MAX} allowed")
        if key is not None and len(key) > KEY_BYTES_MAX:
            raise Refused("decode", "too_large", f"a key of over {KEY_BYTES_MAX} bytes")
        headers = dict(record.headers or ())
        content_type = headers.get("content-type")
        if content_type and content_type[:23].lower() == STRUCTURED:
            return self._structured(record, headers)
        if headers.get("ce_type") is not None:
            return self._binary(record, headers)
        return self._bare(record, headers)

    # -- the three modes

    def _binary(self, record: Record, headers: dict[str, bytes]) -> Event | Skipped:
        suffix = self._suffix_of.get(headers["ce_type"])
        if suffix not in self._wanted:
            return self._unwanted(record, suffix)
        if not record.value:
            time_header, id_header = headers.get("ce_time"), headers.get("ce_id")
            return self._tombstone(
                record,
                suffix,
                record.timestamp if time_header is None else time_ms_of(time_header.decode()),
                id_header.decode() if id_header else None,
                (headers.get("ce_source") or b"").decode(),
                headers,
            )
        data = parse(record.value)
        time = headers.get("ce_time")
        time_ms = record.timestamp if time is None else time_ms_of(time.decode())
        event_id = headers.get("ce_id")
        return self._event(
            record,
            suffix,
            data,
            time_ms,
            event_id.decode() if event_id else None,
            (headers.get("ce_source") or b"").decode(),
            headers=headers,
        )

    def _structured(self, record: Record, headers: dict[str, bytes]) -> Event | Skipped:
        if not record.value:
            raise Refused("validate", "empty_value", "an empty value in structured mode")
        envelope = parse(record.value)
        name = envelope.get("type")
        if not isinstance(name, str):
            raise Refused("validate", "missing_field", "missing required field `type`")
        suffix = self._suffix_of.get(name.encode())
        if suffix not in self._wanted:
            return self._unwanted(record, suffix)
        data = envelope.get("data")
        if "data_base64" in envelope:
            try:
                decoded = base64.b64decode(envelope["data_base64"], validate=True)
            except (binascii.Error, TypeError, ValueError):
                raise Refused("decode", "invalid_base64", "`data_base64` is not base64") from None
            data = parse(decoded) if decoded else None
        for name in ("correlationid", "traceparent", "subject"):  # as in the headers
            extension = envelope.get(name)
            if isinstance(extension, str):
                header = name if name == "traceparent" else f"ce_{name}"
                headers.setdefault(header, extension.encode())
        time = envelope.get("time")
        time_ms = record.timestamp if time is None else time_ms_of(time)
        event_id = optional_id(envelope, "id")
        source = optional_id(envelope, "source") or ""
        if data is None:
            return self._tombstone(record, suffix, time_ms, event_id, source, headers)
        if not isinstance(data, dict):
            raise Refused("decode", "not_an_object", "`data` is not a JSON object")
        return self._event(record, suffix, data, time_ms, event_id, source, headers=headers)

    def _bare(self, record: Record, headers: dict[str, bytes]) -> Event | Skipped:
        suffix: str | None = self._default_type
        if not record.value:
            if suffix not in self._wanted:
                return Skipped(record.offset, "other_type")
            return self._tombstone(record, suffix, record.timestamp, None, "", headers)
        data = parse(record.value)
        if "type" in data or "event" in data:
            suffix = self._named(data.get("type"), data.get("event"))
        if suffix not in self._wanted:
            return self._unwanted(record, suffix)
        data = to_our_names(suffix, data)
        time = next((data[name] for name in BARE_TIMES if data.get(name) is not None), None)
        return self._event(
            record,
            suffix,
            data,
            record.timestamp if time is None else time_ms_of(time),
            optional_id(data, "id") or optional_id(data, "message_id"),
            "",
            headers=headers,
        )

    def _named(self, kind: Any, event: Any) -> str | None:
        """The type that a bare record names, its default if it names none, None if unknown.

        `type` goes first; Segment's own envelope says `"type": "track"` and names it in `event`.
        """
        if kind is None and not isinstance(event, str):
            return self._default_type
        for name in (kind, event):
            if isinstance(name, str):
                suffix = self._suffix_of.get(name.encode()) or suffix_of_name(name)
                if suffix is not None:
                    return suffix
        return None

    # -- what they have in common

    def _unwanted(self, record: Record, suffix: str | None) -> Skipped:
        if suffix is None:
            if self._owner:
                raise Refused("validate", "unknown_type", "no schema knows this type")
            return Skipped(record.offset, "unknown_type")
        return Skipped(record.offset, "other_type")

    def _tombstone(
        self,
        record: Record,
        suffix: str,
        time_ms: int,
        event_id: str | None,
        source: str,
        headers: dict[str, bytes],
    ) -> Event | Skipped:
        if suffix not in MAY_BE_EMPTY:
            raise Refused("validate", "empty_value", "an empty value means nothing here")
        if not record.key:
            raise Refused("validate", "missing_key", "a removal needs the product id as its key")
        product_id = record.key.decode()  # so it is text
        review_id = headers.get("ce_subject")
        if review_id and suffix in (REVIEWED, WITHDRAWN):
            if WITHDRAWN not in self._wanted:
                return Skipped(record.offset, "other_type")
            named = {"product_id": product_id, "review_id": review_id.decode()}
            return self._event(record, WITHDRAWN, named, time_ms, event_id, source, headers=headers)
        return self._make(record, suffix, None, time_ms, event_id, source, headers=headers)

    def _event(
        self,
        record: Record,
        suffix: str,
        data: Any,
        time_ms: int,
        event_id: str | None,
        source: str,
        *,
        headers: dict[str, bytes],
    ) -> Event:
        try:
            checked = msgspec.convert(data, self._wanted[suffix], strict=True)
        except msgspec.ValidationError as error:
            raise Refused("validate", label_of(str(error)), str(error)) from None
        return self._make(record, suffix, checked, time_ms, event_id, source, headers=headers)

    def _make(
        self,
        record: Record,
        suffix: str,
        data: Any,
        time_ms: int,
        event_id: str | None,
        source: str,
        *,
        headers: dict[str, bytes],
    ) -> Event:
        if time_ms < TIME_MS_MIN:
            raise Refused("validate", "time_too_old", "the event's time is before 2000")
        if time_ms > record.timestamp + AHEAD_MS_MAX:
            # Ahead of the record's own timestamp, not of our clock: a replay must decide alike.
            # (That timestamp is bounded by the broker's message.timestamp.after.max.ms.)
            raise Refused("validate", "time_ahead", "the event's time is over 24 h ahead")
        if event_id is None:  # made up from its place in the log, so it can have no repeat
            event_id, source = f"{self._topic}/{record.partition}/{record.offset}", ""
        elif not source:
            source = NO_SOURCE
        correlation_bytes = headers.get("ce_correlationid")
        correlation = correlation_bytes.decode() if correlation_bytes else event_id
        if len(event_id) + len(source) + len(correlation) > ENVELOPE_CHARACTERS_MAX:
            longest = max(len(event_id), len(source), len(correlation))
            if longest > ENVELOPE_CHARACTERS_MAX:
                raise Refused("validate", "too_long", TOO_LONG)
        trace = headers.get("traceparent")
        if trace is not None and len(trace) != TRACEPARENT_BYTES:
            trace = None  # W3C: one that cannot be parsed is ignored, never an error
        return Event(
            suffix,
            data,
            record.key,
            record.offset,
            time_ms,
            event_id,
            source=source,
            correlation_id=correlation,
            traceparent=trace,
        )
