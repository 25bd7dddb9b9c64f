"""The HTTP server: a component of the worker, on its event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from shopkeeper.shared.runtime.refusal import OperatorNeeded

if TYPE_CHECKING:
    from collections.abc import Callable

CLOSE_S_MAX = 5
BACKLOG = 2048
FORWARDED = frozenset({b"x-forwarded-for", b"x-forwarded-proto"})


class _Embedded(uvicorn.Server):
    """Leaves signals to the worker."""

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        return contextlib.nullcontext()


class Forwarded:
    """Takes a visitor's address from what a proxy on this machine says, as uvicorn does; requests
    without such headers, which are most, do not pass through its middleware."""

    def __init__(self, application: Any, trusted: list[str] | str) -> None:
        self._direct, self._told = application, ProxyHeadersMiddleware(application, trusted)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        told = any(name in FORWARDED for name, _ in scope.get("headers", ()))
        await (self._told if told else self._direct)(scope, receive, send)


class Server:
    """Serves from `start` to `stop`."""

    def __init__(
        self,
        make: Callable[[], Any],
        host: str,
        port: int,
        end_streams: Callable[[], None],
        *,
        shared: bool = False,
    ) -> None:
        """make: the ASGI application, made at start. end_streams: called before closing, since
        open streams would else be waited for. shared: other gateways listen on the port too."""
        self._make, self._host, self._port, self._end_streams = make, host, port, end_streams
        self._shared = shared
        self._task: asyncio.Task[None] | None = None
        self._server: _Embedded | None = None
        self.port = port

    async def start(self) -> None:
        """Listen. Raises OperatorNeeded where the port is taken."""
        try:
            listener = socket.create_server(
                (self._host, self._port), backlog=BACKLOG, reuse_port=self._shared
            )
        except (OSError, ValueError) as error:  # ValueError: a system that shares no ports
            why = getattr(error, "strerror", None) or error
            raise OperatorNeeded(f"GATEWAY_PORT={self._port}: {why}") from None
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._make(),
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=CLOSE_S_MAX,
            interface="asgi3",
            proxy_headers=False,  # `Forwarded` does that
        )
        # Which proxies are believed: FORWARDED_ALLOW_IPS, which uvicorn reads; else this machine.
        config.app = Forwarded(config.app, config.forwarded_allow_ips)
        self._server = _Embedded(config)
        self._task = asyncio.create_task(self._server.serve([listener]), name="http")
        while not self._server.started and not self._task.done():  # noqa: ASYNC110  # uvicorn's
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """End streams, finish what is open, close."""
        self._end_streams()
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await self._task

    async def wait(self) -> None:
        """Wait until it fails."""
        assert self._task is not None
        await asyncio.shield(self._task)
