"""The simulated workers: each a real `Worker` in a simulated process, started again as it ends."""

from __future__ import annotations

import asyncio
import traceback
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from aiokafka.errors import KafkaError

from shopkeeper.shared.runtime.kafka.sink import DeliveryError
from shopkeeper.shared.runtime.settings import WorkerSettings
from shopkeeper.shared.runtime.tasks import end_tasks
from shopkeeper.shared.runtime.worker.worker import Worker

from . import service as simulated_service
from .loop import FROZEN, Process

if TYPE_CHECKING:
    from .surroundings import Surroundings

SETTINGS = WorkerSettings.from_env(
    {
        "CHECKPOINT_INTERVAL": "0.5",
        "DRAIN_DEADLINE": "3",
        "HTTP_PORT": "-1",
        "BATCH_RECORDS_MAX": "4",
        "DELIVERY_TIMEOUT": "1",
    }
)
END_START_S = 0.5
AGAIN_S = 0.1  # until a supervisor starts a worker again
AGAIN_AFTER_CRASH_S = 0.3


@dataclass
class Slot:
    """One worker, over all its lives."""

    number: int
    process: Process | None = None  # of the life that goes on
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    away_s: float = AGAIN_S  # after this life


class Workers:
    """All workers of a run."""

    def __init__(self, world: Surroundings, count: int) -> None:
        self._world, self._loop = world, world.loop
        self.slots = [Slot(n) for n in range(count)]

    def start(self, slot: Slot) -> None:
        """Begin a life, unless one goes on."""
        if slot.process is None:
            process = slot.process = Process(f"worker {slot.number}", self._world)
            slot.stop, slot.away_s = asyncio.Event(), AGAIN_S
            self._world.note("%s starts", process.name)
            self._loop.spawn(process, self._guarded_life(slot, process))

    def kill(self, slot: Slot, away_s: float = AGAIN_AFTER_CRASH_S) -> None:
        """As kill -9."""
        process, slot.process = slot.process, None
        if process is not None:
            self._world.note("%s is killed", process.name)
            process.kill()
            self._loop.later(away_s, self.start, slot)

    def kill_process(self, process: Process, fault: str) -> None:
        """Kill this one, if it still lives; it counts as this fault."""
        for slot in self.slots:
            if slot.process is process:
                self._world.happened[fault] += 1
                self.kill(slot)

    def thaw(self, process: Process) -> None:
        """Let a frozen one go on."""
        if process.state == FROZEN:
            self._world.note("%s thaws", process.name)
            process.thaw()

    def end(self) -> None:
        """Nothing runs any more."""
        for slot in self.slots:
            if slot.process is not None:
                slot.process.kill()

    async def _guarded_life(self, slot: Slot, process: Process) -> None:
        try:
            await self._life(slot, process)
        except (Exception, asyncio.CancelledError) as error:
            self._world.note("%s", "".join(traceback.format_exception(error)))
            self._world.violate(f"{process.name} raised {error!r}")

    async def _life(self, slot: Slot, process: Process) -> None:
        """As `shopkeeper worker` does it."""
        world, schedule = self._world, self._world.schedule
        service = simulated_service.build(
            (schedule.user_partitions, schedule.item_partitions),
            schedule.buffered,
            lambda: world.stale,
        )
        worker = Worker(service, replace(SETTINGS, buffer_bytes_max=schedule.buffer_bytes))
        starting = asyncio.create_task(worker.start())
        stop = asyncio.create_task(slot.stop.wait())
        failed = asyncio.create_task(worker.wait())
        await asyncio.wait({starting, failed, stop}, return_when=asyncio.FIRST_COMPLETED)
        failure = starting.exception() if starting.done() else None
        if failure is not None and worker.failure is None:
            self._ended(slot, process, failure)
            return
        if starting.done():
            await asyncio.wait({failed, stop}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            await end_tasks([starting], END_START_S)
        await worker.stop()
        self._ended(slot, process, worker.failure)

    def _ended(self, slot: Slot, process: Process, failure: BaseException | None) -> None:
        self._world.note("%s ends: %r", process.name, failure)
        process.kill()
        slot.process = None
        if failure is not None:
            self._world.happened["worker failed"] += 1
            if not isinstance(failure, DeliveryError | KafkaError):
                self._world.violate(f"{process.name} failed: {type(failure).__name__}: {failure}")
        self._loop.later(slot.away_s, self.start, slot)
