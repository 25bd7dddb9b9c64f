"""A TCP proxy on loopback, between Kafka clients and one broker: cut, stalled, throttled, resumed.

It runs on a thread of its own. Brokers tell clients their address, so the proxy puts its own in
the place of it, in every answer; else clients would go past it from their second connection on.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING

from shopkeeper.shared.runtime.processes.embedded import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

PIECE_BYTES = 4096  # what passes at once while throttled
LENGTH_BYTES = 4  # of Kafka's frames


class Proxy:
    """The connections of one listener, to a broker at `target` ("host:port")."""

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self.port = free_port()
        self.address = f"{HOST}:{self.port}"
        self._told = host.encode() + int(port).to_bytes(4, "big")
        self._tell = HOST.encode() + self.port.to_bytes(4, "big")
        self._rate: float | None = None
        self._refusing = False
        self._rewrite: Callable[[bytes], bytes] | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.connections = 0  # accepted so far
        self.bytes_passed = 0
        self._loop = asyncio.new_event_loop()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._ended = asyncio.Event()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    def start(self) -> None:
        """Listen at `address`."""
        self._thread.start()
        assert self._started.wait(10.0), "the proxy did not start"

    def stop(self) -> None:
        """End every connection and the thread."""
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Reset every connection, and from now on each new one as soon as it is made."""
        self._on_loop(self._cut)

    def stall(self) -> None:
        """Keep connections, accept new ones, and let nothing pass: a network that drops packets."""
        self._on_loop(self._flowing.clear)

    def throttle(self, bytes_per_s: float) -> None:
        """Let each connection pass so much, in either direction."""
        self._rate = bytes_per_s

    def rewrite(self, request: Callable[[bytes], bytes]) -> None:
        """Have each request of connections to come pass through it, without its length in front,
        which it keeps: so a broker can be asked for something that it refuses."""
        self._rewrite = request

    def resume(self) -> None:
        """Everything passes again, what was held back first."""
        self._rate = None
        self._refusing = False
        self._on_loop(self._flowing.set)

    def _on_loop(self, call: Callable[[], object]) -> None:
        """Run it there, and wait until it is done."""
        done = threading.Event()

        def run() -> None:
            call()
            done.set()

        self._loop.call_soon_threadsafe(run)
        assert done.wait(10.0), "the proxy hangs"

    def _cut(self) -> None:
        self._refusing = True
        for writer in self._writers:
            writer.transport.abort()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._accepted, HOST, self.port)
        self._started.set()
        await self._ended.wait()
        server.close()
        self._cut()
        others = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self._refusing:
            writer.transport.abort()
            return
        with contextlib.ExitStack() as held:
            self._hold(held, writer)
            try:
                from_broker, to_broker = await asyncio.open_connection(*self._target)
            except OSError:
                return  # the broker is away, and the client sees as much
            self._hold(held, to_broker)
            ways = [
                asyncio.ensure_future(way)
                for way in (self._requests(reader, to_broker), self._answers(from_broker, writer))
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    def _hold(self, held: contextlib.ExitStack, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        held.callback(writer.transport.abort)
        held.callback(self._writers.discard, writer)

    async def _requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        rewrite = self._rewrite
        if rewrite is None:
            await self._pump(lambda: reader.read(65_536), writer)
            return

        async def frame() -> bytes:
            head = await reader.readexactly(LENGTH_BYTES)
            return head + rewrite(await reader.readexactly(int.from_bytes(head, "big")))

        await self._pump(frame, writer)

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def frame() -> bytes:
            """One answer, with our address in the place of the broker's; empty at the end."""
            head = await reader.readexactly(LENGTH_BYTES)
            body = await reader.readexactly(int.from_bytes(head, "big"))
            return head + body.replace(self._told, self._tell)

        await self._pump(frame, writer)

    async def _pump(
        self, take: Callable[[], Awaitable[bytes]], writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while taken := await take():
                for start in range(0, len(taken), PIECE_BYTES):
                    await self._flowing.wait()
                    piece = taken[start : start + PIECE_BYTES]
                    writer.write(piece)
                    await writer.drain()
                    self.bytes_passed += len(piece)
                    if (rate := self._rate) is not None:
                        await asyncio.sleep(len(piece) / rate)


@contextlib.contextmanager
def proxied(target: str) -> Iterator[Proxy]:
    """A running proxy in front of `target`; stopped afterwards."""
    proxy = Proxy(target)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
