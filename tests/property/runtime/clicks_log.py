"""Record batches of clicks, sound and odd ones, as a broker would send them."""

from __future__ import annotations

import json
import struct

from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c
from hypothesis import strategies as st

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka import unpacking
from shopkeeper.shared.runtime.kafka.sink import partition_of

unpacking.install()

TP = TopicPartition("bulk." + topics.CLICKS, 1)
unpacking.read_in_bulk(TP.topic)
LEFT = TopicPartition("one-by-one", 1)  # a topic that is not read in bulk
PREFIX = "com.example.shop."
TIME_MS = 1_772_357_400_250
CLICKED = b"com.example.shop.product.clicked.v1"
# Of partition 1 of two and of three.
USERS = [name for n in range(60) if partition_of((name := f"user-{n}").encode(), 6) == 1][:5]

# -- one record: (key, value, headers, milliseconds after TIME_MS)


def plain(n, **fields):
    data = {"product_id": f"p{n % 7}", "user_id": USERS[n % 5], "session_id": f"s{n % 3}", **fields}
    return spelled(n, json.dumps(data).encode())


def spelled(n, value, **headers):
    """A click of these bytes; headers: values by name (ce_x or content_type), None: without it."""
    said = {
        "content_type": b"application/json", "ce_specversion": b"1.0", "ce_id": b"id-%d" % n,
        "ce_source": b"shop", "ce_type": CLICKED, "ce_time": b"2026-03-01T09:30:00.250Z", **headers,
    }  # fmt: skip
    named = [
        (name.replace("content_type", "content-type"), text)
        for name, text in said.items()
        if text is not None
    ]
    return b"u%d" % (n % 5), value, named, n


NULL = "null"
TEXTS = st.text(max_size=6) | st.sampled_from(
    ["", " ", '"', "\\", "\x7f", "é", "x" * 512, "x" * 513]
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), TEXTS,
    st.sampled_from([10**15, 10**20, 0, -0.0, 1e300, 0.1, 3.0]),
)  # fmt: skip
VALUES = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(TEXTS, SCALARS, max_size=2)
NAMES = st.sampled_from(
    ["product_id", "user_id", "anonymous_id", "session_id", "position", "recomm_id", "price", "id"]
)
HEADER_NAMES = st.sampled_from(
    ["ce_id", "ce_source", "ce_type", "ce_time", "ce_correlationid", "ce_subject", "content-type",
     "Content-Type", "CE-Type", "ce_specversion", "traceparent", "x", "shopkeeper.forwarded",
     "shopkeeper.parts", "shopkeeper.handover", "shopkeeper.other", "shopkeeper"]
)  # fmt: skip
SAMPLES = [
    CLICKED, b"product.clicked.v1", b"order.completed.v1", b"com.example.shop.nothing.v1",
    b"application/json", b"application/json; charset=utf-8", b"application/jsonx",
    b"application/cloudevents+json", b"text/plain", b"2026-02-28T23:59:59Z", b"\xc3\xa9",
    b"2026-02-29T00:00:00Z", b"2024-02-29T00:00:00.999Z", b"2026-03-01T09:30:60Z",
    b"2026-03-01T24:00:00Z", b"2026-03-01t09:30:00z", b"2026-03-01T09:30:00+00:00",
    b"1999-12-31T23:59:59.999Z", b"2000-01-01T00:00:00Z", b"2026-03-01T09:31:00.250Z",
    b"2026-03-01T09:32:01Z", b"2026-03-01T09:30:00,250Z", b"2026-03-01T09:30:00.25Z",
    b"2026-03-05T00:00:00Z", b"1772357400", b"x" * 500, b"x" * 1025, b"1/2/1/3", b"0,1",
    b"2026-03-01T09:31:00.251Z", b"2026-03-01T09:31:00Z", b"0000-01-01T00:00:00Z",
    b"2026-13-01T00:00:00Z", b"2026-00-01T00:00:00Z", b"2026-01-00T00:00:00Z",
    b"2026-01-32T00:00:00Z", b"2026-03-01T00:60:00Z", b"1999-12-31T23:59:59Z",
    b"2026-03-01T09:30:00.2500Z", b"2026-03-01T09:30:0:Z", b"2026-03-01 09:30:00Z", b"x" * 1016,
    b"x" * 1020, b"x" * 511, b"application/json ", b"", b"\0", b"\x7f", b"\x80",
]  # fmt: skip
HEADER_VALUES = st.none() | st.binary(max_size=4) | st.sampled_from(SAMPLES)


@st.composite
def mutated(draw, n):
    """A click of which one thing is another."""
    data = {"product_id": "p1", "user_id": draw(st.sampled_from(["u1", USERS[0]]))}
    key, _, headers, after = plain(n)
    for _ in range(draw(st.integers(0, 2))):
        name = draw(NAMES)
        if draw(st.booleans()):
            data.pop(name, None)
        else:
            data[name] = draw(VALUES)
    for _ in range(draw(st.integers(0, 2))):
        headers.insert(
            draw(st.integers(0, len(headers))), (draw(HEADER_NAMES), draw(HEADER_VALUES))
        )
        if draw(st.booleans()):
            name = draw(HEADER_NAMES)
            headers = [header for header in headers if header[0] != name]
    value = json.dumps(data, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    return key, value, headers, after


PIECES = [
    b"", b" ", b"\n", b"\t", b"0", b"-", b".", b"e5", b'"', b"\\", b"\\u0041", b",", b":", b"{",
    b"}", b"[", b"null", b"true", b"\0", b"\x7f", b"\xff", b"\xc3\xa9", b"x" * 513,
    b'"user_id":"u1",', b'"user_id":null,', b'"anonymous_id":"a1",', b'"n":01,', b'"n":-,',
    b'"":1,', b'"n":1.,', b'"n":-0.0,', b'"b":true,', b'"b":nul,', b'"s":"' + b"y" * 600,
]  # fmt: skip


@st.composite
def damaged(draw, n):
    """A click of which a few bytes of JSON are others, or gone, or doubled."""
    key, value, headers, after = plain(n, position=draw(st.sampled_from([1, -2.5, None])))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(value)))
        piece = draw(st.sampled_from(PIECES) | st.binary(max_size=2))
        value = value[:at] + piece + value[at + draw(st.integers(0, 2)) :]
    return key, value, headers, after


