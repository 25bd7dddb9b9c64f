"""When a partition's state is checkpointed, and how it is written beside the work.

What a checkpoint is, and how a topic of them is kept small, is in `state.checkpoints` and
`state.checkpoint_log`.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from aiokafka.admin import AIOKafkaAdminClient

    from shopkeeper.shared.contracts.envelope import Output

    from ..state.checkpoints import CheckpointStore
    from ..state.erasures import Erasures
    from ..telemetry.broker_watch import BrokerWatch
    from .ending import Ending
    from .owned_partition import OwnedPartition, OwnedPartitions
    from .state_thread import StateThread
    from .telemetry import WorkerTelemetry

LOOK_S = 1.0
COLLECT_AGAIN_S = 30.0  # after the broker did not delete what was superseded
BYTES_PER_S = 2_000_000  # states are written at most so fast, on average
SETTLE_S = 15.0  # until what an erasure has others publish was read
WRITING_SHARE = 5  # at most a fifth of the time goes into writing


class Taken(NamedTuple):
    """A checkpoint that is to be written."""

    next_offset: int
    outputs: list[Output]
    base: bool


class Checkpointer:
    """Writes the checkpoints of one worker's partitions."""

    def __init__(
        self,
        *,
        store: CheckpointStore,
        topic: str,
        interval_s: float,
        thread: StateThread,
        watch: BrokerWatch,
        telemetry: WorkerTelemetry,
        ending: Ending,
        erasures: Erasures,
    ) -> None:
        """topic: the service's, unprefixed. interval_s: CHECKPOINT_INTERVAL."""
        self._erasures = erasures
        self._purged_for: float | None = None  # the erasure of which no old checkpoint is left
        self._store, self._topic, self._interval_s = store, topic, interval_s
        self._thread, self._watch = thread, watch
        self._telemetry, self._ending = telemetry, ending

    def due(self, owned: OwnedPartition) -> bool:
        """Whether a checkpoint may be taken, and it is time."""
        if not owned.quiet:
            return False
        wait_s = max(self._interval_s, owned.interval_s)
        if time.monotonic() - owned.saved_at < wait_s:
            return False
        if owned.changed:
            return True
        if self._holds_erased(owned):
            return True
        # Nothing new in it, but it keeps others' old checkpoints from being deleted.
        return owned.state.topic in self._store.pinning(owned.partition.partition)

    def _holds_erased(self, owned: OwnedPartition) -> bool:
        """Whether its newest checkpoint may have something of a user who was erased, or keeps one
        from being deleted that has. What follows from an erasure on other topics (a profile's
        removal, for instance) is folded later, hence `SETTLE_S`."""
        heard_at = self._erasures.heard_at
        return heard_at is not None and owned.taken_at < heard_at + SETTLE_S

    def begin_if_due(self, owned: OwnedPartition) -> None:
        """`begin`, where it is `due`."""
        if self.due(owned):
            self.begin(owned)

    def begin(self, owned: OwnedPartition) -> None:
        """Take what changed of the state, or all of it; write it beside the work on the next batch.

        Submitted to the state thread before this returns, so ahead of any later fold.
        """
        assert not owned.busy
        assert not owned.unflushed
        assert owned.saving is None

        number = owned.partition.partition
        # Others' garbage lies behind its base, or somebody in it who was erased: only another base
        # lets that go.
        base_due = (
            owned.written.base_due
            or self._holds_erased(owned)
            or owned.state.topic in self._store.pinning(number)
        )

        def take() -> Taken:
            changed = None if base_due else owned.state.changes()
            base = changed is None
            checkpoint = owned.state.snapshot() if changed is None else changed
            outputs = owned.written.encode(checkpoint, self._topic, base=base)
            return Taken(checkpoint.next_offset, outputs, base)

        taken_at = time.monotonic()
        taken = self._thread.submit(take)
        owned.saving = asyncio.create_task(
            self._ending.guarded(lambda: self._save(owned, taken, taken_at)), name="checkpoint"
        )

    async def _save(self, owned: OwnedPartition, taking: Awaitable[Taken], taken_at: float) -> None:
        started = time.monotonic()
        topic, number = owned.state.topic, owned.state.number
        try:
            taken = await taking
            await self._store.save(topic, number, taken.outputs, base=taken.base)
            owned.written.confirmed()
        finally:
            owned.saving = None
        size = sum(len(o.value or b"") for o in taken.outputs)
        owned.durable, owned.taken_at = taken.next_offset, taken_at
        owned.saved_at = time.monotonic()
        # Large ones are written less often: at most a fifth of the time goes into writing.
        # Waiting for a broker that was away is none: a minute of it would cost five more.
        away = self._watch.lost or self._watch.back_at > started
        written_s = 0.0 if away else owned.saved_at - started
        owned.interval_s = max(size / BYTES_PER_S, WRITING_SHARE * written_s)
        self._telemetry.checkpoint(topic, number, size)

    async def save_all(self, partitions: OwnedPartitions) -> None:
        """Checkpoint every quiet partition whose state has changed, and wait for it.

        A revocation and an end may both wait here, each by its own deadline. So what is written is
        waited for and never cancelled: the other would be told of a cancellation that is not its.
        """
        await _written(partitions)
        for owned in partitions:
            partitions.move_on(owned)
            if owned.quiet and owned.changed:
                self.begin(owned)
        await _written(partitions)

    async def collect_forever(
        self, admin: AIOKafkaAdminClient, partitions: OwnedPartitions
    ) -> None:
        """Keep the checkpoint topic small. Apart from the clock's other work: a broker that is
        slow to answer must not look like a loop that stands still."""
        due = 0.0
        while True:
            await asyncio.sleep(LOOK_S)
            self._telemetry.checkpoint_log(self._store.retained_bytes())
            if partitions.accepting and time.monotonic() >= due:
                deleted = await self._collect(admin, partitions)
                due = 0.0 if deleted else time.monotonic() + COLLECT_AGAIN_S

    async def _collect(self, admin: AIOKafkaAdminClient, partitions: OwnedPartitions) -> bool:
        """Delete what is superseded: all of it, from an erasure on until every partition's newest
        checkpoint was taken after it. Returns False where the broker did not."""
        heard_at = self._erasures.heard_at
        if heard_at is None or heard_at == self._purged_for:
            return await self._store.delete_superseded(admin)
        last = all(not self._holds_erased(owned) for owned in partitions)
        deleted = await self._store.delete_superseded(admin, slack_bytes=0)
        if last and deleted:
            self._purged_for = heard_at
        return deleted

    def let_go(self) -> None:
        """The partitions are no longer ours: their new owner collects."""
        self._purged_for = None
        self._store.forget()


async def _written(partitions: OwnedPartitions) -> None:
    """Return once what is being written now is written, or has failed."""
    writing = [owned.saving for owned in partitions if owned.saving is not None]
    if writing:
        await asyncio.wait(writing)
