"""Reads of the gateway, through the real broker and workers."""

from __future__ import annotations

import asyncio

import orjson

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.testing.records import read_topic
from shopkeeper.shared.testing.workers import worker_process, worker_processes
from tests.broker.gateways import Gateway, list_of, product, publish, token

SHELF = [product(f"p{n}", f"Boot {n}", title_zh=f"靴{n}", category="shoes", brand="Acme")
         for n in range(6)]  # fmt: skip


def ids(answer):
    return [item["product_id"] for item in answer.json()["items"]]


def test_a_list_is_of_this_request_and_never_of_what_is_gone(kafka):
    asyncio.run(publish(kafka, [*SHELF, list_of("u1", "p1", "p2", "p3")]))
    sold_out = product("p2", "Boot 2", category="shoes", available=False)
    asyncio.run(publish(kafka, [sold_out, (topics.CATALOGUE, "p3", None)]))
    with Gateway(kafka) as gateway:
        path = "/v1/users/u1/recommendations"
        answer = gateway.http.get(path, params={"count": 3}, headers={"Accept-Language": "zh-CN"})
        said = answer.json()
        assert ids(answer) == ["p1", "p5", "p4"], "what is gone is not shown; the newest fill it up"
        assert [item["source"] for item in said["items"]] == ["list", "newest", "newest"]
        assert said["items"][0]["reason"]["text"] == "看过靴0的人也看了这个"
        assert (said["fallback"], said["recomm_id"], said["language"]) == ("newest", "r0", "zh")
        assert {k: said["made_from"][k] for k in ("cause", "topic", "fallback")} == {
            "cause": "c0", "topic": topics.RECOMMENDATIONS, "fallback": "none"}  # fmt: skip
        assert "catalogue=" in answer.headers["shopkeeper-views"]
        again = {"If-None-Match": answer.headers["etag"], "Accept-Language": "zh-CN"}
        assert gateway.http.get(answer.request.url, headers=again).status_code == 304
        near = {"product_id": "p0", "items": [{"product_id": "p4", "score": 0.9, "count": 3}],
                "count": 9, "model": {"name": "m", "version": "1"}}  # fmt: skip
        asyncio.run(publish(kafka, [(topics.SIMILAR_ITEMS, "p0", near)]))
        wanted = {"product": "p0", "exclude": ["p5"], "language": "en"}
        answer = gateway.until(path, lambda a: ids(a)[0] == "p4", params=wanted)
        assert ids(answer) == ["p4", "p1"], "what is left out is not filled in again"
        assert answer.json()["items"][0]["reason"]["text"].endswith("Boot 0 also looked at this")
        assert ids(gateway.http.get("/v1/users/nobody/recommendations", params={"count": 1}))
        assert gateway.http.get(path, params={"count": 0}).status_code == 400


def alike(gateway, one, other, **wanted):
    """Whether two users' lists are the same at one moment: what is popular may change between."""
    while True:
        first, second, again = (
            gateway.http.get(p, params=wanted).content for p in (one, other, one)
        )
        if first == again:
            return second == first


def test_who_wants_no_personalised_list_gets_what_all_get_wherever_it_is_read(kafka):
    clicks = {"one": ["p1", "p2", "p3"], "other": ["p4", "p5"]}
    asyncio.run(publish(kafka, SHELF))
    with worker_process("recommender", kafka, SEARCH="off"), Gateway(kafka) as gateway:
        for user, products in clicks.items():
            for product_id in products:
                gateway.http.post("/v1/events", json={"product_id": product_id, "user_id": user})
        paths = {user: f"/v1/users/{user}/recommendations" for user in clicks}
        for path in paths.values():
            gateway.until(path, lambda a: "recomm_id" in a.json())
        for user in clicks:
            path = f"/v1/users/{user}/preference"
            assert gateway.http.get(path).json() == {"ranking": "personalised"}
            assert gateway.http.put(path, json={"ranking": "popular"}).status_code == 200
        assert alike(gateway, *paths.values()), "byte for byte, as soon as it is set"
        assert alike(gateway, *paths.values(), product="p0")
        gateway.http.post("/v1/events", json={"product_id": "p2", "user_id": "one"})
        path = "/v1/users/one/assumptions"
        said = gateway.until(path, lambda a: a.json()["signals"] == 0).json()
        assert (said["ranking"], said["categories"], said["recomm_id"]) == ("popular", [], None)
        assert gateway.http.put("/v1/users/one/preference", json={"ranking": "x"}).is_client_error
    published = asyncio.run(newest_lists(kafka, clicks))
    assert {value["ranking"] for value in published.values()} == {"popular"}
    assert published["one"]["items"] == published["other"]["items"], "on the topic, too"
    with Gateway(kafka) as another:  # of after a restart
        assert another.http.get("/v1/users/one/preference").json() == {"ranking": "popular"}
        assert alike(another, *paths.values())


