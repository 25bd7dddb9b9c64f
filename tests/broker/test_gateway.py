"""The gateway in front of a real broker: events in, lists and answers out, streams that resume."""

from __future__ import annotations

import asyncio
import itertools
import json
import time

import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.testing.records import read_topic
from shopkeeper.shared.testing.workers import worker_process
from tests.broker.gateways import Gateway, list_of, publish

WAIT_S = 30
PARCEL = {"order_id": "o-7001", "order_number": "7001", "user_id": "u-9", "status": "shipped"}


def lists(user, *values):
    return [(topics.RECOMMENDATIONS, user, value) for value in values]


def read_events(lines, count):
    """The next `count` server-sent events: (name, id, data)."""
    found, event = [], {}
    for line in lines:
        if not line:
            if "data" in event:
                found.append((event["event"], event["id"], json.loads(event["data"])))
                if len(found) == count:
                    return found
            elif "id" in event:
                found.append(("open", event["id"], None))
                if len(found) == count:
                    return found
            event = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            event[name] = value
    return found


def test_events_posted_arrive_and_what_is_wrong_is_named(kafka):
    with Gateway(kafka) as gateway:
        click = {"product_id": "p1", "user_id": "u1"}
        once = {"Idempotency-Key": "e1"}
        assert gateway.http.post("/v1/events", json=click, headers=once).status_code == 202
        segment = {
            "batch": [
                {"type": "track", "event": "Product Viewed", "userId": "u2", "messageId": "m1",
                 "properties": {"product_id": "p2"}},
                {"type": "page", "userId": "u2", "messageId": "m2"},
            ]
        }  # fmt: skip
        said = gateway.http.post("/v1/events", json=segment).json()
        assert said == {"accepted": 1, "skipped": 1, "errors": []}
        cloud = {"specversion": "1.0", "id": "e3", "source": "/shop", "type": "product.reviewed.v1",
                 "data": {"product_id": "p3", "review_id": "r", "review_body": "good"}}  # fmt: skip
        batch = gateway.http.post("/v1/events", json=[cloud, {"user_id": "u3"}])
        assert batch.status_code == 202
        assert [error["index"] for error in batch.json()["errors"]] == [1]
        assert "product_id" in batch.json()["errors"][0]["detail"]
        wrong = gateway.http.post("/v1/events", json={"user_id": "u4"})
        assert wrong.status_code == 400
        assert wrong.headers["content-type"].startswith("application/problem+json")
        assert gateway.http.post("/v1/events", content=b"{").status_code == 400
    clicks = asyncio.run(read_topic(kafka, topics.CLICKS))
    assert any(json.loads(r.value).get("message_id") == "e1" for r in clicks)
    assert [(r.key, json.loads(r.value).get("product_id")) for r in clicks] in (
        [(b"u1", "p1"), (b"u2", None)],
        [(b"u2", None), (b"u1", "p1")],
    )
    assert [r.key for r in asyncio.run(read_topic(kafka, topics.REVIEWS))] == [b"p3"]


def test_reads_give_the_newest_and_know_what_was_seen(kafka):
    trending = (topics.TRENDING, "all", {"scope": "all", "items": [], "as_of_ms": 1})
    asyncio.run(publish(kafka, [list_of("u1", "p1"), list_of("u1", "p2", n=2), trending]))
    with Gateway(kafka) as gateway:
        answer = gateway.http.get("/v1/users/u1/recommendations")
        assert answer.json()["recomm_id"] == "r2"
        again = {"If-None-Match": answer.headers["etag"]}
        assert gateway.http.get(answer.url.path, headers=again).status_code == 304
        assert gateway.http.get("/v1/trending").json()["as_of_ms"] == 1
        missing = gateway.http.get("/v1/products/p9/similar")
        assert missing.status_code == 404
        assert "p9" in missing.json()["detail"]
        asyncio.run(publish(kafka, [(topics.SIMILAR_ITEMS, "p9", {"product_id": "p9"})]))
        assert gateway.until("/v1/products/p9/similar").json() == {"product_id": "p9"}
        assert gateway.http.get("/openapi/openapi.json").json()["openapi"].startswith("3.1")


