"""The door: every record that comes in becomes one `Event`, `Rejected` or `Skipped`.

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
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import orjson

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.aliases import ga4_to_segment, suffix_of_name
from shopkeeper.shared.contracts.event import Event, Rejected, Skipped
from shopkeeper.shared.contracts.shop import SHOP_TYPES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

EVENT_BYTES_MAX = 262_144
TIME_MS_MIN = 946_684_800_000  # 2000-01-01: anything older is a unit mistake or a broken clock
AHEAD_MS_MAX = 86_400_000
STRUCTURED = b"application/cloudevents"
KNOWN_TYPES = frozenset(SHOP_TYPES) | {t for topic in topics.ALL for t in topic.types}

Verdict = Event | Rejected | Skipped


class Record(Protocol):
    """What the door needs of a consumer's record."""

    offset: int
    partition: int
    timestamp: int  # milliseconds
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class _Refused(Exception):
    """Internal: carries stage, error and message to the one place that makes a `Rejected`."""


class Door:
    """The door of one topic for one worker.

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

    def decode(self, records: Iterable[Record]) -> list[Verdict]:
        """One verdict per record, in order. Never raises for anything that a record holds."""
        decode_one = self._decode
        verdicts: list[Verdict] = []
        for record in records:
            try:
                verdicts.append(decode_one(record))
            except _Refused as refused:
                stage, error, message = refused.args
                verdicts.append(Rejected(record.offset, stage, error, message))
        return verdicts

    def _decode(self, record: Record) -> Event | Skipped:
        value = record.value
        headers = dict(record.headers) if record.headers else {}
        if value is not None and len(value) > EVENT_BYTES_MAX:
            raise _Refused("decode", "too_large", f"{len(value)} bytes, {EVENT_BYTES_MAX} allowed")
        if (headers.get("content-type") or b"")[:23].lower() == STRUCTURED:
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
            return self._tombstone(record, suffix, headers)
        data = _parse(record.value)
        time = headers.get("ce_time")
        time_ms = record.timestamp if time is None else _time_ms(_text(time))
        event_id = headers.get("ce_id")
        return self._event(
            record, suffix, data, time_ms,
            _text(event_id) if event_id else None, _text(headers.get("ce_source") or b""), headers,
        )  # fmt: skip

    def _structured(self, record: Record, headers: dict[str, bytes]) -> Event | Skipped:
        if not record.value:
            raise _Refused("validate", "empty_value", "an empty value in structured mode")
        envelope = _parse(record.value)
        name = envelope.get("type")
        if not isinstance(name, str):
            raise _Refused("validate", "missing_field", "missing required field `type`")
        suffix = self._suffix_of.get(name.encode())
        if suffix not in self._wanted:
            return self._unwanted(record, suffix)
        data = envelope.get("data")
        if "data_base64" in envelope:
            try:
                data = _parse(base64.b64decode(envelope["data_base64"], validate=True))
            except (binascii.Error, TypeError, ValueError):
                raise _Refused("decode", "invalid_base64", "`data_base64` is not base64") from None
        if data is None and suffix == "product.catalogued.v1":
            return self._tombstone(record, suffix, headers)
        if not isinstance(data, dict):
            raise _Refused("decode", "not_an_object", "`data` is not a JSON object")
        event_id, source, time = (envelope.get(k) for k in ("id", "source", "time"))
        return self._event(
            record, suffix, data,
            record.timestamp if time is None else _time_ms(time),
            event_id if isinstance(event_id, str) and event_id else None,
            source if isinstance(source, str) else "", headers,
        )  # fmt: skip

    def _bare(self, record: Record, headers: dict[str, bytes]) -> Event | Skipped:
        if not record.value:
            if self._default_type not in self._wanted:
                return Skipped(record.offset, "other_type")
            return self._tombstone(record, self._default_type, headers)
        data = _parse(record.value)
        name = data.get("type", data.get("event"))
        suffix: str | None = self._default_type
        if isinstance(name, str):
            suffix = self._suffix_of.get(name.encode()) or suffix_of_name(name)
        if suffix not in self._wanted:
            return self._unwanted(record, suffix)
        data = ga4_to_segment(suffix, data)
        time = data.get("time", data.get("timestamp"))
        event_id = data.get("id", data.get("message_id"))
        return self._event(
            record, suffix, data,
            record.timestamp if time is None else _time_ms(time),
            event_id if isinstance(event_id, str) and event_id else None, "bare", headers,
        )  # fmt: skip

    # -- what they have in common

    def _unwanted(self, record: Record, suffix: str | None) -> Skipped:
        if suffix is None:
            if self._owner:
                raise _Refused("validate", "unknown_type", "no schema knows this type")
            return Skipped(record.offset, "unknown_type")
        return Skipped(record.offset, "other_type")

    def _tombstone(self, record: Record, suffix: str, headers: dict[str, bytes]) -> Event:
        if suffix != "product.catalogued.v1":
            raise _Refused("validate", "empty_value", "an empty value means nothing here")
        if not record.key:
            raise _Refused("validate", "missing_key", "a removal needs the product id as its key")
        event_id, time = headers.get("ce_id"), headers.get("ce_time")
        return self._make(
            record, suffix, None,
            record.timestamp if time is None else _time_ms(_text(time)),
            _text(event_id) if event_id else None, _text(headers.get("ce_source") or b""), headers,
        )  # fmt: skip

    def _event(
        self,
        record: Record,
        suffix: str,
        data: Any,
        time_ms: int,
        event_id: str | None,
        source: str,
        headers: dict[str, bytes],
    ) -> Event:
        try:
            checked = msgspec.convert(data, self._wanted[suffix], strict=True)
        except msgspec.ValidationError as error:
            message = str(error)
            kind = "missing_field" if "missing required field" in message else "invalid_field"
            raise _Refused("validate", kind, message) from None
        if time_ms < TIME_MS_MIN:
            raise _Refused("validate", "time_too_old", "the event's time is before 2000")
        if time_ms > record.timestamp + AHEAD_MS_MAX:
            # Ahead of the record's own timestamp, not of our clock: a replay must decide alike.
            raise _Refused("validate", "time_ahead", "the event's time is over 24 h ahead")
        return self._make(record, suffix, checked, time_ms, event_id, source, headers)

    def _make(
        self,
        record: Record,
        suffix: str,
        data: Any,
        time_ms: int,
        event_id: str | None,
        source: str,
        headers: dict[str, bytes],
    ) -> Event:
        if event_id is None:  # made up from its place in the log, so it can have no repeat
            event_id, source = f"{self._topic}/{record.partition}/{record.offset}", ""
        correlation = headers.get("ce_correlationid")
        return Event(
            suffix, data, record.key, record.offset, time_ms, event_id, source,
            _text(correlation) if correlation else event_id, headers.get("traceparent"),
        )  # fmt: skip


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _parse(value: bytes) -> dict[str, Any]:
    """A JSON object, or _Refused. Messages never hold any of the payload."""
    if value[0] == 0 and len(value) > 5:
        value = value[5:]  # Confluent framing: magic byte and schema id
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        try:
            value.decode("utf-8")
        except UnicodeDecodeError as bad:
            raise _Refused("decode", "invalid_utf8", f"at byte {bad.start}") from None
        if "recursion" in error.msg.lower() or "depth" in error.msg.lower():
            raise _Refused("decode", "nested_too_deep", "nested too deep") from None
        raise _Refused("decode", "invalid_json", f"at character {error.pos}") from None
    if type(document) is not dict:
        raise _Refused("decode", "not_an_object", "the value is not a JSON object")
    return document


def _time_ms(value: Any) -> int:
    """RFC 3339 to Unix milliseconds; numbers are taken as Unix seconds or milliseconds."""
    if isinstance(value, str):
        try:
            time = datetime.fromisoformat(value)
            if time.tzinfo is None:
                raise _Refused("validate", "invalid_time", "the time has no UTC offset")
            return round(time.timestamp() * 1000)
        except (ValueError, OverflowError):
            raise _Refused("validate", "invalid_time", "the time is not RFC 3339") from None
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e16:
        return int(value if abs(value) > 1e11 else value * 1000)
    raise _Refused("validate", "invalid_time", "the time is not RFC 3339")
