"""The switch of the simulated shoppers: on or off, and how many events a second.

The gateway passes what a page asks for on to a small HTTP server in the demo's process, which
listens to this machine alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from shopkeeper.shared.runtime.processes.embedded import HOST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator

    from shopkeeper.shared.datasets.readers import ShopEvent

EVENTS_PER_S_MAX = 100.0
BODY_BYTES_MAX = 1024
LOOK_S = 0.1  # whether the wish has changed, where nothing is due
TICK_S = 0.005  # events that are due are sent together this often
TURN = 500  # events that are generated in one piece


class Wish(NamedTuple):
    """What somebody asked for."""

    on: bool
    events_per_s: float

    @classmethod
    def parse(cls, body: bytes, before: Wish) -> Wish:
        """Of a JSON object; what it leaves out stays. Raises ValueError, naming what is wrong."""
        try:
            said = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ValueError(f"the body is no JSON: {error}") from None
        if not isinstance(said, dict) or not said or said.keys() - {"on", "events_per_s"}:
            raise ValueError("the body is an object with `on`, `events_per_s` or both")
        on, per_s = said.get("on", before.on), said.get("events_per_s", before.events_per_s)
        if not isinstance(on, bool):
            raise ValueError("`on` is true or false")
        if isinstance(per_s, bool) or not isinstance(per_s, int | float):
            raise ValueError("`events_per_s` is a number")
        if not 0 <= per_s <= EVENTS_PER_S_MAX:
            raise ValueError(f"`events_per_s` is 0 to {EVENTS_PER_S_MAX:g}")
        return cls(on, float(per_s))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Who asked has gone."""


class Control:
    """Holds the wish, and serves it while it is entered."""

    def __init__(self, events_per_s: float) -> None:
        self.wish = Wish(True, events_per_s)
        self._server = _Server((HOST, 0), self._handler())

    @property
    def address(self) -> str:
        """Where the gateway finds it."""
        return f"http://{HOST}:{self._server.server_address[1]}/"

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """On a thread of its own."""
        thread = threading.Thread(target=self._server.serve_forever, name="control", daemon=True)
        thread.start()
        try:
            yield
        finally:
            await_end = threading.Thread(target=self._server.shutdown, daemon=True)
            await_end.start()
            await_end.join(1.0)
            self._server.server_close()

    async def due(
        self,
        events: Iterable[tuple[float, ShopEvent]],
        wish: Wish,
        idle: Callable[[], Awaitable[Any]],
        *,
        from_s: float = -math.inf,
    ) -> AsyncIterator[ShopEvent]:
        """Events when they are due (seconds after now), until the wish is another one. idle: called
        while it waits. from_s: what was due earlier is passed over."""
        started = time.monotonic()
        for count, (due_s, event) in enumerate(events):
            while started + due_s > time.monotonic():
                if self.wish != wish:
                    return
                await idle()
                left_s = started + due_s - time.monotonic()
                await asyncio.sleep(max(0.0, min(TICK_S, left_s)))
            if count % TURN == 0:
                await asyncio.sleep(0)  # a backlog is sent at once, but not in one piece
            if self.wish != wish:
                return
            if due_s >= from_s:
                yield event

    async def wanted(self) -> Wish:
        """The wish, once it is for any event."""
        while not (self.wish.on and self.wish.events_per_s):  # noqa: ASYNC110  # set by a thread
            await asyncio.sleep(LOOK_S)
        return self.wish

    def _handler(control: Control) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            """GET tells the wish, PUT changes it."""

            def do_GET(self) -> None:
                self._say(200, control.wish._asdict() | {"events_per_s_max": EVENTS_PER_S_MAX})

            def do_PUT(self) -> None:
                length = self.headers.get("content-length", "")
                if not length.isdigit() or int(length) > BODY_BYTES_MAX:
                    self._say(413, {"detail": f"a body of at most {BODY_BYTES_MAX} bytes"})
                    return
                try:
                    control.wish = Wish.parse(self.rfile.read(int(length)), control.wish)
                except ValueError as error:
                    self._say(400, {"detail": str(error)})
                    return
                self.do_GET()

            def log_message(self, *_: Any) -> None:
                """The demo's screen is for the shop."""

            def _say(self, status: int, said: dict[str, Any]) -> None:
                body = orjson.dumps(said)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler
