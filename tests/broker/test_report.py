"""`shopkeeper report` on a real broker and a real worker's lists: its figures are those of a
naive look through the topics."""

from __future__ import annotations

import asyncio
import random
import re
import time

import orjson

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.readers import ShopEvent
from shopkeeper.shared.testing.records import read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_process

from .test_end_to_end import publish
from .test_replay_cli import shopkeeper

START_MS = 1_790_000_000_000
EVIL = "<script>alert(1)</script>"
USERS, ROUNDS = 12, 8


def products():
    for number in range(10):
        name = f"p{number}" if number else EVIL
        data = {"product_id": name, "title": f"title of {name}", "price": 1.5 + number,
                "currency": "EUR", "category": EVIL if number % 2 else "odd"}  # fmt: skip
        yield ShopEvent(topics.CATALOGUE, "product.catalogued.v1", name, data, START_MS, name)


def clicks():
    """Rounds of one click per user, each round named by the list that the last one brought."""
    chance = random.Random(7)
    for number in range(ROUNDS):
        for user in range(USERS):
            item = (user % 3) + 3 * chance.randrange(3)
            event_id = f"c-{number}-{user}"
            data = {"product_id": f"p{item}" if item else EVIL, "user_id": f"someone-{user}"}
            yield number, ShopEvent(
                topics.CLICKS, "product.clicked.v1", f"someone-{user}", data,
                START_MS + number * 60_000 + user, event_id,
            )  # fmt: skip


def naive(kafka):
    """(lists, answered, of these could have been seen, hits of those within ten), by looking from
    each list for its user's next click."""
    log = {}
    for record in asyncio.run(read_topic(kafka, topics.CLICKS)):
        log.setdefault(record.key, []).append(record)
    lists = answered = seeable = hits = 0
    for record in asyncio.run(read_topic(kafka, topics.RECOMMENDATIONS)):
        found = orjson.loads(record.value)
        own = sorted(log[record.key], key=lambda r: r.offset)
        ids = [dict(r.headers)["ce_id"].decode() for r in own]
        later = own[ids.index(found["cause"]) + 1 :]
        lists += 1
        if later:
            answered += 1
            target = orjson.loads(later[0].value)["product_id"]
            if later[0].timestamp - record.timestamp < 200:
                continue
            seeable += 1
            hits += target in [item["product_id"] for item in found["items"][:10]]
    return lists, answered, seeable, hits


def test_the_figures_are_those_of_the_topics(kafka, tmp_path):
    out = tmp_path / "shop.html"
    done = shopkeeper(kafka, "report", str(out))
    assert done.returncode == 1
    assert "nothing to show" in done.stderr
    assert not out.exists()
    with worker_process("recommender", kafka, LIST_AGE_MAX=1e10) as worker:
        publish(kafka, list(products()))
        events = list(clicks())
        for number in range(ROUNDS):
            publish(kafka, [event for n, event in events if n == number])
            asyncio.run(until_consumed(kafka, "recommender", [topics.CLICKS], 60, worker.alive))
    lists, answered, seeable, hits = naive(kafka)
    assert lists == USERS * ROUNDS
    assert answered == USERS * (ROUNDS - 1)
    assert 0 < hits < seeable
    for language, says in (("en", f"{lists} lists of {USERS} users"), ("zh", f"{lists} 个列表")):
        done = shopkeeper(kafka, "report", str(out), "--language", language)
        assert done.returncode == 0, done.stderr
        text = out.read_text("utf-8")
        assert says in text
        assert re.search(rf"<td>{seeable}</td><td>{hits / seeable:.3f} \(", text)
        assert f"<td>{answered}</td>" in text
        assert f"<b>{hits / seeable:.3f}</b>HR@10" in text
        assert "<script" not in text
        assert "&lt;script&gt;" in text
        assert "someone-" not in text
    done = shopkeeper(kafka, "report", str(out), "--lists-max", "10")
    assert done.returncode == 0, done.stderr
    text = out.read_text("utf-8")
    assert f"{lists - 10} older lists were left out" in text
    clicks_read = re.search(rf"<td>{topics.CLICKS}</td><td>(\d+)</td>", text)
    assert clicks_read is not None
    assert int(clicks_read[1]) == len(events)


