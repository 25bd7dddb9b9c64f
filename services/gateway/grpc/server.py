"""The gRPC server: a component of the worker, on its event loop."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from shopkeeper.shared.runtime.refusal import OperatorNeeded
from shopkeeper.shared.runtime.tasks import end_tasks

from .calls import Calls
from .messages import PACKAGES, SERVICE

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..http.context import Context
    from ..spans import GatewaySpans

MESSAGE_BYTES_MAX = 65_536
CALLS_MAX = 1_000  # at once; of more, the client is told RESOURCE_EXHAUSTED
CLOSE_S_MAX = 5.0
LOOK_S = 0.5  # between two looks at whether the worker is ready
_OPTIONS = (
    # Two programs on one port would each get some of the calls, and nobody would notice.
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
)
_STATUS = health_pb2.HealthCheckResponse


class GrpcServer:
    """Serves both packages and `grpc.health.v1` from `start` to `stop`."""

    def __init__(
        self, context: Context, host: str, port: int, spans: GatewaySpans | None = None
    ) -> None:
        self._context, self._host, self._port, self._spans = context, host, port, spans
        self._ready: Callable[[], tuple[bool, str]] = lambda: (True, "")
        self._health = health.aio.HealthServicer()
        self._server: grpc.aio.Server | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def follow_readiness(self, ready: Callable[[], tuple[bool, str]]) -> None:
        """What `/readyz` says decides between SERVING and NOT_SERVING."""
        self._ready = ready

    async def start(self) -> None:
        """Listen. Raises OperatorNeeded where it cannot."""
        server = grpc.aio.server(options=_OPTIONS, maximum_concurrent_rpcs=CALLS_MAX)
        server.add_generic_rpc_handlers(
            [Calls(package, self._context, self._spans).handler() for package in PACKAGES]
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        address = f"[{self._host}]" if ":" in self._host else self._host
        try:
            server.add_insecure_port(f"{address}:{self._port}")
        except RuntimeError:
            raise OperatorNeeded(
                f"GATEWAY_GRPC_PORT={self._port}: cannot listen on {self._host}: another program "
                "does, or GATEWAY_HOST is no address of this machine"
            ) from None
        await self._tell()
        await server.start()
        self._server = server
        self._tasks = [asyncio.create_task(self._follow(), name="grpc health")]

    async def stop(self) -> None:
        """Say NOT_SERVING, finish the calls that are open, close."""
        await end_tasks(self._tasks)
        await self._health.enter_graceful_shutdown()
        if self._server is not None:
            await self._server.stop(CLOSE_S_MAX)

    async def wait(self) -> None:
        """Wait until it fails."""
        assert self._server is not None
        done = asyncio.create_task(self._server.wait_for_termination())
        try:
            await asyncio.wait({done, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
            for task in self._tasks:
                if task.done():
                    task.result()
        finally:
            done.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await done

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            await self._tell()

    async def _tell(self) -> None:
        status = _STATUS.SERVING if self._ready()[0] else _STATUS.NOT_SERVING
        for name in ("", *(f"{package}.{SERVICE}" for package in PACKAGES)):
            await self._health.set(name, status)
