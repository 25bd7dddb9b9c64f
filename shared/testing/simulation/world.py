"""One run of a schedule: broker, group, workers that are started again, faults as they fall due."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition

from . import service as simulated_service
from .broker import Broker, Message
from .checks import CHECKPOINTS, DEAD_LETTERS, Monitor
from .faults import Faults
from .group import Coordinator
from .loop import Stuck, VirtualLoop
from .network import Network
from .schedule import LENGTH_S
from .seams import simulated
from .workers import Workers

if TYPE_CHECKING:
    from .schedule import Input, Schedule
    from .seams import Tally

CATCH_UP_S_MAX = 30.0
LOOK_S, REFRESH_S = 0.2, 0.5


@dataclass
class Outcome:
    """What came of a run. problems: empty where all that must hold held."""

    problems: list[str]
    happened: Counter[str]
    seconds: float  # of the simulated clock
    callbacks: int
    events: list[tuple[float, str, tuple[Any, ...]]]

    @property
    def trace(self) -> list[str]:
        """What happened, a line each."""
        return [f"{at:9.4f}  {text % arguments}" for at, text, arguments in self.events]


class World:
    """Everything that one run consists of."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        random = Random(f"run {schedule.seed}")
        self.random = random.random
        self.loop = VirtualLoop(random)
        self.happened: Counter[str] = Counter()
        self.trace: list[tuple[float, str, tuple[Any, ...]]] = []
        self.problems: list[str] = []
        self.tallies: list[Tally] = []
        self.published: dict[tuple[int, int], Input] = {}
        self.checkpoint_partitions = max(schedule.user_partitions, schedule.item_partitions)
        self.keyed_counts = {simulated_service.USERS: schedule.user_partitions}
        self.network = Network(self.loop, random)
        counts = {
            simulated_service.USERS: schedule.user_partitions,
            simulated_service.ITEMS: schedule.item_partitions,
        }
        self.broker = Broker(
            self.loop,
            self.network,
            {
                **counts,
                simulated_service.ANSWERS: 2,
                simulated_service.ROWS: 2,
                DEAD_LETTERS: schedule.user_partitions,
                CHECKPOINTS: self.checkpoint_partitions,
            },
            CHECKPOINTS,
            self.happened,
        )
        self.group = Coordinator(self.loop, counts, schedule.static, self.happened)
        self.sources = [
            TopicPartition(topic, n) for topic, count in counts.items() for n in range(count)
        ]
        self.monitor = Monitor(self)
        self.broker.on_append = self._appended
        self.group.on_commit = self._committed
        self.group.on_rebalance = self._rebalanced
        self.stale = False  # whether rows that were published are to be published again
        self.reported: dict[TopicPartition, int] = {}  # committed, since checkpoints were lost
        self._producers = 0
        self.workers = Workers(self, len(schedule.starts))
        self._faults = Faults(self, self.workers, random)

    # -- what others ask

    def note(self, text: str, *arguments: Any) -> None:
        """Something happened: a line of the trace."""
        self.trace.append((self.loop.now, text, arguments))

    def violate(self, problem: str) -> None:
        """Something must not have happened: the run ends."""
        self.note("VIOLATED: %s", problem)
        self.problems.append(problem)
        self.loop.stop()

    def next_producer(self) -> int:
        self._producers += 1
        return self._producers

    def slice_records(self) -> int:
        """How many records a fetch brings of a partition, at most."""
        return int(1 / (0.03 + self.random()))

    def records(self, topic: str) -> list[Any]:
        """All that a topic holds, partition by partition."""
        return [
            record
            for number in range(self.broker.counts[topic])
            for record in self.broker.logs[TopicPartition(topic, number)].retained()
        ]

    def deleted(self, place: TopicPartition, before: int) -> None:
        """Somebody has the beginning of a log deleted."""
        self.happened["records deleted"] += 1
        self.note("%s/%d is deleted below %d", place.topic, place.partition, before)
        self.broker.delete_before(place, before)

    def deleted_by_runtime(self, place: TopicPartition, before: int) -> None:
        """A worker has superseded checkpoints deleted: of each source one must remain."""
        usable = self.monitor.usable(place.partition)
        self.deleted(place, before)
        if missing := usable - self.monitor.usable(place.partition):
            self.violate(f"no checkpoint of {missing} is left in partition {place.partition}")

    # -- what is watched

    def _appended(self, place: TopicPartition, record: Any) -> None:
        self.note("%s/%d has offset %d: %s", *place, record.offset, record.value)
        self.monitor.appended(place, record)

    def _committed(self, place: TopicPartition, offset: int) -> None:
        self.note("%s/%d is committed up to %d", *place, offset)
        self.reported[place] = offset
        self.monitor.committed(place, offset)

    def _rebalanced(self, generation: int, sizes: dict[str, int]) -> None:
        self.note("generation %d: %s", generation, sizes)
        self.happened["rebalances"] += 1

    # -- a run

    def _publish(self, given: Input) -> None:
        place = TopicPartition(simulated_service.USERS, given.partition)
        message = None if given.kind == "marker" else _message(given)
        self.published[given.partition, self.broker.logs[place].end] = given
        self.broker.append(place, [message])

    def run(self) -> Outcome:
        """The whole schedule, and then until all has caught up."""
        with simulated(self.loop):
            self.loop.spawn(None, self._whole())
            try:
                self.loop.run_forever()
            except Stuck as error:
                self.problems.append(str(error))
        if self.loop.raised is not None:
            raise self.loop.raised
        self.workers.end()
        self.loop.forget()
        return Outcome(
            self.problems,
            self.happened,
            self.loop.now,
            self.loop.callbacks,
            self.trace,
        )

    async def _whole(self) -> None:
        for slot, at in zip(self.workers.slots, self.schedule.starts, strict=True):
            self.loop.later(at, self.workers.start, slot)
        for given in self.schedule.inputs:
            self.loop.later(given.at, self._publish, given)
        for fault in self.schedule.faults:
            self.loop.later(fault.at, self._faults.meet, fault)
        await asyncio.sleep(LENGTH_S + 0.1)
        self.note("all faults end")
        self.network.disarm()
        self._faults.end()
        deadline = self.loop.now + CATCH_UP_S_MAX
        while self._lags():
            if self.loop.now > deadline:
                self.violate(f"not caught up after {CATCH_UP_S_MAX:.0f} s: {self._lags()}")
                return
            await asyncio.sleep(LOOK_S)
        self.stale = True
        await asyncio.sleep(REFRESH_S)
        deadline = self.loop.now + CATCH_UP_S_MAX
        while problems := self.monitor.differences():
            if self.loop.now > deadline:
                break
            await asyncio.sleep(2 * REFRESH_S)  # a rebalance is under way
        for problem in problems:
            self.violate(problem)
        for tally in self.tallies:
            for what in ("consumed", "processed", "failed", "skipped", "duplicates"):
                self.happened[f"records {what}"] += tally.sums[what]
            if not tally.balance():
                self.violate("consumed is not processed + dead letters + skipped + repeats")
        self.loop.stop()

    def _lags(self) -> dict[str, tuple[int, int]]:
        committed, logs = self.reported, self.broker.logs
        return {
            f"{place.topic}/{place.partition}": (committed.get(place, 0), logs[place].end)
            for place in self.sources
            if committed.get(place, 0) != logs[place].end
        }


def _message(given: Input) -> Message:
    headers: list[tuple[str, bytes]] = []
    kind = "order.completed.v1" if given.kind == "other type" else simulated_service.CLICKED
    headers.append(("ce_type", f"com.example.shop.{kind}".encode()))
    if given.event_id:
        headers.append(("ce_id", given.event_id.encode()))
    value = b'{"user_id":"%s","product_id":"%s"}' % (given.user.encode(), given.item.encode())
    return Message(given.user.encode(), b"{" if given.kind == "bad" else value, headers, 0)
