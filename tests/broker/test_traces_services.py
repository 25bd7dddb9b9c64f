"""Traces through recommender and sentiment, from a producer's context to what they publish, and of
calls over gRPC, as a receiver of OTLP sees them."""

from __future__ import annotations

import asyncio

import grpc
import orjson
import pytest

from shopkeeper.services.gateway.grpc.messages import PACKAGES
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_processes
from tests.broker.test_drop_in import drop_in, stubs, trending
from tests.broker.test_gateway import publish
from tests.broker.test_traces import (
    CONSUMER,
    CONTEXT,
    SENDER,
    SERVER,
    TRACE,
    named,
    receiver,
    settings,
)

__all__ = ["receiver", "stubs"]  # fixtures
SECRET = "a-secret-key-of-a-shop"


def send(kafka, topic, key, value, kind):
    """A shop's event of our trace."""
    headers = [
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_id", key.encode()),
        ("ce_source", b"test"),
        ("ce_type", f"com.example.shop.{kind}".encode()),
        ("traceparent", CONTEXT.header()),
    ]

    async def run():
        async with Publisher(kafka, "test") as publisher:
            await publisher.send(topic, key.encode(), orjson.dumps(value), headers)

    asyncio.run(run())


def contexts(kafka, topic):
    """The `traceparent` of each record."""
    records = asyncio.run(read_topic(kafka, topic))
    return [dict(each.headers).get("traceparent") for each in records]


def handed_on(span):
    return f"00-{TRACE}-{span.span_id}-01".encode()


def test_a_click_and_a_review_are_followed_to_the_list_and_the_sentiment(kafka, receiver):
    with worker_processes(["recommender", "sentiment"], kafka, **settings(receiver)) as workers:
        for worker in workers:
            worker.wait_ready()
        click = {"product_id": "p-1", "user_id": "u-1"}
        send(kafka, topics.CLICKS, "u-1", click, "product.clicked.v1")
        said = {"product_id": "p-1", "review_id": "r-1", "review_body": "Good, I love it."}
        send(kafka, topics.REVIEWS, "p-1", said, "product.reviewed.v1")
        wanted = [
            (f"process {topics.CLICKS}", "recommender"),
            (f"process {topics.REVIEWS}", "sentiment"),
        ]

        def both(spans):
            found = [named(spans, *each) for each in wanted]
            return found if all(found) else None

        learned, judged = receiver.until(both)
    for span, topic in ((learned, topics.RECOMMENDATIONS), (judged, topics.SENTIMENTS)):
        assert (span.kind, span.parent_id) == (CONSUMER, SENDER)
        assert contexts(kafka, topic) == [handed_on(span)]
    assert "u-1" not in str(receiver.spans), "no span names a user"
    assert "love" not in str(receiver.spans)


def test_a_complaint_is_one_trace_over_the_topic_between_two_services(kafka, receiver):
    """Intent reads the question and finds a complaint; sentiment judges it."""
    with worker_processes(["intent", "sentiment"], kafka, **settings(receiver)) as workers:
        for worker in workers:
            worker.wait_ready()
        said = {"question": "terrible service, I want to complain", "user_id": "u-1"}
        send(kafka, topics.QUESTIONS, "u-1", said, "question.asked.v1")

        def both(spans):
            first = named(spans, f"process {topics.QUESTIONS}", "intent")
            then = named(spans, f"process {topics.COMPLAINTS}", "sentiment")
            return (first, then) if first and then else None

        understood, judged = receiver.until(both)
        asyncio.run(until_consumed(kafka, "sentiment", [topics.COMPLAINTS], 60, workers[1].alive))
    assert understood.parent_id == SENDER
    assert understood.start_ns <= judged.start_ns
    assert contexts(kafka, topics.INTENTS) == [handed_on(understood)]
    assert contexts(kafka, topics.COMPLAINT_SENTIMENTS) == [handed_on(judged)]
    # The record between them carries what it belongs to.
    assert judged.parent_id in {SENDER, understood.span_id}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_call_over_grpc_is_a_span_of_its_callers_trace(kafka, stubs, receiver, package):
    asyncio.run(publish(kafka, [trending("t1", "t2")]))
    keys = {"GATEWAY_SECRET_KEYS": SECRET}
    with drop_in(kafka, stubs, **settings(receiver), **keys) as frontend:
        metadata = [("traceparent", CONTEXT.header().decode())]
        allowed = [*metadata, ("authorization", f"Bearer {SECRET}")]
        frontend.until(["t1", "t2"], lambda: frontend.listed(package, metadata=allowed[1:]))
        assert frontend.listed(package, "u-1", metadata=allowed) == ["t1", "t2"]
        with pytest.raises(grpc.RpcError) as refused:
            frontend.listed(package, "u-1", metadata=metadata)
        assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED

        def two(spans):
            found = [each for each in spans if each.trace_id == TRACE]
            return found if len(found) == 2 else None

        answered, denied = receiver.until(two)
    method = "RecommendationService/ListRecommendations"
    for span in (answered, denied):
        assert (span.service, span.kind, span.parent_id) == ("gateway", SERVER, SENDER)
        assert span.name.endswith(method)
        assert span.attributes["rpc.system"] == "grpc"
        assert span.name == "/".join(span.attributes[f"rpc.{of}"] for of in ("service", "method"))
    codes = [span.attributes["rpc.grpc.status_code"] for span in (answered, denied)]
    assert codes == [0, grpc.StatusCode.UNAUTHENTICATED.value[0]]
    assert "u-1" not in str(receiver.spans)
