"""Orders, reviews and searches from files to insights: all consumed, every output valid.

Our own writing always; the real data sets as well where they are beside the checkout.
"""

from __future__ import annotations

import asyncio
import csv
import gzip
import itertools
import random
import time
from pathlib import Path

import jsonschema
import msgspec
import orjson
import pytest

from shopkeeper.apps.demo.catalogue import built_in
from shopkeeper.apps.demo.shoppers import shop_events
from shopkeeper.services.sentiment import evidence
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.outputs import decode
from shopkeeper.shared.contracts.schemas import schema_of
from shopkeeper.shared.datasets.readers import ShopEvent, read
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.counts import batch_counts
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_process
from tests.broker.conftest import PARTITION_COUNT
from tests.broker.counts import held_counts

DATA = Path(__file__).parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(
    not DATA.exists(), reason="the real data sets are not beside the checkout"
)


def both(own, real):
    return [pytest.param(own, id="own"), pytest.param(real, id="real", marks=needs_data)]


def publish(kafka, events):
    async def run():
        async with Publisher(kafka, "test") as publisher:
            for event in events:
                await publisher.publish(event)
            return publisher.sent

    return asyncio.run(run())


def outputs(kafka, topic):
    """(headers, decoded value) of every record, each checked against its JSON Schema."""
    validators = {}
    found = []
    for record in asyncio.run(read_topic(kafka, topic)):
        if record.value is None:
            continue
        headers = {name: value.decode() for name, value in record.headers}
        suffix = headers["ce_type"].removeprefix("com.example.shop.")
        suffix = next(t for t in topics.BY_NAME[topic].types if suffix.endswith(t))
        if suffix not in validators:
            validators[suffix] = jsonschema.Draft202012Validator(schema_of(suffix))
        value = orjson.loads(record.value)
        validators[suffix].validate(value)
        assert decode(suffix, record.value) is not None
        assert headers["ce_id"]
        found.append((headers, value))
    return found


def no_letters(kafka, topic, service):
    assert asyncio.run(read_topic(kafka, topics.dead_letters(topic, service))) == []


# -- orders


def own_invoices(tmp_path):
    """Invoices in the online-retail layout, some with far more lines than a session may hold."""
    chance = random.Random(3)
    path = tmp_path / "lines.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("invoice_no", "stock_code", "description", "quantity", "timestamp",
                       "unit_price_gbp", "customer_id", "country"))  # fmt: skip
        for number in range(400):
            lines = chance.choice((1, 3, 8, 20, 120))
            for code in chance.sample(range(300), lines):
                rows.writerow((f"5{number:05d}", f"S{code}", "A thing", chance.randrange(1, 9),
                               f"2011-03-{1 + number // 20:02d}T10:{number % 60:02d}:00", "1.25",
                               chance.choice(("", "C7", "C8", f"C{number}")), "UK"))  # fmt: skip
    return path


def real_invoices(tmp_path):
    return DATA / "recsys" / "online-retail" / "lines_test.csv.gz"


def lines_beyond(products, items_max):
    """Lines of a basket whose item is not among its first `items_max` distinct ones."""
    counted = list(dict.fromkeys(line["product_id"] for line in products))[:items_max]
    return sum(line["product_id"] not in counted for line in products)


