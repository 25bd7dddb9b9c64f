"""Problem documents: what a client is told of a wrong value."""

from __future__ import annotations

import pytest
from litestar.exceptions import ValidationException

from shopkeeper.services.gateway.http.problems import described


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
