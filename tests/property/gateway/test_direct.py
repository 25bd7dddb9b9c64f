"""The short way of the hot routes: for any request the bytes, headers and effects of Litestar's."""

from __future__ import annotations

import asyncio
import json
import time
from functools import lru_cache
from urllib.parse import quote

import jwt
import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.services.gateway.core.feed import LISTS, Published
from shopkeeper.services.gateway.core.rate_limits import RateLimits
from shopkeeper.services.gateway.http.application import application, routes
from shopkeeper.services.gateway.http.direct import Direct
from shopkeeper.services.gateway.http.guards import Guards
from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.contracts.events.recommendation import (
    Reason,
    RecommendationsUpdated,
    RecommendedItem,
)
from tests.unit.gateway.serving import Serving

SECRET = "s" * 32
USERS = ["u", "顾客", "a b", "100%", "%41", "null"]
IDS = [f"p{n}" for n in range(6)]
MODEL = Model("item-cf", "1")
BODY_MAX = 400


class Refusing:
    """A broker that confirms nothing."""

    def __init__(self, topics):
        self._topics, self.refuses = topics, False

    def ready(self):
        return self._topics.ready()

    async def send(self, records):
        if self.refuses:
            raise TimeoutError
        await self._topics.send(records)


@lru_cache  # Litestar takes long to be made
def shop(*, opened):
    """A gateway with lists of all sources and users with lists of their own, and its application
    twice: as it is served, and Litestar's alone."""
    keys = {} if opened else {"secret_keys": ["k"], "page_keys": ["page"], "token_secret": SECRET}
    serving = Serving(**keys)
    serving.context.producer = Refusing(serving.topics)
    for number, product_id in enumerate(IDS):
        value = {"product_id": product_id, "title": f"Boot {number}", "title_zh": f"靴{number}"}
        value |= {"category": ["hats", "鞋"][number % 2], "available": number != 3}
        serving.put("catalogue", product_id, value)
    near = [{"product_id": each, "score": 0.5, "count": 3, "basis": "viewed"} for each in IDS]
    row = {"product_id": "p0", "items": near, "count": 9, "model": {"name": "m", "version": "1"}}
    serving.put("similar", "p0", row)
    serving.put("sentiment", "p1", {"product_id": "p1", "mean": -0.5})
    items = [{"product_id": each, "score": 3.0} for each in IDS]
    top = {"items": items, "as_of_ms": 1, "model": {"name": "m", "version": "1"}}
    serving.put("trending", "all", {"scope": "all", **top})
    for offset, user in enumerate(USERS[:3]):
        own = [
            RecommendedItem(i, 0.5, Reason("viewed_together", {"product_id": "p0"})) for i in IDS
        ]
        value = RecommendationsUpdated(
            recomm_id="r", items=own[:2], fallback="none", cause="c", model=MODEL, user_id=user
        )
        record = Published(LISTS, 0, offset, user.encode(), msgspec.json.encode(value), views="a=1")
        serving.feed.take([record])
    serving.context.positions.update({"personalisation.trending.v1": 3, "shop.catalogue.v1": 7})
    return serving, *both(serving, 0.0)


def broker_is_away(why):
    """Of all that serve: Litestar asks what comes after a request of the application that answered
    one first, in this process."""
    for opened in (True, False):
        shop(opened=opened)[0].topics.away = why


def both(serving, rate):
    served = application(
        serving.context, origins=["https://shop.example"], body_bytes_max=BODY_MAX,
        user_rate=rate, key_rate=rate,
    )  # fmt: skip
    guards = Guards(serving.context, of_users=RateLimits(rate), of_keys=RateLimits(rate))
    alone = routes(
        serving.context, guards, origins=["https://shop.example"], body_bytes_max=BODY_MAX
    )
    return served, alone


