"""A broker in memory: a log per topic and partition, appended to by whoever's request arrives.

A request that is under way arrives whether or not its sender still lives. Producers are idempotent,
as the runtime's are: a retry is a longer delay, never a second record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError

from shopkeeper.shared.runtime.kafka.records import Record

from .loop import DEAD, EPOCH_S
from .network import GIVE_UP_S

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Mapping, Sequence

    from .loop import Process, VirtualLoop
    from .network import Network

LOST, UNCONFIRMED, SLOW = "delivery lost", "delivery unconfirmed", "delivery slow"
SLOW_S_MIN, SLOW_S_MAX = 0.2, 1.2
LATE_S_MIN, LATE_S_MAX = 0.5, 3.0  # a session runs out after 1.5
TORN, CHECKPOINT_LOST, CHECKPOINT_LATE = "torn checkpoint", "checkpoint lost", "checkpoint late"
LATE, GONE = "late write of a dead worker", "request lost with its worker"
IN_DELIVERY = "crash in mid-delivery"


GONE_SHARE = 0.5  # of what was under way when its sender died


class Sent(NamedTuple):
    """What a producer tells of a batch."""

    offset: int


@dataclass(slots=True)
class Message:
    """A record under way."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    timestamp: int


class Log:
    """One partition. None stands where an offset holds nothing to read (a transaction marker)."""

    def __init__(self) -> None:
        self.records: list[Record | None] = []
        self.start = 0  # what lies below is deleted

    @property
    def end(self) -> int:
        return len(self.records)

    def retained(self) -> list[Record]:
        return [record for record in self.records[self.start :] if record is not None]


class Broker:
    """Logs by topic and partition, and who waits for what is appended."""

    def __init__(
        self,
        loop: VirtualLoop,
        network: Network,
        counts: Mapping[str, int],
        checkpoints: str,
        happened: Counter[str],
    ) -> None:
        """counts: topic -> partitions. checkpoints: the topic of these.
        happened: counts the faults that really happened."""
        self._loop, self._network, self._happened = loop, network, happened
        self.checkpoints = checkpoints
        self.counts = dict(counts)
        self.logs = {
            TopicPartition(topic, number): Log()
            for topic, count in counts.items()
            for number in range(count)
        }
        self._waiting: dict[TopicPartition, list[Any]] = {}
        self._arrivals: dict[tuple[int, TopicPartition], float] = {}
        self.on_append: Callable[[TopicPartition, Record], None] = lambda place, record: None

    def append(self, place: TopicPartition, messages: Sequence[Message | None]) -> int:
        """Returns the first one's offset."""
        log = self.logs[place]
        first = log.end
        for message in messages:
            if message is None:
                log.records.append(None)
                continue
            record = Record(
                place.topic,
                place.partition,
                log.end,
                message.timestamp or int((EPOCH_S + self._loop.now) * 1000),
                0,
                message.key,
                value=message.value,
                headers=message.headers,
            )
            log.records.append(record)
            self.on_append(place, record)
        for waiter in self._waiting.pop(place, ()):
            if not waiter.done():
                waiter.set_result(None)
        return first

    # -- producers

    def produce(
        self, process: Process, producer: int, place: TopicPartition, messages: list[Message]
    ) -> Any:
        """A future of the batch's place. It fails where a fault says so, after the producer's own
        retries; whether the batch has arrived all the same is another matter."""
        future = self._loop.create_future()
        network = self._network
        of_outputs = place.topic != self.checkpoints
        faults = (LOST, UNCONFIRMED, SLOW) if of_outputs else (CHECKPOINT_LOST, CHECKPOINT_LATE)
        fault = network.take_armed(process.name, *faults)
        trip_s = network.trip_s(process)
        if fault is not None:
            self._happened[fault] += 1
        if fault == SLOW:
            trip_s, fault = SLOW_S_MIN + network.draw() * (SLOW_S_MAX - SLOW_S_MIN), None
        if fault == CHECKPOINT_LATE:  # others may have taken over by then
            trip_s, fault = LATE_S_MIN + network.draw() * (LATE_S_MAX - LATE_S_MIN), None
        if fault is not None:
            self._loop.later(GIVE_UP_S, _fail, future)
        if fault in (LOST, CHECKPOINT_LOST):
            return future
        key = producer, place  # in the order in which it was sent
        at = max(self._loop.now + trip_s, self._arrivals.get(key, 0.0) + 1e-6)
        self._arrivals[key] = at
        self._loop.later(
            at - self._loop.now, self._arrive, process, place, messages, None if fault else future
        )
        return future

    def _arrive(
        self,
        process: Process,
        place: TopicPartition,
        messages: list[Message],
        confirmed: Any,  # the future that is told
    ) -> None:
        if process.state == DEAD:
            gone = self._network.draw() < GONE_SHARE
            self._happened[GONE if gone else LATE] += 1
            if gone:
                return
        offset = self.append(place, messages)
        if confirmed is not None:
            self._loop.later(self._network.trip_s(process), _confirm, confirmed, offset)

    # -- consumers

    def read(self, place: TopicPartition, position: int, most: int) -> tuple[list[Record], int]:
        """Up to `most` records from a position on, and the next position."""
        log = self.logs[place]
        position = max(position, log.start)
        following = min(log.end, position + most)
        found = log.records[position:following]
        return [record for record in found if record is not None], following

    def beyond(self, positions: Mapping[TopicPartition, int]) -> bool:
        """Whether there is anything at one of these positions."""
        return any(self.logs[place].end > position for place, position in positions.items())

    async def wait_beyond(self, positions: Mapping[TopicPartition, int], seconds: float) -> None:
        """Hold a fetch until there is something, or for so long."""
        waiter = self._loop.create_future()
        for place in positions:
            self._waiting.setdefault(place, []).append(waiter)
        timer = self._loop.later(seconds, _end, waiter)
        await waiter
        timer.cancel()

    def delete_before(self, place: TopicPartition, offset: int) -> None:
        """Drop the beginning of a log."""
        log = self.logs[place]
        log.start = max(log.start, min(offset, log.end))


def _confirm(future: Any, offset: int) -> None:
    if not future.done():
        future.set_result(Sent(offset))


def _fail(future: Any) -> None:
    if not future.done():
        future.set_exception(KafkaTimeoutError("simulated"))


def _end(future: Any) -> None:
    if not future.done():
        future.set_result(None)