@pytest.mark.parametrize("invoices", both(own_invoices, real_invoices))
def test_orders_are_counted_exactly_big_baskets_capped_and_said_so(kafka, tmp_path, invoices):
    events = list(read(invoices(tmp_path), "online-retail"))
    beyond_the_cap = sum(lines_beyond(event.data["products"], 50) for event in events)
    assert beyond_the_cap > 0
    with worker_process("recommender", kafka, LIST_AGE_MAX=1e10) as worker:
        half = len(events) // 2
        for part in (events[:half], events[half:]):
            # The second half's lists can only be made of the first half's rows once they are out.
            publish(kafka, part)
            for topic in (topics.CLICKS, topics.ITEM_PAIRS):
                asyncio.run(until_consumed(kafka, "recommender", [topic], 180, worker.alive))
            produced = "shopkeeper_events_produced_total", (("topic", topics.SIMILAR_ITEMS),)
            while not worker.metrics().get(produced):
                worker.alive()
        time.sleep(2.5)  # what the recommender knows of itself is told once a second
        samples = worker.metrics()
        assert worker.terminate() == 0, worker.output()
    assert samples["shopkeeper_events_processed_total", (("topic", topics.CLICKS),)] == len(events)
    capped = samples["shopkeeper_state_evictions_total", (("table", "session_items_capped"),)]
    assert capped == beyond_the_cap
    expected_counts, expected_totals = batch_counts(events)
    counts, totals = held_counts(kafka, PARTITION_COUNT)
    assert totals == expected_totals
    assert counts == expected_counts
    lists = outputs(kafka, topics.RECOMMENDATIONS)
    assert {headers["ce_causationid"] for headers, _ in lists} <= {e.id for e in events}
    assert any(
        item["reason"]["code"] == "bought_together" for _, one in lists for item in one["items"]
    )
    assert outputs(kafka, topics.SIMILAR_ITEMS)
    read_to = [dict(at.split("=") for at in h.get("ce_views", "=").split(",")) for h, _ in lists]
    ends = len(asyncio.run(read_topic(kafka, topics.SIMILAR_ITEMS)))
    assert 0 < max(int(knowledge.get("similar-items", 0)) for knowledge in read_to) <= ends
    no_letters(kafka, topics.CLICKS, "recommender")


# -- reviews


def demo_events(topic, count):
    stream = shop_events(built_in(), seed=4, start_ms=1_790_000_000_000, events_per_s=50)
    return list(itertools.islice((e for e in stream if e.topic == topic), count))


