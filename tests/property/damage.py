"""Bytes as somebody might send them: sound messages, then damaged by bytes or by what they say."""

from __future__ import annotations

import json
import math

import msgspec
from hypothesis import strategies as st

ODD = (
    None, True, False, 0, -1, 1, 17, 2**31, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63), 2**64 - 1,
    0.5, -0.0, 1e308, math.inf, -math.inf, math.nan, "", "x", "\x00", "é鞋", "a" * 3000, "1/2",
    [], {}, [None], [[]], {"": None}, b"", b"\x00", b"\xff" * 8, b"\x00\x00\xc0\x7f",
)  # fmt: skip
TOKENS = (
    b"NaN", b"-Infinity", b"1e999", b"null", b'""', b'"', b"{", b"}", b"[", b"]", b",", b":",
    b"\\ud800", b"\\u0000", b"\\", b"\xff", b"\xed\xa0\x80", b"\x00", b" ", b"9" * 23, b"-1",
    b"[" * 2000, b"\xdd\xff\xff\xff\xff", b"\xc6\x7f\xff\xff\xff", b"\xcf" + b"\xff" * 8, b"\xc1",
)  # fmt: skip
BYTES_MAX = 1 << 16


@st.composite
def by_bytes(draw, value):
    """The bytes after up to three edits: something cut, put in, swapped, doubled or flipped."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(value)))
        end = min(len(value), start + draw(st.integers(0, 12)))
        flipped = bytes(b ^ draw(st.sampled_from((1, 0x80, 0xFF))) for b in value[start:end])
        put_in = draw(
            st.one_of(
                st.sampled_from((*TOKENS, flipped, value[start:end] * 2)), st.binary(max_size=4)
            )
        )
        value = value[:start] + put_in + value[end:]
    return value[:BYTES_MAX]


def places(document, at=()):
    """Paths of all that a document holds."""
    yield at
    if isinstance(document, dict):
        for name, value in document.items():
            yield from places(value, (*at, name))
    elif isinstance(document, list):
        for number, value in enumerate(document):
            yield from places(value, (*at, number))


def put(document, at, value):
    """The document with one value replaced; `...` takes it out."""
    if not at:
        return None if value is ... else value
    copy = dict(document) if isinstance(document, dict) else list(document)
    if len(at) == 1 and value is ...:
        del copy[at[0]]
    else:
        copy[at[0]] = put(copy[at[0]], at[1:], value)
    return copy


@st.composite
def by_meaning(draw, document):
    """The document with one or two of its values replaced or taken out, or one twice as long."""
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.sampled_from(list(places(document))))
        value = draw(st.sampled_from((..., *ODD)))
        old = document
        for step in at:
            old = old[step]
        if isinstance(old, bytes | str | list) and old and draw(st.booleans()):
            value = draw(st.sampled_from((old * 2, old[:-1], old[1:], old[:1] * len(old))))
        document = put(document, at, value)
    return document


def damaged(golden):
    """A strategy of bytes near a sound message, JSON or MessagePack where it is either."""
    ways = [by_bytes(golden), st.just(golden), st.binary(max_size=64)]
    try:
        document = json.loads(golden)
        ways.append(by_meaning(document).map(_json))
    except ValueError:
        try:
            document = msgspec.msgpack.decode(golden)
            ways.append(by_meaning(document).map(_msgpack))
        except (msgspec.MsgspecError, ValueError):
            pass
    return st.one_of(ways)


def _json(document):
    return json.dumps(document, default=lambda b: b.hex()).encode()


def _msgpack(document):
    try:
        return msgspec.msgpack.encode(document)
    except (OverflowError, TypeError, ValueError):
        return b""


def spoiled(golden, count=40):
    """Cut off, and with a byte that is no UTF-8 put in, at as many places from end to end."""
    for step in range(count):
        at = step * len(golden) // count
        yield golden[:at]
        yield golden[:at] + b"\xff" + golden[at:]
