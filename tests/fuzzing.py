"""Requests of any kind, made from an OpenAPI document: none may fail the server, and every answer
is one that the document tells of."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 20
STREAMS = ("/stream", "/trace")  # never end
WAITING = ("/v1/search", "/v1/questions", "/v1/users/{user_id}/assumptions")


def fuzz(schema, **call):
    """Try every operation; returns how many of its requests each answered, by status."""
    seen, wrong = {}, []
    for found in schema.get_all_operations():
        operation = found.ok()
        if not operation.path.endswith(STREAMS):
            counts = seen[operation.label] = {}
            try:
                _try(operation, counts, call)
            except (Exception, BaseExceptionGroup) as error:  # all that is wrong is told at once
                parts = getattr(error, "exceptions", [error])
                wrong += [f"{operation.label}: {each}" for each in parts]
    assert not wrong, "\n\n".join(wrong)
    return seen


def _try(operation, counts, call):
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,  # the same requests every time
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def answers(case):
        if case.operation.path in WAITING:
            case.query = {**(case.query or {}), "wait": 0}
        answer = case.call(**call)
        counts[answer.status_code] = counts.get(answer.status_code, 0) + 1
        case.validate_response(answer, checks=CHECKS)

    answers()
