"""A receiver of OTLP over HTTP for the tests: keeps every span that it is sent."""

from __future__ import annotations

import contextlib
import gzip
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from shopkeeper.shared.runtime.processes.embedded import HOST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Seen(NamedTuple):
    """One span as it came."""

    service: str
    name: str
    kind: int
    trace_id: str
    span_id: str
    parent_id: str
    links: tuple[tuple[str, str], ...]
    attributes: dict[str, Any]
    start_ns: int
    end_ns: int


class Receiver:
    """Listens at `endpoint`."""

    def __init__(self) -> None:
        self.spans: list[Seen] = []
        self.refusing = False
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                if receiver.refusing:
                    time.sleep(30.0)
                if self.path == "/v1/traces":
                    receiver.take(body)
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://{HOST}:{self._server.server_port}"

    @contextlib.contextmanager
    def listening(self) -> Iterator[Receiver]:
        """Until the end of the block."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()

    def take(self, body: bytes) -> None:
        """One request's spans."""
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = next(
                each.value.string_value
                for each in resource.resource.attributes
                if each.key == "service.name"
            )
            for scope in resource.scope_spans:
                self.spans += [_seen(service, span) for span in scope.spans]

    def until(self, right: Callable[[list[Seen]], Any], seconds: float = 90.0) -> Any:
        """What `right` finds, once it finds something."""
        deadline = time.monotonic() + seconds
        while not (found := right(list(self.spans))):
            assert time.monotonic() < deadline, "\n".join(map(str, self.spans))
            time.sleep(0.1)
        return found


def _seen(service: str, span: Any) -> Seen:
    return Seen(
        service,
        span.name,
        span.kind,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
        {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes},
        span.start_time_unix_nano,
        span.end_time_unix_nano,
    )
