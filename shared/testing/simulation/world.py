"""One run of a schedule: broker, group, workers that are started again, faults as they fall due."""

from __future__ import annotations

import asyncio
import traceback
from collections import Counter
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from shopkeeper.shared.runtime.kafka.sink import DeliveryError
from shopkeeper.shared.runtime.settings import WorkerSettings
from shopkeeper.shared.runtime.tasks import end_tasks
from shopkeeper.shared.runtime.worker.worker import Worker

from . import service as simulated_service
from .broker import Broker, Message
from .checks import CHECKPOINTS, DEAD_LETTERS, Monitor, final
from .group import Coordinator
from .loop import FROZEN, Process, Stuck, VirtualLoop
from .network import Network
from .schedule import LENGTH_S, OF_WORKERS
from .seams import simulated

if TYPE_CHECKING:
    from .schedule import Fault, Input, Schedule
    from .seams import Tally

SETTINGS = WorkerSettings.from_env(
    {
        "CHECKPOINT_INTERVAL": "0.5",
        "DRAIN_DEADLINE": "3",
        "HTTP_PORT": "-1",
        "BATCH_RECORDS_MAX": "4",
        "DELIVERY_TIMEOUT": "1",
    }
)
CATCH_UP_S_MAX = 30.0
LOOK_S, REFRESH_S = 0.2, 0.5
END_START_S = 0.5
AGAIN_S = 0.1
SOON_S_MAX = 0.02  # a request is under way for about so long


@dataclass
class Slot:
    """One worker, over all its lives."""

    number: int
    process: Process | None = None  # of the life that goes on
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    away_s: float = AGAIN_S  # after this life


@dataclass
class Outcome:
    """What came of a run. problems: empty where all that must hold held."""

    problems: list[str]
    happened: Counter[str]
    seconds: float  # of the simulated clock
    callbacks: int
    trace: list[str]


class World:
    """Everything that one run consists of."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        random = Random(f"run {schedule.seed}")
        self.random = random.random
        self._random = random
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
        self._stale = False
        self._reported: dict[TopicPartition, int] = {}  # committed, since checkpoints were lost
        self._producers = 0
        self.slots = [Slot(n) for n in range(len(schedule.starts))]

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

    def kill_in_mid_checkpoint(self, process: Process) -> None:
        """A worker dies with half a checkpoint written."""
        for slot in self.slots:
            if slot.process is process:
                self.happened["torn checkpoint"] += 1
                self._kill(slot, 0.3)

    def kill_soon(self, process: Process) -> None:
        """A worker dies while outputs are under way."""
        self.loop.later(self.random() * SOON_S_MAX, self._kill_in_delivery, process)

    def _kill_in_delivery(self, process: Process) -> None:
        for slot in self.slots:
            if slot.process is process:
                self.happened["crash in mid-delivery"] += 1
                self._kill(slot, 0.3)

    # -- what is watched

    def _appended(self, place: TopicPartition, record: Any) -> None:
        self.note("%s/%d has offset %d: %s", *place, record.offset, record.value)
        self.monitor.appended(place, record)

    def _committed(self, place: TopicPartition, offset: int) -> None:
        self.note("%s/%d is committed up to %d", *place, offset)
        self._reported[place] = offset
        self.monitor.committed(place, offset)

    def _rebalanced(self, generation: int, sizes: dict[str, int]) -> None:
        self.note("generation %d: %s", generation, sizes)
        self.happened["rebalances"] += 1

    # -- workers

    def _start(self, slot: Slot) -> None:
        if slot.process is None:
            process = slot.process = Process(f"worker {slot.number}", self)
            slot.stop, slot.away_s = asyncio.Event(), AGAIN_S
            self.note("%s starts", process.name)
            self.loop.spawn(process, self._guarded_life(slot, process))

    async def _guarded_life(self, slot: Slot, process: Process) -> None:
        try:
            await self._life(slot, process)
        except (Exception, asyncio.CancelledError) as error:
            self.note("%s", "".join(traceback.format_exception(error)))
            self.violate(f"{process.name} raised {error!r}")

    async def _life(self, slot: Slot, process: Process) -> None:
        """As `shopkeeper worker` does it."""
        schedule = self.schedule
        service = simulated_service.build(
            (schedule.user_partitions, schedule.item_partitions),
            schedule.buffered,
            lambda: self._stale,
        )
        worker = Worker(service, replace(SETTINGS, buffer_bytes_max=schedule.buffer_bytes))
        starting = asyncio.create_task(worker.start())
        stop = asyncio.create_task(slot.stop.wait())
        failed = asyncio.create_task(worker.wait())
        await asyncio.wait({starting, failed, stop}, return_when=asyncio.FIRST_COMPLETED)
        failure = starting.exception() if starting.done() else None
        if starting.done() and failure is None:
            await asyncio.wait({failed, stop}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            await end_tasks([starting], END_START_S)
        await worker.stop()
        self._ended(slot, process, worker.failure or failure)

    def _ended(self, slot: Slot, process: Process, failure: BaseException | None) -> None:
        self.note("%s ends: %r", process.name, failure)
        process.kill()
        slot.process = None
        if failure is not None:
            self.happened["worker failed"] += 1
            if not isinstance(failure, DeliveryError | KafkaError):
                self.violate(f"{process.name} failed: {type(failure).__name__}: {failure}")
        self.loop.later(slot.away_s, self._start, slot)

    def _kill(self, slot: Slot, away_s: float) -> None:
        process, slot.process = slot.process, None
        if process is not None:
            self.note("%s is killed", process.name)
            process.kill()
            self.loop.later(away_s, self._start, slot)

    # -- faults

    def _publish(self, given: Input) -> None:
        place = TopicPartition(simulated_service.USERS, given.partition)
        message = None if given.kind == "marker" else _message(given)
        self.published[given.partition, self.broker.logs[place].end] = given
        self.broker.append(place, [message])

    def _meet(self, fault: Fault) -> None:
        slot = self.slots[fault.worker % len(self.slots)]
        process = slot.process
        if fault.kind in OF_WORKERS and process is None:
            return
        self.note("fault: %s", fault.kind)
        if fault.kind == "rebalance":
            self.happened[fault.kind] += 1
            self.group.rebalance()
        elif fault.kind == "members forgotten":
            self.happened[fault.kind] += 1
            self.group.forget()
        elif fault.kind == "chunks lost":
            self._lose_chunks()
        elif process is None or process.state == FROZEN:
            return
        elif fault.kind == "crash":
            self.happened[fault.kind] += 1
            self._kill(slot, fault.seconds)
        elif fault.kind == "freeze":
            self.happened[fault.kind] += 1
            process.freeze()
            self.loop.later(fault.seconds, self._thaw, process)
        elif fault.kind == "stop":
            self.happened[fault.kind] += 1
            slot.away_s = fault.seconds
            slot.stop.set()
        elif fault.kind == "slow":
            self.happened[fault.kind] += 1
            self.network.slow_down(process.name, fault.seconds)
        else:
            self.network.arm(process.name, fault.kind)

    def _thaw(self, process: Process) -> None:
        if process.state == FROZEN:
            self.note("%s thaws", process.name)
            process.thaw()

    def _lose_chunks(self) -> None:
        """The newest manifests are left without their chunks, and all workers start again."""
        for number in range(self.checkpoint_partitions):
            log = self.broker.logs[TopicPartition(CHECKPOINTS, number)]
            keep = self._random.randint(1, 4)
            if log.end - keep > log.start:
                self.happened["chunks lost"] += 1
                self.deleted(TopicPartition(CHECKPOINTS, number), log.end - keep)
        self._reported.clear()
        for slot in self.slots:
            self._kill(slot, 0.2)

    # -- a run

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
        for slot in self.slots:
            if slot.process is not None:
                slot.process.kill()
        return Outcome(
            self.problems,
            self.happened,
            self.loop.now,
            self.loop.callbacks,
            [f"{at:9.4f}  {text % arguments}" for at, text, arguments in self.trace],
        )

    async def _whole(self) -> None:
        for slot, at in zip(self.slots, self.schedule.starts, strict=True):
            self.loop.later(at, self._start, slot)
        for given in self.schedule.inputs:
            self.loop.later(given.at, self._publish, given)
        for fault in self.schedule.faults:
            self.loop.later(fault.at, self._meet, fault)
        await asyncio.sleep(LENGTH_S + 0.3)
        self.note("all faults end")
        self.network.disarm()
        for slot in self.slots:
            if slot.process is not None:
                self._thaw(slot.process)
        deadline = self.loop.now + CATCH_UP_S_MAX
        while not self._caught_up():
            if self.loop.now > deadline:
                self.violate(f"not caught up after {CATCH_UP_S_MAX:.0f} s: {self._lags()}")
                return
            await asyncio.sleep(LOOK_S)
        self._stale = True
        await asyncio.sleep(REFRESH_S)
        deadline = self.loop.now + CATCH_UP_S_MAX
        while problems := final(self):
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

    def _caught_up(self) -> bool:
        return not self._lags()

    def _lags(self) -> dict[str, tuple[int, int]]:
        committed, logs = self._reported, self.broker.logs
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
