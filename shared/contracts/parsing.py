"""Bytes and fields of one record, parsed one at a time, or refused with a label of a closed set.

Only functions of a single value belong here; what a record as a whole means is the decoder's.
"""

from __future__ import annotations

import difflib
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from .connectors import text_of_key, unframed, unwrapped, what_it_is
from .events.shop import SHOP_TYPES
from .topics import ORDERS, PROFILES
from .vocabularies.ga4 import COMMANDS as GTAG_COMMANDS

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
            "not_utf8",
            "batch_mode",
            "invalid_base64",
            # Records of our own topics, and batches of which no record can be had.
            "corrupt_batch",
            "corrupt_delta",
            "corrupt_handover",
            "corrupt_complaint",
            "corrupt_question",
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
            "wrong_key",
            "nested_too_deep",
            "invalid_time",
            "time_too_old",
            "time_ahead",
            "empty_value",
            "missing_key",
            "too_many",
        }
    ),
}
"""The closed set: stage -> the labels that `Rejected.error` can have there (docs/metrics.md)."""


_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _./:-]{0,79}")


class Refused(Exception):
    """Carries stage, error and message to the one place that makes a `Rejected`: the decoder."""


def check_key(topic: str, key: bytes | None, data: Any) -> None:
    """Raises Refused where a compacted topic's record lies under another key than it must have:
    compaction goes by keys, so nobody could replace or remove it by its id."""
    if topic == PROFILES and key != data.user.encode():
        message = "a profile's key must be its `user_id`, or else its `anonymous_id`"
        raise Refused("validate", "wrong_key", message)
    if topic == ORDERS and key != data.order_id.encode():
        raise Refused("validate", "wrong_key", "an order's key must be its `order_id`")


def key_of_removal(key: bytes) -> str:
    """What an empty record removes, by its key. Raises Refused, and UnicodeDecodeError."""
    try:
        return text_of_key(key)
    except UnicodeDecodeError:
        raise
    except ValueError as error:
        raise Refused(
            "validate", "missing_key", f"a removal needs its id as key; {error}"
        ) from None


def optional_id(data: dict[str, Any], name: str) -> str | None:
    """An optional id of the envelope; a number is refused, as everywhere (digits get lost)."""
    value = data.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Refused("validate", "wrong_type", f"`{name}` is not a string")
    return value


@lru_cache(maxsize=1024)  # whoever sends a wrong one sends many of it
def _nearest_type(name: str) -> str:
    near = difflib.get_close_matches(name, SHOP_TYPES, 1, cutoff=0.88)
    return f" (`{near[0]}` is meant?)" if near else ""


def unknown_type(name: Any, prefix: str) -> str:
    """The message for a type that nobody knows. It holds the name only if that is short and plain:
    a name is no payload, but whoever writes payload into its field shall not find it in a log."""
    near = ""
    if not isinstance(name, str):
        said = "this type, which is not text"
    elif _PLAIN.fullmatch(name):
        said = f"the type `{name}`"
        near = _nearest_type(name.removeprefix(prefix))
    else:
        said = f"this type, a name of {len(name)} characters"
    return f"no schema knows {said}{near}; types of this shop begin with `{prefix}` (TYPE_PREFIX)"


def is_envelope(document: dict[str, Any]) -> bool:
    """Whether a JSON object is a structured CloudEvent, rather than data with a field of that name:
    it says its version and type, and has data or a source."""
    version = document.get("specversion")
    return (
        isinstance(version, str)
        and version[:2] in ("1.", "0.")
        and isinstance(document.get("type"), str)
        and not document.keys().isdisjoint(("data", "data_base64", "source"))
    )


def canonical_headers(headers: dict[str, bytes]) -> dict[str, bytes]:
    """Headers under the names that CloudEvents gives them: CE-Type, ce-type, contentType; and
    cloudEvents:type, as its bindings to AMQP and JMS have them, which bridges to Kafka keep."""
    found: dict[str, bytes] = {}
    for name, value in headers.items():
        plain = name.lower()
        if plain[:3] in ("ce-", "ce:"):
            plain = "ce_" + plain[3:]
        elif plain[:12] in ("cloudevents:", "cloudevents_", "cloudevents-"):
            plain = "ce_" + plain[12:]
        elif plain in ("contenttype", "content_type"):
            plain = "content-type"
        if value is not None:
            found.setdefault(plain, value)
    return found


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