def tell(app, method, path, query, headers, body):
    """Status, headers and body of one request."""
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": path, "raw_path": quote(path).encode(), "query_string": query,
        "root_path": "", "headers": headers, "client": ("10.0.0.1", 4), "server": ("gateway", 80),
        "state": {},
    }  # fmt: skip
    parts = [
        {"type": "http.request", "body": body[:7], "more_body": True},
        {"type": "http.request", "body": body[7:], "more_body": False},
    ]
    said = []

    async def receive():
        return parts.pop(0)

    async def send(message):
        said.append(message)

    asyncio.run(app(scope, receive, send))
    start, *rest = said
    return start["status"], list(start["headers"]), b"".join(m.get("body", b"") for m in rest)


words = st.sampled_from([*IDS, "hats", "鞋", "null", "", "home", "cart", "category", "zh-CN", "5",
                         "0", "101", "007", "a+b", "%E9%9E%8B", "%FF", "x" * 513])  # fmt: skip
names = st.sampled_from(["product", "category", "exclude", "count", "placement", "language", "key",
                         "other", "exclude"])  # fmt: skip
right = st.one_of(
    st.tuples(st.sampled_from(["product", "category", "exclude"]), st.sampled_from(IDS)),
    st.tuples(st.just("category"), st.sampled_from(["hats", "%E9%9E%8B"])),
    st.tuples(st.just("count"), st.sampled_from(["1", "4", "100"])),
    st.tuples(st.just("placement"), st.sampled_from(["home", "product", "cart", "category"])),
    st.tuples(st.just("language"), st.sampled_from(["en", "zh", "fr"])),
)
queries = st.one_of(
    st.just([]), st.lists(right, max_size=4, unique_by=lambda p: p[0]),
    st.lists(st.tuples(names, words), max_size=4),
).map(lambda pairs: "&".join(f"{n}={v}" for n, v in pairs))  # fmt: skip


def token(user):
    return "Bearer " + jwt.encode({"sub": user, "exp": int(time.time()) + 900}, SECRET, "HS256")


callers = st.sampled_from([None, "Bearer k", "Bearer page", "Bearer no", "Basic x", "token"])
headers = st.fixed_dictionaries(
    {},
    optional={
        "accept-language": st.sampled_from(["zh;q=0.9,en;q=0.1", "fr", "zh" + ",en" * 200]),
        "origin": st.sampled_from(["https://shop.example", "https://other.example"]),
        "if-none-match": st.sampled_from(["*", '"x"', "theirs", 'W/"x", theirs']),
        "user-agent": st.just("test"),
        "ce-id": st.just("e1"),
        "ce-type": st.just("product.clicked.v1"),
        "idempotency-key": st.just("once"),
    },
)


def compared(serving, served, alone, requests):
    """Both answer each request alike, and publish alike."""
    for request in requests:
        told, sent = [], []
        for app in (served, alone):
            serving.topics.sent.clear()
            told.append(tell(app, *request))
            sent.append(list(serving.topics.sent))
        assert told[0] == told[1], request
        assert sent[0] == sent[1], request
    return told[0]


def header_list(said, caller, user):
    caller = token(user) if caller == "token" else caller
    said = said | ({"authorization": caller} if caller else {})
    return [(name.encode(), value.encode()) for name, value in said.items()]


@settings(max_examples=200, deadline=None)
@given(
    st.booleans(), st.sampled_from(USERS), st.sampled_from(["u", "顾客"]), queries, callers,
    headers, st.booleans(),
)  # fmt: skip
def test_a_list_is_the_same_either_way(opened, user, bearer, query, caller, said, away):
    serving, *apps = shop(opened=opened)
    serving.now_s += 0.4  # so that some lists are held, and some are not
    broker_is_away("the broker is away" if away else "")
    path = f"/v1/users/{user}/recommendations"
    plain = header_list({k: v for k, v in said.items() if k != "if-none-match"}, caller, bearer)
    first = compared(serving, *apps, [("GET", path, query.encode(), plain, b"")])
    tag = dict(first[1]).get(b"etag", b"").decode()
    if "if-none-match" in said:
        said = said | {"if-none-match": said["if-none-match"].replace("theirs", tag or "x")}
        again = header_list(said, caller, bearer)
        compared(serving, *apps, [("GET", path, query.encode(), again, b"")])


