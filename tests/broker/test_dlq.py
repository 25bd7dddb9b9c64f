"""`shopkeeper dlq`: dead letters are counted, shown harmlessly, and go back as they came."""

from __future__ import annotations

import asyncio
from collections import Counter

import orjson
import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.dead_letter import PREFIX, REFUSED_AT, dead_letter
from shopkeeper.shared.contracts.envelope import Rejected
from shopkeeper.shared.runtime.kafka.publisher import Publisher

from .test_replay_cli import read_all, shopkeeper

CLICKS_DLQ = topics.dead_letters(topics.CLICKS, "recommender")


class Bad:
    """A refused record, as a consumer would have it."""

    def __init__(self, partition, offset, key, value, headers=()):
        self.partition, self.offset, self.timestamp = partition, offset, 0
        self.key, self.value, self.headers = key, value, headers


REFUSED = [
    (Bad(1, 7, b"u1", b'{"product_id": 5}', [("ce_id", b"a"), ("x", b"\xff\x1b[31m")]),
     Rejected(7, "validate", "wrong_type", "product_id is a number")),
    (Bad(0, 3, b"u2", b"\xff\x00\x1b]0;owned\x07", []),
     Rejected(3, "decode", "invalid_utf8", "not UTF-8")),
    (Bad(0, 4, None, None, []), Rejected(4, "validate", "empty_value", "no value")),
    (Bad(1, 8, b"u1", b"x" * 3_000_000, []), Rejected(8, "decode", "too_large", "too large")),
]  # fmt: skip


@pytest.fixture
def refused(kafka):
    async def publish():
        async with Publisher(kafka, "test") as publisher:
            for record, rejected in REFUSED:
                out = dead_letter(record, rejected, topics.CLICKS, "recommender")
                await publisher.send(out.topic, out.key, out.value, out.headers, out.partition)

    asyncio.run(publish())
    return kafka


def test_list_counts_by_error(refused):
    done = shopkeeper(refused, "dlq", "list", "--json")
    assert done.returncode == 0, done.stderr
    counts = orjson.loads(done.stdout)
    assert counts.pop(CLICKS_DLQ) == Counter(rejected.error for _, rejected in REFUSED)
    assert counts
    assert not any(counts.values())
    lines = shopkeeper(refused, "dlq", "list").stdout.splitlines()
    assert f"{CLICKS_DLQ}\t4\t" in "\n".join(lines)


def test_show_escapes_what_could_steer_a_terminal(refused):
    done = shopkeeper(refused, "dlq", "show", CLICKS_DLQ)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout
    assert r"\xff\x00\x1b]0;owned\x07" in done.stdout
    assert "exception.message: product_id is a number" in done.stdout
    assert "offset: 7" in done.stdout
    assert "4 dead letters" in done.stderr
    one = shopkeeper(refused, "dlq", "show", CLICKS_DLQ, "--partition", "1", "--offset", "0")
    assert "1 dead letters" in one.stderr
    assert '"product_id": 5' in one.stdout


def test_replay_sends_back_what_came_where_it_came(refused):
    done = shopkeeper(refused, "dlq", "replay", CLICKS_DLQ, "--yes")
    assert done.returncode == 0, done.stderr
    assert orjson.loads(done.stdout) == {"published": 3, "left_out": 1}
    assert "1 left out" in done.stderr
    found = {
        (r.partition, r.key, r.value, tuple(r.headers))
        for r in asyncio.run(read_all(refused, topics.CLICKS))
    }
    assert found == {
        (b.partition, b.key, b.value,
         (*b.headers, (REFUSED_AT, f"{b.partition}/{b.offset}".encode())))
        for b, _ in REFUSED[:3]
    }  # fmt: skip
    left = asyncio.run(read_all(refused, CLICKS_DLQ))
    assert len(left) == 4, "the dead letters stay"
    assert all(any(n.startswith(PREFIX) for n, _ in r.headers) for r in left)


def test_replay_asks_first_and_selects(refused):
    done = shopkeeper(refused, "dlq", "replay", CLICKS_DLQ, "--limit", "2", input="n\n")
    assert done.returncode == 1
    assert "Publish 2 records to shop.clicks.v1 again?" in done.stderr
    assert asyncio.run(read_all(refused, topics.CLICKS)) == []
    done = shopkeeper(
        refused, "dlq", "replay", CLICKS_DLQ, "--partition", "0", "--offset", "0", input="y\n"
    )
    assert orjson.loads(done.stdout) == {"published": 1, "left_out": 0}
    [record] = asyncio.run(read_all(refused, topics.CLICKS))
    assert record.value == REFUSED[1][0].value


def test_a_topic_without_dead_letters_is_a_usage_error(kafka):
    done = shopkeeper(kafka, "dlq", "replay", topics.RECOMMENDATIONS, "--yes")
    assert done.returncode == 2
    assert CLICKS_DLQ in done.stderr
