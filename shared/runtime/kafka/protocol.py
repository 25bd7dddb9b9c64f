"""Kafka's requests and answers as bytes, for aiokafka: the same bytes and values, in fewer steps.

aiokafka writes and reads each field by itself, through a stream: a fetch of 25 partitions is 300
calls, and a consumer of a broker that does not hold fetches asks hundreds of times a second. Here
fields of fixed size that follow one another are packed and unpacked by one `struct` format, from
the bytes in place. Schemas with fields that are not known here (flexible versions) stay aiokafka's.

Knows aiokafka 0.14's schemas, which the lock pins; `tests/property/runtime/kafka/test_protocol.py`
holds every message to what aiokafka makes of it.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Sequence
from typing import Any

from aiokafka.protocol import types
from aiokafka.protocol.struct import Struct

FIXED = {
    types.Int8: "b",
    types.Int16: "h",
    types.Int32: "i",
    types.UInt32: "I",
    types.Int64: "q",
    types.Float64: "d",
    types.Boolean: "?",
}
LENGTH_16, LENGTH_32 = struct.Struct(">h"), struct.Struct(">i")
Reader = Callable[[bytes, int], tuple[Any, int]]  # bytes, where: a value, where the next begins
Writer = Callable[[Any, list[bytes]], None]  # a value, the parts to add its bytes to

_read_with_aiokafka, _write_with_aiokafka = Struct.decode.__func__, Struct.encode


class Unknown(Exception):
    """A schema has a field that is not known here."""


def _of_kind(
    field: Any,
    row: Callable[[Sequence[Any]], Any],
    array: Callable[[Any], Any],
    string: Callable[[str], Any],
    raw: Any,
    fixed: Callable[[str], Any],
) -> Any:
    """What one of these makes of a field. Raises Unknown."""
    if type(field) is types.Schema:
        return row(field.fields)
    if type(field) is types.Array:
        return array(field.array_of)
    if type(field) is types.String:
        return string(field.encoding)
    if field is types.Bytes:
        return raw
    if isinstance(field, type) and field in FIXED:
        return fixed(FIXED[field])
    raise Unknown(field)


def _steps(fields: Sequence[Any]) -> list[tuple[str, Any]]:
    """Each field that is not of fixed size, and between them the formats of those that are."""
    steps: list[tuple[str, Any]] = []
    for field in fields:
        code = FIXED.get(field) if isinstance(field, type) else None
        if code is None:
            steps.append(("", field))
        elif steps and steps[-1][0]:
            steps[-1] = (steps[-1][0] + code, None)
        else:
            steps.append((">" + code, None))
    return steps


def _taken(data: bytes, start: int, length: int) -> tuple[bytes, int]:
    end = start + length
    if end > len(data):
        raise ValueError(f"{length} bytes are announced, {len(data) - start} are there")
    return data[start:end], end


def _read_bytes(data: bytes, start: int) -> tuple[Any, int]:
    (length,) = LENGTH_32.unpack_from(data, start)
    return (None, start + 4) if length < 0 else _taken(data, start + 4, length)


def _read_string(encoding: str) -> Reader:
    def read(data: bytes, start: int) -> tuple[str | None, int]:
        (length,) = LENGTH_16.unpack_from(data, start)
        if length < 0:
            return None, start + 2
        raw, end = _taken(data, start + 2, length)
        return raw.decode(encoding), end

    return read


def _read_array(of: Any) -> Reader:
    single = not isinstance(of, types.Schema)
    fields = (of,) if single else of.fields
    steps = _steps(fields)
    if len(steps) == 1 and steps[0][0]:  # all of fixed size
        row = struct.Struct(steps[0][0])

        def read_fixed(data: bytes, start: int) -> tuple[list[Any] | None, int]:
            (count,) = LENGTH_32.unpack_from(data, start)
            if count == -1:
                return None, start + 4
            raw, end = _taken(data, start + 4, max(0, count) * row.size)
            rows = row.iter_unpack(raw)
            return ([value for (value,) in rows] if single else list(rows)), end

        return read_fixed

    read_one = reader_of(of)

    def read(data: bytes, start: int) -> tuple[list[Any] | None, int]:
        (count,) = LENGTH_32.unpack_from(data, start)
        start += 4
        if count == -1:
            return None, start
        found = []
        for _ in range(count):
            one, start = read_one(data, start)
            found.append(one)
        return found, start

    return read


def _read_row(fields: Sequence[Any]) -> Reader:
    plan: list[tuple[struct.Struct | None, Reader | None]] = [
        (struct.Struct(fixed), None) if fixed else (None, reader_of(field))
        for fixed, field in _steps(fields)
    ]

    def read(data: bytes, start: int) -> tuple[tuple[Any, ...], int]:
        values: list[Any] = []
        for row, read_one in plan:
            if read_one is None:
                assert row is not None
                values += row.unpack_from(data, start)
                start += row.size
            else:
                value, start = read_one(data, start)
                values.append(value)
        return tuple(values), start

    return read


def _read_fixed(code: str) -> Reader:
    one = struct.Struct(">" + code)

    def read(data: bytes, start: int) -> tuple[Any, int]:
        (value,) = one.unpack_from(data, start)
        return value, start + one.size

    return read


def reader_of(field: Any) -> Reader:
    """What reads a field. Raises Unknown."""
    made: Reader = _of_kind(field, _read_row, _read_array, _read_string, _read_bytes, _read_fixed)
    return made


def _write_bytes(value: Any, parts: list[bytes]) -> None:
    if value is None:
        parts.append(LENGTH_32.pack(-1))
    else:
        parts += (LENGTH_32.pack(len(value)), value)


def _write_string(encoding: str) -> Writer:
    def write(value: str | None, parts: list[bytes]) -> None:
        if value is None:
            parts.append(LENGTH_16.pack(-1))
        else:
            raw = str(value).encode(encoding)
            parts += (LENGTH_16.pack(len(raw)), raw)

    return write


def _write_array(of: Any) -> Writer:
    write_one = writer_of(of)

    def write(values: Sequence[Any] | None, parts: list[bytes]) -> None:
        parts.append(LENGTH_32.pack(-1 if values is None else len(values)))
        for value in values or ():
            write_one(value, parts)

    return write


def _write_row(fields: Sequence[Any]) -> Writer:
    plan: list[tuple[struct.Struct | None, int, Writer | None]] = []
    for fixed, field in _steps(fields):
        row = struct.Struct(fixed) if fixed else None
        plan.append((row, max(1, len(fixed) - 1), None if fixed else writer_of(field)))
    width = len(fields)

    def write(values: Sequence[Any], parts: list[bytes]) -> None:
        if len(values) != width:
            raise ValueError(f"{len(values)} values for {width} fields")
        start = 0
        for row, count, write_one in plan:
            if write_one is None:
                assert row is not None
                parts.append(row.pack(*values[start : start + count]))
            else:
                write_one(values[start], parts)
            start += count

    return write


def _write_fixed(code: str) -> Writer:
    pack = struct.Struct(">" + code).pack
    return lambda value, parts: parts.append(pack(value))


def writer_of(field: Any) -> Writer:
    """What writes a field. Raises Unknown."""
    made: Writer = _of_kind(
        field, _write_row, _write_array, _write_string, _write_bytes, _write_fixed
    )
    return made


def _known(make: Callable[[Any], Any], schema: types.Schema) -> Any:
    try:
        return make(schema)
    except Unknown:
        return None


_readers: dict[type[Struct], Reader | None] = {}
_writers: dict[type[Struct], Writer | None] = {}


def read(cls: type[Struct], data: io.BytesIO | bytes) -> Struct:
    """A message of this class, from where the stream stands. Raises ValueError."""
    if cls not in _readers:
        _readers[cls] = _known(reader_of, cls.SCHEMA)
    read_all = _readers[cls]
    if read_all is None:
        message: Struct = _read_with_aiokafka(cls, data)
        return message
    if isinstance(data, bytes):
        data = io.BytesIO(data)
    raw, start = data.getvalue(), data.tell()  # no copy
    try:
        values, end = read_all(raw, start)
    except struct.error as error:
        raise ValueError(f"{cls.__name__} ends too early: {error}") from error
    data.seek(end)
    return cls(*values)


def written(self: Struct) -> bytes:
    """A message's bytes. Raises ValueError where a value does not fit its field."""
    cls = type(self)
    if cls not in _writers:
        _writers[cls] = _known(writer_of, cls.SCHEMA)
    write = _writers[cls]
    if write is None:
        raw: bytes = _write_with_aiokafka(self)
        return raw
    parts: list[bytes] = []
    try:
        values = self.__dict__
        write([values[name] for name in cls.SCHEMA.names], parts)
    except struct.error as error:
        raise ValueError(f"{cls.__name__}: {error}") from error
    return b"".join(parts)


def install() -> None:
    """Let every message of this process be read and written so. May be called more than once."""
    Struct.decode = classmethod(read)
    Struct.encode = written