def test_a_stream_resumes_over_a_killed_gateway_without_loss(kafka):
    asyncio.run(publish(kafka, lists("u1", {"n": 0})))
    with Gateway(kafka) as gateway, gateway.http.stream("GET", "/v1/users/u1/stream") as response:
        opened, first = read_events(response.iter_lines(), 2)
        assert (opened[0], first[0], first[2]) == ("open", "recommendations", {"n": 0})
        asyncio.run(publish(kafka, [*lists("u2", {"n": 9}), *lists("u1", {"n": 1})]))
        # The response's lines go on where they were left.
        gateway.worker.kill()
    asyncio.run(publish(kafka, lists("u1", {"n": 2}, {"n": 3})))
    with Gateway(kafka) as gateway:
        last = {"Last-Event-ID": first[1]}
        with gateway.http.stream("GET", "/v1/users/u1/stream", headers=last) as response:
            lines = response.iter_lines()
            found = read_events(lines, 4)
            asyncio.run(publish(kafka, lists("u1", None)))
            found += read_events(lines, 1)
        names = [name for name, _, _ in found]
        assert names == ["open", *["recommendations"] * 3, "delete"]
        assert [data["n"] for _, _, data in found[1:4]] == [1, 2, 3], "nothing missed or doubled"


def test_a_users_token_reads_that_users_only(kafka):
    jwt = pytest.importorskip("jwt")
    secret = "s" * 32
    asyncio.run(publish(kafka, [list_of("a", "p1", n=1), list_of("b", "p2", n=2)]))
    with Gateway(kafka, GATEWAY_TOKEN_SECRET=secret, GATEWAY_PAGE_KEYS="page") as gateway:
        token = jwt.encode({"sub": "a", "exp": time.time() + 60}, secret, "HS256")
        mine = {"Authorization": f"Bearer {token}"}
        assert (
            gateway.http.get("/v1/users/a/recommendations", headers=mine).json()["recomm_id"]
            == "r1"
        )
        for path in ("recommendations", "stream"):
            assert gateway.http.get(f"/v1/users/b/{path}", headers=mine).status_code == 403
            page = {"Authorization": "Bearer page"}
            assert gateway.http.get(f"/v1/users/a/{path}", headers=page).status_code == 403
            assert gateway.http.get(f"/v1/users/a/{path}").status_code == 401
            erasure = {"type": "user.erased.v1", "user_id": "b"}
            parcel = {"type": "order.updated.v1", **PARCEL}
            for sender, event in itertools.product((mine, page), (erasure, parcel)):
                refused = gateway.http.post("/v1/events", json=event, headers=sender)
                assert (refused.status_code, refused.json()["errors"][0]["error"]) == (
                    400,
                    "forbidden",
                )
        late = jwt.encode({"sub": "a", "exp": time.time() - 60}, secret, "HS256")
        assert gateway.http.get(f"/v1/users/a/stream?key={late}").status_code == 401
        asked = {"question": "hello", "user_id": "b"}
        assert gateway.http.post("/v1/questions", json=asked, headers=mine).status_code == 403


def test_an_order_sent_with_a_secret_key_is_told_to_its_customer(kafka):
    keys = {"GATEWAY_SECRET_KEYS": "secret", "GATEWAY_PAGE_KEYS": "page"}
    with worker_process("answers", kafka), Gateway(kafka, **keys) as gateway:
        server = {"Authorization": "Bearer secret"}
        event = {"type": "order.updated.v1", **PARCEL}
        sent = gateway.http.post("/v1/events", json=event, headers=server)
        assert sent.json()["accepted"] == 1
        deadline = time.monotonic() + WAIT_S
        said = {}
        while said.get("answer") is None and time.monotonic() < deadline:
            asked = {"question": "where is my order 7001?", "user_id": PARCEL["user_id"]}
            said = gateway.http.post("/v1/questions?wait=20", json=asked, headers=server).json()
        assert said["route"] == "orders"
        assert "is on its way" in said["answer"]


def test_a_question_is_answered_within_its_deadline(kafka):
    entry = {"knowledge_id": "r", "title": "Can I return it?", "text": "Yes, within 30 days."}
    with worker_process("answers", kafka), Gateway(kafka) as gateway:
        event = {"specversion": "1.0", "id": "k", "source": "/shop",
                 "type": "knowledge.published.v1", "data": entry}  # fmt: skip
        assert gateway.http.post("/v1/events", json=event).json()["accepted"] == 1
        deadline = time.monotonic() + WAIT_S
        said = {}
        while said.get("answer") is None and time.monotonic() < deadline:
            asked = {"question": "can I return it?", "anonymous_id": "page-1"}
            said = gateway.http.post("/v1/questions?wait=20", json=asked).json()
        assert said["answer"] == "Yes, within 30 days."
        late = gateway.http.post("/v1/questions?wait=0", json={**asked, "question": "and when?"})
        assert late.status_code == 202
        assert gateway.until(late.headers["location"]).json()["cause"]
