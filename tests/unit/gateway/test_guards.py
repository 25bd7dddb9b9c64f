"""Who comes too often, who may read what, what is said while the broker is away, preflights."""

from __future__ import annotations

import time

import jwt
import pytest

from shopkeeper.services.gateway.console_sources import ConsoleSources
from shopkeeper.services.gateway.core.rate_limits import BURST_S, RateLimits
from shopkeeper.services.gateway.core.trace import Trace
from shopkeeper.services.gateway.http import console as console_routes
from shopkeeper.services.gateway.http import demo as demo_routes
from shopkeeper.services.gateway.http import trace as trace_routes
from shopkeeper.services.gateway.trace_reader import TraceReader
from shopkeeper.shared.runtime.settings import KafkaSettings, WorkerSettings
from tests.unit.gateway.serving import Serving

SECRET = "s" * 32
# Routes that hold no single user's data, each with what a user's token gets there.
NOBODYS = {
    ("get", "/v1/domain"),
    ("post", "/v1/events"),
    ("get", "/v1/products/{product_id}/similar"),
    ("get", "/v1/products/{product_id}/sentiment"),
    ("get", "/v1/products"),
    ("get", "/v1/products/{product_id}"),
    ("get", "/v1/products/{product_id}/reviews"),
    ("get", "/v1/products/{product_id}/stream"),
    ("get", "/v1/categories"),
    ("get", "/v1/trending"),
    # Answers and lists by the id of their question: their own tests look at whose they are.
    ("get", "/v1/questions/{event_id}/answer"),
    ("get", "/v1/searches/{event_id}"),
}


def token(user):
    said = jwt.encode({"sub": user, "exp": time.time() + 600}, SECRET, "HS256")
    return {"Authorization": f"Bearer {said}"}


def operations(serving):
    """(method, path, parameters) of all that the OpenAPI document has."""
    said = serving.get("/openapi/openapi.json").json()
    for path, methods in said["paths"].items():
        for method, operation in methods.items():
            yield method, path, {p["name"] for p in operation.get("parameters", ())}


def test_a_token_of_one_user_yields_nothing_of_another_on_any_route():
    trace = Trace(b"salt")
    reader = TraceReader(KafkaSettings(("nowhere:9092",)), "com.example.shop.", trace)
    serving = Serving(
        token_secret=SECRET,
        page_keys=["page"],
        more=[
            *trace_routes.handlers(reader, trace),
            *console_routes.handlers(ConsoleSources(WorkerSettings.from_env({}))),
            *demo_routes.handlers("http://nowhere:1/"),
        ],
    )
    bodies = {
        ("put", "/v1/users/{user_id}/preference"): {"ranking": "popular"},
        ("post", "/v1/questions"): {"question": "where is it?", "user_id": "b"},
        ("put", "/v1/demo/shoppers"): {"on": True},
    }
    tried = []
    for method, path, parameters in operations(serving):
        if (method, path) in NOBODYS:
            assert not parameters & {"user", "user_id"}, path
            continue
        query = {"user": "b"} if "user" in parameters else {}
        query |= {"q": "boots"} if "q" in parameters else {}
        options = {"params": query, "json": bodies.get((method, path))}
        everybodys = path.startswith(("/v1/console/", "/v1/demo/"))  # of all users together
        assert "{user_id}" in path or "user" in parameters or options["json"] or everybodys, (
            f"{method} {path}: say here whose data it holds"
        )
        for caller in (token("a"), {"Authorization": "Bearer page"}):
            [answer] = serving.ask(
                (method.upper(), path.replace("{user_id}", "b"), {**options, "headers": caller})
            )
            assert answer.status_code == 403, (method, path, answer.text)
        [nobody] = serving.ask((method.upper(), path.replace("{user_id}", "b"), options))
        assert nobody.status_code == 401, (method, path)
        tried.append(path)
    assert len(tried) >= 8
    assert serving.topics.sent == []


