"""Golden messages of every vocabulary, mutated: books balance, and no payload is an envelope."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.decoder import SKIPS, EventDecoder
from shopkeeper.shared.contracts.envelope import Event, Rejected, Several, Skipped
from shopkeeper.shared.contracts.parsing import ERRORS
from shopkeeper.shared.runtime.api.processor import Stateless
from shopkeeper.shared.runtime.state.partition import PartitionState

FOLDER = Path(__file__).parents[3] / "schemas" / "golden" / "vocabularies"
GOLDEN = [m for path in sorted(FOLDER.glob("*.json")) for m in json.loads(path.read_text("utf-8"))]
TIME_MS = 1_795_860_000_000
PAYLOADS = ("properties", "params", "ecommerce", "event_params", "customer", "items")
ENVELOPE_NAMES = ("id", "time", "timestamp", "type", "specversion", "messageId", "message_id",
                  "source", "event", "ce_id", "originalTimestamp", "timestamp_micros")  # fmt: skip
STRANGE = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 2**63),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.sampled_from(["", "x", "1", "page_view", "purchase", "track", "1.0", "11,99", "9" * 25,
                     "鞋", "iglu:a/b/c/1-0-0", "{", "2026-11-28", "\x00"]),
    st.lists(st.integers(0, 3), max_size=3), st.just({}), st.just({"id": 1, "items": [[]]}),
    st.just([{"item_id": "z"}, 5, {"product_id": None}]),
)  # fmt: skip


class Counting(Stateless):
    """Takes everything."""

    def process(self, events, now_ms):
        return [], []


def holders(value):
    """Every object and list inside, the value among them."""
    if isinstance(value, dict | list):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from holders(inner)


def mutate(draw, document):
    for _ in range(draw(st.integers(0, 4))):
        holder = draw(st.sampled_from(list(holders(document))))
        action = draw(st.sampled_from(["drop", "rename", "retype", "insert", "nest"]))
        places = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if action == "insert" and isinstance(holder, dict):
            holder[draw(st.sampled_from((*ENVELOPE_NAMES, *PAYLOADS, "name", "batch")))] = (
                copy.deepcopy(draw(STRANGE))
            )
        elif places:
            place = draw(st.sampled_from(places))
            if action == "drop":
                del holder[place]
            elif action == "rename" and isinstance(holder, dict):
                holder[draw(st.sampled_from((*ENVELOPE_NAMES, "product_id", "user_id")))] = (
                    holder.pop(place)
                )
            elif action == "retype":
                holder[place] = copy.deepcopy(draw(STRANGE))
            elif action == "nest":
                holder[place] = draw(st.sampled_from([[holder[place]], {"x": holder[place]}]))
    return document


@st.composite
def batches(draw):
    topic = draw(st.sampled_from([t for t in topics.ALL if t.owner]))
    records = []
    for offset in range(draw(st.integers(1, 5))):
        message = draw(st.sampled_from(GOLDEN))
        value = json.dumps(mutate(draw, copy.deepcopy(message["value"]))).encode()
        if draw(st.integers(0, 9)) == 0:
            value = value[: draw(st.integers(0, len(value)))]
        headers = [(n, v.encode()) for n, v in message.get("headers", {}).items()]
        if draw(st.integers(0, 9)) == 0:
            headers.append(("shopkeeper.parts", draw(st.sampled_from([b"1", b"0,2", b"", b"x"]))))
        records.append(SimpleNamespace(
            topic=topic.name, partition=1, offset=offset, timestamp=TIME_MS, headers=headers,
            key=draw(st.sampled_from([None, b"k", b"\xff"])), value=value,
        ))  # fmt: skip
    return topic, draw(st.sampled_from(topic.consumers)), records


@settings(max_examples=1000, deadline=None)
@given(case=batches())
def test_whatever_shops_send_is_accounted_for_once(case):
    topic, service, records = case
    decoder = EventDecoder(topic.name, topic.types, service, "com.example.shop.")
    verdicts = decoder.decode(records)
    assert [v.offset for v in verdicts] == [r.offset for r in records]
    for verdict in verdicts:
        several = verdict.verdicts if isinstance(verdict, Several) else (verdict,)
        assert several
        for each in several:
            if isinstance(each, Rejected):
                assert each.error in ERRORS[each.stage]
            elif isinstance(each, Skipped):
                assert each.reason in SKIPS
            else:
                assert each.type in topic.types
        if isinstance(verdict, Several):
            ids = [(e.source, e.id, e.part) for e in several if isinstance(e, Event)]
            assert len(set(ids)) == len(ids)
    state = PartitionState(
        topic.name, 1, service=service, processor=Counting(), decoder=decoder, recent_ids_max=100
    )
    counts = state.process(records, lambda: 0).counts
    assert counts.balance()
    assert counts.consumed == len(records)
    letters = sum(counts.failed.values())
    assert letters == sum(_has_bad(v) for v in verdicts)


def _has_bad(verdict):
    several = verdict.verdicts if isinstance(verdict, Several) else (verdict,)
    return any(isinstance(each, Rejected) for each in several)


INSIDE = {  # where a shop puts its own fields, by shape
    "properties": lambda extra: {
        "type": "track", "event": "Product Viewed", "messageId": "m", "userId": "u",
        "timestamp": "2026-11-28T10:00:00Z", "properties": {**extra, "product_id": "p"}},
    "params": lambda extra: {
        "name": "view_item", "user_id": "u", "timestamp_micros": TIME_MS * 1000,
        "params": {**extra, "item_id": "p"}},
    "ecommerce": lambda extra: {
        "event": "view_item", "user_id": "u", "timestamp": TIME_MS,
        "ecommerce": {**extra, "items": [{**extra, "item_id": "p"}]}},
    "events": lambda extra: {
        "client_id": "u", "timestamp_micros": TIME_MS * 1000,
        "events": [{"name": "view_item", "params": {**extra, "items": [{"item_id": "p"}]}}]},
    "event_params": lambda extra: {
        "event_name": "view_item", "event_timestamp": TIME_MS * 1000, "user_pseudo_id": "u",
        "event_params": [{"key": k, "value": {"string_value": str(v)}} for k, v in extra.items()],
        "items": [{"item_id": "p"}]},
    "attributes": lambda extra: {
        "type": "product.clicked.v1", "user_id": "u", "product_id": "p", "time": TIME_MS,
        "attributes": extra},
}  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(
    shape=st.sampled_from(sorted(INSIDE)),
    extra=st.dictionaries(st.sampled_from(ENVELOPE_NAMES), STRANGE, max_size=5),
)
def test_no_field_of_a_payload_is_taken_for_an_envelope_field(shape, extra):
    spec = topics.BY_NAME[topics.CLICKS]
    decoder = EventDecoder(topics.CLICKS, spec.types, spec.owner, "com.example.shop.")

    def decoded(fields):
        value = json.dumps(INSIDE[shape](fields)).encode()
        record = SimpleNamespace(
            offset=0, partition=0, timestamp=TIME_MS, key=b"k", value=value, headers=[]
        )
        [verdict] = decoder.decode([record])
        return verdict

    assert isinstance(decoded({}), Event)
    assert decoded(extra) == decoded({})
