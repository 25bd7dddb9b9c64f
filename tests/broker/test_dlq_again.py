"""`shopkeeper dlq` by source topic: every service's letters, filters that name what there is, and
a letter that is refused again is still one letter."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.dead_letter import dead_letter
from shopkeeper.shared.contracts.envelope import Rejected
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_process

from .test_dlq import Bad
from .test_replay_cli import shopkeeper

REVIEWS_DLQ = topics.dead_letters(topics.REVIEWS, "sentiment")
BAD = [b'{"product_id":"p1","review_id":"r1"', b'{"product_id":"p2","review_id":5}']
GOOD = b'{"product_id":"p1","review_id":"r9","review_body":"Very good."}'


def lines(done):
    return [orjson.loads(line) for line in done.stdout.splitlines()]


async def publish(kafka, topic, values):
    async with Publisher(kafka, "test") as publisher:
        for value in values:
            await publisher.send(topic, b"p1", value)


def test_a_letter_that_is_refused_again_is_the_same_letter(kafka):
    """Through a real worker, twice: the books of a person and of the worker agree."""
    with worker_process("sentiment", kafka) as worker:
        asyncio.run(publish(kafka, topics.REVIEWS, [*BAD, GOOD]))
        asyncio.run(until_consumed(kafka, "sentiment", [topics.REVIEWS], check=worker.alive))
        for again in (1, 2):
            done = shopkeeper(kafka, "dlq", "replay", topics.REVIEWS, "--yes")
            assert done.returncode == 0, done.stderr
            assert orjson.loads(done.stdout) == {"published": 2, "left_out": 0}
            asyncio.run(until_consumed(kafka, "sentiment", [topics.REVIEWS], check=worker.alive))
            there = asyncio.run(read_topic(kafka, REVIEWS_DLQ))
            assert len(there) == 2 * (again + 1), "each refusal is a record"
    counts = orjson.loads(shopkeeper(kafka, "dlq", "list", "--json").stdout)[REVIEWS_DLQ]
    assert counts == {"invalid_json": 1, "wrong_type": 1}
    shown = shopkeeper(kafka, "dlq", "show", topics.REVIEWS, "--json")
    found = lines(shown)
    assert sorted(letter["error"] for letter in found) == ["invalid_json", "wrong_type"]
    assert all(letter["replayed"] for letter in found), "as it was refused last"
    firsts = [letter["refused_first"].split("/")[1] for letter in found]
    assert sorted(firsts) == ["0", "1"], "by the offset of the first refusal"
    assert "2 dead letters (4 earlier ones" in shown.stderr


@pytest.fixture
def searches(kafka):
    """The same search, refused by both services that read it, and one that only one refused."""

    async def send():
        async with Publisher(kafka, "test") as publisher:
            for service, offset, error in (
                ("intent", 3, "missing_field"),
                ("recommender", 3, "missing_field"),
                ("intent", 4, "too_long"),
            ):
                bad = Bad(1, offset, b"u", b'{"user_id":"u"}')
                rejected = Rejected(offset, "validate", error, "is wrong")
                out = dead_letter(bad, rejected, topics.SEARCHES, service)
                await publisher.send(out.topic, out.key, out.value, out.headers, out.partition)

    asyncio.run(send())
    return kafka


def test_a_source_topic_means_the_letters_of_every_service(searches):
    found = lines(shopkeeper(searches, "dlq", "show", topics.SEARCHES, "--json"))
    assert {letter["errors"]["class.name"] for letter in found} == {
        "shopkeeper.intent",
        "shopkeeper.recommender",
    }
    assert len(found) == 3
    only = lines(
        shopkeeper(searches, "dlq", "show", topics.SEARCHES, "--json", "--service", "recommender")
    )
    assert [letter["topic"] for letter in only] == [
        topics.dead_letters(topics.SEARCHES, "recommender")
    ]
    done = shopkeeper(searches, "dlq", "replay", topics.SEARCHES, "--yes")
    assert orjson.loads(done.stdout) == {"published": 2, "left_out": 0}
    assert len(asyncio.run(read_topic(searches, topics.SEARCHES))) == 2, "both read the one record"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--partition", "7"], "there is no partition 7"),
        (["--partition", "7"], "partitions 0 to 1"),
        (["--partition", "1", "--offset", "99"], "1: 0 to 1"),
        (["--partition", "0", "--offset", "0"], "0: none"),
        (["--error", "wrong_typ"], "found here: missing_field 2, too_long 1"),
        (["--service", "sentiment"], "sentiment does not read shop.searches.v1"),
    ],
)
@pytest.mark.parametrize("verb", [["show"], ["replay", "--yes"]])
def test_a_filter_for_what_is_not_there_names_what_is(searches, verb, options, said):
    done = shopkeeper(searches, "dlq", verb[0], topics.SEARCHES, *verb[1:], *options)
    assert done.returncode == 2, done.stdout
    assert said in done.stderr
    assert done.stdout == ""


def test_an_error_that_could_be_there_and_is_not_is_no_mistake(searches):
    done = shopkeeper(searches, "dlq", "show", topics.SEARCHES, "--error", "time_ahead")
    assert done.returncode == 0
    assert "0 dead letters; there are missing_field 2, too_long 1" in done.stderr
    [letter] = lines(
        shopkeeper(searches, "dlq", "show", topics.SEARCHES, "--error", "too_long", "--json")
    )
    assert (letter["error"], letter["refused_first"]) == ("too_long", "1/4")
