"""Whatever stands on the topics, the gateway tells of nothing that a pack excludes: lists, similar
items, trending, segments, assumptions, answers and the stream of server-sent events.

What stands there is of before the rules, or of a worker without them: it names sensitive products
and categories freely, and products turn sensitive in between.
"""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any
from urllib.parse import quote, unquote

import httpx
import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.apps.demo.pack_files import PackFiles
from shopkeeper.services.gateway.core.feed import ANSWERS, LISTS, Place, Published
from shopkeeper.services.gateway.http.stream import EventStream
from shopkeeper.shared.contracts.outputs import encode
from shopkeeper.shared.domains import pack
from shopkeeper.shared.domains.pack import SHOP
from tests.unit.gateway.serving import Serving

PACKS = pack.names()
USER = "u"
MODEL = {"name": "m", "version": "1"}
USERS_PATHS = ("recommendations", "assumptions")
PLAIN, BAD = 8, 6  # products of either kind in the catalogue


@cache
def files(name: str) -> PackFiles:
    return PackFiles.read(name)


places = st.integers(0, PLAIN + BAD - 1)
rows = st.lists(places, min_size=1, max_size=8, unique=True)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("list"), rows, places),
        st.tuples(st.just("answer"), rows, places),
        st.tuples(st.just("similar"), rows, places),
        st.tuples(st.just("trending"), rows, places),
        st.tuples(st.just("segments"), rows, places),
        st.tuples(st.just("turns"), rows, st.integers(0, PLAIN - 1)),
    ),
    min_size=3,
    max_size=14,
)


