"""A fourth domain, made of data in a temporary folder, through real workers and the gateway."""

from __future__ import annotations

import asyncio
import json

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.testing.workers import worker_process
from tests.broker.gateways import Gateway, product, publish

PACK = """
[name]
en = "Library"
zh = "图书馆"
[item]
en = "book"
zh = "图书"
[events]
book_opened = "product.clicked.v1"
[fields]
product_id = ["book_id"]
user_id = ["reader"]
[reasons.viewed_together]
en = "Readers of {product} read this"
zh = "{product}的读者也读了这本"
[exclusions]
categories = ["Religion"]
words = ["sect"]
[words]
"Cart" = { en = "Borrowed", zh = "借阅" }
"""
BOOKS = [product(f"b{n}", f"Novel {n}", category="Novels" if n % 2 else "Poems") for n in range(6)]
SECRET = [
    product("hidden-1", "Prayers of the desert", category="Religion"),
    product("hidden-2", "Novel of a sect", category="Novels"),
]
IDS = {"hidden-1", "hidden-2"}


def opened(reader, book, number):
    value = {"event": "book_opened", "reader": reader, "book_id": book, "id": f"{reader}-{number}"}
    return topics.CLICKS, reader, value


def ids(answer):
    return [item["product_id"] for item in answer.json().get("items", [])]


def test_a_new_pack_needs_no_code_and_nothing_sensitive_comes_out(kafka, tmp_path):
    (tmp_path / "domain.toml").write_text(PACK, "utf-8")
    domain = str(tmp_path)
    asyncio.run(publish(kafka, [*BOOKS, *SECRET]))
    with (
        worker_process("recommender", kafka, DOMAIN=domain) as _,
        Gateway(kafka, DOMAIN=domain) as gateway,
    ):
        said = gateway.http.get("/v1/domain").json()
        assert said["name"] == {"en": "Library", "zh": "图书馆"}
        assert said["words"]["Cart"]["en"] == "Borrowed"
        records = []
        for number, reader in enumerate(f"reader{n}" for n in range(6)):
            shelf = (
                ["hidden-1", "b1", "hidden-2", "b2", "b3"]
                if number % 2
                else ["b2", "hidden-2", "b4", "b1"]
            )
            records += [opened(reader, book, at) for at, book in enumerate(shelf)]
        asyncio.run(publish(kafka, records))
        path = "/v1/users/reader1/recommendations"
        lists = gateway.until(path, lambda a: "recomm_id" in a.json(), params={"language": "en"})
        assert ids(lists)
        assert not IDS & set(ids(lists))
        assert not any(each in lists.text for each in (*IDS, "Religion", "sect"))
        similar = gateway.until("/v1/products/b1/similar", lambda a: bool(ids(a)))
        assert not IDS & set(ids(similar))
        assert gateway.http.get("/v1/products/hidden-1/similar").status_code == 404
        trending = gateway.until("/v1/trending", lambda a: bool(ids(a)))
        assert not IDS & set(ids(trending))
        scope = {"category": "Religion"}
        assert gateway.http.get("/v1/trending", params=scope).status_code == 404
        newest = {"category": "Religion", "ranking": "newest"}
        assert gateway.http.get("/v1/trending", params=newest).status_code == 404
        assumed = gateway.until(
            "/v1/users/reader1/assumptions", lambda a: bool(a.json()["categories"])
        ).json()
        assert {each["name"] for each in assumed["categories"]} == {"Novels", "Poems"}
        assert assumed["signals"] == 3, "of five books that were opened two count for nothing"
        found = gateway.until("/v1/search", params={"q": "prayers of the desert", "wait": 10})
        assert not IDS & set(ids(found))
        # One that was harmless turns sensitive: the gateway withholds it at once.
        asyncio.run(publish(kafka, [product("b1", "Novel 1", category="Religion")]))
        gateway.until(path, lambda a: "b1" not in a.text, params={"language": "en"})
        gateway.until("/v1/products/b2/similar", lambda a: "b1" not in ids(a))


def test_a_bad_pack_stops_a_worker_with_its_file_and_line(kafka, tmp_path):
    (tmp_path / "domain.toml").write_text(PACK.replace("[exclusions]", "[exclusion]"), "utf-8")
    with worker_process("intent", kafka, ready=False, DOMAIN=str(tmp_path)) as worker:
        assert worker.popen.wait(60) == 2
        assert f"{tmp_path}/domain.toml, line" in worker.output()
        assert json.dumps("exclusion").strip('"') in worker.output()
