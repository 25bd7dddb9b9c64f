"""What both clients ask of httpx."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx

from .retrying import Lost, Reply

if TYPE_CHECKING:
    from .retrying import Request

# Before anything was written.
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def authorization(key: str | Callable[[], str] | None) -> dict[str, str]:
    """The header for a key, asked for anew each time."""
    if key is None:
        return {}
    return {"authorization": f"Bearer {key() if callable(key) else key}"}


def options(
    request: Request, key: str | Callable[[], str] | None, timeout_s: float
) -> dict[str, Any]:
    """Arguments of httpx's `request`."""
    return {
        "params": list(request.params) or None,
        "content": request.content,
        "headers": dict(request.headers) | authorization(key),
        "timeout": httpx.Timeout(timeout_s, read=timeout_s + request.patience_s),
    }


def reply(response: httpx.Response) -> Reply:
    """A response that was read."""
    return Reply(response.status_code, response.headers, response.content)


def lost(error: httpx.TransportError) -> Lost:
    """No response."""
    return Lost(error, isinstance(error, _UNSENT))
