"""A small HTTP server of the chat completions protocol on the loopback, well behaved or not."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PREFACE = {"en": "So: ", "zh": "请："}


def grounded(asked: dict[str, Any]) -> str:
    """The first passage's text with its citation, as a model would say it that obeys."""
    user = asked["messages"][-1]["content"]
    passage = next(line for line in user.splitlines() if line.startswith("[1] "))
    text = passage.removeprefix("[1] ").split(": ", 1)[-1]
    return f"{PREFACE['zh' if '问题' in user else 'en']}{text} [1]"


class LlmServer:
    """`mode` says how it replies; `says` makes the text, of a request's JSON. `requests` has the
    (headers, JSON) of all, in the order of their coming."""

    def __init__(self, port: int = 0) -> None:
        self.mode, self.says, self.usage = "reply", grounded, {}
        self.requests: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.released = threading.Event()  # ends what hangs
        self.together: threading.Barrier | None = None  # replies wait for one another
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> LlmServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Twice is once."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    owner: LlmServer

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        owner = self.owner
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        owner.requests.append((dict(self.headers), {"path": self.path, **asked}))
        try:
            if owner.together is not None:
                owner.together.wait(30)
            getattr(self, f"_{owner.mode}")(asked)
        except (OSError, threading.BrokenBarrierError):
            self.close_connection = True  # the client has left

    def _send(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _choice(self, text: object, reason: str = "stop") -> bytes:
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "finish_reason": reason,
        }
        return json.dumps(
            {"object": "chat.completion", "choices": [choice], "usage": self.owner.usage}
        ).encode()

    def _reply(self, asked: dict[str, Any]) -> None:
        self._send(self._choice(self.owner.says(asked)))

    def _cut_off(self, asked: dict[str, Any]) -> None:
        self._send(self._choice(self.owner.says(asked), "length"))

    def _slow(self, asked: dict[str, Any]) -> None:
        self.owner.released.wait(60)
        self._reply(asked)

    def _drip(self, asked: dict[str, Any]) -> None:
        """A byte now and then, without an end."""
        self.send_response(200)
        self.end_headers()
        while not self.owner.released.wait(0.02):
            self.wfile.write(b" ")

    def _garbage(self, asked: dict[str, Any]) -> None:
        self._send(b"\x00\xff<html>502 Bad Gateway</html>")

    def _nested(self, asked: dict[str, Any]) -> None:
        self._send(b'{"choices":' + b"[" * 100_000)

    def _other_json(self, asked: dict[str, Any]) -> None:
        self._send(b'{"error": {"message": "no such model"}}')

    def _no_choices(self, asked: dict[str, Any]) -> None:
        self._send(b'{"choices": []}')

    def _parts(self, asked: dict[str, Any]) -> None:
        self._send(self._choice([{"type": "text", "text": self.owner.says(asked)}]))

    def _null(self, asked: dict[str, Any]) -> None:
        self._send(self._choice(None))

    def _stream(self, asked: dict[str, Any]) -> None:
        """Streams, though it was told not to."""
        delta = json.dumps({"choices": [{"delta": {"content": self.owner.says(asked)}}]})
        self._send(f"data: {delta}\n\ndata: [DONE]\n\n".encode(), Content_Type="text/event-stream")

    def _gzip(self, asked: dict[str, Any]) -> None:
        """Compressed, though it was told not to: might unpack to any size."""
        self._send(b"\x1f\x8b" + bytes(64), Content_Encoding="gzip")

    def _huge(self, asked: dict[str, Any]) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in range(4096):
            self.wfile.write(b" " * 65_536)

    def _error(self, asked: dict[str, Any]) -> None:
        self._send(b'{"error": "out of memory"}', 500)

    def _refused(self, asked: dict[str, Any]) -> None:
        self._send(b'{"error": "wrong key"}', 401)

    def _rate_limited(self, asked: dict[str, Any]) -> None:
        self._send(b"{}", 429, Retry_After="1800")

    def _redirect(self, asked: dict[str, Any]) -> None:
        self._send(b"", 307, Location=f"{self.owner.url}/elsewhere")

    def _hang_up(self, asked: dict[str, Any]) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
        self.close_connection = True
