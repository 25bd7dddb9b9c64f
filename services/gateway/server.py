"""The HTTP server: a component of the worker, on its event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any

import uvicorn

from shopkeeper.shared.runtime.refusal import OperatorNeeded

if TYPE_CHECKING:
    from collections.abc import Callable

CLOSE_S_MAX = 5
BACKLOG = 2048


class _Embedded(uvicorn.Server):
    """Leaves signals to the worker."""

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        return contextlib.nullcontext()


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
        )
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
