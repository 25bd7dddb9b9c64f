"""What a route answers, for the OpenAPI document; without examples made up of random words.

Litestar makes them with Faker and polyfactory, which the image goes without (decision 87).
"""

from __future__ import annotations

from typing import Any

from litestar.openapi.datastructures import ResponseSpec


def response(model: type[Any] | None, description: str) -> ResponseSpec:
    """An answer of this shape; None has no body."""
    return ResponseSpec(model, description=description, generate_examples=False)
