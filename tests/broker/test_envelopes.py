"""What Kafka Connect and Debezium send, files that a spreadsheet has spoiled: through a broker."""

from __future__ import annotations

import asyncio
import bz2
import json

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_process
from tests.broker.counts import held_counts
from tests.broker.gateways import Gateway
from tests.broker.test_replay_cli import shopkeeper

SCHEMA = {"type": "struct", "fields": []}
SOURCE = {"db": "shop", "table": "clicks"}
USERS = 5


def envelopes(user, product):
    """One click in each of the envelopes."""
    row = {"id": 7, "user_id": user, "product_id": product, "session_id": "s"}
    yield {"schema": SCHEMA, "payload": row | {"product_id": f"connect-{product}"}}
    yield {"before": None, "after": row, "source": SOURCE, "op": "c"}
    yield {"before": row, "after": None, "source": SOURCE, "op": "d"}
    yield {**row, "id": "7", "product_id": "gone", "__deleted": "true"}


def test_rows_from_databases_are_learned_and_deleted_ones_are_not(kafka):
    async def send():
        async with Publisher(kafka, "test") as publisher:
            for n in range(USERS):
                for product in (1, 2):
                    for value in envelopes(n, product):
                        key = json.dumps({"schema": SCHEMA, "payload": {"id": 7}}).encode()
                        await publisher.send(topics.CLICKS, key, json.dumps(value).encode(), [])
            click = {"user_id": "u", "product_id": "undefined"}
            await publisher.send(topics.CLICKS, b"u", json.dumps(click).encode(), [])
            await publisher.send(topics.CLICKS, b"u", b"\0\0\0\0\5\2u\2p", [])

    asyncio.run(send())
    with worker_process("recommender", kafka, SEARCH="off") as worker:
        for _ in range(2):
            for topic in (topics.CLICKS, topics.ITEM_PAIRS):
                asyncio.run(
                    until_consumed(kafka, "recommender", [topic], seconds=120, check=worker.alive)
                )
        assert worker.terminate() == 0, worker.output()
    counts, _ = held_counts(kafka, 2)
    assert counts[0, "1", "2"] == USERS
    assert counts[0, "connect-1", "connect-2"] == USERS
    assert not any({"gone", "undefined"} & set(pair[1:]) for pair in counts)
    letters = asyncio.run(read_topic(kafka, f"{topics.CLICKS}.recommender.dlq"))
    said = [dict(r.headers)["__connect.errors.exception.message"].decode() for r in letters]
    assert len(said) == 2
    assert any("a word for nothing" in each for each in said)
    assert any("Avro or Protobuf" in each for each in said)


def test_a_product_is_removed_whatever_wrote_the_key(kafka):
    keys = [b'"p0"', b'{"product_id":"p1"}', b'{"schema":{},"payload":"p2"}', b"p3"]

    async def send(value_of):
        async with Publisher(kafka, "test") as publisher:
            for n, key in enumerate(keys):
                await publisher.send(topics.CATALOGUE, key, value_of(n), [])

    def product(n):
        return json.dumps({"schema": SCHEMA, "payload": {"product_id": f"p{n}", "title": "T"}})

    with Gateway(kafka) as gateway:
        asyncio.run(send(lambda n: product(n).encode()))
        for n in range(len(keys)):
            gateway.until(f"/v1/products/p{n}")
        asyncio.run(send(lambda _: None))
        for n in range(len(keys)):
            gateway.until(f"/v1/products/p{n}", lambda answer: answer.status_code == 404)


def test_the_gateway_takes_envelopes_and_names_what_is_none(kafka):
    with Gateway(kafka) as gateway:
        row = {"user_id": 1, "product_id": 2}
        for value in ({"schema": SCHEMA, "payload": row}, {"after": row, "source": {}, "op": "c"}):
            assert gateway.http.post("/v1/events", json=value).status_code == 202
        deleted = gateway.http.post("/v1/events", json={**row, "__deleted": "true"})
        assert deleted.json()["skipped"] == 1
        for value, label in (
            ({"user_id": "u", "product_id": "undefined"}, "missing_field"),
            ({"type": "order.completed.v1", "user_id": "u", "order_id": "o",
              "products": [{"product_id": "p", "quantity": -1}]}, "out_of_range"),
        ):  # fmt: skip
            answer = gateway.http.post("/v1/events", json=value)
            assert (answer.status_code, label in answer.text) == (400, True), answer.text
        keys = {record.key for record in asyncio.run(read_topic(kafka, topics.CLICKS))}
        assert keys == {b"1"}


def test_a_spoiled_sheet_is_replayed_but_for_the_rows_that_it_names(kafka, tmp_path):
    path = tmp_path / "clicks.csv.bz2"
    rows = ['="0017";u;14.11.2023 22:13;Ansicht', "1,23E+12;u;14.11.2023 22:14;view",
            "#REF!;u;14.11.2023 22:15;view", "A;u;14.11.2023 22:16;page_view",
            "A;u;14.11.2023 22:17;加购", "\x1a"]  # fmt: skip
    text = "# made by a spreadsheet\nSKU;User;Time;Action\n" + "\n".join(rows)
    path.write_bytes(bz2.compress(text.replace("Ansicht", "view").encode("utf-16")))

    refused = shopkeeper(kafka, "replay", str(path))
    assert refused.returncode == 1
    assert f"{path}:4: SKU was shortened by a spreadsheet" in refused.stderr
    assert "Traceback" not in refused.stderr
    done = shopkeeper(kafka, "replay", str(path), "--skip-bad")
    summary = json.loads(done.stdout)
    assert (summary["events"], summary["left_out"]) == (2, 1), done.stderr
    assert summary["skipped_bad_by_reason"] == {"wrong_type": 1, "empty_field": 1}
    judged = json.loads(shopkeeper(kafka, "validate", "--json", str(path)).stdout)
    assert judged["refused_by_error"] == {"wrong_type": 1, "empty_field": 1}