def rows_of(*parts):
    with gzip.open(DATA.joinpath("nlp", *parts), "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def own_reviews():
    return demo_events(topics.REVIEWS, 600)


def real_reviews():
    for name in ("online_shopping_10_cats", "pros_cons", "product_sentences"):
        for number, row in enumerate(
            itertools.islice(rows_of("sentiment", name, "dev.csv.gz"), 0, None, 3)
        ):
            product = row.get("product") or row.get("category") or name
            data = {
                "product_id": product, "review_id": f"{name}-{number}", "review_body": row["text"],
            }  # fmt: skip
            yield ShopEvent(topics.REVIEWS, "product.reviewed.v1", product, data,
                            1_790_000_000_000 + number, f"{name}-{number}")  # fmt: skip


@pytest.mark.parametrize("reviews", both(own_reviews, real_reviews))
def test_reviews_of_both_languages_become_sentiments(kafka, reviews):
    events = list(reviews())
    with worker_process("sentiment", kafka) as worker:
        publish(kafka, events)
        asyncio.run(until_consumed(kafka, "sentiment", [topics.REVIEWS], 120, worker.alive))
        products = {event.data["product_id"] for event in events}
        counts = {}
        while counts.keys() != products:  # published by the clock, within a second or two
            worker.alive()
            counts = {
                value["product_id"]: value["count"]
                for _, value in outputs(kafka, topics.PRODUCT_SENTIMENT)
            }
        # A text that says nothing in words is not for the model.
        judged = sum(evidence.of(e.data["review_body"]).kind == "words" for e in events)
        assert judged > 0.95 * len(events)
        while worker.total("predictions_total") != judged:
            worker.alive()  # the metrics take predictions about once a second
        samples = worker.metrics()
        assert worker.terminate() == 0, worker.output()
    scored = outputs(kafka, topics.SENTIMENTS)
    assert sorted(headers["ce_causationid"] for headers, _ in scored) == sorted(
        event.id for event in events
    )
    assert {value["language"] for _, value in scored} >= {"en", "zh"}
    assert {value["label"] for _, value in scored} == {"negative", "neutral", "positive"}
    texts = samples["shopkeeper_inference_batch_size_sum", (("model", "sentiment"),)]
    assert texts >= judged  # and the clauses that the words of aspects leave open
    assert samples["shopkeeper_inference_duration_seconds_sum", (("model", "sentiment"),)] > 0
    assert sum(counts.values()) == len({e.data["review_id"] for e in events})
    no_letters(kafka, topics.REVIEWS, "sentiment")


# -- searches and questions


def own_texts():
    return demo_events(topics.SEARCHES, 600), demo_events(topics.QUESTIONS, 60)


def real_texts():
    searches, questions = [], []
    for number, row in enumerate(rows_of("intent", "ecommerce_unified", "dev.csv.gz")):
        user, moment, name = f"u{number % 50}", 1_790_000_000_000 + number, f"t{number}"
        if number % 2:
            data = {"query": row["text"], "user_id": user}
            kind, topic, into = "products.searched.v1", topics.SEARCHES, searches
        else:
            data = {"question": row["text"], "user_id": user}
            kind, topic, into = "question.asked.v1", topics.QUESTIONS, questions
        into.append(ShopEvent(topic, kind, user, data, moment, name))
    return searches, questions


@pytest.mark.parametrize("texts", both(own_texts, real_texts))
def test_searches_and_questions_of_both_languages_become_intents(kafka, texts):
    searches, questions = texts()
    with worker_process("intent", kafka) as worker:
        publish(kafka, [*searches, *questions])
        sources = [topics.SEARCHES, topics.QUESTIONS]
        asyncio.run(until_consumed(kafka, "intent", sources, 120, worker.alive))
        while worker.total("predictions_total") != len(searches) + len(questions):
            worker.alive()  # the metrics take predictions about once a second
        assert worker.terminate() == 0, worker.output()
    recognised = outputs(kafka, topics.INTENTS)
    assert sorted(headers["ce_causationid"] for headers, _ in recognised) == sorted(
        event.id for event in (*searches, *questions)
    )
    assert {value["language"] for _, value in recognised} >= {"en", "zh"}
    assert len({value["intent"] for _, value in recognised}) > 1
    for topic in sources:
        no_letters(kafka, topic, "intent")


def test_searches_are_answered_with_products_that_fit(kafka):
    """Also those that a killed worker had not answered."""
    products = [
        ShopEvent(topics.CATALOGUE, "product.catalogued.v1", p.product_id,
                  msgspec.to_builtins(p), 1_790_000_000_000, f"c-{p.product_id}")
        for p in built_in()
    ]  # fmt: skip
    events = demo_events(topics.SEARCHES, 300)
    publish(kafka, products)
    with worker_process("recommender", kafka, LIST_AGE_MAX=1e10, WORKER_ID="r") as worker:
        publish(kafka, events[:150])
        worker.kill()
    with worker_process("recommender", kafka, LIST_AGE_MAX=1e10, WORKER_ID="r") as worker:
        for at in range(150, 300, 15):  # as fast as it answers
            publish(kafka, events[at : at + 15])
            asyncio.run(until_consumed(kafka, "recommender", [topics.SEARCHES], 120, worker.alive))
        assert worker.terminate() == 0, worker.output()
    lists = outputs(kafka, topics.RECOMMENDATIONS)
    answered = {headers["ce_causationid"] for headers, _ in lists}
    # Left without are cries for help, and in a burst some that the worker had no time for.
    assert sum(event.id in answered for event in events[150:]) > 0.5 * 150
    assert any(event.id in answered for event in events[:150])
    assert not [e for e in events if e.data["query"] == "where is my order" and e.id in answered]
    found = [item for _, one in lists for item in one["items"]]
    assert sum(item["reason"]["code"] == "searched" for item in found) > 0.5 * len(found)
    no_letters(kafka, topics.SEARCHES, "recommender")
