"""A stream of each vocabulary through a broker into a worker: learned, skipped, none refused."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_process
from tests.broker.counts import held_counts

ECOMMERCE = "com_snowplowanalytics_snowplow_ecommerce"
GOLDEN = Path(__file__).parents[2] / "schemas" / "golden" / "vocabularies"


def segment(n, user):
    for product in ("A", "B"):
        yield (
            {
                "type": "track",
                "event": "Product Viewed",
                "messageId": f"{user}-{product}",
                "userId": user,
                "properties": {"id": f"segment-{product}", "session_id": "s"},
            },
            [],
        )
    yield {"type": "page", "messageId": f"{user}-page", "userId": user}, []


def ga4(n, user):
    items = [{"item_id": "ga4-A"}, {"item_id": "ga4-B"}]
    yield (
        {
            "client_id": user,
            "events": [
                {"name": "view_item", "params": {"items": items, "session_id": 5}},
                {"name": "page_view", "params": {}},
            ],
        },
        [],
    )
    yield {"event": "page_view", "user_pseudo_id": user}, []


def matomo(n, user):
    for product in ("A", "B"):
        yield {"idsite": "1", "_id": user, "_pks": f"matomo-{product}"}, []
    yield {"idsite": "1", "_id": user, "action_name": "Home"}, []


def snowplow(n, user):
    for product in ("A", "B"):
        yield (
            {
                "event": "unstruct",
                "event_id": f"{user}-{product}",
                "domain_userid": user,
                f"unstruct_event_{ECOMMERCE}_snowplow_ecommerce_action_1": {"type": "product_view"},
                "contexts_com_snowplowanalytics_snowplow_ecommerce_product_1": [
                    {"id": f"snowplow-{product}"}
                ],
            },
            [],
        )
    yield {"e": "pv", "eid": f"{user}-pv", "duid": user, "tv": "js-3"}, []


def shopify(n, user):
    yield (
        {
            "id": 7000 + n,
            "order_number": n,
            "financial_status": "paid",
            "customer": {"id": 100 + n},
            "line_items": [{"product_id": 1}, {"product_id": 2}],
        },
        [],
    )
    yield {"id": n}, [("X-Shopify-Topic", b"carts/update")]


def woocommerce(n, user):
    yield (
        {
            "id": 8000 + n,
            "status": "processing",
            "customer_id": 500 + n,
            "billing": {},
            "line_items": [{"product_id": 3}, {"product_id": 4}],
        },
        [],
    )
    yield (
        {
            "id": 8100 + n,
            "status": "pending",
            "customer_id": 500 + n,
            "billing": {},
            "line_items": [{"product_id": 3}],
        },
        [],
    )


STREAMS = {  # the shop's events, and the pair that each user has in a session: class, items
    segment: (0, "segment-A", "segment-B"),
    ga4: (0, "ga4-A", "ga4-B"),
    matomo: (0, "matomo-A", "matomo-B"),
    snowplow: (0, "snowplow-A", "snowplow-B"),
    shopify: (2, "1", "2"),
    woocommerce: (2, "3", "4"),
}  # fmt: skip
USERS = 5


def test_a_stream_of_each_vocabulary_is_learned_and_nothing_is_refused(kafka):
    async def publish():
        sent = 0
        async with Publisher(kafka, "test") as publisher:
            for stream in STREAMS:
                for n in range(USERS):
                    user = f"{stream.__name__}-{n}"
                    for value, headers in stream(n, user):
                        await publisher.send(
                            topics.CLICKS, user.encode(), json.dumps(value).encode(), headers
                        )
                        sent += 1
            await publisher.send(
                topics.CATALOGUE, b"1", json.dumps(
                    {"id": 1, "title": "Shoe", "variants": [{"price": "9.90"}]}).encode()
            )  # fmt: skip
        return sent

    sent = asyncio.run(publish())
    with worker_process("recommender", kafka, SEARCH="off") as worker:
        for _ in range(2):  # what is forwarded is consumed once more; deltas come after it
            for topic in (topics.CLICKS, topics.ITEM_PAIRS):
                asyncio.run(
                    until_consumed(kafka, "recommender", [topic], seconds=120, check=worker.alive)
                )
        metrics = worker.metrics()

        def total(name, **labels):
            return sum(
                value for (found, having), value in metrics.items()
                if found == f"shopkeeper_{name}" and labels.items() <= dict(having).items()
            )  # fmt: skip

        rerouted = total("events_skipped_total", reason="rerouted")
        skipped = total("events_skipped_total", reason="not_ours")
        processed = total("events_processed_total", topic=topics.CLICKS)
        assert skipped == USERS * len(STREAMS)
        assert processed + skipped == sent
        assert total("events_consumed_total", topic=topics.CLICKS) - rerouted == sent
        assert total("dlq_events_total") == 0
        assert total("record_parts_total", outcome="processed") == 2 * USERS
        assert worker.terminate() == 0, worker.output()
    counts, _ = held_counts(kafka, 2)
    for cls, one, other in STREAMS.values():
        assert counts[cls, one, other] == USERS, (one, other)
    ids = [dict(r.headers)["ce_id"] for r in asyncio.run(read_topic(kafka, topics.RECOMMENDATIONS))]
    assert len(set(ids)) == len(ids)


def test_there_is_a_stream_for_each_golden_file():
    assert {p.stem for p in GOLDEN.glob("*.json")} == {*(s.__name__ for s in STREAMS), "common"}
