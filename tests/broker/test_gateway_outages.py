"""A gateway whose broker goes away says so, serves on, and is ready again by itself."""

from __future__ import annotations

import asyncio

import schemathesis

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.admin import init_topics
from shopkeeper.shared.runtime.settings import KafkaSettings
from shopkeeper.shared.testing.frail_broker import frail_broker
from tests.broker.gateways import Gateway, list_of, product, publish
from tests.fuzzing import fuzz

CLICK = {"product_id": "p1", "user_id": "u1"}


def test_without_a_broker_it_refuses_writes_serves_reads_and_comes_back():
    with frail_broker() as broker:
        kafka = KafkaSettings((broker.address,), topic_prefix="g.")
        asyncio.run(init_topics(kafka, 2, 1))
        asyncio.run(publish(kafka, [product("p1"), list_of("u1", "p1")]))
        path = "/v1/users/u1/recommendations"
        with Gateway(kafka) as gateway:
            assert gateway.http.get("/readyz").status_code == 200
            broker.freeze()
            gateway.until("/readyz", lambda a: a.status_code == 503)
            refused = gateway.http.post("/v1/events", json=CLICK)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
            assert broker.address in refused.json()["detail"]
            read = gateway.http.get(path)
            assert (read.status_code, read.json()["recomm_id"]) == (200, "r0")
            assert broker.address in read.headers["shopkeeper-stale"]
            broker.thaw()
            gateway.until("/readyz", lambda a: a.status_code == 200)
            assert gateway.http.post("/v1/events", json=CLICK).status_code == 202
            assert "shopkeeper-stale" not in gateway.http.get(path).headers


def test_requests_of_any_kind_end_in_4xx_at_worst(kafka):
    near = {"product_id": "0", "items": [{"product_id": "p1", "score": 1.0, "count": 2}],
            "count": 3, "model": {"name": "m", "version": "1"}}  # fmt: skip
    records = [product("p1"), list_of("0", "p1"), (topics.SIMILAR_ITEMS, "0", near)]
    asyncio.run(publish(kafka, records))
    with Gateway(kafka, GATEWAY_KEY_RATE=0) as gateway:
        base = f"http://127.0.0.1:{gateway.port}"
        schema = schemathesis.openapi.from_url(f"{base}/openapi/openapi.json")
        seen = fuzz(schema, base_url=base, timeout=120)
        assert len(seen) >= 13
        assert gateway.http.get("/readyz").status_code == 200
        assert "failed" not in gateway.worker.output()
