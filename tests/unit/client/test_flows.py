"""What the Python client decides without I/O: batches, retries, documents; how little it loads."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from shopkeeper.client import (
    AsyncClient,
    Client,
    Event,
    EventsRefused,
    NotConfirmed,
    Overloaded,
    Policy,
    ProblemError,
    ProductClicked,
    Unreachable,
    documents,
)
from shopkeeper.client.calls import publish
from shopkeeper.client.events import BATCH_BYTES_MAX, BATCH_EVENTS_MAX, batches
from shopkeeper.client.retrying import Lost, Pause, Reply, Request, send
from shopkeeper.shared.contracts.events.answers import AnswerGiven
from shopkeeper.shared.contracts.events.recommendation import (
    RecommendationsUpdated,
    RecommendedItem,
    SimilarItem,
    SimilarItemsUpdated,
    TrendingUpdated,
)
from shopkeeper.shared.contracts.events.sentiment import ProductSentimentUpdated

GOLDEN = Path(__file__).resolve().parents[3] / "schemas" / "golden"
POLICY = Policy(tries_max=4, chance=lambda: 1.0, now_s=lambda: 1_000_000_000.0)
READ = Request("GET", "/v1/trending")
CONTRACTS = {
    documents.RecommendationList: RecommendationsUpdated,
    documents.SimilarItems: SimilarItemsUpdated,
    documents.Trending: TrendingUpdated,
    documents.Sentiment: ProductSentimentUpdated,
    documents.Answer: AnswerGiven,
    documents.Item: RecommendedItem,
}


def reply(status, content=b"{}", **headers):
    return Reply(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, content
    )


def drive(flow, outcomes):
    """(result or exception, what was asked): each request takes the next outcome."""
    outcomes, asked, outcome = iter(outcomes), [], None
    try:
        while True:
            step = flow.send(outcome)
            asked.append(step)
            outcome = None if isinstance(step, Pause) else next(outcomes)
    except StopIteration as done:
        return done.value, asked
    except Exception as error:
        return error, asked


def pauses(asked):
    return [step.seconds for step in asked if isinstance(step, Pause)]


def test_pauses_double_and_retry_after_is_obeyed():
    found, asked = drive(send(READ, POLICY), [reply(503), reply(429), reply(200)])
    assert (found.status, pauses(asked)) == (200, [0.2, 0.4])
    _, asked = drive(send(READ, POLICY), [reply(429, retry_after="7"), reply(200)])
    assert pauses(asked) == [7.0]
    date = "Sun, 09 Sep 2001 01:46:45 GMT"  # five seconds from now
    _, asked = drive(send(READ, POLICY), [reply(503, retry_after=date), reply(200)])
    assert pauses(asked) == [5.0]


def test_what_waiting_does_not_help_is_raised_at_once():
    found, asked = drive(send(READ, POLICY), [reply(404, b'{"title":"Not Found","detail":"p9"}')])
    assert (type(found).__name__, len(asked)) == ("NotFound", 1)
    assert found.problem.detail == "p9"
    found, asked = drive(send(READ, POLICY), [reply(429, retry_after="3600")])
    assert (type(found), pauses(asked)) == (Overloaded, [])
    found, _ = drive(send(READ, POLICY), [reply(400, b"<html>proxy")])
    assert (type(found), found.problem.detail) == (ProblemError, "<html>proxy")
    found, asked = drive(send(READ, POLICY), [Lost(OSError("gone"), True)] * 4)
    assert (type(found), len(pauses(asked))) == (Unreachable, 3)


def test_a_question_whose_reply_was_lost_is_not_asked_again():
    question = READ._replace(method="POST", repeatable=False)
    for last in (Lost(OSError(), unsent=False), reply(503)):
        found, asked = drive(send(question, POLICY), [Lost(OSError(), unsent=True), last])
        assert isinstance(found, Exception)
        assert len(pauses(asked)) == 1, "it was asked again only while nothing could have arrived"


def test_batches_keep_their_limits_and_every_event():
    events = [Event(type="t", data={"text": "x" * (n % 7) * 900}) for n in range(1700)]
    found = list(batches(events))
    assert [event for batch in found for event in batch.events] == events
    assert [batch.first for batch in found[:2]] == [0, len(found[0].events)]
    for batch in found:
        assert len(batch.events) <= BATCH_EVENTS_MAX
        assert len(batch.body) <= BATCH_BYTES_MAX + 1000
        assert [each["id"] for each in json.loads(batch.body)] == [e.id for e in batch.events]


def test_a_repeat_has_the_ids_of_the_first_try():
    events = [ProductClicked(user_id="u", product_id=str(n)) for n in range(3)]
    accepted = reply(202, b'{"accepted":3,"skipped":0,"errors":[]}')
    receipt, asked = drive(publish(events, POLICY), [Lost(OSError(), False), reply(503), accepted])
    assert receipt.accepted == 3
    assert len({step.content for step in asked if isinstance(step, Request)}) == 1


def test_errors_are_named_by_their_place_among_all_batches():
    def said(count, *wrong):
        errors = [{"index": n, "error": "missing_field", "detail": "d"} for n in wrong]
        body = {"accepted": count - len(wrong), "skipped": 0, "errors": errors}
        return msgspec.json.encode(body)

    events = [{"type": "t", "id": f"e{n}", "user_id": "u"} for n in range(502)]
    replies = [reply(202, said(500, 499)), reply(400, said(2, 0, 1))]
    found, _ = drive(publish(events, POLICY), replies)
    assert isinstance(found, EventsRefused)
    assert [(e.index, e.event_id) for e in found.receipt.errors] == [
        (499, "e499"), (500, "e500"), (501, "e501")
    ]  # fmt: skip
    assert found.receipt.accepted == 499


def test_too_large_a_batch_is_halved_and_what_is_unconfirmed_is_handed_back():
    events = [Event(type="t", data={"n": n}) for n in range(4)]
    good = reply(202, b'{"accepted":2,"skipped":0,"errors":[]}')
    found, _ = drive(publish(events, POLICY), [reply(413), good, *[reply(503)] * 4])
    assert isinstance(found, NotConfirmed)
    assert (found.events, found.receipt.accepted) == (tuple(events[2:]), 2)


def test_documents_have_every_field_of_the_contracts():
    for document, contract in CONTRACTS.items():
        assert set(contract.__struct_fields__) <= set(document.__struct_fields__), document
    assert set(SimilarItem.__struct_fields__) <= set(documents.Item.__struct_fields__)
    for document, name in {
        documents.RecommendationList: "recommendations.updated.v1",
        documents.SimilarItems: "similar-items.updated.v1",
        documents.Trending: "trending.updated.v1",
        documents.Sentiment: "product-sentiment.updated.v1",
        documents.Answer: "answer.given.v1",
    }.items():
        for message in json.loads((GOLDEN / f"{name}.json").read_text("utf-8")):
            read = msgspec.to_builtins(msgspec.convert(message["value"], document))
            assert {k: v for k, v in read.items() if k in message["value"]}.keys() == message[
                "value"
            ].keys()


def test_both_clients_have_the_same_methods():
    def shape(client):
        return {
            name: [str(p) for p in inspect.signature(value).parameters.values()]
            for name, value in vars(client).items()
            if inspect.isfunction(value) and not name.startswith("_")
        }

    assert shape(Client) == shape(AsyncClient)


def test_importing_it_loads_nothing_of_the_workers():
    heavy = ["faust", "aiokafka", "onnxruntime", "numba", "numpy", "scipy", "sklearn", "litestar"]
    program = f"import sys, shopkeeper.client; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("wrong", [{"user_id": "u"}, 7, documents.Reason(code="c")])
def test_what_is_no_event_is_refused_before_it_is_sent(wrong):
    with pytest.raises((TypeError, ValueError), match=r"type|event"):
        Event.of(wrong)