BOM, _BRACE = b"\xef\xbb\xbf", ord("{")
_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"{\0", b"\0{", b"[\0", b"\0[")


def parse(value: bytes) -> dict[str, Any]:
    """A JSON object, with or without a byte order mark; the arguments of a call of gtag() by their
    numbers. Raises Refused. Messages never hold any of the payload."""
    sent = value
    if value[0] != _BRACE:
        if value[0] in (0, 3) and len(value) > 5 and value[:2] not in _UTF16:
            value = unframed(value)
        if value[:3] == BOM:
            value = value[3:]
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        if value[:2] in _UTF16:
            raise Refused(
                "decode", "not_utf8", "the value is UTF-16 or UTF-32: publish JSON in UTF-8"
            ) from None
        try:
            value.decode("utf-8")
        except UnicodeDecodeError as bad:
            message = f"at byte {bad.start}{what_it_is(sent)}"
            raise Refused("decode", "invalid_utf8", message) from None
        message = f"at character {error.pos}{'' if error.pos else what_it_is(sent)}"
        raise Refused("decode", _json_label(error), message) from None
    if type(document) is not dict:
        message = "the value is not a JSON object"
        if type(document) is list:
            if document and isinstance(document[0], str) and document[0] in GTAG_COMMANDS:
                return {str(place): each for place, each in enumerate(document)}
            message = "the value is a JSON array: publish each event as a record of its own"
        elif type(document) is str and document.lstrip()[:1] == "{":
            message = "the value is JSON inside a JSON string: encode it once"
        raise Refused("decode", "not_an_object", message)
    return document


def inside_of(document: dict[str, Any]) -> dict[str, Any]:
    """What is in an envelope of Kafka Connect's or Debezium's; the document itself where it is
    none. Raises Refused."""
    inside = unwrapped(document)
    if inside is None:
        message = "a schema without a payload: to remove something, publish an empty value"
        raise Refused("validate", "empty_value", message)
    return inside


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


_DIGITS = re.compile(r"\d{9,19}(?:\.\d+)?", re.ASCII)  # Unix time as text; fewer may be a date
_SPACED_ZONE = re.compile(r"\s+(?=[+-]\d\d)|\s*(?:UTC|GMT)$", re.IGNORECASE)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZONE_NAME = re.compile(r"(?<=[Z0-9])\[[\w/+:-]+\]$")  # Java's, behind the offset
_NOT_A_TIME = "the time is neither RFC 3339 nor Unix time"


def time_ms_of(value: Any, utc: bool = False) -> int:
    """RFC 3339 to Unix milliseconds. Raises Refused.

    Numbers, and text of digits, are Unix seconds, milli-, micro- or nanoseconds: told apart by
    size, which is safe between 1973 and 5138. utc: whether a time without an offset is in UTC.
    """
    if isinstance(value, str):
        try:
            time = datetime.fromisoformat(value.upper() if value[-1:] == "z" else value)
        except ValueError:
            return _unusual_time(value, utc)
        return _unix_ms(time, utc)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e20:
        if abs(value) > 1e17:
            return int(value // 1_000_000)
        if abs(value) > 1e14:
            return int(value // 1000)
        return int(value if abs(value) > 1e11 else value * 1000)
    raise Refused("validate", "invalid_time", _NOT_A_TIME)


def _unix_ms(time: datetime, utc: bool) -> int:
    if time.tzinfo is None:
        if not utc:
            raise Refused("validate", "invalid_time", "the time has no UTC offset")
        time = time.replace(tzinfo=UTC)
    since = time - _EPOCH  # half the price of timestamp()
    return since.days * 86_400_000 + since.seconds * 1000 + (since.microseconds + 500) // 1000


def _unusual_time(value: str, utc: bool) -> int:
    """Digits in a string, and offsets behind a space or by the name of UTC."""
    text = value.strip(' \t"')  # some write headers as JSON
    if len(text) <= 64:
        text = _ZONE_NAME.sub("", text)
        if _DIGITS.fullmatch(text):
            return time_ms_of(int(text) if "." not in text else float(text))
        changed = _SPACED_ZONE.sub("", text)
        if changed[-1:] in ("Z", "z"):
            changed = changed[:-1] + "+00:00"
        if changed != value:
            named = text[-3:].upper() in ("UTC", "GMT")
            try:
                return _unix_ms(datetime.fromisoformat(changed), utc or named)
            except ValueError:
                pass
    raise Refused("validate", "invalid_time", _NOT_A_TIME)
