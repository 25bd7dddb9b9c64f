"""What the consumer asks of its owner (`kafka.owner.Owner`): partitions come, go and are limited.

Every change of the assignment passes here, on the worker's loop; what is done with the batches in
between is not.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from aiokafka.errors import KafkaError

from ..kafka.membership import IdentityTaken, describe, double
from ..kafka.offsets import Partition
from .layout_watch import CHANGED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..kafka.fetching import Hold
    from ..kafka.offsets import RecordBatch
    from ..settings import WorkerSettings
    from .batches import BatchPipeline
    from .checkpointer import Checkpointer
    from .ending import Ending
    from .layout_watch import LayoutWatch
    from .owned_partition import OwnedPartition, OwnedPartitions
    from .recovery import Recovery
    from .telemetry import WorkerTelemetry

log = logging.getLogger(__name__)

REVOKE_DEADLINE_S = 5.0


class Assignment:
    """The place of one worker in its group, as its consumer knows it."""

    def __init__(
        self,
        *,
        settings: WorkerSettings,
        group: str,
        owned: OwnedPartitions,
        layout: LayoutWatch,
        recovery: Recovery,
        pipeline: BatchPipeline,
        checkpointer: Checkpointer,
        telemetry: WorkerTelemetry,
        ending: Ending,
        admin: Callable[[], Any],
    ) -> None:
        """group: the consumer group, by the broker's name. admin: a connected AIOKafkaAdminClient,
        by the time that there is a group to ask about."""
        self.settings, self._group = settings, group
        self._owned, self._layout, self._recovery = owned, layout, recovery
        self._pipeline, self._checkpointer = pipeline, checkpointer
        self._telemetry, self._ending = telemetry, ending
        self._admin = admin
        self._released: dict[Partition, OwnedPartition] = {}  # with the state that they had

    # -- batches

    @property
    def generation(self) -> int:
        return self._owned.generation

    def accepting(self) -> bool:
        return self._owned.accepting

    async def has_capacity(self) -> bool:
        return await self._owned.has_capacity()

    @property
    def hold(self) -> Hold:
        return self._pipeline.hold

    def records_max(self, partition: Partition) -> int:
        owned = self._owned.get(partition)
        return self.settings.batch_records_max if owned is None else owned.records_max

    def opened(self, batch: RecordBatch) -> None:
        self._owned.offsets.open(batch)

    def passed(self, partition: Partition, offset: int) -> None:
        self._owned.passed(partition, offset)

    def jumped(self, partition: Partition, expected: int, start: int) -> None:
        if start < expected:
            self._ending.fail(
                RuntimeError(
                    f"the log of {partition.topic}/{partition.partition} does not reach offset "
                    f"{expected} any more, which was to be read next, and begins at {start}: it "
                    "was cut, or the topic was made anew"
                )
            )
        self._telemetry.lost(partition, expected, start)

    def refused(self, error: BaseException) -> None:
        self._ending.fail(error)

    def limit(self, partition: Partition) -> int | None:
        return self._layout.limit(self._telemetry.topic_of(partition), partition.partition)

    def durable_offset(self, partition: Partition) -> int | None:
        owned = self._owned.get(partition)
        return None if owned is None else owned.durable

    # -- changes of the assignment

    async def revoke(self) -> None:
        self._owned.accepting = False
        self._owned.rebalancing = True
        self._telemetry.health.not_ready["partitions"] = "rebalancing"
        if len(self._owned):
            # No commit: the group is rebalancing.
            await self._pipeline.settle(REVOKE_DEADLINE_S)
        # Most come back at once: the assignor leaves them where they are.
        self._released = {owned.partition: owned for owned in self._owned if owned.whole}
        self._owned.begin_generation()
        self._telemetry.let_go()
        self._checkpointer.let_go()
        self._owned.let_go()

    async def recover(
        self, partitions: Iterable[Partition], *, unbroken: bool
    ) -> dict[Partition, int]:
        started = time.monotonic()
        generation = self._owned.begin_generation()
        assigned = sorted(partitions)
        released, self._released = self._released, {}
        self._telemetry.metrics.rebalances.inc()
        names = [(self._telemetry.topic_of(p), p.partition) for p in assigned]
        if (added := self._layout.added(names)) is not None:
            self._ending.stop_to_start_again(added)
            return {}
        health = self._telemetry.health
        try:
            if await self._layout.changed():
                # Changed between our start and our joining: whoever changes it waits for an empty
                # group afterwards, so either we see the change or it sees us.
                self._ending.stop_to_start_again(CHANGED)
                return {}
            owned = await self._recovery.load(assigned, released if unbroken else {})
        except (KafkaError, RuntimeError) as error:
            # Not raised into Faust, which would print a page of it: nothing is accepted any more.
            self._ending.fail(error)
            return {}
        if self._owned.generation != generation:
            return {}  # assigned anew meanwhile; that recovery counts
        self._owned.take_over(owned)
        self._owned.accepting = not self._ending.expected
        health.not_ready.pop("partitions", None)
        health.progress()
        self._telemetry.metrics.recovery.set(time.monotonic() - started)
        kept = sum(owned[partition] is released.get(partition) for partition in owned)
        log.info(
            "assigned %s; %d go on with the state that they had",
            ", ".join(f"{topic}/{number}" for topic, number in assigned) or "nothing",
            kept,
        )
        return {partition: each.state.next_offset for partition, each in owned.items()}

    async def replaced(self, former_member_id: str) -> bool:
        """The group has forgotten this member: fail, where a double has taken its place.

        A restarted broker forgets all members, and one that was silent for too long is evicted:
        then joining again is right. With a double it would expel that one, which would come back.
        """
        worker_id = self.settings.worker_id
        if not worker_id or self._ending.stopping:
            return False
        described = await describe(self._admin(), self._group)
        other = described and double(described[1], worker_id, former_member_id)
        if other:
            self._ending.fail(IdentityTaken(worker_id, self._group, other.host))
        return bool(other)
