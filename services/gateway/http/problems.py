"""Errors as RFC 9457 problem details."""

from __future__ import annotations

import contextlib
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, get_args

from litestar import Response
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR

from shopkeeper.shared.contracts.events.shop import Ranking

from ..core.lists import ListRanking, Placement
from ..errors import Unconfirmed, Unsendable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from litestar import Request

log = logging.getLogger(__name__)

PROBLEM = "application/problem+json"
PARTS_LOGGED = 3  # of a path: /v1/users

# Parameters whose name in the handlers says more than the name that requests have.
NAMES = {"wait_s": "wait", "ids": "id"}
TOLD_MAX = 3  # wrong values in `detail`; `errors` has all
PATH_CHARACTERS_TOLD_MAX = 100

# What a field or parameter of this name takes, told to who sends something else.
CHOICES = {
    ("body", "ranking"): get_args(Ranking),
    ("query", "ranking"): get_args(ListRanking),
    ("query", "placement"): get_args(Placement),
}


class Problem(HTTPException):
    """An error that the client can do something about; `detail` says what."""

    def __init__(self, status: int, title: str, detail: str, **more: Any) -> None:
        super().__init__(detail=detail, status_code=status)
        self.title, self.more = title, more


def respond(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    """The problem document of any error."""
    status, document, headers = described(request.method, request.url.path, error)
    return Response(document, status_code=status, media_type=PROBLEM, headers=headers)


def _without_ids(path: str) -> str:
    """What kind of path it is: what comes after that names users."""
    parts = path.split("/")
    return "/".join(parts[:PARTS_LOGGED]) + ("/..." if len(parts) > PARTS_LOGGED else "")


def described(
    method: str, path: str, error: Exception
) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, document and headers for an error of a request; one that is no HTTP error is
    logged."""
    status = getattr(error, "status_code", HTTP_500_INTERNAL_SERVER_ERROR)
    known = isinstance(error, HTTPException)
    if not known:
        log.error("%s %s failed", method, _without_ids(path), exc_info=error)
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": getattr(error, "title", None) or _title(status),
        "status": status,
        "detail": _detail(method, path, error) if known else "the gateway failed",
        "instance": path,
    }
    extra = getattr(error, "extra", None)
    if extra:
        errors = document["errors"] = [_named(each) for each in extra]
        if isinstance(error, ValidationException):
            document["detail"] = _told(errors) or document["detail"]
    document |= getattr(error, "more", {})
    return status, document, dict(getattr(error, "headers", None) or {})


def _detail(method: str, path: str, error: Exception) -> str:
    """What an error says, and the way out where Litestar names none."""
    said = str(getattr(error, "detail", ""))
    if isinstance(error, Problem):
        return said
    if isinstance(error, NotFoundException):
        where = path[:PATH_CHARACTERS_TOLD_MAX] + "…" * (len(path) > PATH_CHARACTERS_TOLD_MAX)
        return (
            f"there is no {where}: /openapi/openapi.json has every path; "
            "an id in one is neither empty nor holds a slash"
        )
    if isinstance(error, MethodNotAllowedException):
        return f"there is no {method} here: /openapi/openapi.json has the methods of every path"
    if isinstance(error, RequestEntityTooLarge):
        return "more bytes than a request may have (GATEWAY_BODY_BYTES_MAX): send fewer at once"
    return said


def _named(error: Any) -> Any:
    """One error of a field or parameter by the name that requests have; where the value is none of
    a few, with these."""
    if not isinstance(error, dict):
        return error
    name = str(error.get("key", ""))
    source = error.get("source", "")
    source = str(getattr(source, "value", source))
    if source != "body" and name in NAMES:
        name = NAMES[name]
        error = error | {"key": name}
    choices = CHOICES.get((source, name.rpartition(".")[2]))
    if choices is None or "enum value" not in str(error.get("message", "")):
        return error
    return error | {"message": f"{error['message']}: use one of {', '.join(choices)}"}


def _told(errors: list[Any]) -> str:
    """Errors of fields and parameters in one line."""
    told = [
        f"{each['key']}: {each['message']}" if each.get("key") else str(each["message"])
        for each in errors[:TOLD_MAX]
        if isinstance(each, dict) and each.get("message")
    ]
    return "; ".join(told)


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


@contextlib.contextmanager
def sending() -> Iterator[None]:
    """What goes wrong with an event that is sent for a caller, as problems."""
    try:
        yield
    except Unsendable as error:
        raise Problem(400, "Bad Request", str(error)) from None
    except Unconfirmed as error:
        raise Problem(503, "Service Unavailable", str(error)) from None