SMALL, SAID = b'{"product_id":"p1","user_id":"u1"}', spelled(2, b"")[2]
BARE_ORDER = (b"u1", b'{"order_id":"o","products":[{"product_id":"p"}]}', [], 0)
EVENTS = [
    spelled(1, b'{"order_id":"o1","user_id":"u1","products":[{"product_id":"p1"}]}',
            ce_type=b"com.example.shop.order.completed.v1"),
    (b"u1", b'{"product_id":"p1","user_id":"u1"}', [], 0),  # bare
    (b"u1", None, [], 0),
    (None, b"", [("ce_type", CLICKED)], 0),
    (b"k" * 2049, SMALL, SAID, 0),
    (b"u1", b'{"product_id":"p1","user_id":"u1","x":"' + b"y" * 262_200 + b'"}', SAID, 0),
    (b"u1", b'{"event":"purchase","items":[{"item_id":"a"},{"item_id":"b"}]}', [], 0),
    (b"u1", b'\xef\xbb\xbf{"product_id":"p1","user_id":"u1"}', SAID, 0),
    (b"u1", b'\0\0\0\0\1{"product_id":"p1","user_id":"u1"}', SAID, 0),
    (b"u1", b' \n{ "product_id" : "p1" , "user_id":"null" }\r\t', SAID, 0),
]  # fmt: skip


@st.composite
def clicks(draw, count):
    """So many clicks; a few are odd, and some ids come again."""
    records = [plain(n) for n in range(count)]
    for place in draw(st.lists(st.integers(0, count - 1), max_size=6, unique=True)):
        records[place] = draw(
            mutated(place) | damaged(place) | st.sampled_from(EVENTS) | st.just(plain(place // 2))
        )
    return records


TOKENS = [
    b"null", b"true", b"false", b"nul", b"0", b"-0", b"-1", b"01", b"-01", b"1.5", b"1.", b".5",
    b"-", b"--1", b"1e5", b"1E5", b"0.0", b"00.5", b"9" * 15, b"9" * 16, b"0." + b"9" * 15,
    b"0." + b"9" * 16, b"1.2.3", b"1x", b"NaN", b"Infinity", b"[]", b"{}", b'[1]', b'{"a":1}',
    b'""', b'"x"', b'" "', b'"\\u0041"', b'"\\n"', b'"\x7f"', b'"~"', b'"\xc3\xa9"', b'"\xff"',
    b'"\x1f"', b'"null"', b'"' + b"x" * 512 + b'"', b'"' + b"x" * 513 + b'"', b'"x', b'x"', b"",
    b'"x" "y"', b"1 2", b"\t1 ", b"tru", b"falsee", b"nulll",
]  # fmt: skip
FIELDS = [
    "product_id", "user_id", "anonymous_id", "session_id", "position", "recomm_id", "price", "",
    "é",
]  # fmt: skip


def catalogue():
    """One of each oddity: every header with every value, every field with every token, every piece
    at every place of a click."""
    usual = plain(1)[2]
    for at, (name, text) in enumerate([*usual, ("ce_correlationid", b"c"), ("x", b"y")]):
        without = [header for header in usual if header[0] != name]
        yield b"k", SMALL, without, 0
        for value in [*SAMPLES, None]:
            yield b"k", SMALL, [*without[:at], (name, value), *without[at:]], 0
            yield b"k", SMALL, [*usual, (name, value)], 0
            yield b"k", SMALL, [(name, value), (name, text), *without], 0
    for name in FIELDS:
        for token in TOKENS:
            said = b'"%s":%s' % (name.encode(), token)
            for others in (
                b'"product_id":"p"',
                b'"user_id":"u"',
                b'"product_id":"p","user_id":"u"',
            ):
                yield b"k", b"{%s,%s}" % (others, said), usual, 0
                yield b"k", b"{%s,%s}" % (said, others), usual, 0
    click = b'{"product_id": "p1","user_id":"u1" ,"position":10.5}'
    for piece in PIECES:
        for at in range(len(click) + 1):
            for gone in (0, 1):
                yield b"k", click[:at] + piece + click[at + gone :], usual, 0


# -- batches


def batch(base, records, *, codec=0, gaps=(), broker_time=False, first_ms=TIME_MS, producer=-1):
    """The bytes of a record batch; gaps: places before which an offset is missing."""
    builder = DefaultRecordBatchBuilder(2, codec, 0, producer, 0, 0, 1 << 30)
    offset = 0
    for place, (key, value, headers, after) in enumerate(records):
        offset += 1 + (place in gaps) if place else 0
        builder.append(offset, first_ms + after, key, value, headers)
    built = bytearray(builder.build())
    struct.pack_into(">q", built, 0, base)
    if broker_time:
        built[22] |= 8
    return sealed(built), base + offset + 1


def sealed(built):
    struct.pack_into(">i", built, 8, len(built) - 12)
    struct.pack_into(">I", built, 17, calc_crc32c(bytes(built[21:])))
    return bytes(built)


def unpacked(tp, raw, position):
    return fetcher.PartitionRecords(
        tp, fetcher.MemoryRecords(raw), None, position, None, None, True, 1
    )
