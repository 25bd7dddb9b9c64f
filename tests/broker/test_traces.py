"""Traces across topics, as a receiver of OTLP sees them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

import orjson
import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.telemetry.traceparents import SpanContext
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import environment, worker_process
from tests.broker.gateways import Gateway
from tests.broker.otlp_receiver import Receiver

SERVER, PRODUCER, CONSUMER = 2, 4, 5  # of OTLP's SpanKind
CONTEXT = SpanContext(0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331, True)
TRACE, SENDER = f"{CONTEXT.trace_id:032x}", f"{CONTEXT.span_id:016x}"


@pytest.fixture
def receiver():
    with Receiver().listening() as receiver:
        yield receiver


def settings(receiver):
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }


def send(kafka, topic, values_and_contexts):
    async def run():
        async with Publisher(kafka, "test") as publisher:
            for value, context in values_and_contexts:
                headers = [] if context is None else [("traceparent", context.header())]
                await publisher.send(topic, b"u", orjson.dumps(value), headers, partition=0)

    asyncio.run(run())


def headers_of(kafka, topic):
    records = asyncio.run(read_topic(kafka, topic))
    return [dict(each.headers) for each in records]


def named(spans, name, service, trace=TRACE):
    found = [s for s in spans if (s.name, s.service, s.trace_id) == (name, service, trace)]
    assert len(found) <= 1, found
    return found[0] if found else None


def test_a_request_is_one_trace_from_the_gateway_over_two_services(kafka, receiver):
    """A question in the search box: gateway, intent, and by an internal topic the answers."""
    # The gateway publishes to shop.questions.v1; intent and answers both read that.
    question = {"question": "How long does delivery take?", "user_id": "u-1"}
    with (
        worker_process("intent", kafka, **settings(receiver)),
        worker_process("answers", kafka, **settings(receiver)),
        Gateway(kafka, **settings(receiver)) as gateway,
    ):
        answer = gateway.http.post(
            "/v1/questions?wait=0",
            json=question,
            headers={"traceparent": CONTEXT.header().decode()},
        )
        assert answer.status_code in (200, 202), answer.text
        prefix = kafka.topic_prefix
        wanted = [
            ("POST questions", "gateway"),
            (f"send {prefix}{topics.QUESTIONS}", "gateway"),
            (f"process {topics.QUESTIONS}", "intent"),
            (f"process {topics.QUESTIONS}", "answers"),
        ]

        def all_of_them(spans):
            found = [named(spans, *each) for each in wanted]
            return found if all(found) else None

        request, sent, understood, answered = receiver.until(all_of_them)
    assert (request.kind, sent.kind, understood.kind) == (SERVER, PRODUCER, CONSUMER)
    assert request.parent_id == SENDER
    assert sent.parent_id == request.span_id
    assert understood.parent_id == answered.parent_id == sent.span_id
    assert understood.span_id != answered.span_id
    assert request.attributes["http.route"] == "questions"
    assert sent.attributes["messaging.system"] == "kafka"
    assert understood.attributes["messaging.destination.name"] == prefix + topics.QUESTIONS
    assert "delivery" not in str(receiver.spans)
    assert "u-1" not in str(receiver.spans), "no span names a user"
    # Who reads the outputs goes on behind the service that made them.
    for topic, maker in ((topics.INTENTS, understood), (topics.ANSWERS, answered)):
        [headers] = headers_of(kafka, topic)
        assert headers["traceparent"] == f"00-{TRACE}-{maker.span_id}-01".encode()


def test_a_batch_is_one_span_that_links_to_what_its_records_name(kafka, receiver):
    contexts = [SpanContext(100 + n, 7, n % 4 > 0) for n in range(40)]
    searches = [({"query": f"red shoes {n}", "user_id": "u"}, c) for n, c in enumerate(contexts)]
    searches += [({"query": "untraced", "user_id": "u"}, None), ({"query": 7}, contexts[1])]
    send(kafka, topics.SEARCHES, searches)
    name = f"process {topics.SEARCHES}"
    sampled = {(f"{c.trace_id:032x}", f"{c.span_id:016x}") for c in contexts if c.sampled}
    with worker_process("intent", kafka, **settings(receiver)) as worker:
        asyncio.run(until_consumed(kafka, "intent", [topics.SEARCHES], 120, worker.alive))

        def all_linked(spans):
            batches = [s for s in spans if s.name == name and not s.parent_id]
            return batches if {x for s in batches for x in s.links} == sampled else None

        batches = receiver.until(all_linked)
        parts = receiver.until(
            lambda spans: len(found := [s for s in spans if s.parent_id]) == len(sampled) and found
        )
    assert sum(s.attributes["messaging.batch.message_count"] for s in batches) == len(searches)
    assert {s.attributes["messaging.consumer.group.name"] for s in batches} == {
        kafka.topic("shopkeeper-intent")
    }
    places = {(s.trace_id, s.span_id) for s in batches}
    assert {(s.trace_id, s.parent_id) for s in parts} == sampled
    assert {link for s in parts for link in s.links} <= places
    assert all(s.start_ns <= s.end_ns for s in receiver.spans)
    # A dead letter keeps the header that its record had.
    [letter] = headers_of(kafka, f"{topics.SEARCHES}.intent.dlq")
    assert letter["traceparent"] == contexts[1].header()


def test_a_trace_that_is_not_sampled_is_handed_on_and_told_to_nobody(kafka, receiver):
    quiet = SpanContext(0xABC, 0xDEF, False)
    environ = settings(receiver) | {"OTEL_TRACES_SAMPLER": "parentbased_always_off"}
    with (
        worker_process("intent", kafka, **environ) as worker,
        # Whatever begins here would be sampled; what comes in is the sender's to decide.
        Gateway(kafka, **settings(receiver)) as gateway,
    ):
        answer = gateway.http.post(
            "/v1/events",
            json={"event": "Products Searched", "query": "red shoes", "user_id": "u"},
            headers={"traceparent": quiet.header().decode()},
        )
        assert answer.status_code == 202, answer.text
        asyncio.run(until_consumed(kafka, "intent", [topics.SEARCHES], 120, worker.alive))
        assert worker.terminate() == 0
    assert receiver.spans == []
    [headers] = headers_of(kafka, topics.INTENTS)
    assert headers["traceparent"] == quiet.header()


def test_a_receiver_that_hangs_holds_up_neither_work_nor_the_end(kafka, receiver):
    receiver.refusing = True
    with worker_process("intent", kafka, **settings(receiver), DRAIN_DEADLINE="10") as worker:
        send(kafka, topics.SEARCHES, [({"query": "red shoes", "user_id": "u"}, CONTEXT)])
        asyncio.run(until_consumed(kafka, "intent", [topics.SEARCHES], 120, worker.alive))
        time.sleep(1.0)  # an export has begun
        assert worker.terminate() == 0, worker.output()


def test_without_an_endpoint_nothing_is_traced_or_imported(kafka):
    with worker_process("intent", kafka) as worker:
        send(kafka, topics.SEARCHES, [({"query": "red shoes", "user_id": "u"}, CONTEXT)])
        asyncio.run(until_consumed(kafka, "intent", [topics.SEARCHES], 120, worker.alive))
    [headers] = headers_of(kafka, topics.INTENTS)
    assert headers["traceparent"] == CONTEXT.header()
    program = (
        "import sys, shopkeeper.shared.runtime.worker.worker, shopkeeper.services.gateway.app\n"
        "assert not {name for name in sys.modules if name.startswith('opentelemetry.sdk')}"
    )
    subprocess.run([sys.executable, "-c", program], env=environment(kafka), check=True)