def reviews():
    """Of two products of one category; the last review is withdrawn again."""
    texts = [("p1", "Excellent quality, I love it", 1), ("p3", "Terrible quality, it broke", 1)]
    for number in range(13):
        product, body, rating = texts[number % 2]
        data = {"product_id": product, "review_id": f"r{number}", "rating": rating,
                "review_body": body}  # fmt: skip
        moment = START_MS + number * 60_000
        yield ShopEvent(topics.REVIEWS, "product.reviewed.v1", product, data, moment, f"r{number}")
    data = {"product_id": "p1", "review_id": "r12"}
    yield ShopEvent(topics.REVIEWS, "review.withdrawn.v1", "p1", data, START_MS + 10**6, "w")


def test_reviews_are_shown_by_product_category_and_aspect(kafka, tmp_path):
    out = tmp_path / "shop.html"
    publish(kafka, [*products(), *(event for _, event in clicks()), *reviews()])
    for service, name in (("recommender", topics.CLICKS), ("sentiment", topics.REVIEWS)):
        with worker_process(service, kafka, LIST_AGE_MAX=1e10) as worker:
            asyncio.run(until_consumed(kafka, service, [name], 60, worker.alive))
    done = shopkeeper(kafka, "report", str(out))
    assert done.returncode == 0, done.stderr
    text = out.read_text("utf-8")
    assert re.search(r"<td>quality</td><td>6</td><td>6</td><td>[^<]*Excellent[^<]*</td>", text)
    assert "title of p1 (6)" in text
    assert "title of p3 (6)" in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; (12)" in text, "the category of both"
    # Of thirteen reviews scored seven praise with one star; what was withdrawn is among them.
    assert "<td>7 (53.8 %)</td>" in text


def asked(name, text):
    data = {"question": text, "user_id": "someone-0"}
    return ShopEvent(topics.QUESTIONS, "question.asked.v1", "someone-0", data, START_MS, name)


def rating(answer_id, name, helpful):
    data = {"answer_id": answer_id, "helpful": helpful, "route": "knowledge"}
    return ShopEvent(topics.QUESTIONS, "answer.rated.v1", "someone-0", data, START_MS, name)


def test_questions_without_an_answer_are_grouped_and_ratings_counted(kafka, tmp_path):
    entry = {"knowledge_id": "k", "title": "Do you ship to Switzerland?", "text": "Yes, gladly."}
    unanswered = ("Can I pay by invoice?", "paying by invoice", "Is there a café nearby?")
    publish(
        kafka,
        [
            ShopEvent(topics.KNOWLEDGE, "knowledge.published.v1", "k", entry, START_MS, "k"),
            *products(),
        ],
    )
    consumed = [topics.QUESTIONS]
    with (
        worker_process("recommender", kafka, LIST_AGE_MAX=1e10) as recommender,
        worker_process("answers", kafka) as answers,
    ):
        publish(kafka, [event for number, event in clicks() if number < 2])
        publish(kafka, [asked("a", "Do you ship to Switzerland?")])
        publish(kafka, [asked(f"u{n}", text) for n, text in enumerate(unanswered)])
        asyncio.run(until_consumed(kafka, "answers", consumed, 60, answers.alive))
        given = asyncio.run(read_topic(kafka, topics.ANSWERS))
        ids = {
            headers["ce_causationid"]: headers["ce_id"].decode()
            for headers in (dict(record.headers) for record in given)
        }
        publish(kafka, [rating(ids[b"a"], "r1", False), rating(ids[b"a"], "r2", True)])
        asyncio.run(until_consumed(kafka, "answers", consumed, 60, answers.alive))
        asyncio.run(until_consumed(kafka, "recommender", [topics.CLICKS], 60, recommender.alive))
        deadline = time.monotonic() + 30
        while answers.total("answers_rated_total") < 2:
            assert time.monotonic() < deadline, answers.metrics()
            time.sleep(0.1)
        assert answers.terminate() == 0, answers.output()
    out = tmp_path / "shop.html"
    done = shopkeeper(kafka, "report", str(out))
    assert done.returncode == 0, done.stderr
    text = out.read_text("utf-8")
    row = "<td>the shop&#39;s knowledge</td><td>1</td><td>25.0 %</td><td>1</td><td>100.0 %"
    assert row in text
    group = "<td>Can I pay by invoice? · paying by invoice</td><td>2</td>"
    assert group in text
    assert "café" not in text
