"""The gateway's spans: one per request or call, one per what it publishes; traces begin or go on
here."""

from __future__ import annotations

import contextlib
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from shopkeeper.shared.runtime.telemetry.traceparents import NAME, SpanContext, parsed
from shopkeeper.shared.runtime.telemetry.tracing import PRODUCER, SERVER, Span, spans_of

from .http.measuring import route_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from litestar.types import ASGIApp, Receive, Send

    from shopkeeper.shared.runtime.telemetry.tracing import Spans

HEADER = NAME.encode()
# gRPC's status codes that are a server's fault, as OpenTelemetry's conventions have them: UNKNOWN,
# DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS.
UNKNOWN = 2
FAILED = frozenset({UNKNOWN, 4, 12, 13, 14, 15})
# Of the request that this task answers; None outside of one.
_current: ContextVar[SpanContext | None] = ContextVar("span", default=None)


class GatewaySpans:
    """A component of the gateway, where the environment asks for spans."""

    def __init__(self, spans: Spans) -> None:
        self._spans = spans

    @classmethod
    def of(cls, environ: Mapping[str, str], worker: str) -> GatewaySpans | None:
        """None where nobody asks for them. Raises SettingsError."""
        spans = spans_of(environ, "gateway", worker)
        return None if spans is None else cls(spans)

    async def start(self) -> None:
        """From now on spans are sent."""
        self._spans.start()

    async def stop(self) -> None:
        """Send what waits."""
        await self._spans.stop()

    def around(self, inner: ASGIApp) -> ASGIApp:
        """An ASGI application whose requests are told of."""

        async def traced(scope: Any, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
                await inner(scope, receive, send)
                return
            headers: Any = scope["headers"]
            said = next((value for name, value in headers if name == HEADER), None)
            parent = None if said is None else parsed(said)
            context = self._child(parent)
            start_ns, status = time.time_ns(), 500

            async def noting(message: Any) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            token = _current.set(context)
            try:
                await inner(scope, receive, noting)
            finally:
                _current.reset(token)
                if context.sampled:
                    self._answered(scope, status, (context, parent), start_ns)

        return traced

    def _answered(
        self,
        scope: Any,
        status: int,
        contexts: tuple[SpanContext, SpanContext | None],
        start_ns: int,
    ) -> None:
        """contexts: of the request, and of what it says that it belongs to."""
        method, route = scope["method"], route_of(scope["path"])
        # Not the path: it names users and what they search for.
        attributes: dict[str, Any] = {
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": status,
        }
        self._spans.add(
            Span(
                f"{method} {route}",
                SERVER,
                *contexts,
                (start_ns, time.time_ns()),
                attributes,
                failed=status >= 500,
            )
        )

    @contextlib.contextmanager
    def calling(self, service: str, method: str, said: object) -> Iterator[Callable[[int], None]]:
        """A call over gRPC that is answered in this block. said: its `traceparent`, as its metadata
        have it. What is given takes the call's status code; without one it has failed."""
        parent = parsed(said.encode()) if isinstance(said, str) else None
        context, start_ns, status = self._child(parent), time.time_ns(), UNKNOWN

        def ended(code: int) -> None:
            nonlocal status
            status = code

        token = _current.set(context)
        try:
            yield ended
        finally:
            _current.reset(token)
            if context.sampled:
                attributes: dict[str, Any] = {
                    "rpc.system": "grpc",
                    "rpc.service": service,
                    "rpc.method": method,
                    "rpc.grpc.status_code": status,
                }
                place = (start_ns, time.time_ns())
                name, failed = f"{service}/{method}", status in FAILED
                self._spans.add(
                    Span(name, SERVER, context, parent, place, attributes, failed=failed)
                )

    @contextlib.contextmanager
    def sending(self, topic: str, count: int) -> Iterator[bytes | None]:
        """What is published in this block; gives the `traceparent` that records are to carry, None
        where nobody follows."""
        parent = _current.get()
        context = self._child(parent)
        if not context.sampled:
            yield None
            return
        start_ns, failed = time.time_ns(), True
        try:
            yield context.header()
            failed = False
        finally:
            attributes: dict[str, Any] = {
                "messaging.system": "kafka",
                "messaging.operation.type": "send",
                "messaging.operation.name": "send",
                "messaging.destination.name": topic,
                "messaging.batch.message_count": count,
            }
            name, end_ns = f"send {topic}", time.time_ns()
            self._spans.add(
                Span(name, PRODUCER, context, parent, (start_ns, end_ns), attributes, failed=failed)
            )

    def _child(self, parent: SpanContext | None) -> SpanContext:
        if parent is None:
            return self._spans.begin()
        return SpanContext(parent.trace_id, self._spans.span_id(), parent.sampled)
