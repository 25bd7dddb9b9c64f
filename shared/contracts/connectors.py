"""What Kafka Connect, Debezium and serialisers put around a shop's own words, taken off.

Connect's JSON converter writes `{"schema", "payload"}` unless it is told not to; Debezium's record
of a change holds the row in `after`, and its flattened form says `__deleted`; a schema registry's
serialisers write an id before the JSON. Keys come in the same wrappings.
"""

from __future__ import annotations

import zlib
from typing import Any

import orjson

_ENVELOPE = frozenset(("schema", "payload"))
_CHANGES = frozenset("crud")  # created, read in a snapshot, updated, deleted
DELETED = "__deleted"  # of Debezium's flattened rows, as text
_BRACES = frozenset(b'{["')

# What a value that is no JSON begins with, and what to do.
_BINARY = (
    (b"\x1f\x8b", "gzip: let the producer compress (compression.type), and not the value"),
    (b"\x28\xb5\x2f\xfd", "zstd: let the producer compress (compression.type), and not the value"),
    (b"\x04\x22\x4d\x18", "lz4: let the producer compress (compression.type), and not the value"),
    (b"Obj\x01", "an Avro file: publish each record as JSON"),
    (b"\xc3\x01", "Avro: publish JSON"),
    (b"\xac\xed\x00\x05", "a serialised Java object: publish JSON"),
    (b"\x80\x04", "a Python pickle: publish JSON"),
    (b"<", "XML: publish JSON"),
)


def unframed(value: bytes) -> bytes:
    """A value without what a serialiser of Confluent's, Apicurio's or Amazon's writes before it."""
    if value[:1] == b"\x03" and len(value) > 18 and value[1] == 0 and value[18] in _BRACES:
        return value[18:]  # Glue: version, no compression, the schema's UUID
    if value[:1] == b"\0" and len(value) > 9 and value[5] not in _BRACES and value[9] in _BRACES:
        return value[9:]  # Apicurio: an id of eight bytes
    return value[5:]  # Confluent: byte 0 and an id of four


def what_it_is(value: bytes) -> str:
    """What a value seems to be that is no JSON, and the way out; "" where that is not known. It
    never holds any of the value."""
    for magic, what in _BINARY:
        if value.startswith(magic):
            return f"; the value is {what}"
    if value[:1] == b"\0":
        return "; the value is Avro or Protobuf of a schema registry: publish JSON"
    if value[:2] in (b"\x78\x01", b"\x78\x9c", b"\x78\xda") and _is_deflated(value):
        return "; the value is compressed (zlib): let the producer compress, and not the value"
    return ""


def _is_deflated(value: bytes) -> bool:
    try:
        zlib.decompressobj().decompress(value, 64)
    except zlib.error:
        return False
    return True


def unwrapped(document: dict[str, Any]) -> dict[str, Any] | None:
    """The shop's own words in an envelope of Connect's or Debezium's; the document itself where it
    is none. A row that was deleted has `__deleted`. None where there is a schema and nothing else.
    """
    outer = document
    if document.keys() == _ENVELOPE:
        payload = document["payload"]
        if isinstance(payload, str) and payload[:1] == "{":
            try:
                payload = orjson.loads(payload)
            except orjson.JSONDecodeError:
                return document
        if payload is None:
            return None
        if not isinstance(payload, dict):
            return document
        document = payload
    change = document.get("op")
    if (
        "after" in document
        and isinstance(change, str)
        and change in _CHANGES
        and not document.keys().isdisjoint(("before", "source"))
    ):
        row = document["before" if change == "d" else "after"]
        if change == "d":
            return {**(_as_text(row) if isinstance(row, dict) else {}), DELETED: "true"}
        if isinstance(row, dict):
            return _as_text(row)
    return document if document is outer else _as_text(document)


def _as_text(row: dict[str, Any]) -> dict[str, Any]:
    """A row of a database with its whole numbers as ids. Its own number is no event's id: two
    tables have the same ones."""
    return {
        name: str(value)
        if name.endswith("_id") and isinstance(value, int) and not isinstance(value, bool)
        else value
        for name, value in row.items()
        if name != "id" or not isinstance(value, int)
    }


def is_deleted(document: dict[str, Any]) -> bool:
    """Whether this is a row that is not there any more."""
    return document.get(DELETED) in ("true", True)


def text_of_key(key: bytes) -> str:
    """The id in a record's key: as it stands, or out of JSON, an object of one field, or Connect's
    envelope. Raises ValueError where it is no text."""
    plain = key[5:] if key[:1] == b"\0" and key[5:6] in (b'"', b"{") else key
    if plain[:1] in (b'"', b"{"):
        try:
            found = _id_of(orjson.loads(plain))
        except orjson.JSONDecodeError:
            found = None
        if found:
            return found
    text = key.decode()
    if not text.isprintable() and any(c < " " for c in text):
        raise ValueError("the key is not text")  # an integer of four or eight bytes, or Avro
    return text


def _id_of(said: Any) -> str | None:
    if isinstance(said, dict) and said.keys() == _ENVELOPE:
        said = said["payload"]
    if isinstance(said, dict):
        values = [said["product_id"]] if "product_id" in said else list(said.values())
        said = values[0] if len(values) == 1 else None
    if isinstance(said, int) and not isinstance(said, bool):
        return str(said)
    return said if isinstance(said, str) else None
