"""Problem documents: what a client is told of a wrong value."""

from __future__ import annotations

import inspect

import pytest
from litestar.exceptions import ValidationException

from shopkeeper.services.gateway.http.problems import NAMES, described
from tests.unit.gateway.serving import Serving


@pytest.mark.parametrize(
    ("source", "key", "choices"),
    [
        ("query", "ranking", "popular, newest"),
        ("body", "data.ranking", "personalised, popular, newest"),
        ("query", "placement", "home, product, cart, category"),
    ],
)
def test_a_value_that_is_none_of_a_few_is_answered_with_these(source, key, choices):
    wrong = {"message": "Invalid enum value 'best'", "key": key, "source": source}
    other = {"message": "Expected `int`, got `str`", "key": "count", "source": "query"}
    error = ValidationException(detail="wrong", extra=[wrong, other])
    status, document, _ = described("GET", "/v1/x", error)
    first, second = document["errors"]
    assert (status, second) == (400, other)
    assert first["message"] == f"Invalid enum value 'best': use one of {choices}"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/v1/users/u/recommendations?count=0", "count: Expected `int` >= 1"),
        (
            "/v1/users/u/recommendations?placement=footer",
            "use one of home, product, cart, category",
        ),
        ("/v1/trending?ranking=best", "use one of popular, newest"),
        ("/v1/search?q=", "q: Expected `str` of length >= 1"),
        ("/v1/search?q=x&wait=soon", "wait: Expected `float`"),
        (f"/v1/users/{'u' * 600}/recommendations", "user_id: Expected `str` of length <= 512"),
        ("/v1/users//recommendations", "an id in one is neither empty nor holds a slash"),
        ("/v1/users/a%2Fb/recommendations", "/openapi/openapi.json has every path"),
        ("/v2/nothing", "there is no /v2/nothing"),
        ("/v1/events", "there is no GET here"),
    ],
)
def test_the_detail_of_an_error_names_what_is_wrong_and_not_the_address(path, told):
    found = Serving().get(path).json()
    assert told in found["detail"]
    assert "Validation failed" not in found["detail"]
    assert len(found["detail"]) < 300


def test_a_body_that_is_too_large_is_told_which_setting_says_so():
    body = [{"user_id": "u", "product_id": "p" * 500}] * 200
    (found,) = Serving().ask(("POST", "/v1/events", {"json": body}))
    assert found.status_code == 413
    assert "GATEWAY_BODY_BYTES_MAX" in found.json()["detail"]


def test_every_parameter_is_told_by_the_name_that_requests_have():
    serving = Serving()
    paths = serving.get("/openapi/openapi.json").json()["paths"].values()
    asked = {
        parameter["name"]
        for path in paths
        for operation in path.values()
        for parameter in operation.get("parameters", [])
    }
    taken = {
        name
        for route in serving.application._others.routes
        for handler in getattr(route, "route_handlers", [])
        for name in inspect.signature(handler.fn).parameters
    }
    beside = {"request", "context", "data", "body", "scope", "receive", "send", "socket"}
    renamed = {name for name in taken - asked - beside if name in NAMES}
    assert taken - asked - beside - renamed <= {"path", "state"}
    assert {"wait_s", "ids"} <= renamed
    assert {NAMES[name] for name in renamed} <= asked
