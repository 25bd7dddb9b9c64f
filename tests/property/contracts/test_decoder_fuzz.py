"""Golden messages, damaged: the decoder against a naive twin, and what must hold for any record."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.dead_letter import dead_letter
from shopkeeper.shared.contracts.decoder import SKIPS, EventDecoder
from shopkeeper.shared.contracts.envelope import Event, Rejected, Skipped
from shopkeeper.shared.contracts.events.shop import SHOP_TYPES
from shopkeeper.shared.contracts.parsing import ERRORS
from tests.contract.optional_fields import without_wrong_options

SCHEMAS = Path(__file__).parents[3] / "schemas"
TOPIC_OF = {t: topic for topic in topics.ALL for t in topic.types}
GOLDEN = [
    (suffix, message)
    for suffix in SHOP_TYPES
    for message in json.loads((SCHEMAS / "golden" / f"{suffix}.json").read_text("utf-8"))
    if message["value"] is not None
]
VALIDATORS = {
    suffix: jsonschema.Draft202012Validator(
        json.loads((SCHEMAS / f"{suffix}.json").read_text("utf-8"))
    )
    for suffix in SHOP_TYPES
}
TIME_MS = 1_772_357_400_250
KEY = b"k"


def decoder(suffix):
    topic = TOPIC_OF[suffix]
    return EventDecoder(topic.name, topic.types, topic.owner, "com.example.shop.")


def record(value, headers, key=KEY, offset=0):
    return SimpleNamespace(
        offset=offset, partition=1, timestamp=TIME_MS, key=key, value=value, headers=headers
    )


def headers_of(message):
    return [(name, value.encode()) for name, value in message["headers"].items()]


TOKENS = st.sampled_from(
    [b"NaN", b"-Infinity", b"1e999", b"null", b"true", b'""', b'"', b"{", b"}", b"[", b"]", b",",
     b":", b"\\ud800", b"\\ud83d\\ude00", b"\\u0000", b"\\", b"\xff", b"\xed\xa0\x80",
     b"\xe9\x9e\x8b", b"\x00", b" ", b"9" * 23, b"17", b"-1", b"0.5", b"[" * 2000, b"{}", b"[]"]
)  # fmt: skip


@st.composite
def damaged(draw, value):
    """The bytes after up to three edits: something cut, put in, swapped or doubled."""
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(value)))
        end = min(len(value), start + draw(st.integers(0, 8)))
        put_in = draw(st.one_of(TOKENS, st.binary(max_size=3), st.just(value[start:end] * 2)))
        value = value[:start] + put_in + value[end:]
    return value


@st.composite
def damaged_fields(draw, document):
    """JSON of the golden data with one value replaced, so that the syntax stays whole."""
    name = draw(st.sampled_from(sorted(document)))
    token = draw(TOKENS.filter(_is_json))
    text = json.dumps({**document, name: "\x01"}, ensure_ascii=False)
    return text.replace(json.dumps("\x01"), token.decode()).encode()


def _is_json(token):
    try:
        json.loads(token)
    except (ValueError, RecursionError):
        return False
    return True


def twin_accepts(suffix, value):
    """What the decoder should say to `value` in binary mode, said slowly by other libraries."""
    if not value:
        return suffix in ("product.catalogued.v1", "user.profiled.v1", "order.updated.v1")
    if value[0] == 0 and len(value) > 5:
        value = value[5:]
    try:
        document = json.loads(value.decode("utf-8"), parse_constant=_refuse)
        json.dumps(document, ensure_ascii=False).encode("utf-8")  # lone surrogates
    except (ValueError, RecursionError):
        return False
    return (
        isinstance(document, dict)
        and _finite(document)
        and VALIDATORS[suffix].is_valid(without_wrong_options(VALIDATORS[suffix].schema, document))
    )


def named(value, *fields):
    """The key that a profile or an order must have, if its bytes say whose or which it is."""
    try:
        document = json.loads((value[5:] if value[:1] == b"\0" else value).decode())
        return next(filter(None, map(document.get, fields))).encode()
    except (ValueError, RecursionError, AttributeError, StopIteration):
        return KEY


def _refuse(name):
    raise ValueError(name)


def _finite(value):
    if isinstance(value, dict):
        return all(map(_finite, value.values()))
    if isinstance(value, list):
        return all(map(_finite, value))
    return not isinstance(value, int | float) or math.isfinite(float(value))


@settings(max_examples=1500, deadline=None)
@given(golden=st.sampled_from(GOLDEN), data=st.data())
def test_the_decoder_and_its_naive_twin_accept_the_same(golden, data):
    suffix, message = golden
    whole = json.dumps(message["value"], ensure_ascii=data.draw(st.booleans())).encode()
    value = data.draw(st.one_of(damaged(whole), damaged_fields(message["value"])))
    fields = {"user.profiled.v1": ("user_id", "anonymous_id"), "order.updated.v1": ("order_id",)}
    key = named(value, *fields[suffix]) if suffix in fields else KEY
    [verdict] = decoder(suffix).decode([record(value, headers_of(message), key)])
    assert isinstance(verdict, Event) == twin_accepts(suffix, value), (verdict, value)


def texts(value):
    """The strings of a document: nothing of them may show in a message."""
    if isinstance(value, dict):
        return [t for v in value.values() for t in texts(v)]
    if isinstance(value, list):
        return [t for v in value for t in texts(v)]
    return [value] if isinstance(value, str) else []


@st.composite
def records(draw):
    """Records of one topic: golden ones with damaged values, headers and keys."""
    suffix, _ = draw(st.sampled_from(GOLDEN))
    found = []
    for offset in range(draw(st.integers(1, 4))):
        _, message = draw(
            st.sampled_from([g for g in GOLDEN if TOPIC_OF[g[0]] is TOPIC_OF[suffix]])
        )
        headers = headers_of(message)
        mode = draw(st.sampled_from(["binary", "structured", "bare"]))
        document = message["value"]
        if mode == "structured":
            headers = [("content-type", b"application/cloudevents+json")]
            document = {name[3:]: value for name, value in message["headers"].items()} | {
                "data": document
            }
        elif mode == "bare":
            headers = []
        value = draw(damaged(json.dumps(document, ensure_ascii=False).encode()))
        headers = [(k, draw(st.one_of(st.just(v), damaged(v), st.none()))) for k, v in headers]
        key = draw(st.one_of(st.none(), st.binary(max_size=5)))
        found.append(
            record(draw(st.sampled_from([value, value, value, None])), headers, key, offset)
        )
    # Words that the schema itself lists are no secrets.
    known = json.dumps(VALIDATORS[suffix].schema)
    return suffix, found, [each for each in texts(message["value"]) if each not in known]


@settings(max_examples=800, deadline=None)
@given(case=records())
def test_whatever_comes_each_record_has_one_verdict_of_its_own(case):
    suffix, batch, secrets = case
    topic = TOPIC_OF[suffix]
    verdicts = decoder(suffix).decode(batch)
    assert [v.offset for v in verdicts] == [r.offset for r in batch]
    assert verdicts == [v for r in batch for v in decoder(suffix).decode([r])], "neighbours matter"
    for verdict, source in zip(verdicts, batch, strict=True):
        if isinstance(verdict, Rejected):
            assert verdict.error in ERRORS[verdict.stage]
            assert not any(len(s) > 3 and s in verdict.message for s in secrets)
            letter = dead_letter(source, verdict, topic.name, topic.owner)
            assert (letter.key, letter.value) == (source.key, source.value)
            assert letter.headers[: len(source.headers)] == source.headers
        elif isinstance(verdict, Skipped):
            assert verdict.reason in SKIPS
        else:
            assert verdict.id
            assert verdict.type in topic.types
            assert verdict.source or verdict.id == f"{topic.name}/1/{verdict.offset}"


@pytest.mark.parametrize("suffix", SHOP_TYPES)
def test_the_twin_itself_accepts_what_is_golden(suffix):
    for kind, message in GOLDEN:
        if kind == suffix:
            assert twin_accepts(suffix, json.dumps(message["value"]).encode())
