"""Trace contexts as records carry them: W3C's `traceparent`, found, continued, and made anew.

A worker that continues a trace names its span by the place of the record that it handled, so a
replay hands on the same context again.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from xxhash import xxh3_64_intdigest

from shopkeeper.shared.contracts.envelope import Output

from ..kafka.record_slices import RecordSlice

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NAME = "traceparent"
TRACED_MAX = 128  # contexts followed of one batch: as many as a span may have links, by default
DEAD_LETTERS = ".dlq"  # whose headers stay as they were
_CONTEXT = rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
_EXACT = re.compile(_CONTEXT)
# As a header stands in a record batch (its value's length, 55, is the byte "n"), as JSON has it, or
# as our own internal records have bytes in JSON, in base64.
_IN_BYTES = re.compile(
    rb'traceparent(?:n|"\s*:\s*")(?:(' + _CONTEXT + rb")|(MDAt[0-9A-Za-z+/]{70}==))"
)


class SpanContext(NamedTuple):
    """Which span of which trace. Both ids are not 0."""

    trace_id: int  # 128 bits
    span_id: int  # 64 bits
    sampled: bool

    def header(self) -> bytes:
        """The `traceparent` that names it."""
        return b"00-%032x-%016x-%02x" % (self.trace_id, self.span_id, self.sampled)


def parsed(value: bytes) -> SpanContext | None:
    """The context that a `traceparent` names; None where it cannot be parsed, as W3C has it."""
    if _EXACT.fullmatch(value) is None:
        return None
    return SpanContext(int(value[3:35], 16), int(value[36:52], 16), bool(int(value[53:], 16) & 1))


def traced(records: Sequence[Any]) -> dict[bytes, int]:
    """The sampled contexts that records carry -> the offset of the first that carries each; the
    first `TRACED_MAX` of them. records: as they were fetched."""
    found: dict[bytes, int] = {}
    pairs = (
        ((offset, _plain(match)) for offset, match in records.matches(_IN_BYTES))
        if isinstance(records, RecordSlice)
        else _of_records(records)
    )
    for offset, value in pairs:
        if value in found:
            continue
        context = parsed(value)
        if context is not None and context.sampled:
            found[value] = offset
            if len(found) == TRACED_MAX:
                break
    return found


def _of_records(records: Iterable[Any]) -> Iterable[tuple[int, bytes]]:
    for record in records:
        for name, value in record.headers:
            if name == NAME and value is not None:
                yield record.offset, value
                break
        else:
            if record.value is not None and (match := _IN_BYTES.search(record.value)):
                yield record.offset, _plain(match)


def _plain(match: re.Match[bytes]) -> bytes:
    return match[1] or base64.b64decode(match[2])


def continued(parent: SpanContext, service: str, place: str) -> SpanContext:
    """The span of a service that handles the record at `place`, topic/partition/offset."""
    span_id = xxh3_64_intdigest(f"{service} {place}".encode()) or 1
    return SpanContext(parent.trace_id, span_id, parent.sampled)


def handed_on(outputs: Sequence[Output], contexts: Mapping[bytes, bytes]) -> list[Output]:
    """Outputs that name our span in the place of the one that their cause named; dead letters stay
    as they are. contexts: `traceparent` of a cause -> ours."""
    return [
        output
        if output.topic.endswith(DEAD_LETTERS)
        or not any(name == NAME and value in contexts for name, value in output.headers)
        else Output(
            output.topic,
            output.key,
            output.value,
            [
                (name, contexts.get(value, value) if name == NAME else value)
                for name, value in output.headers
            ],
            output.partition,
            output.timestamp_ms,
        )
        for output in outputs
    ]
