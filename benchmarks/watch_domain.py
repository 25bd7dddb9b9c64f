"""A domain pack's demo, watched: what came in, what was published, and what of it is sensitive.

`shopkeeper demo --domain NAME` runs as a process. Beside it every topic of the shop and every topic
that others read is read from its beginning, and the gateway is asked for lists, assumptions,
similar products, trending and segments as pages ask it. Each record (key, headers, value) and each
answer of the gateway is searched for the ids of the pack's sensitive products; each of its texts
for their titles, sensitive categories and sensitive words.

usage: python benchmarks/watch_domain.py NAME|FOLDER [SECONDS] [RECORDS.jsonl]
prints: lines of counts and, last, where something sensitive stood: by topic or path, and field.
With RECORDS.jsonl, every record of the topics that others read, one JSON object a line.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import orjson
from aiokafka.errors import KafkaError

from shopkeeper.apps.demo.live import OUTPUT_TOPICS
from shopkeeper.apps.demo.pack_files import PackFiles
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.copies import is_copy
from shopkeeper.shared.runtime.kafka.reader import Reader
from shopkeeper.shared.runtime.processes import process
from shopkeeper.shared.runtime.processes.embedded import HOST, free_port
from shopkeeper.shared.runtime.settings import KafkaSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

INPUT_TOPICS = tuple(
    each.name
    for each in topics.ALL
    if each.name.startswith("shop.") and each.types and each.name not in OUTPUT_TOPICS
)
START_S_MAX = 240.0
ASK_EVERY_S = 10.0
USERS_ASKED, PRODUCTS_ASKED = 25, 12  # each time, the newest
EXAMPLES_MAX = 6
# What exclusions leave alone, as docs/domains.md says: goods, not people; and a customer's words.
ABOUT_GOODS = frozenset({topics.PRODUCT_SENTIMENT, topics.CATEGORY_SENTIMENT, topics.SENTIMENTS})
CUSTOMERS_WORDS = "handover.summary"


def texts_of(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a JSON value: (field, text); elements of a list have no number."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield path, str(name)
            yield from texts_of(inner, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for inner in value:
            yield from texts_of(inner, path)


class Watched:
    """What was seen. `record` and `answer` take it in."""

    def __init__(self, files: PackFiles) -> None:
        self.files, self.excluded = files, files.said.excluded
        self.ids = {each.product_id: each for each in files.sensitive}
        self.titles = {
            title for each in files.sensitive for title in (each.title, each.title_zh) if title
        }
        self.counts: Counter[str] = Counter()  # records by topic
        self.types: Counter[str] = Counter()  # of events that came in
        self.about_sensitive: Counter[str] = Counter()  # of those, by type
        self.asked: dict[str, str] = {}  # what customers wrote, by the id of its event
        self.intents: Counter[str] = Counter()
        self.intent_examples: dict[str, list[str]] = defaultdict(list)
        self.routes: Counter[str] = Counter()
        self.answer_examples: dict[str, list[str]] = defaultdict(list)
        self.lists = self.items = 0
        self.reasons: Counter[str] = Counter()
        self.paths: Counter[str] = Counter()  # answers of the gateway, by kind
        self.found: Counter[tuple[str, str, str]] = Counter()  # (where, field, what)
        self.harmless = {each.product_id for each in files.products} - set(self.ids)
        self.outputs: list[tuple[str, Any, str]] = []  # topic, value, cause: causes may come later
        self.users: list[str] = []
        self.products: list[str] = []

    def record(self, topic: str, record: Any) -> None:
        """A record of any topic that is read."""
        self.counts[topic] += 1
        value = record.value or b""
        if topic in INPUT_TOPICS:
            self._event(value)
            return
        if topic.endswith(".dlq"):
            return
        headers = b" ".join(text or b"" for _, text in record.headers or ())
        self._search(topic, b" ".join((record.key or b"", headers)), value)
        if not value:
            return
        said = orjson.loads(value)
        cause = said.get("cause") or next(
            (text.decode() for name, text in record.headers if name == "ce_causationid"), ""
        )
        self.outputs.append((topic, said, cause))
        if topic == topics.RECOMMENDATIONS and (user := said.get("user_id")):
            self.users.append(user)

    def _published(self, topic: str, said: Any, wrote: str) -> None:
        if topic == topics.INTENTS:
            self.intents[said["intent"]] += 1
            _keep(self.intent_examples[said["intent"]], wrote)
        elif topic == topics.ANSWERS:
            route = said["route"] + (" with a handover" if said.get("handover") else "")
            for guard in self.files.said.guards:
                if said["answer"] in (guard.en, guard.zh):
                    route = f"guard {guard.name}"
            self.routes[route] += 1
            _keep(self.answer_examples[route], f"{wrote!r} -> {said['answer']!r}")
        elif topic == topics.RECOMMENDATIONS:
            self.lists += 1
            self.items += len(said["items"])
            for item in said["items"]:
                self.reasons[(item.get("reason") or {}).get("code", "none")] += 1

    def _event(self, value: bytes) -> None:
        said = orjson.loads(value) if value.startswith(b"{") else {}
        kind = said.get("event") or said.get("type") or "in our own words"
        self.types[kind] += 1
        for name in self.ids:
            if f'"{name}"'.encode() in value:
                self.about_sensitive[kind] += 1
                break
        for _, text in texts_of(said):
            if text in self.harmless:
                self.products.append(text)
        wrote = said.get("question") or said.get("query")
        if wrote and said.get("id"):
            self.asked[said["id"]] = wrote

    def answer(self, kind: str, body: bytes) -> None:
        """What the gateway said."""
        self.paths[kind] += 1
        self._search(kind, b"", body)

    def _search(self, where: str, beside: bytes, value: bytes) -> None:
        whole = beside + b" " + value
        for name in self.ids:
            if name.encode() in whole:
                self.found[where, "anywhere", f"product {name}"] += 1
        with contextlib.suppress(orjson.JSONDecodeError):
            for field, text in texts_of(orjson.loads(value) if value else None):
                if self.excluded.covers_category(text) or self.excluded.covers_text(text):
                    self.found[where, field, f"text {text[:60]!r}"] += 1
                elif any(title in text for title in self.titles):
                    self.found[where, field, f"title in {text[:60]!r}"] += 1

    def lines(self) -> Iterator[str]:
        """What was seen; to be asked once."""
        for topic, value, cause in self.outputs:
            self._published(topic, value, self.asked.get(cause, ""))
        said = self.files
        yield f"{len(said.products)} products, {len(self.ids)} of them sensitive"
        total, about = sum(self.types.values()), sum(self.about_sensitive.values())
        yield f"events: {total}, of these about something sensitive: {about}"
        yield f"  {dict(self.types.most_common())}"
        yield f"  sensitive: {dict(self.about_sensitive.most_common())}"
        yield f"published: { {t: self.counts[t] for t in OUTPUT_TOPICS if self.counts[t]} }"
        dead = sum(n for name, n in self.counts.items() if name.endswith(".dlq"))
        yield f"dead letters: {dead}"
        yield f"lists: {self.lists} of {self.items} items; reasons {dict(self.reasons)}"
        for name, count in self.intents.most_common():
            yield f"intent {name}: {count}, as {self.intent_examples[name]}"
        for name, count in self.routes.most_common():
            yield f"answer by {name}: {count}"
            yield from (f"    {each}" for each in self.answer_examples[name])
        yield f"the gateway was asked: {dict(self.paths)}"
        if not self.found:
            yield "sensitive: nothing, anywhere"
        for (where, field, what), count in sorted(self.found.items()):
            kept = where in ABOUT_GOODS or field == CUSTOMERS_WORDS
            sign = "by design" if kept else "LEAK"
            yield f"sensitive, {sign}: {where} {field}: {what} ({count} times)"


def _keep(examples: list[str], text: str) -> None:
    if text and text not in examples and len(examples) < EXAMPLES_MAX:
        examples.append(text)


async def ask(client: httpx.AsyncClient, watched: Watched) -> None:
    """Every so often what pages ask, for whoever was there last."""
    while True:
        await asyncio.sleep(ASK_EVERY_S)
        users = list(dict.fromkeys(reversed(watched.users)))[:USERS_ASKED]
        wanted = [("trending", "/v1/trending"), ("segments", "/v1/segments")]
        for user in users:
            wanted.append(("recommendations", f"/v1/users/{user}/recommendations"))
            wanted.append(("assumptions", f"/v1/users/{user}/assumptions"))
        products = list(dict.fromkeys(reversed(watched.products)))[:PRODUCTS_ASKED]
        wanted += [("similar", f"/v1/products/{each}/similar") for each in products]
        for kind, path in wanted:
            with contextlib.suppress(httpx.HTTPError):
                for language in ("en", "zh"):
                    answer = await client.get(path, params={"language": language})
                    if answer.status_code == 200:
                        watched.answer(f"GET {kind}", answer.content)
        for each in watched.ids:
            with contextlib.suppress(httpx.HTTPError):
                answer = await client.get(f"/v1/products/{each}/similar")
                watched.paths[f"GET similar to a sensitive one: {answer.status_code}"] += 1


async def read(kafka: KafkaSettings, watched: Watched, out: Any) -> None:
    """Every record, from the beginning."""
    names = [*INPUT_TOPICS, *OUTPUT_TOPICS]
    names += [each.name for each in topics.ALL if each.name.endswith(".dlq")]
    deadline = time.monotonic() + START_S_MAX
    while True:
        try:
            async with Reader(kafka, names, from_start=True) as reader:
                while True:
                    for record in await reader.poll(1.0):
                        if not is_copy(record):
                            watched.record(reader.name(record), record)
                            _write(out, reader.name(record), record)
        except KafkaError:
            if time.monotonic() > deadline or watched.counts:
                raise
            await asyncio.sleep(0.5)  # the demo makes its topics yet


def _write(out: Any, topic: str, record: Any) -> None:
    if out is None or topic in INPUT_TOPICS:
        return
    key, value = ((part or b"").decode("utf-8", "replace") for part in (record.key, record.value))
    out.write(orjson.dumps({"topic": topic, "key": key, "value": value}) + b"\n")


async def watch(domain: str, seconds: float, records: Path | None) -> Watched:
    """Of one demo, from its start until it has run for so long."""
    watched = Watched(PackFiles.read(domain))
    port, page_port = free_port(), free_port()
    with tempfile.TemporaryFile() as log, contextlib.ExitStack() as stack:
        out = None if records is None else stack.enter_context(records.open("wb"))
        command = [sys.executable, "-m", "shopkeeper", "demo", "--domain", domain, "--no-open"]
        command += ["--port", str(port), "--page-port", str(page_port), "--duration", str(seconds)]
        options = process.child_options(os.environ)
        child = subprocess.Popen(  # noqa: ASYNC220
            command, stdout=log, stderr=subprocess.STDOUT, **options
        )
        print(f"{domain}: the page is at http://{HOST}:{page_port}/", file=sys.stderr, flush=True)
        try:
            kafka = KafkaSettings((f"{HOST}:{port}",))
            async with httpx.AsyncClient(base_url=f"http://{HOST}:{page_port}") as client:
                reading = asyncio.create_task(read(kafka, watched, out))
                asking = asyncio.create_task(ask(client, watched))
                ended = asyncio.create_task(asyncio.to_thread(child.wait))
                await asyncio.wait((reading, ended), return_when=asyncio.FIRST_COMPLETED)
                for task in (reading, asking):
                    task.cancel()
                await asyncio.gather(reading, asking, return_exceptions=True)
            status = await ended
        finally:
            process.end(child)
        if status or not watched.counts:
            log.seek(0)
            raise SystemExit(f"the demo ended with status {status}\n{log.read().decode()[-3000:]}")
    return watched


def main() -> None:
    """As the command."""
    domain = sys.argv[1]
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 300.0
    records = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    for line in asyncio.run(watch(domain, seconds, records)).lines():
        print(line)


if __name__ == "__main__":
    main()
