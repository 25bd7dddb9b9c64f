"""What every aiokafka consumer of this process does otherwise than aiokafka: `install`.

**Paced fetches.** A broker is asked to hold a fetch until there is something (long polling; Apache
Kafka does). The embedded broker answers at once, with nothing: an idle consumer then asked it
5,000 to 7,000 times a second and, with it, used up both cores (docs/decisions/0006). So there is a
pause between two fetches, a share of the time in which something comes: see `Pace`.

**Fetches wait for a worker that is busy** with a small batch, so that one fetch brings all that
came meanwhile: see `Hold`.

**What cannot be decoded** is repaired or stepped over: see `unpacking`.

**Requests and answers** are written and read in bulk: see `protocol`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.consumer import consumer, fetcher

from . import protocol, unpacking

if TYPE_CHECKING:
    from collections.abc import Iterator

ISOLATION = "read_committed"  # of every consumer: what was aborted was never said
INTERVAL_S_MIN, INTERVAL_S_MAX = 0.002, 0.01  # between two fetches from one broker
FETCHES_PER_FIND = 5  # asked so often, an event waits for a tenth of the time between two
# While a batch of so few records is worked on, no fetch is sent, but not for longer than this.
HELD_RECORDS_MAX, HELD_S_MAX = 256, 0.02
SMOOTHING = 0.2  # weight of the newest time between two finds


class Jump(NamedTuple):
    """A position that the log does not have was given up for its beginning."""

    tp: TopicPartition
    start: int


class Pace:
    """How long to wait between two fetches: a fifth of the time between two that found something,
    as it was of late, or of the silence since, where that is longer. Monotonic seconds."""

    def __init__(self) -> None:
        self._between_s = INTERVAL_S_MAX * FETCHES_PER_FIND
        self._found_at: float | None = None

    def found(self, now: float) -> None:
        """A fetch has brought something."""
        if self._found_at is not None:
            self._between_s += SMOOTHING * (now - self._found_at - self._between_s)
        self._found_at = now

    def interval_s(self, now: float) -> float:
        """What to keep now."""
        silence_s = 0.0 if self._found_at is None else now - self._found_at
        wanted = max(self._between_s, silence_s) / FETCHES_PER_FIND
        return min(INTERVAL_S_MAX, max(INTERVAL_S_MIN, wanted))


class Hold:
    """Holds fetches up while a worker is busy with a small batch: what comes meanwhile is then
    brought by one fetch, as fresh as can be, and is not a dozen slices that wait in a queue.

    `during` belongs to the worker's loop, `over` to the consumer's, which may be another thread's.
    """

    def __init__(self) -> None:
        self._running = 0
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    @contextlib.contextmanager
    def during(self, records: int) -> Iterator[None]:
        """Hold fetches up while so many records are worked on, unless they are many: then fetching
        beside is worth it."""
        if records > HELD_RECORDS_MAX:
            yield
            return
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                released, self._waiting = self._waiting, []
                for loop, waiting in released:
                    with contextlib.suppress(RuntimeError):  # its loop has ended
                        loop.call_soon_threadsafe(_release, waiting)

    async def over(self) -> None:
        """Wait until nothing holds fetches up, but not long."""
        if not self._running:
            return
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[None] = loop.create_future()
        self._waiting.append((loop, waiting))
        if self._running:  # it may have ended before it could know of us
            await asyncio.wait({waiting}, timeout=HELD_S_MAX)


def _release(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)


class PacedFetcher(fetcher.Fetcher):  # type: ignore[misc]  # aiokafka is untyped
    """Asks a broker less often where asking again at once brings next to nothing."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.interval_s_min = 0.0  # whatever the pace
        self.hold: Hold | None = None
        self._asked_s: dict[Any, float] = {}  # by node: when it was asked last
        self._pace = Pace()
        self._out_of_range: set[Any] = set()  # partitions whose position the log does not have
        self.jumps: list[Jump] = []
        super().__init__(*arguments, **options)

    async def _proc_fetch_request(self, assignment: Any, node_id: Any, request: Any) -> bool:
        # While this runs, the fetcher sends nothing else to the same node.
        now = time.monotonic()
        interval_s = max(self.interval_s_min, self._pace.interval_s(now))
        wait_s = self._asked_s.get(node_id, 0.0) + interval_s - now
        try:
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            if self.hold is not None:
                await self.hold.over()
        except asyncio.CancelledError:
            return False  # as aiokafka's own code: nobody waits for the result any more
        self._asked_s[node_id] = time.monotonic()
        found = bool(await super()._proc_fetch_request(assignment, node_id, request))
        if found:
            self._pace.found(time.monotonic())
        if assignment.active:
            for topic, partitions in request.topics:
                for number, *_ in partitions:
                    tp = TopicPartition(topic, number)
                    # It had a position when it was asked for: so the broker refused that.
                    state = assignment.state_value(tp)
                    if state is not None and state.awaiting_reset:
                        self._out_of_range.add(tp)
        return found

    async def _update_fetch_positions(self, assignment: Any, node_id: Any, tps: Any) -> Any:
        result = await super()._update_fetch_positions(assignment, node_id, tps)
        for tp in self._out_of_range.intersection(tps):
            state = assignment.state_value(tp)
            if state.has_valid_position:
                self._out_of_range.discard(tp)
                self.jumps.append(Jump(tp, state.position))
        return result


def pace(client: consumer.AIOKafkaConsumer, interval_s: float) -> None:
    """Let a started consumer keep at least `interval_s` between two fetches from one broker."""
    client._fetcher.interval_s_min = interval_s


def positions(client: consumer.AIOKafkaConsumer) -> dict[Any, int]:
    """The next offset to fetch of each assigned partition that has one."""
    subscription = client._subscription.subscription
    assignment = None if subscription is None else subscription.assignment
    if assignment is None or not assignment.active:
        return {}
    states = {tp: assignment.state_value(tp) for tp in assignment.tps}
    return {tp: state.position for tp, state in states.items() if state.has_valid_position}


def take_jumps(client: consumer.AIOKafkaConsumer) -> list[Jump]:
    """What happened since this was asked last, in order."""
    jumps: list[Jump] = client._fetcher.jumps
    client._fetcher.jumps = []
    return jumps


def forget_jumps(client: consumer.AIOKafkaConsumer) -> None:
    """They happened at places that are given up by a seek."""
    client._fetcher._out_of_range.clear()
    client._fetcher.jumps.clear()


def install() -> None:
    """Change the consumers made from now on. May be called more than once."""
    protocol.install()
    unpacking.install()
    consumer.Fetcher = PacedFetcher
