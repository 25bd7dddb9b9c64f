"""What the OpenAPI document says of every operation alike: errors, and who may call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Reference, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType

from .problems import PROBLEM

if TYPE_CHECKING:
    from litestar import Litestar

_TEXT, _NUMBER = Schema(type=OpenAPIType.STRING), Schema(type=OpenAPIType.INTEGER)
_PROBLEM = Schema(
    type=OpenAPIType.OBJECT,
    title="Problem",
    description="RFC 9457. `errors` says more of single events or fields.",
    required=["type", "title", "status", "detail", "instance"],
    properties={
        "type": _TEXT,
        "title": _TEXT,
        "status": _NUMBER,
        "detail": _TEXT,
        "instance": _TEXT,
    },
)
_EVENTS = "events"  # its body is any JSON: docs/vocabularies.md
METHODS = ("get", "put", "post", "delete", "patch", "head")


def describe(application: Litestar) -> None:
    """Errors of every operation are problem documents, whatever Litestar writes of its own."""
    said = application.openapi_schema
    for path in (said.paths or {}).values():
        for operation in (getattr(path, method) for method in METHODS):
            if operation is None:
                continue
            if operation.operation_id == _EVENTS:
                operation.request_body = RequestBody(
                    content={"application/json": OpenAPIMediaType(schema=Schema())}, required=True
                )
            responses = operation.responses = dict(operation.responses or {})
            responses.pop("400", None)
            for response in responses.values():
                _any_json(response)
            responses["default"] = OpenAPIResponse(
                description="An error, as a problem document (RFC 9457)",
                content={PROBLEM: OpenAPIMediaType(schema=_PROBLEM)},
            )


def _any_json(response: OpenAPIResponse | Reference) -> None:
    """Bytes that are JSON are no text, as Litestar takes them for where nothing else is said."""
    for media in (getattr(response, "content", None) or {}).values():
        if getattr(media.schema, "type", None) == OpenAPIType.STRING:
            media.schema = Schema()
