"""What the tests of clients share: a gateway process, and a proxy that drops connections."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from typing import TYPE_CHECKING

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.processes.embedded import HOST, free_port
from shopkeeper.shared.testing.workers import worker_process

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CHUNK = 65_536


async def publish(kafka, records):
    """(topic, key, value): values as JSON, None as an empty record."""
    async with Publisher(kafka, "test") as publisher:
        for topic, key, value in records:
            await publisher.send(topic, key.encode(), value and json.dumps(value).encode(), [])


def lists(user, names):
    """Records of lists of one product each, named by the list."""
    return [(topics.RECOMMENDATIONS, user, _list(user, name)) for name in names]


def _list(user, name):
    item = {"product_id": name, "score": 0.5, "reason": {"code": "trending"}}
    return {
        "recomm_id": name,
        "items": [item],
        "fallback": "none",
        "cause": f"cause of {name}",
        "model": {"name": "item-cf", "version": "1"},
        "user_id": user,
    }


@contextlib.contextmanager
def gateway(kafka, port=None, **settings):
    """(worker, url) of a gateway that is ready."""
    port = port or free_port()
    with worker_process("gateway", kafka, GATEWAY_PORT=port, **settings) as worker:
        yield worker, f"http://{HOST}:{port}"


class CuttingProxy:
    """TCP in front of a port. Of what the server sends, connection n passes on `budgets[n]` bytes,
    and is then reset, wherever that is; after the last budget connections live on."""

    def __init__(self, port: int, budgets: Sequence[int]) -> None:
        self._target, self._budgets = port, list(budgets)
        self._listener = socket.create_server((HOST, 0))
        self._open: set[socket.socket] = set()
        self.url = f"http://{HOST}:{self._listener.getsockname()[1]}"
        self.connections = 0

    @classmethod
    @contextlib.contextmanager
    def before(cls, url: str, budgets: Sequence[int]) -> Iterator[CuttingProxy]:
        """One that runs."""
        proxy = cls(int(url.rpartition(":")[2]), budgets)
        thread = threading.Thread(target=proxy._accept, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy._listener.shutdown(socket.SHUT_RDWR)
            proxy._listener.close()
            thread.join(10)
            for each in list(proxy._open):
                _reset(each)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            budget = self._budgets[self.connections] if self.connections < len(self._budgets) else 0
            limited = self.connections < len(self._budgets)
            self.connections += 1
            try:
                server = socket.create_connection((HOST, self._target))
            except OSError:
                _reset(client)
                continue
            self._open |= {client, server}
            for one, other, limit in (
                (client, server, None),
                (server, client, budget if limited else None),
            ):
                threading.Thread(target=self._pump, args=(one, other, limit), daemon=True).start()

    def _pump(self, one: socket.socket, other: socket.socket, left: int | None) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(CHUNK):
                if left is not None:
                    data, left = data[:left], left - len(data)
                other.sendall(data)
                if left is not None and left <= 0:
                    break
        for each in (one, other):
            _reset(each)
            self._open.discard(each)


def _reset(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()
