"""A pack's guard through real workers: who asks for advice gets the sentence and a person, and
nothing on the topics, at the gateway or on its stream names what is sensitive."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections import Counter

import httpx

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.domains import pack
from shopkeeper.shared.runtime.kafka.reader import Reader
from shopkeeper.shared.testing.workers import worker_processes
from tests.broker.gateways import WAIT_S, Gateway, product, publish

PACK = "health"
PLAIN = [product(f"g{n}", f"Gauze {n}", category="First Aid") for n in range(5)]
SECRET = [
    product("hidden-1", "Rapid test", category="HIV & STI"),
    product("hidden-2", "Book on panic", category="Articles"),
]
HIDDEN = ("hidden-1", "hidden-2", "HIV & STI", "Rapid test", "Book on panic")
ADVICE = {"a1": "should I stop taking my tablets", "a2": "这个疹子危险吗"}
HARMLESS = "have you got a branch on the moon base"  # nothing here answers it
OUTPUTS = (topics.INTENTS, topics.ANSWERS, topics.RECOMMENDATIONS, topics.SIMILAR_ITEMS,
           topics.TRENDING, topics.SEGMENTS)  # fmt: skip


def read_item(user, item, number):
    """A record in the pack's own words."""
    value = {"event": "item_viewed", "patient_number": user, "item_code": item}
    return topics.CLICKS, user, value | {"id": f"{user}-{number}"}


def asked(user, name, text, item):
    value = {"event": "patient_question_asked", "patient_number": user, "question": text}
    return topics.QUESTIONS, user, value | {"id": name, "item_code": item}


async def published(kafka, questions):
    """Every record of the outputs, once each question has its answer and its intent."""
    found, deadline = [], time.monotonic() + WAIT_S
    wanted = Counter({topics.ANSWERS: questions, topics.INTENTS: questions})
    wanted[topics.RECOMMENDATIONS] = 1
    async with Reader(kafka, OUTPUTS, from_start=True) as reader:
        while wanted - Counter(name for name, _ in found):
            assert time.monotonic() < deadline, [name for name, _ in found]
            found += [(reader.name(record), record) for record in await reader.poll(0.2)]
        found += [(reader.name(record), record) for record in await reader.poll(1.0)]
    return found


class Followed:
    """What the gateway's stream of a user says, while it is listened to."""

    def __init__(self, port, user):
        self.text, self._stop = "", threading.Event()
        self._thread = threading.Thread(target=self._listen, args=(port, user), daemon=True)

    def _listen(self, port, user):
        address = f"http://127.0.0.1:{port}/v1/users/{user}/stream"
        with contextlib.suppress(httpx.HTTPError), httpx.stream("GET", address, timeout=60) as said:
            for part in said.iter_text():
                self.text += part
                if self._stop.is_set():
                    return

    def until(self, words):
        """Return once it has said so."""
        deadline = time.monotonic() + WAIT_S
        while words not in self.text:
            assert time.monotonic() < deadline, self.text
            time.sleep(0.05)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._stop.set()


def test_who_asks_for_advice_gets_a_person_and_nothing_sensitive_is_named(kafka):
    guard = pack.load(PACK).guards[0]
    asyncio.run(publish(kafka, [*PLAIN, *SECRET]))
    with (
        worker_processes(["intent", "answers", "recommender"], kafka, DOMAIN=PACK) as workers,
        Gateway(kafka, DOMAIN=PACK) as gateway,
    ):
        for worker in workers:
            worker.wait_ready()
        records = []
        for number, user in enumerate(f"v{n}" for n in range(4)):
            shelf = ["hidden-1", "g1", "hidden-2", "g2", f"g{3 + number % 2}"]
            records += [read_item(user, item, at) for at, item in enumerate(shelf)]
        with Followed(gateway.port, "v1") as stream:
            stream.until("retry")  # it is connected: what comes now is told
            questions = [asked("v1", name, text, "hidden-1") for name, text in ADVICE.items()]
            questions.append(asked("v2", "a3", HARMLESS, "g1"))
            asyncio.run(publish(kafka, [*records, *questions]))
            found = asyncio.run(published(kafka, questions=3))
            path = "/v1/users/v1/recommendations"
            lists = gateway.until(path, lambda answer: bool(answer.json().get("items")))
            stream.until("event: answer")
            stream.until("event: recommendations")
        said = {}
        for name, record in found:
            value = json.loads(record.value or b"{}")
            if name == topics.ANSWERS:
                said[value["cause"]] = value
        assert said["a1"]["answer"] == guard.en
        assert said["a2"]["answer"] == guard.zh
        for name in ADVICE:
            assert said[name]["route"] == "person"
            assert said[name]["handover"]["reason"] == "unanswered"
            assert "product_id" not in said[name]
        assert said["a3"]["product_id"] == "g1", "what is harmless is named"
        intents = [json.loads(r.value) for name, r in found if name == topics.INTENTS]
        assert [each["intent"] for each in intents].count("medical_advice") >= 1
        assumed = gateway.http.get("/v1/users/v1/assumptions")
        trending = gateway.until("/v1/trending", lambda answer: answer.status_code == 200)
        shown = [lists.text, assumed.text, trending.text, stream.text]
        shown += [f"{r.key} {r.headers} {(r.value or b'').decode()}" for _, r in found]
        for text in shown:
            assert not [each for each in HIDDEN if each in text], text
