"""Bytes and fields of one record, parsed one at a time, or refused with a label of a closed set.

Only functions of a single value belong here; what a record as a whole means is the decoder's.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

ERRORS: dict[str, frozenset[str]] = {
    "decode": frozenset(
        {
            "too_large",
            "invalid_utf8",
            "invalid_json",
            "not_finite",
            "lone_surrogate",
            "nested_too_deep",
            "not_an_object",
            "invalid_base64",
        }
    ),
    "validate": frozenset(
        {
            "unknown_type",
            "missing_field",
            "null_field",
            "empty_field",
            "wrong_type",
            "out_of_range",
            "too_long",
            "nested_too_deep",
            "invalid_time",
            "time_too_old",
            "time_ahead",
            "empty_value",
            "missing_key",
        }
    ),
}
"""The closed set: stage -> the labels that `Rejected.error` can have there."""


class Refused(Exception):
    """Carries stage, error and message to the one place that makes a `Rejected`: the decoder."""


def optional_id(data: dict[str, Any], name: str) -> str | None:
    """An optional id of the envelope; a number is refused, as everywhere (digits get lost)."""
    value = data.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Refused("validate", "wrong_type", f"`{name}` is not a string")
    return value


def label_of(message: str) -> str:
    """The class of a validation error. msgspec tells it only in its message; tests hold it so."""
    if "missing required field" in message:
        return "missing_field"
    if "got `null`" in message:
        return "null_field"
    if "length >= 1" in message:
        return "empty_field"
    if "length <=" in message:
        return "too_long"
    if "nested too deep" in message:
        return "nested_too_deep"
    return "wrong_type" if "got `" in message else "out_of_range"


def parse(value: bytes) -> dict[str, Any]:
    """A JSON object. Raises Refused. Messages never hold any of the payload."""
    if value[0] == 0 and len(value) > 5:
        value = value[5:]  # Confluent framing: magic byte and schema id
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        try:
            value.decode("utf-8")
        except UnicodeDecodeError as bad:
            raise Refused("decode", "invalid_utf8", f"at byte {bad.start}") from None
        raise Refused("decode", _json_label(error), f"at character {error.pos}") from None
    if type(document) is not dict:
        raise Refused("decode", "not_an_object", "the value is not a JSON object")
    return document


def _json_label(error: orjson.JSONDecodeError) -> str:
    """The class of a parse error: orjson's words, or what stands where it stopped."""
    message, stopped_at = error.msg.lower(), error.doc[error.pos : error.pos + 8]
    if "recursion" in message or "depth" in message:
        return "nested_too_deep"
    if "surrogate" in message:
        return "lone_surrogate"
    if "infinity" in message or stopped_at == "Infinity" or stopped_at.startswith("NaN"):
        return "not_finite"
    return "invalid_json"


def time_ms_of(value: Any) -> int:
    """RFC 3339 to Unix milliseconds. Raises Refused.

    Numbers are Unix seconds, milliseconds or microseconds: told apart by size, which is safe
    between 1973 and 5138.
    """
    if isinstance(value, str):
        try:
            time = datetime.fromisoformat(value.upper() if value[-1:] == "z" else value)
            if time.tzinfo is None:
                raise Refused("validate", "invalid_time", "the time has no UTC offset")
            return round(time.timestamp() * 1000)
        except (ValueError, OverflowError):
            raise Refused("validate", "invalid_time", "the time is not RFC 3339") from None
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e17:
        if abs(value) > 1e14:
            return int(value // 1000)
        return int(value if abs(value) > 1e11 else value * 1000)
    raise Refused("validate", "invalid_time", "the time is not RFC 3339")
