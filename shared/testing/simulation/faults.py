"""What goes wrong, as it falls due. Each is counted once it really happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiokafka import TopicPartition

from .checks import CHECKPOINTS
from .loop import FROZEN
from .schedule import OF_WORKERS

if TYPE_CHECKING:
    from random import Random

    from .loop import Process
    from .schedule import Fault
    from .surroundings import Surroundings
    from .workers import Slot, Workers

AWAY_S = 0.2  # all workers, where chunks were lost


class Faults:
    """Those of one run."""

    def __init__(self, world: Surroundings, workers: Workers, random: Random) -> None:
        self._world, self._workers, self._random = world, workers, random

    def meet(self, fault: Fault) -> None:
        """It falls due; of a worker that is not there it means nothing."""
        world = self._world
        slots = self._workers.slots
        slot = slots[fault.worker % len(slots)]
        world.note("fault: %s", fault)
        if fault.kind in OF_WORKERS:
            if slot.process is not None:
                self._meet_worker(fault, slot, slot.process)
        elif fault.kind == "chunks lost":
            self._lose_chunks()
        else:
            world.happened[fault.kind] += 1
            if fault.kind == "rebalance":
                world.group.rebalance()
            else:
                assert fault.kind == "members forgotten", fault
                world.group.forget()

    def _meet_worker(self, fault: Fault, slot: Slot, process: Process) -> None:
        world = self._world
        if fault.kind not in ("crash", "freeze", "stop", "slow"):
            world.network.arm(process.name, fault.kind)  # whatever it fits next meets it
            return
        if process.state == FROZEN and fault.kind != "crash":
            return
        world.happened[fault.kind] += 1
        if fault.kind == "crash":
            self._workers.kill(slot, fault.seconds)
        elif fault.kind == "freeze":
            process.freeze()
            world.loop.later(fault.seconds, self._workers.thaw, process)
        elif fault.kind == "stop":
            slot.away_s = fault.seconds
            slot.stop.set()
        else:
            world.network.slow_down(process.name, fault.seconds)

    def _lose_chunks(self) -> None:
        """The newest manifests are left without their chunks, and all workers start again."""
        world = self._world
        for number in range(world.checkpoint_partitions):
            place = TopicPartition(CHECKPOINTS, number)
            log = world.broker.logs[place]
            keep = self._random.randint(1, 4)
            if log.end - keep > log.start:
                world.happened["chunks lost"] += 1
                world.deleted(place, log.end - keep)
        world.reported.clear()
        for slot in self._workers.slots:
            self._workers.kill(slot, AWAY_S)

    def end(self) -> None:
        """No worker stays frozen."""
        for slot in self._workers.slots:
            if slot.process is not None:
                self._workers.thaw(slot.process)
