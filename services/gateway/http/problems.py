"""Errors as RFC 9457 problem details."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from litestar import Response
from litestar.exceptions import HTTPException
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR

if TYPE_CHECKING:
    from litestar import Request

log = logging.getLogger(__name__)

PROBLEM = "application/problem+json"


class Problem(HTTPException):
    """An error that the client can do something about; `detail` says what."""

    def __init__(self, status: int, title: str, detail: str, **more: Any) -> None:
        super().__init__(detail=detail, status_code=status)
        self.title, self.more = title, more


def respond(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    """The problem document of any error."""
    status = getattr(error, "status_code", HTTP_500_INTERNAL_SERVER_ERROR)
    known = isinstance(error, HTTPException)
    if not known:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": getattr(error, "title", None) or _title(status),
        "status": status,
        "detail": str(getattr(error, "detail", "")) if known else "the gateway failed",
        "instance": request.url.path,
    }
    extra = getattr(error, "extra", None)
    if extra:
        document["errors"] = extra
    document |= getattr(error, "more", {})
    headers = dict(getattr(error, "headers", None) or {})
    return Response(document, status_code=status, media_type=PROBLEM, headers=headers)


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
