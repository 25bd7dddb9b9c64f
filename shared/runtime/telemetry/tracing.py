"""Spans over OTLP: handed over in a moment, made and sent on threads of their own.

Whoever has something to tell knows its span's ids already (`traceparents`), so nothing waits for
OpenTelemetry: `Spans.add` puts a tuple into a queue. Where OTEL_EXPORTER_OTLP_ENDPOINT is not set
there is no `Spans`, and nothing of OpenTelemetry is imported.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import shopkeeper

from ..settings import SettingsError, read
from .traceparents import SpanContext

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

log = logging.getLogger(__name__)

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
WAITING_MAX = 20_000  # spans that wait to be made; further ones are dropped, and that is said
STOP_S_MAX = 3.0  # for what waits to be sent at the end
SERVER, PRODUCER, CONSUMER = "SERVER", "PRODUCER", "CONSUMER"


@dataclass(frozen=True, slots=True)
class Span:
    """Something that was done. lasted_ns: in Unix nanoseconds. attributes, links: OpenTelemetry's;
    no user, query or text."""

    name: str
    kind: str
    context: SpanContext
    parent: SpanContext | None
    lasted_ns: tuple[int, int]  # from when, until when
    attributes: Mapping[str, str | int | Sequence[str]] = field(default_factory=dict)
    links: Sequence[SpanContext] = ()
    failed: bool = False


def spans_of(environ: Mapping[str, str], service: str, worker: str) -> Spans | None:
    """What sends spans, where the environment says so. Raises SettingsError."""
    if not read(environ, ENDPOINT):
        return None
    try:
        import opentelemetry.exporter.otlp.proto.http
        import opentelemetry.sdk.trace  # noqa: F401  # whether they are there
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"{ENDPOINT} needs the extra `otlp`: pip install 'shopkeeper[otlp]' ({error})"
        ) from None
    return Spans(environ, service, worker)


class Spans:
    """Sends what is added, from `start` to `stop`."""

    def __init__(self, environ: Mapping[str, str], service: str, worker: str) -> None:
        self._service, self._worker, self._environ = service, worker, environ
        self._waiting: queue.SimpleQueue[Span | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="spans", daemon=True)
        self._ids = _Ids()
        self._sampler: Any = None
        self.dropped = 0

    def start(self) -> None:
        """From now on spans are sent."""
        from opentelemetry.sdk.trace import sampling

        self._sampler = sampling._get_from_env_or_default()  # as the SDK's provider does
        self._thread.start()

    def sampled(self, trace_id: int) -> bool:
        """Whether a trace that begins here is to be sent (OTEL_TRACES_SAMPLER)."""
        from opentelemetry.sdk.trace.sampling import Decision

        decision = self._sampler.should_sample(None, trace_id, "").decision
        return bool(decision is Decision.RECORD_AND_SAMPLE)

    def begin(self) -> SpanContext:
        """A context of a trace that begins here."""
        trace_id = secrets.randbits(128) or 1
        return SpanContext(trace_id, self.span_id(), self.sampled(trace_id))

    @staticmethod
    def span_id() -> int:
        """An id that nobody else has."""
        return secrets.randbits(64) or 1

    def add(self, span: Span) -> None:
        """Send it, some time. For any thread; takes a moment."""
        if self._waiting.qsize() >= WAITING_MAX:
            if self.dropped == 0:
                log.warning("spans are dropped: they come faster than they can be made")
            self.dropped += 1
            return
        self._waiting.put(span)

    async def stop(self) -> None:
        """Send what waits; what the receiver does not take within `STOP_S_MAX` is given up."""
        if not self._thread.is_alive():
            return
        self._waiting.put(None)
        until = time.monotonic() + STOP_S_MAX
        while self._thread.is_alive() and time.monotonic() < until:  # noqa: ASYNC110  # a thread
            await asyncio.sleep(0.02)

    def _run(self) -> None:
        provider = self._provider()
        tracer = provider.get_tracer("shopkeeper", shopkeeper.__version__)
        while (span := self._waiting.get()) is not None:
            try:
                self._make(tracer, span)
            except Exception:  # telemetry must not end what it tells of
                log.exception("a span could not be made")
        provider.shutdown()

    def _provider(self) -> Any:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        said = {"service.namespace": "shopkeeper", "service.version": shopkeeper.__version__}
        said["service.instance.id"] = self._worker
        if not self._environ.get("OTEL_SERVICE_NAME"):
            said["service.name"] = self._service
        provider = TracerProvider(
            resource=Resource.create(said), id_generator=self._ids, shutdown_on_exit=False
        )
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return provider

    def _make(self, tracer: Any, span: Span) -> None:
        from opentelemetry import trace
        from opentelemetry.trace import Status, StatusCode

        parent = None
        if span.parent is not None:
            remote = trace.NonRecordingSpan(_told(span.parent))
            parent = trace.set_span_in_context(remote, trace.Context())
        self._ids.next = span.context
        made = tracer.start_span(
            span.name,
            context=parent if parent is not None else trace.Context(),
            kind=getattr(trace.SpanKind, span.kind),
            attributes=dict(span.attributes),
            links=[trace.Link(_told(each)) for each in span.links],
            start_time=span.lasted_ns[0],
        )
        if span.failed:
            made.set_status(Status(StatusCode.ERROR))
        made.end(span.lasted_ns[1])


def _told(context: SpanContext) -> Any:
    from opentelemetry import trace

    return trace.SpanContext(
        context.trace_id,
        context.span_id,
        is_remote=True,
        trace_flags=trace.TraceFlags(int(context.sampled)),
    )


class _Ids:
    """Gives the SDK the ids that a span has already (opentelemetry.sdk's IdGenerator)."""

    def __init__(self) -> None:
        self.next = SpanContext(1, 1, False)

    def generate_span_id(self) -> int:
        """Of the span that is made next."""
        return self.next.span_id

    def generate_trace_id(self) -> int:
        """Of the trace that begins next."""
        return self.next.trace_id

    def is_trace_id_random(self) -> bool:
        """Of our own making, by `secrets`."""
        return True
