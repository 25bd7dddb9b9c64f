"""/metrics, /livez and /readyz, served from a thread of their own.

A thread, because /livez must answer "the event loop is stuck", which the loop itself cannot.
"""

from __future__ import annotations

import errno
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from ..refusal import OperatorNeeded

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import CollectorRegistry

LOOP_SILENCE_S_MAX = 20.0
STALL_S_MAX = 60.0


class Health:
    """What the probes are told. Written by the worker's loop, read by the server's thread."""

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock or time.monotonic
        self._beat_at = self._clock()
        self._progress_at = self._clock()
        self.lag = 0
        self.broker = ""  # why no broker can be reached; empty where one can
        self.not_ready: dict[str, str] = {"start": "starting"}
        self.remark = ""  # said of a worker that is ready

    def beat(self) -> None:
        """The event loop is running."""
        self._beat_at = self._clock()

    def progress(self) -> None:
        """A batch finished, or there was nothing to do."""
        self._progress_at = self._clock()

    def live(self) -> tuple[bool, str]:
        """Kubernetes' liveness: never looks at dependencies, and no progress without a broker is
        no stall."""
        now = self._clock()
        if now - self._beat_at > LOOP_SILENCE_S_MAX:
            return False, f"event loop silent for {now - self._beat_at:.0f} s"
        if self.lag > 0 and not self.broker and now - self._progress_at > STALL_S_MAX:
            return False, f"lag {self.lag} and no progress for {now - self._progress_at:.0f} s"
        return True, "ok"

    def ready(self) -> tuple[bool, str]:
        """Broker there, partitions assigned, state recovered, tables read, models loaded."""
        reasons = [f"{k}: {v}" for k, v in list(self.not_ready.items())]
        if broker := self.broker:
            reasons.insert(0, broker)
        if reasons:
            return False, "; ".join(reasons)
        return True, f"ok; {self.remark}" if self.remark else "ok"


class HealthServer:
    """Serves one worker's probes and metrics on `host:port` (0 picks a free port).

    Raises OperatorNeeded where it cannot listen there: it would not the next time either.
    """

    def __init__(self, health: Health, registry: CollectorRegistry, host: str, port: int) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                if path == "/metrics":
                    self._answer(200, generate_latest(registry), CONTENT_TYPE_LATEST)
                elif path in ("/livez", "/readyz"):
                    ok, text = health.live() if path == "/livez" else health.ready()
                    self._answer(200 if ok else 503, text.encode() + b"\n", "text/plain")
                else:
                    self._answer(404, b"try /metrics, /livez or /readyz\n", "text/plain")

            def _answer(self, status: int, body: bytes, content_type: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass  # a probe every second is not news

        try:
            self._server = ThreadingHTTPServer((host, port), Handler)
        except OSError as error:
            raise OperatorNeeded(_cannot_listen(host, port, error)) from None
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="health", daemon=True
        )

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and free the port."""
        self._server.shutdown()
        self._server.server_close()


def _cannot_listen(host: str, port: int, error: OSError) -> str:
    """One line: which address, which setting, and what else to set."""
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return (
            f"HTTP_HOST={host!r} is no address of this machine ({error.strerror}): health and "
            "metrics need one, such as 127.0.0.1 or 0.0.0.0"
        )
    if error.errno == errno.EADDRINUSE:
        return (
            f"HTTP_PORT={port}: another program listens on {host}:{port}: stop it, or set another "
            "HTTP_PORT (0 picks a free one)"
        )
    return f"HTTP_HOST={host!r}, HTTP_PORT={port}: cannot listen there: {error.strerror or error}"
