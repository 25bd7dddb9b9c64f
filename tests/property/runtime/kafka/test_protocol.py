"""Every message of Kafka's protocol is written and read as aiokafka does it by itself."""

from __future__ import annotations

import importlib
import io
import pkgutil

import aiokafka.protocol
import pytest
from aiokafka.protocol import types
from aiokafka.protocol.struct import Struct
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.shared.runtime.kafka import protocol

RANGES = {
    types.Int8: (-(2**7), 2**7 - 1),
    types.Int16: (-(2**15), 2**15 - 1),
    types.Int32: (-(2**31), 2**31 - 1),
    types.UInt32: (0, 2**32 - 1),
    types.Int64: (-(2**63), 2**63 - 1),
}


def messages() -> list[type[Struct]]:
    """Every message class of aiokafka, those of flexible versions too."""
    for module in pkgutil.iter_modules(aiokafka.protocol.__path__):
        importlib.import_module(f"aiokafka.protocol.{module.name}")
    found, waiting = [], [Struct]
    while waiting:
        for each in waiting.pop().__subclasses__():
            waiting.append(each)
            if "SCHEMA" in vars(each) and len(each.SCHEMA):
                found.append(each)
    return sorted(found, key=lambda each: (each.__module__, each.__qualname__))


ALL = messages()
KNOWN = [each for each in ALL if protocol._known(protocol.reader_of, each.SCHEMA) is not None]


def values_of(field):
    """Any value of a field."""
    if isinstance(field, types.Schema):
        return st.tuples(*map(values_of, field.fields))
    if isinstance(field, types.Array):
        return st.none() | st.lists(values_of(field.array_of), max_size=3)
    if isinstance(field, types.String):
        return st.none() | st.text(st.characters(codec="utf-8"), max_size=6)
    if field is types.Bytes:
        return st.none() | st.binary(max_size=6)
    if field is types.Boolean:
        return st.booleans()
    if field is types.Float64:
        return st.floats(allow_nan=False)
    return st.integers(*RANGES[field])


def theirs_written(cls, values) -> bytes:
    return cls.SCHEMA.encode(values)


def theirs_read(cls, data):
    return [field.decode(data) for field in cls.SCHEMA.fields]


def outcome(step):
    """What it gives, or that it refuses."""
    try:
        return step()
    except ValueError:
        return ValueError


def test_fetches_and_deliveries_are_among_what_is_known():
    names = {each.__name__ for each in KNOWN}
    assert {"FetchRequest_v11", "FetchResponse_v11", "ProduceRequest_v8"} <= names
    assert {"HeartbeatRequest_v1", "OffsetCommitRequest_v3", "ResponseHeader_v0"} <= names
    assert len(KNOWN) > len(ALL) * 0.7


@settings(max_examples=400, deadline=None)
@given(st.data(), st.sampled_from(KNOWN), st.binary(max_size=3), st.binary(max_size=3))
def test_the_same_bytes_and_the_same_values(data, cls, before, behind):
    values = data.draw(values_of(cls.SCHEMA))
    raw = theirs_written(cls, values)
    parts: list[bytes] = []
    protocol.writer_of(cls.SCHEMA)(values, parts)
    assert b"".join(parts) == raw
    read, end = protocol.reader_of(cls.SCHEMA)(before + raw + behind, len(before))
    assert end == len(before) + len(raw)
    assert list(read) == theirs_read(cls, io.BytesIO(raw))


@settings(max_examples=400, deadline=None)
@given(st.data(), st.sampled_from([each for each in KNOWN if "Response" in each.__name__]))
def test_damaged_bytes_are_refused_or_read_as_by_aiokafka(data, cls):
    raw = bytearray(theirs_written(cls, data.draw(values_of(cls.SCHEMA))))
    for _ in range(data.draw(st.integers(0, 2))):
        if raw:
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(raw[: data.draw(st.integers(0, len(raw)))])

    def ours():
        message = protocol.read(cls, io.BytesIO(damaged))
        return [getattr(message, name) for name in cls.SCHEMA.names]

    assert repr(outcome(ours)) == repr(outcome(lambda: theirs_read(cls, io.BytesIO(damaged))))


@settings(deadline=None)
@given(st.data())
def test_a_stream_is_left_where_the_message_ends(data):
    cls = next(each for each in KNOWN if each.__name__ == "FetchResponse_v4")
    values = data.draw(values_of(cls.SCHEMA))
    stream = io.BytesIO(b"head" + theirs_written(cls, values) + b"tail")
    stream.seek(4)
    message = protocol.read(cls, stream)
    assert protocol.written(message) == theirs_written(cls, values)
    assert stream.read() == b"tail"


@pytest.mark.parametrize("values", [(2**40, "c"), (1, "c" * 40_000)])
def test_a_value_that_does_not_fit_is_a_value_error(values):
    class Message(Struct):
        SCHEMA = types.Schema(("number", types.Int32), ("text", types.String("utf-8")))

    with pytest.raises(ValueError, match="Message"):
        protocol.written(Message(*values))