def test_every_method_of_every_route_has_its_preflight():
    serving = Serving()
    for method, path, _ in operations(serving):
        asked = {
            "Origin": "https://shop.example",
            "Access-Control-Request-Method": method.upper(),
            "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
        }
        [answer] = serving.ask(("OPTIONS", path.replace("{", "").replace("}", ""),
                                {"headers": asked}))  # fmt: skip
        assert answer.status_code in (200, 204), (method, path)
        assert answer.headers["access-control-allow-origin"] == "https://shop.example"
        allowed = answer.headers["access-control-allow-methods"]
        assert allowed == "*" or method.upper() in allowed
    strange = serving.get("/v1/trending", headers={"Origin": "https://other.example"})
    assert "access-control-allow-origin" not in strange.headers


def test_who_comes_too_often_is_told_when_to_come_again():
    serving = Serving(token_secret=SECRET, secret_keys=["server"], user_rate=1.0)
    burst = int(BURST_S)
    path = "/v1/users/a/preference"
    answers = serving.ask(*[("GET", path, {"headers": token("a")})] * (burst + 1))
    assert [each.status_code for each in answers] == [200] * burst + [429]
    assert answers[-1].headers["retry-after"] == "1"
    assert answers[-1].headers["content-type"].startswith("application/problem+json")
    assert serving.get("/v1/users/b/preference", headers=token("b")).status_code == 200
    server = {"Authorization": "Bearer server"}
    assert serving.get(path, headers=server).status_code == 200
    serving.now_s = 1.0
    assert serving.get(path, headers=token("a")).status_code == 200
    guesses = serving.ask(*[("GET", path, {"headers": {"Authorization": "Bearer x"}})] * 5)
    assert [each.status_code for each in guesses] == [401] * burst + [429]


@pytest.mark.parametrize("rate", [0.5, 3.0, 50.0])
def test_over_a_long_time_nobody_gets_more_than_the_rate(rate):
    limits = RateLimits(rate)
    step_s, steps = 0.05, 4_000
    let_in = sum(limits.wait_s("a", step * step_s) == 0 for step in range(steps))
    most = max(1.0, rate * BURST_S) + rate * step_s * steps
    assert min(steps, most) - 2 <= let_in <= most + 1


def test_callers_are_remembered_within_bounds():
    limits = RateLimits(1.0, callers_max=10)
    for number in range(100):
        assert limits.wait_s(f"caller {number}", 0.0) == 0
    assert len(limits) == 10
    assert [RateLimits(0).wait_s("a", 0.0) for _ in range(3)] == [0.0] * 3, "0: no limit"


def test_without_a_broker_writes_are_refused_at_once_and_reads_say_how_old_they_are():
    serving = Serving()
    serving.put("trending", "all", {"scope": "all", "items": []})
    serving.topics.away = "broker b:9092 does not answer, for 12 s"
    writes = [
        ("POST", "/v1/events", {"json": {"product_id": "p", "user_id": "u"}}),
        ("POST", "/v1/questions", {"json": {"question": "when?", "anonymous_id": "a"}}),
        ("PUT", "/v1/users/u/preference", {"json": {"ranking": "popular"}}),
        ("DELETE", "/v1/users/u/assumptions", {}),
        ("GET", "/v1/search", {"params": {"q": "boots"}}),
    ]
    for answer in serving.ask(*writes):
        assert answer.status_code == 503, answer.request.url
        assert answer.headers["retry-after"]
        assert "does not answer" in answer.json()["detail"]
    read = serving.get("/v1/trending")
    assert (read.status_code, read.headers["shopkeeper-stale"]) == (200, serving.topics.away)
    assert serving.get("/readyz").status_code == 503
    serving.topics.away = ""
    assert serving.get("/readyz").status_code == 200
    assert "shopkeeper-stale" not in serving.get("/v1/trending").headers
    [sent] = serving.ask(writes[0])
    assert (sent.status_code, len(serving.topics.sent)) == (202, 1)
