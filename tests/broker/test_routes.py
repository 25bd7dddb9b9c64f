"""A search box is asked more than for products: questions go the questions' way, complaints are
scored as sentiment; neither is answered with a list of products.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import msgspec
import orjson

from shopkeeper.apps.demo.catalogue import built_in
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.complaints import Complaint
from shopkeeper.shared.datasets.readers import ShopEvent
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_process
from tests.broker.test_end_to_end import no_letters, outputs, publish

START_MS = 1_790_000_000_000
QUESTIONS = ["what is your return policy", "where is my order 20231123445", "我的订单到哪了"]
COMPLAINTS = ["terrible service, I want to complain", "客服态度太差了，我要投诉"]
SECRET = "mia.k@example.org"
PRODUCTS = ["wireless headphones", "fjellhus tents"]


def search(number, query):
    data = {"query": query, "user_id": f"u{number}"}
    return ShopEvent(
        topics.SEARCHES, "products.searched.v1", f"u{number}", data, START_MS + number, f"s{number}"
    )


def question(number, text):
    data = {"question": text, "user_id": f"u{number}", "conversation_id": f"c{number}"}
    return ShopEvent(
        topics.QUESTIONS, "question.asked.v1", f"u{number}", data, START_MS + number, f"q{number}"
    )


def by_cause(kafka, topic):
    return {headers["ce_causationid"]: (headers, value) for headers, value in outputs(kafka, topic)}


def catalogue():
    return [
        ShopEvent(
            topics.CATALOGUE,
            "product.catalogued.v1",
            product.product_id,
            msgspec.to_builtins(product),
            START_MS,
            f"c-{product.product_id}",
        )
        for product in built_in()
    ]


def test_a_question_in_the_search_box_goes_to_who_answers_and_gets_no_list(kafka):
    events = [search(n, text) for n, text in enumerate([*QUESTIONS, *PRODUCTS])]
    publish(kafka, catalogue())
    with ExitStack() as stack:
        intent = stack.enter_context(worker_process("intent", kafka))
        lists = stack.enter_context(worker_process("recommender", kafka, LIST_AGE_MAX=1e10))
        publish(kafka, events)
        for service, worker in (("intent", intent), ("recommender", lists)):
            asyncio.run(until_consumed(kafka, service, [topics.SEARCHES], 120, worker.alive))
        for worker in (intent, lists):
            assert worker.terminate() == 0, worker.output()
    recognised = by_cause(kafka, topics.INTENTS)
    routes = [recognised[event.id][1]["route"] for event in events]
    assert routes == ["answer"] * len(QUESTIONS) + ["recommend"] * len(PRODUCTS)
    [number] = recognised["s1"][1]["slots"]
    assert (number["name"], number["value"]) == ("order_number", "20231123445")
    assert QUESTIONS[1][number["start"] : number["end"]] == number["text"]
    of_the_catalogue = recognised[events[-1].id][1]["slots"]
    assert [(slot["name"], slot["value"]) for slot in of_the_catalogue] == [
        ("brand", "Fjellhus"),
        ("category", "Tents"),
    ]
    assert {e.id for e in events[len(QUESTIONS) :]} == set(by_cause(kafka, topics.RECOMMENDATIONS))


def test_complaints_in_searches_and_questions_are_scored_as_sentiment(kafka):
    """Also those that a killed worker had recognised, once each by their ids."""
    first = [search(n, text) for n, text in enumerate([*COMPLAINTS, *PRODUCTS])]
    then = [question(n, text) for n, text in enumerate([*COMPLAINTS, *QUESTIONS])]
    then.append(question(9, f"{COMPLAINTS[0]}, write to {SECRET}"))
    with ExitStack() as stack:
        sentiment = stack.enter_context(worker_process("sentiment", kafka))
        intent = stack.enter_context(worker_process("intent", kafka, WORKER_ID="i"))
        publish(kafka, first)
        while not asyncio.run(read_topic(kafka, topics.COMPLAINTS)):
            intent.alive()
        intent.kill()
        intent = stack.enter_context(worker_process("intent", kafka, WORKER_ID="i"))
        publish(kafka, then)
        sources = [topics.SEARCHES, topics.QUESTIONS]
        asyncio.run(until_consumed(kafka, "intent", sources, 120, intent.alive))
        asyncio.run(until_consumed(kafka, "sentiment", [topics.COMPLAINTS], 120, sentiment.alive))
        for worker in (intent, sentiment):
            assert worker.terminate() == 0, worker.output()
    scored = by_cause(kafka, topics.COMPLAINT_SENTIMENTS)
    assert scored.keys() == {"s0", "s1", "q0", "q1", "q9"}
    assert {scored[name][1]["label"] for name in ("s1", "q1")} == {"negative"}
    assert scored["s0"][1]["label"] != "positive"
    assert {value["language"] for _, value in scored.values()} == {"en", "zh"}
    assert scored["q1"][1]["conversation_id"] == "c1"
    ids = {}
    for headers, value in outputs(kafka, topics.COMPLAINT_SENTIMENTS):
        ids.setdefault(headers["ce_id"], []).append(value)
    assert len(ids) == len(scored)
    assert all(value == values[0] for values in ids.values() for value in values)
    told = asyncio.run(read_topic(kafka, topics.COMPLAINTS))
    assert {orjson.loads(record.value)["text"] for record in told} == {
        *COMPLAINTS,
        f"{COMPLAINTS[0]}, write to [email]",
    }
    for topic in (topics.COMPLAINTS, topics.INTENTS, topics.COMPLAINT_SENTIMENTS):
        for record in asyncio.run(read_topic(kafka, topic)):
            assert SECRET.encode() not in record.value, topic
    no_letters(kafka, topics.COMPLAINTS, "sentiment")


def test_a_record_that_is_no_complaint_is_a_dead_letter_and_the_next_is_scored(kafka):
    good = Complaint(
        text="rude staff, awful service",
        id="shop.searches.v1/0/7/complaint.scored.v1/0",
        event_type="products.searched.v1",
        event_id="s7",
        correlation_id="s7",
        time_ms=START_MS,
        user_id="u7",
    )

    async def send():
        async with Publisher(kafka, "test") as publisher:
            await publisher.send(topics.COMPLAINTS, b"u7", b"{}", partition=0)
            await publisher.send(topics.COMPLAINTS, b"u7", msgspec.json.encode(good), partition=0)

    with worker_process("sentiment", kafka) as worker:
        asyncio.run(send())
        asyncio.run(until_consumed(kafka, "sentiment", [topics.COMPLAINTS], 120, worker.alive))
        assert worker.terminate() == 0, worker.output()
    [(headers, value)] = outputs(kafka, topics.COMPLAINT_SENTIMENTS)
    assert (headers["ce_id"], headers["ce_causationid"]) == (good.id, "s7")
    assert value["label"] == "negative"
    letters = topics.dead_letters(topics.COMPLAINTS, "sentiment")
    assert len(asyncio.run(read_topic(kafka, letters))) == 1
