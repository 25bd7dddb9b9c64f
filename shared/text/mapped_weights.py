"""Tables of weights that a session reads where the file is mapped, instead of from a copy.

Half of an encoder is a table of which a text needs a few rows (`Gather`). Mapped, only rows that
were needed are in memory, and processes that run the same file share them. All else is left to
onnxruntime, which packs it for its loops. Little of the format is read here: an ONNX file is
nested fields of protobuf, each a number with its type and what follows.
"""

from __future__ import annotations

import math
import mmap
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import onnxruntime as ort

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

MAPPED_FROM = 100_000  # bytes; what is smaller is not worth a page of its own
GATHER = "Gather"

# Numbers of fields, of onnx.proto.
MODEL_GRAPH = 7
GRAPH_NODE, GRAPH_INITIALIZER = 1, 5
NODE_INPUT, NODE_OPERATOR = 1, 4
TENSOR_SHAPE, TENSOR_TYPE, TENSOR_NAME, TENSOR_RAW = 1, 2, 8, 9
TYPES: dict[int, np.dtype[np.generic]] = {
    1: np.dtype("<f4"),
    2: np.dtype("u1"),
    3: np.dtype("i1"),
    10: np.dtype("<f2"),
}

# Types of protobuf's fields.
VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5


class _Field(NamedTuple):
    number: int
    value: int  # of a number
    begin: int  # of bytes; 0 of a number
    end: int


class _Tensor(NamedTuple):
    name: str
    kind: int
    shape: tuple[int, ...]
    begin: int
    end: int


def map_tables(options: ort.SessionOptions, content: mmap.mmap) -> list[object]:
    """Have a session that begins with `options` read its large tables from `content`, a whole ONNX
    file. Returns what has to live as long as that session.

    Raises ValueError or IndexError where the file is none that can be read.
    """
    held: list[object] = [content, options]
    for name, table in tables_of(content).items():
        value = ort.OrtValue.ortvalue_from_numpy(table)
        options.add_initializer(name, value)
        held += [table, value]
    return held


def release(content: mmap.mmap) -> None:
    """Leave the file's pages to the system's cache until rows are needed: each was read once."""
    content.madvise(mmap.MADV_DONTNEED)


def tables_of(content: mmap.mmap | bytes) -> dict[str, NDArray[np.generic]]:
    """Large tables that only `Gather` reads, by name, where they stand in `content`."""
    users: dict[str, set[str]] = {}
    tensors: list[_Tensor] = []
    for graph in _fields(content, 0, len(content)):
        if graph.number != MODEL_GRAPH:
            continue
        for field in _fields(content, graph.begin, graph.end):
            if field.number == GRAPH_INITIALIZER:
                tensors.append(_tensor(content, field))
            elif field.number == GRAPH_NODE:
                operator, names = _node(content, field)
                for name in names:
                    users.setdefault(name, set()).add(operator)
    found = {}
    for tensor in tensors:
        kind, size = TYPES.get(tensor.kind), tensor.end - tensor.begin
        if kind is None or size < MAPPED_FROM or users.get(tensor.name) != {GATHER}:
            continue
        count = math.prod(tensor.shape)
        # Half precision at an odd place: no processor likes that.
        if tensor.begin % kind.itemsize == 0 and count * kind.itemsize == size:
            table = np.frombuffer(content, kind, count, tensor.begin)
            found[tensor.name] = table.reshape(tensor.shape)
    return found


def _node(content: mmap.mmap | bytes, whole: _Field) -> tuple[str, list[str]]:
    """(operator, its inputs)."""
    operator, names = "", []
    for field in _fields(content, whole.begin, whole.end):
        if field.number == NODE_INPUT:
            names.append(content[field.begin : field.end].decode())
        elif field.number == NODE_OPERATOR:
            operator = content[field.begin : field.end].decode()
    return operator, names


def _tensor(content: mmap.mmap | bytes, whole: _Field) -> _Tensor:
    name, kind, begin, end = "", 0, 0, 0
    shape: list[int] = []
    for field in _fields(content, whole.begin, whole.end):
        if field.number == TENSOR_NAME:
            name = content[field.begin : field.end].decode()
        elif field.number == TENSOR_TYPE:
            kind = field.value
        elif field.number == TENSOR_RAW:
            begin, end = field.begin, field.end
        elif field.number == TENSOR_SHAPE:
            if not field.begin:
                shape.append(field.value)
            place = field.begin
            while place < field.end:  # several as one
                length, place = _varint(content, place)
                shape.append(length)
    return _Tensor(name, kind, tuple(shape), begin, end)


def _fields(content: mmap.mmap | bytes, begin: int, end: int) -> Iterator[_Field]:
    place = begin
    while place < end:
        tag, place = _varint(content, place)
        number, kind = tag >> 3, tag & 7
        if kind == VARINT:
            value, place = _varint(content, place)
            yield _Field(number, value, 0, 0)
            continue
        if kind == BYTES:
            size, place = _varint(content, place)
        elif kind in (EIGHT, FOUR):
            size = 8 if kind == EIGHT else 4
        else:
            raise ValueError(f"a field of type {kind}")
        if place + size > end:
            raise ValueError("a field beyond its end")
        yield _Field(number, 0, place, place + size)
        place += size


def _varint(content: mmap.mmap | bytes, place: int) -> tuple[int, int]:
    """(number, the place after it). Seven bits a byte, the lowest first."""
    value = shift = 0
    while True:
        byte = content[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
        shift += 7
