"""Events that are judged together fare as each does alone."""

from __future__ import annotations

from pathlib import Path

import orjson
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.services.gateway.core.admission import Admission
from shopkeeper.shared.contracts.outputs import OUTPUT_TYPES
from shopkeeper.shared.datasets.admission import UnsentRecord

ADMISSION = Admission("com.example.shop.")
NOW_MS = 1_772_357_400_250
GOLDEN = sorted((Path(__file__).parents[3] / "schemas" / "golden").glob("*.json"))
WRONG = [{"user_id": "u"}, {"product_id": 5}, {}, {"type": "no.such.v1"}]


def record(value, headers):
    """One as the gateway would send it."""
    said = [(name, text.encode()) for name, text in headers.items()]
    return UnsentRecord(NOW_MS, None, orjson.dumps(value), said)


RECORDS = [
    record(message["value"] or {}, message["headers"])
    for path in GOLDEN
    for message in orjson.loads(path.read_bytes())
] + [record(value, {"content-type": "application/json"}) for value in WRONG]


@given(st.lists(st.sampled_from(RECORDS), max_size=9))
def test_a_verdict_does_not_depend_on_what_is_judged_beside(records):
    assert ADMISSION.judge_all(records) == [ADMISSION.judge(each) for each in records]


def test_events_of_all_topics_are_among_those_that_are_judged():
    verdicts = ADMISSION.judge_all(RECORDS)
    assert len({verdict.topic for verdict in verdicts}) > 6
    assert {bool(verdict.error) for verdict in verdicts} == {True, False}


def test_what_only_workers_publish_is_refused_and_not_dropped_in_silence():
    sent = {"specversion": "1.0", "id": "e", "source": "/page", "data": {"user_id": "u"}}
    for kind in (*OUTPUT_TYPES, *(f"com.example.shop.{each}" for each in OUTPUT_TYPES)):
        envelope = [("content-type", b"application/cloudevents+json")]
        value = orjson.dumps(sent | {"type": kind})
        verdict = ADMISSION.judge(UnsentRecord(NOW_MS, None, value, envelope))
        assert (verdict.topic, verdict.error) == (None, "other_type"), kind
        assert "workers publish" in verdict.message