async def newest_lists(kafka, users):
    records = await read_topic(kafka, topics.RECOMMENDATIONS)
    return {r.key.decode(): orjson.loads(r.value) for r in records if r.key.decode() in users}


def test_what_is_assumed_is_seen_and_deleted(kafka):
    asyncio.run(publish(kafka, SHELF))
    with worker_process("recommender", kafka, SEARCH="off"), Gateway(kafka) as gateway:
        for product_id in ("p1", "p2"):
            gateway.http.post("/v1/events", json={"product_id": product_id, "user_id": "u1"})
        path = "/v1/users/u1/assumptions"
        said = gateway.until(path, lambda a: a.json()["signals"] == 2).json()
        assert said["categories"] == [{"name": "shoes", "share": 1.0}]
        assert said["brands"] == [{"name": "Acme", "share": 1.0}]
        assert said["ranking"] == "personalised"
        segments = gateway.http.get("/v1/segments", params={"user": "u1"}).json()
        assert (segments["categories"], segments["fallback"]) == (said["categories"], "none")
        assert said["recomm_id"]
        deleted = gateway.http.delete(path, params={"wait": 30})
        assert deleted.status_code == 204
        said = gateway.http.get(path).json()
        assert (said["signals"], said["categories"], said["recomm_id"]) == (0, [], None)
        answer = gateway.http.get("/v1/users/u1/recommendations").json()
        assert {item["source"] for item in answer["items"]} <= {"trending", "newest"}
        assert "recomm_id" not in answer


def test_a_search_is_answered_with_its_list(kafka):
    asyncio.run(publish(kafka, [*SHELF, product("s1", "Garden shovel", category="garden")]))
    with worker_process("recommender", kafka), Gateway(kafka, GATEWAY_TOKEN_SECRET="s" * 32) as g:
        mine = token("u1")
        answer = g.until(
            "/v1/search",
            lambda a: a.status_code == 200 and a.json()["items"],
            params={"q": "garden shovel", "wait": 20, "user": "u1"},
            headers=mine,
        )
        said = answer.json()
        assert (said["items"][0]["product_id"], said["query"]) == ("s1", "garden shovel")
        assert said["items"][0]["reason"]["code"] == "searched"
        assert said["made_from"]["recomm_id"].startswith(topics.SEARCHES)
        nobodys = g.http.get("/v1/search", params={"q": "boot", "wait": 20}, headers=mine)
        assert {each[0] for each in ids(nobodys)[: len(SHELF)]} == {"p"}, (
            "what is called so is first"
        )
        late = g.http.get("/v1/search", params={"q": "boot", "wait": 0, "user": "u1"}, headers=mine)
        assert late.status_code == 202
        where = late.headers["location"]
        assert ids(g.until(where, headers=mine))
        assert g.http.get(where, headers=token("u2")).status_code == 404
        refused = g.http.get("/v1/search", params={"q": "x", "user": "u2"}, headers=mine)
        assert refused.status_code == 403


def test_a_search_that_is_a_question_is_answered_and_found_again_by_who_asked(kafka):
    text = "Open your account, then Orders, to see where a parcel is."
    entry = {"knowledge_id": "k1", "title": "Where is my order?", "text": text, "kind": "faq"}
    asyncio.run(publish(kafka, [*SHELF, (topics.KNOWLEDGE, "k1", entry)]))
    services = ["intent", "answers", "recommender"]
    with (
        worker_processes(services, kafka) as workers,
        Gateway(kafka, GATEWAY_TOKEN_SECRET="s" * 32) as g,
    ):
        for worker in workers:
            worker.wait_ready()
        mine = token("u1")
        asked = {"q": "where is my order?", "wait": 20, "user": "u1"}
        said = g.until(
            "/v1/search",
            lambda a: a.status_code == 200 and a.json().get("answer"),
            params=asked,
            headers=mine,
        ).json()
        assert said["items"] == []
        assert said["query"] == "where is my order?"
        assert said["answer"]["event_type"] == "products.searched.v1"
        where = f"/v1/searches/{said['answer']['cause']}"
        assert g.http.get(where, headers=mine).json()["answer"] == said["answer"]
        assert g.http.get(where, headers=token("u2")).status_code == 404