click = {"product_id": "p1", "user_id": "u"}
events = st.sampled_from([
    click, {"user_id": "u"}, {**click, "id": "mine"}, {"product_id": "p", "title": "A boot"}, 5,
    {"order_id": "o", "user_id": "u", "items": [{"product_id": "p1", "quantity": 1}]},
    {"type": "page", "userId": "u", "messageId": "m"}, {"specversion": "1.0", "type": "x"},
])  # fmt: skip
bodies = st.one_of(
    st.sampled_from(
        [b"", b"{", b"[]", b"null", b'{"a": "\xff"}', json.dumps([click] * 20).encode()]
    ),
    events.map(lambda event: json.dumps(event).encode()),
    st.lists(events, max_size=3).map(lambda some: json.dumps(some).encode()),
    st.lists(events, max_size=2).map(lambda some: json.dumps({"batch": some}).encode()),
)
types = st.sampled_from([None, "application/json", "application/cloudevents+json", "text/plain"])


@settings(max_examples=200, deadline=None)
@given(
    st.booleans(), bodies, types, callers, headers,
    st.sampled_from(["ready", "away", "refuses"]), st.booleans(),
)  # fmt: skip
def test_events_are_answered_and_published_the_same_either_way(
    opened, body, content_type, caller, said, broker, long
):
    serving, *apps = shop(opened=opened)
    broker_is_away("the broker is away" if broker == "away" else "")
    serving.context.producer.refuses = broker == "refuses"
    said = said | ({"content-type": content_type} if content_type else {})
    said = said | ({"content-length": str(len(body))} if long else {})
    compared(serving, *apps, [("POST", "/v1/events", b"", header_list(said, caller, "u"), body)])


@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(st.booleans(), callers, st.booleans()), min_size=8, max_size=20))
def test_each_request_counts_once_either_way(asked):
    serving = shop(opened=False)[0]
    serving.context.producer.refuses = False
    broker_is_away("")
    requests = []
    for posts, caller, strange in asked:
        said = header_list({"origin": "https://shop.example"} if strange else {}, caller, "u")
        if posts:
            body = json.dumps(click).encode()
            said.append((b"content-length", str(len(body)).encode()))
            requests.append(("POST", "/v1/events", b"", said, body))
        else:
            requests.append(("GET", "/v1/users/u/recommendations", b"", said, b""))
    compared(serving, *both(serving, 1.0), requests)


def test_what_is_plainly_right_does_not_pass_through_litestar():
    serving, _, alone = shop(opened=False)
    serving.context.producer.refuses = False
    broker_is_away("")

    async def nothing(scope, receive, send):
        raise AssertionError(f"{scope['path']} came to Litestar")

    guards = Guards(serving.context, of_users=RateLimits(0.0), of_keys=RateLimits(0.0))
    direct = Direct(serving.context, guards, nothing, BODY_MAX)
    said = [("Bearer k", "product=p0&count=4&placement=cart&language=zh"), ("token", "exclude=p1")]
    for caller, query in [*said, ("Bearer k", ""), ("Bearer k", "category=%E9%9E%8B")]:
        asked = header_list({"accept-language": "zh", "if-none-match": "*"}, caller, "u")
        request = ("GET", "/v1/users/u/recommendations", query.encode(), asked, b"")
        assert tell(direct, *request) == tell(alone, *request)
    body = json.dumps([click, {"user_id": "u"}]).encode()
    asked = header_list({"content-length": str(len(body))}, "Bearer page", "u")
    assert tell(direct, "POST", "/v1/events", b"", asked, body)[0] == 202
