"""The decoder: every record that comes in becomes one `Event`, `Rejected`, `Skipped` or `Several`.

Accepted are CloudEvents 1.0 in binary mode (ce_ headers) and structured mode (content type
application/cloudevents+json, or fields that say so), bare JSON without headers (so that a console
producer works) in our words or another vocabulary's (`vocabularies/`), and any of them behind
Confluent's framing (byte 0 and a 4-byte schema id). Nothing that a producer can send raises: what
cannot be used is rejected, alone, with a label from a closed set.

orjson parses strictly (UTF-8, no NaN, no lone surrogates, bounded depth); msgspec then checks the
fields by type. Both are compiled; a small click costs about 3 microseconds.
"""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from . import topics
from .envelope import Decoded, Event, Rejected, Several, Skipped, parts_of
from .events.shop import SHOP_TYPES
from .goods import DOUBTFUL, meant
from .parsing import (
    Refused,
    canonical_headers,
    check_key,
    inside_of,
    is_envelope,
    key_of_removal,
    label_of,
    optional_id,
    parse,
    time_ms_of,
    unknown_type,
)
from .repair import repaired
from .vocabularies.base import CLICKED, NOT_OURS, Draft, Message, as_id
from .vocabularies.common import renamed
from .vocabularies.recognition import HEADERS, MARKS, Ours, kind_of, translated

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from .envelope import Record

EVENT_BYTES_MAX = 262_144
# Keys and envelope fields go on into the headers of every output, so they are bounded as well: a
# megabyte of ce_id would make an output that no broker takes, and a failed delivery stops a worker.
KEY_BYTES_MAX = 2048  # 512 characters, the longest id, in UTF-8
ENVELOPE_CHARACTERS_MAX = 1024  # of ce_id, ce_source and ce_correlationid each
TOO_LONG = f"id, source or correlation id of over {ENVELOPE_CHARACTERS_MAX} characters"
TRACEPARENT_BYTES = 55  # W3C trace context, version 00
TIME_MS_MIN = 946_684_800_000  # 2000-01-01: anything older is a unit mistake or a broken clock
AHEAD_MS_MAX = 86_400_000
# An event is published after it happened, so a time ahead of the record's own is a wrong clock: it
# counts as of the record's. That little is the difference of two clocks that are right.
AHEAD_GRACE_MS = 60_000
NO_SOURCE = "unknown"  # of an event with an id of its own but no source; "" = the id is made up
BARE_TIMES = ("time", "timestamp", "timestamp_micros")
STRUCTURED = b"application/cloudevents"
BATCH = b"application/cloudevents-batch"
BATCH_MODE = "CloudEvents batch mode: publish each event as a record of its own"
PARTS_MAX = 1000  # events in one record
UNPREFIXED = {suffix.encode(): suffix for suffix in SHOP_TYPES}
KNOWN_TYPES = frozenset(SHOP_TYPES) | {t for topic in topics.ALL for t in topic.types}

# What an empty value says: what its key names is gone, or the one review that `ce_subject` names.
REVIEWED, WITHDRAWN, PROFILED = "product.reviewed.v1", "review.withdrawn.v1", "user.profiled.v1"
CATALOGUED, TOLD = "product.catalogued.v1", "knowledge.published.v1"
MAY_BE_EMPTY = frozenset({CATALOGUED, TOLD, REVIEWED, WITHDRAWN, PROFILED, "order.updated.v1"})

# What `Skipped.reason` can be. not_ours: the type is known, and there is nothing to learn from it.
SKIPS = frozenset({"other_type", "unknown_type", "not_ours"})