class Stage:
    """A gateway, the pack's products, and what is told of them."""

    def __init__(self, name: str, *, rules: bool) -> None:
        said = files(name)
        sensitive = {product.product_id for product in said.sensitive}
        plain = [each for each in said.products if each.product_id not in sensitive][:PLAIN]
        self.products = [*plain, *said.sensitive[:BAD]]
        self.serving = Serving(domain=said.said if rules else SHOP)
        self.exclusions = said.said.excluded
        self.bad = {each.product_id for each in said.sensitive}
        self.secret = said.said.exclusions.categories[0]
        self.offset = 0
        self.told: list[bytes] = []
        for each in self.products:
            self.catalogued(each)

    def catalogued(self, product: Any) -> None:
        key = product.product_id.encode()
        self.serving.catalogue.apply([(key, encode(product))])
        self.serving.products.apply([(key, encode(product))])

    def records(self, kind: str, row: list[int], at: int) -> None:
        """What a worker without rules would publish."""
        names = [self.products[place].product_id for place in row]
        about = self.products[at]
        reason = {"code": "viewed_together", "parameters": {"product_id": about.product_id}}
        if kind == "list":
            items = [{"product_id": n, "score": 0.5, "reason": reason} for n in names]
            value = {"recomm_id": "r", "items": items, "fallback": "none", "cause": "c",
                     "model": MODEL, "user_id": USER}  # fmt: skip
            self.publish(LISTS, value)
        elif kind == "answer":
            value = {"answer": "At nine.", "confidence": 0.9, "route": "knowledge",
                     "language": "en", "model": MODEL, "latency_ms": 1, "cause": "c",
                     "event_type": "question.asked.v1", "products": names}  # fmt: skip
            self.publish(ANSWERS, value)
        elif kind == "similar":
            items = [
                {"product_id": n, "score": 0.5, "support": 3, "basis": "viewed"} for n in names
            ]
            value = {"product_id": about.product_id, "items": items, "model": MODEL, "as_of_ms": 1}
            self.serving.put("similar", about.product_id, value)
        elif kind == "trending":
            items = [{"product_id": n, "score": 1.0} for n in names]
            for scope in ("all", f"category/{about.category}"):
                value = {"scope": scope, "items": items, "as_of_ms": 1, "model": MODEL}
                self.serving.put("trending", scope, value)
        elif kind == "segments":
            shares = [{"name": n, "share": 0.1} for n in {self.products[p].category for p in row}]
            value = {"user": USER, "categories": shares, "brands": [], "signals": 3, "group": 1,
                     "as_of_ms": 1, "model": MODEL}  # fmt: skip
            self.serving.put("segments", USER, value)

    def publish(self, kind: str, value: dict[str, Any]) -> None:
        self.offset += 1
        record = Published(kind, 0, self.offset, USER.encode(), orjson.dumps(value), "q")
        self.serving.feed.take([record])

    def turns(self, place: int) -> None:
        """A harmless product is moved to a category that is sensitive."""
        moved = msgspec.structs.replace(self.products[place], category=self.secret)
        self.bad.add(moved.product_id)
        self.catalogued(moved)

    async def told_all(self) -> list[tuple[str, str]]:
        """(path, body) of everything that can be read, the whole stream as well."""
        found = []
        transport = httpx.ASGITransport(self.serving.application, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            paths = [f"/v1/users/{USER}/{each}" for each in USERS_PATHS]
            paths += ["/v1/trending", "/v1/trending?ranking=newest", "/v1/segments"]
            paths += [f"/v1/segments?user={USER}", "/v1/questions/q/answer"]
            for each in self.products:
                paths += [f"/v1/products/{each.product_id}/similar?count=5"]
                paths += [f"/v1/users/{USER}/recommendations?product={each.product_id}"]
            paths += [
                f"/v1/trending?category={quote(c)}" for c in {p.category for p in self.products}
            ]
            for path in paths:
                answer = await client.get(path)
                if answer.status_code == 200:
                    found.append((path, answer.text))
                else:
                    assert answer.status_code == 404, (path, answer.text)
        found.append(("stream", await self.streamed()))
        return found

    async def streamed(self) -> str:
        """All that the feed holds of the user, as a client that comes back is sent it."""
        context, sent = self.serving.context, []
        stream = EventStream(context, USER.encode(), Place(0, 0))

        async def receive() -> dict[str, str]:
            await asyncio.Event().wait()
            return {}

        async def send(message: Any) -> None:
            sent.append(message.get("body", b""))

        task = asyncio.create_task(stream({}, receive, send))  # type: ignore[arg-type]
        for _ in range(3):
            await asyncio.sleep(0)
        context.stopping.set()
        context.feed.wake()
        await task
        context.stopping.clear()
        return b"".join(sent).decode()

    def leaks(self) -> set[str]:
        """Paths that name what is sensitive, but for what was asked for in so many words."""
        found = set()
        for path, text in asyncio.run(self.told_all()):
            for value in values_of(path, text):
                for name in strings(value):
                    bare = name.removeprefix("category/")
                    if bare in unquote(path):  # what was asked for, told back
                        continue
                    if name in self.bad or self.exclusions.covers_category(bare):
                        found.add(path.partition("?")[0])
        return found


def values_of(path: str, text: str) -> list[Any]:
    if path != "stream":
        return [orjson.loads(text)]
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    return [orjson.loads(line) for line in lines]


def strings(value: Any) -> list[str]:
    """All strings in a value."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [each for part in inner for each in strings(part)]


def stage_after(name: str, drawn: list[Any], *, rules: bool) -> Stage:
    stage = Stage(name, rules=rules)
    for kind, row, place in drawn:
        if kind == "turns":
            stage.turns(place)
        else:
            stage.records(kind, row, place)
    return stage


@pytest.mark.parametrize("name", PACKS)
@settings(max_examples=10, deadline=None)
@given(drawn=steps)
def test_nothing_that_the_gateway_tells_names_what_is_excluded(name: str, drawn: list[Any]) -> None:
    assert stage_after(name, drawn, rules=True).leaks() == set()


@pytest.mark.parametrize("name", PACKS)
def test_the_same_records_would_name_it_without_the_rules(name: str) -> None:
    """The check above can fail, for each way out."""
    every = list(range(PLAIN + BAD))
    drawn = [(kind, every[4:], 0) for kind in ("list", "answer", "similar", "trending", "segments")]
    drawn += [("turns", [], 4)]
    leaky = stage_after(name, drawn, rules=False).leaks()
    assert leaky >= {
        f"/v1/users/{USER}/recommendations",
        f"/v1/users/{USER}/assumptions",
        "/v1/trending",
        "/v1/segments",
        "/v1/questions/q/answer",
        "stream",
    }
    assert any(path.endswith("/similar") for path in leaky)
    stage = stage_after(name, drawn, rules=True)
    assert stage.leaks() == set()
    told = dict(asyncio.run(stage.told_all()))
    kept = stage.products[5].product_id
    assert kept in told["stream"], "what is harmless is told"
    assert kept in told["/v1/trending"]
