"""What this worker owns: the partitions that it is assigned, and whether it may work on them now.

Only bookkeeping lives here, on the worker's loop and without I/O: no broker, no state thread. Every
collaborator of the worker may look here; this file knows none of them.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING

from ..kafka.offsets import OffsetTracker, Partition, RecordBatch
from ..state.checkpoint_chain import Written

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..state.partition import PartitionState

CAPACITY_S = 0.5  # how long the consumer waits for capacity before it looks around


class OwnedPartition:
    """A partition that is assigned to this worker: its state, and how its checkpoints stand."""

    def __init__(
        self,
        state: PartitionState,
        partition: Partition,
        *,
        buffers_output: bool,
        records_max: int,
    ) -> None:
        """records_max: in one batch."""
        self.state = state
        self.partition = partition  # by the broker's name of its topic
        self.buffers_output = buffers_output
        self.records_max = records_max
        self.queue: deque[RecordBatch] = deque()  # fetched, in order
        self.task: asyncio.Task[None] | None = None  # works on the queue while it is not empty
        self.lock = asyncio.Lock()  # held by the task for a batch, or by a flush
        self.busy = False  # a fold is not confirmed yet: the state must not be checkpointed
        self.unflushed = False  # outputs may be buffered: likewise
        self.publishing = False  # what it had due by the clock is not confirmed
        self.passed = 0  # nothing is left to read below it
        self.durable: int | None = None  # next_offset of the last confirmed checkpoint
        self.written = Written()  # read and changed on the state thread, or while nothing is saved
        self.saving: asyncio.Task[None] | None = None  # writes a checkpoint
        self.saved_at = time.monotonic()
        self.taken_at = 0.0  # monotonic, of the newest checkpoint that was written here
        self.interval_s = 0.0  # at least, between two checkpoints

    @property
    def quiet(self) -> bool:
        """Whether its state is as a checkpoint may have it, and none is being written."""
        return not self.busy and not self.unflushed and self.saving is None

    @property
    def whole(self) -> bool:
        """Whether its state can be gone on from: nothing is half done, all was delivered."""
        return self.quiet and self.task is None and not self.publishing

    def go_on(self) -> None:
        """It was released, and is ours again: what was fetched and not begun is fetched anew."""
        self.queue.clear()
        self.passed = 0

    @property
    def changed(self) -> bool:
        """Whether its state has come further than its last confirmed checkpoint."""
        return self.state.next_offset != (self.durable or 0)


class OwnedPartitions:
    """All partitions of this worker, of one *generation*: from one assignment to the next change.

    `accepting`: whether batches may be delivered, processed and published now.
    """

    def __init__(self, buffer_bytes_max: int) -> None:
        self.generation = 0
        self.accepting = False
        self.offsets = OffsetTracker()
        self.rebalancing = False
        self.assigned_at = 0.0  # monotonic
        self._buffer_bytes_max = buffer_bytes_max
        self._owned: dict[Partition, OwnedPartition] = {}
        self._capacity = asyncio.Event()
        self._capacity.set()
        self._drained = asyncio.Event()

    def __len__(self) -> int:
        return len(self._owned)

    def __iter__(self) -> Iterator[OwnedPartition]:
        """Over a copy: a rebalance may come while somebody waits between two partitions."""
        return iter(list(self._owned.values()))

    def get(self, partition: Partition) -> OwnedPartition | None:
        """The partition, if it is this worker's now."""
        return self._owned.get(partition)

    # -- assignment

    def begin_generation(self) -> int:
        """What belongs to an older one may neither change state nor publish from now on."""
        self.generation += 1
        return self.generation

    def take_over(self, owned: Mapping[Partition, OwnedPartition]) -> None:
        """Own these, with the state that was loaded for them, and no others."""
        self.offsets.clear()
        for partition, each in owned.items():
            self.offsets.start(partition, each.state.next_offset)
        self._owned = dict(owned)
        self.rebalancing = False
        self.assigned_at = time.monotonic()

    def let_go(self) -> None:
        """Own nothing."""
        self._owned = {}
        self.offsets.clear()
        self._capacity.set()

    # -- batches

    def current(self, batch: RecordBatch) -> bool:
        """Whether this batch may still be worked on."""
        return self.accepting and batch.generation == self.generation

    def finish(self, batches: Sequence[RecordBatch]) -> None:
        """All outputs of these batches are confirmed."""
        for batch in batches:
            self.offsets.finish(batch)
        if not self.offsets.open_count():
            self._drained.set()
        if self.offsets.open_bytes < self._buffer_bytes_max:
            self._capacity.set()

    async def has_capacity(self) -> bool:
        """Wait (briefly) until the byte budget has room; False if it has none yet."""
        if self.offsets.open_bytes < self._buffer_bytes_max:
            return True
        self._capacity.clear()
        try:
            async with asyncio.timeout(CAPACITY_S):
                await self._capacity.wait()
        except TimeoutError:
            return False
        return True

    async def wait_drained(self, seconds: float) -> None:
        """Return once no batch is open, or after `seconds`."""
        self._drained.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._drained.wait()
        except TimeoutError:
            return

    def passed(self, partition: Partition, offset: int) -> None:
        """What lies below `offset` was delivered, or is nobody's to read."""
        if (owned := self._owned.get(partition)) is not None:
            owned.passed = offset
            self.move_on(owned)

    def move_on(self, owned: OwnedPartition) -> None:
        """Take over an offset that was passed, once nothing of the partition is under way."""
        idle = owned.task is None and not owned.queue and not owned.busy
        if idle and self.offsets.passed(owned.partition, owned.passed):
            owned.state.pass_over(owned.passed)