class EventDecoder:
    """The decoder of one topic for one worker.

    topic: unprefixed name. wanted: type suffixes that the worker handles; other known types are
    skipped. service: unknown types are rejected only by the topic's owner, skipped by others.
    type_prefix: reverse-DNS prefix of types; a type without it is accepted by its suffix alone.
    """

    def __init__(self, topic: str, wanted: Collection[str], service: str, type_prefix: str) -> None:
        spec = topics.BY_NAME[topic]
        self._topic, self._owner = topic, spec.owner == service
        self._default_type, self._type_prefix = spec.default_type, type_prefix
        self._wanted = {suffix: SHOP_TYPES[suffix] for suffix in wanted}
        self._suffix_of: dict[bytes, str] = {}
        for suffix in KNOWN_TYPES:
            self._suffix_of[suffix.encode()] = suffix
            self._suffix_of[(type_prefix + suffix).encode()] = suffix
        self._dropped: Counter[str] = Counter()

    def take_dropped(self) -> Counter[str]:
        """How often each optional field was wrong and left out since the last time it was asked."""
        dropped, self._dropped = self._dropped, Counter()
        return dropped

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

    def _decode(self, record: Record) -> Event | Skipped | Several:
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
        if headers:
            headers = canonical_headers(headers)
            if headers.get("content-type", b"")[:23].lower() == STRUCTURED:
                return self._structured(record, headers)
            if headers.get("ce_type") is not None:
                return self._binary(record, headers)
        return self._bare(record, headers)

    # -- the three modes

    def _binary(self, record: Record, headers: dict[str, bytes]) -> Event | Skipped:
        suffix = self._suffix_of.get(headers["ce_type"])
        suffix = suffix or self._suffix_of.get(headers["ce_type"].strip(b' "'))  # of JSON
        if suffix not in self._wanted:
            return self._unwanted(record, suffix, headers["ce_type"].decode("utf-8", "replace"))
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
        if headers["content-type"][:29].lower() == BATCH:
            raise Refused("decode", "batch_mode", BATCH_MODE)
        return self._enveloped(record, parse(record.value), headers)

    def _enveloped(
        self, record: Record, envelope: dict[str, Any], headers: dict[str, bytes]
    ) -> Event | Skipped:
        name = envelope.get("type")
        if not isinstance(name, str):
            raise Refused("validate", "missing_field", "missing required field `type`")
        suffix = self._suffix_of.get(name.encode())
        if suffix not in self._wanted:
            return self._unwanted(record, suffix, name)
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

    def _bare(
        self, record: Record, headers: dict[str, bytes], inside: dict[str, Any] | None = None
    ) -> Event | Skipped | Several:
        suffix = self._default_type
        if not record.value:
            if suffix not in self._wanted:
                return Skipped(record.offset, "other_type")
            return self._tombstone(record, suffix, record.timestamp, None, "", headers)
        data = parse(record.value) if inside is None else inside
        if "specversion" in data and is_envelope(data):
            return self._enveloped(record, data, headers)
        named = not MARKS.isdisjoint(data) or (headers and not HEADERS.keys().isdisjoint(headers))
        if named or (suffix == "product.catalogued.v1" and data.keys() == {"id"}):
            if inside is None and (found := inside_of(data)) is not data:
                return self._bare(record, headers, found)
            place = f"{self._topic}/{record.partition}/{record.offset}"
            message = Message(data, headers, record.key, place, record.timestamp)
            said = translated(message, self._suffix_of, suffix)
            if not isinstance(said, Ours):
                return self._translated(record, said, headers)
            suffix = said.kind or suffix
        if suffix not in self._wanted:
            return self._unwanted(record, suffix, suffix)
        time = next((data[name] for name in BARE_TIMES if data.get(name) is not None), None)
        return self._event(
            record,
            suffix,
            data,
            record.timestamp if time is None else time_ms_of(time),
            optional_id(data, "id") or optional_id(data, "message_id"),
            "",
            headers=headers,
            bare=True,
        )

    # -- other vocabularies

    def _translated(
        self, record: Record, drafts: list[Draft], headers: dict[str, bytes]
    ) -> Event | Skipped | Several:
        if len(drafts) == 1:
            return self._drafted(record, drafts[0], headers)
        if len(drafts) > PARTS_MAX:
            raise Refused("validate", "too_many", f"{len(drafts)} events, {PARTS_MAX} allowed")
        meant = parts_of(record.headers or ())
        verdicts: list[Event | Rejected | Skipped] = []
        for part, draft in enumerate(drafts):
            if meant is not None and part not in meant:
                continue
            try:
                verdicts.append(self._drafted(record, draft, headers, part))
            except Refused as refused:
                stage, error, message = refused.args
                verdicts.append(Rejected(record.offset, stage, error, message, part))
        skipped = [verdict for verdict in verdicts if isinstance(verdict, Skipped)]
        if len(skipped) == len(verdicts):
            return skipped[0] if skipped else Skipped(record.offset, "not_ours")
        return Several(record.offset, tuple(verdicts))

    def _drafted(
        self, record: Record, draft: Draft, headers: dict[str, bytes], part: int | None = None
    ) -> Event | Skipped:
        suffix = draft.kind
        if not suffix or suffix not in self._wanted:
            return self._unwanted(record, suffix, draft.name)
        time_ms = record.timestamp if draft.time is None else time_ms_of(draft.time, draft.utc)
        event_id = as_id(draft.id)
        if event_id is not None and not isinstance(event_id, str):
            raise Refused("validate", "wrong_type", "the event's id is not text")
        if draft.data is None:
            if not draft.key:
                raise Refused("validate", "missing_key", "a removal needs the product's id")
            removal = self._make(record, suffix, None, time_ms, event_id, "", headers=headers)
            return msgspec.structs.replace(removal, key=draft.key)
        self._dropped.update(draft.left_out)
        return self._event(
            record,
            suffix,
            draft.data,
            time_ms,
            event_id,
            "",
            headers=headers,
            part=part,
            own_id=draft.own_id,
        )

    # -- what they have in common

    def _unwanted(self, record: Record, suffix: str | None, name: Any) -> Skipped:
        if suffix is None and kind_of(name) != NOT_OURS:
            if self._owner:
                raise Refused("validate", "unknown_type", unknown_type(name, self._type_prefix))
            return Skipped(record.offset, "unknown_type")
        return Skipped(record.offset, "other_type" if suffix else "not_ours")

    def _tombstone(
        self,
        record: Record,
        suffix: str,
        time_ms: int,
        event_id: str | None,
        source: str,
        headers: dict[str, bytes],
    ) -> Event | Skipped:
        if suffix not in MAY_BE_EMPTY or (suffix == PROFILED and self._topic != topics.PROFILES):
            raise Refused("validate", "empty_value", "an empty value means nothing here")
        if not record.key:
            raise Refused("validate", "missing_key", "a removal needs what it removes as its key")
        product_id = key_of_removal(record.key)
        review_id = headers.get("ce_subject")
        if review_id and suffix in (REVIEWED, WITHDRAWN):
            if WITHDRAWN not in self._wanted:
                return Skipped(record.offset, "other_type")
            named = {"product_id": product_id, "review_id": review_id.decode()}
            return self._event(record, WITHDRAWN, named, time_ms, event_id, source, headers=headers)
        removal = self._make(record, suffix, None, time_ms, event_id, source, headers=headers)
        return msgspec.structs.replace(removal, key=product_id.encode())

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
        bare: bool = False,
        part: int | None = None,
        own_id: bool = False,
    ) -> Event:
        try:
            checked: Any = msgspec.convert(data, self._wanted[suffix], strict=True)
        except msgspec.ValidationError as error:
            data = renamed(suffix, data) if bare else inside_of(data)
            try:
                checked, dropped = repaired(data, self._wanted[suffix], error)
            except msgspec.ValidationError as final:
                raise Refused("validate", label_of(str(final)), str(final)) from None
            self._dropped.update(dropped)
        if suffix != CLICKED or checked.product_id[0] in DOUBTFUL:
            checked = meant(suffix, checked, self._dropped)
        check_key(self._topic, record.key, checked)
        event = self._make(record, suffix, checked, time_ms, event_id, source, headers=headers)
        if part is None:
            return event
        name = event.id if own_id else f"{event.id}#{part}"
        return msgspec.structs.replace(event, id=name, part=part)

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
        if time_ms > record.timestamp + AHEAD_GRACE_MS:
            # Ahead of the record's own timestamp, not of our clock: a replay must decide alike.
            # (That timestamp is bounded by the broker's message.timestamp.after.max.ms.)
            if time_ms > record.timestamp + AHEAD_MS_MAX:
                raise Refused("validate", "time_ahead", "the event's time is over 24 h ahead")
            time_ms = record.timestamp
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
