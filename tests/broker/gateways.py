"""A gateway process for tests, and what they publish to be read from it."""

from __future__ import annotations

import json
import time

import httpx
import jwt

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.processes.embedded import free_port
from shopkeeper.shared.testing.workers import worker_process

WAIT_S = 60
MODEL = {"name": "item-cf", "version": "1"}
SECRET = "s" * 32


def list_of(user, *product_ids, n=0):
    """A record of the user's list."""
    items = [
        {"product_id": each, "score": 0.5,
         "reason": {"code": "viewed_together", "parameters": {"product_id": "p0"}}}
        for each in product_ids
    ]  # fmt: skip
    value = {"recomm_id": f"r{n}", "items": items, "fallback": "none", "cause": f"c{n}",
             "model": MODEL, "user_id": user}  # fmt: skip
    return topics.RECOMMENDATIONS, user, value


def product(product_id, title="A product", **fields):
    """A record of the catalogue."""
    return topics.CATALOGUE, product_id, {"product_id": product_id, "title": title, **fields}


async def publish(kafka, records):
    async with Publisher(kafka, "test") as publisher:
        for topic, key, value in records:
            await publisher.send(topic, key.encode(), value and json.dumps(value).encode(), [])


def token(user):
    """The header of a user with a token."""
    said = jwt.encode({"sub": user, "exp": time.time() + 600}, SECRET, "HS256")
    return {"Authorization": f"Bearer {said}"}


class Gateway:
    """A gateway process, and a client of it."""

    def __init__(self, kafka, **settings):
        self.port = free_port()
        self.process = worker_process("gateway", kafka, GATEWAY_PORT=self.port, **settings)

    def __enter__(self):
        self.worker = self.process.__enter__()
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=WAIT_S)
        return self

    def __exit__(self, *error):
        self.http.close()
        return self.process.__exit__(*error)

    def until(self, path, right=lambda answer: answer.status_code == 200, **options):
        """The first answer that is right."""
        deadline = time.monotonic() + WAIT_S
        while not right(answer := self.http.get(path, **options)):
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.05)
        return answer
