"""The application answers whatever the OpenAPI document allows, and much that it does not, as the
document says: with 4xx at worst."""

from __future__ import annotations

import schemathesis

from tests.fuzzing import fuzz
from tests.unit.gateway.serving import Serving

MODEL = {"name": "item-cf", "version": "1"}


def test_requests_of_any_kind_are_answered_as_the_document_says():
    serving = Serving()
    for n in range(4):
        name = f"p{n}"
        serving.put("catalogue", name, {"product_id": name, "title": name, "category": "0"})
        near = {"product_id": name, "items": [{"product_id": "p0", "score": 1.0, "count": 2}],
                "count": 3, "model": MODEL}  # fmt: skip
        serving.put("similar", name, near)
    top = {"scope": "all", "items": [{"product_id": "p1", "score": 2.0}], "as_of_ms": 1,
           "model": MODEL}  # fmt: skip
    serving.put("trending", "all", top)
    schema = schemathesis.openapi.from_asgi("/openapi/openapi.json", serving.application)
    seen = fuzz(schema)
    assert len(seen) >= 13
    reads = ("GET /v1/users/{user_id}/recommendations", "GET /v1/trending", "GET /v1/segments")
    assert all(200 in seen[name] for name in reads), seen
