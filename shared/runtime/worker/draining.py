"""How an orderly end finishes what is open, and waits for the moment to leave the group.

Two steps of `Worker.stop`, each bounded by the drain deadline; a failed worker takes neither, but
`until_answered` where nobody starts it again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from ..kafka.transport import COMMIT_S_MAX
from ..shutdown import Deadline

if TYPE_CHECKING:
    from ..kafka.transport import BatchConsumer
    from .batches import BatchPipeline
    from .owned_partition import OwnedPartitions

log = logging.getLogger(__name__)

CHECKPOINT_SHARE = 0.25  # of DRAIN_DEADLINE is kept for the checkpoints, 2 s at most
# noida-db, the embedded broker, drops a LeaveGroup that is sent right after a rebalance without a
# word to the other members, who then never get its partitions (3 of 100 times; of 120 with a pause
# of 0.3 s none).
STABLE_S = 0.5
JOIN_S_MAX = (
    3.0  # the living answer within a second; as long as the others join, we would be dropped
)
STABLE_S_MAX = 5.0


async def finish_in_stable_group(
    consumer: BatchConsumer, owned: OwnedPartitions, pipeline: BatchPipeline, drain: Deadline
) -> None:
    """`finish`, and before and after it `until_stable`: before, since from `finish` on nobody works
    on these partitions until others have taken them over."""
    joined = await until_stable(consumer, owned, drain)
    await finish(consumer, owned, pipeline, drain)
    if joined:
        await until_stable(consumer, owned, drain)


async def finish(
    consumer: BatchConsumer, owned: OwnedPartitions, pipeline: BatchPipeline, drain: Deadline
) -> None:
    """No new batches; what was fetched is finished, checkpointed and committed."""
    consumer.paused = True
    reserve_s = min(2.0, CHECKPOINT_SHARE * drain.seconds)
    offsets = owned.offsets
    while offsets.open_count() and owned.accepting and drain.left() > reserve_s:
        await owned.wait_drained(0.1)
    if offsets.open_count():
        log.warning(
            "%d batches were not finished in %.1f s: they will be read again",
            offsets.open_count(),
            drain.seconds,
        )
    owned.accepting = False
    await pipeline.settle(drain.left() / 2)
    try:
        async with asyncio.timeout(max(0.2, drain.left(COMMIT_S_MAX))):
            await consumer.commit()
    except TimeoutError:
        log.warning("the last offsets were not committed: the checkpoints hold them")


async def until_stable(consumer: BatchConsumer, owned: OwnedPartitions, drain: Deadline) -> bool:
    """Wait until the group has rested for a moment, so that it notices our leaving it. False where
    it does not let this member join: then nothing is to be waited for."""
    joined_by = Deadline(drain.left(JOIN_S_MAX))
    while consumer.joining():
        if joined_by.passed():
            return False  # somebody is dead: our member takes its name out instead
        await asyncio.sleep(0.05)
    deadline = Deadline(drain.left(STABLE_S_MAX))
    while not deadline.passed() and (  # noqa: ASYNC110  # of another thread
        consumer.rejoining() or owned.rebalancing or time.monotonic() - owned.assigned_at < STABLE_S
    ):
        await asyncio.sleep(0.05)
    return True


async def until_answered(consumer: BatchConsumer, drain: Deadline) -> None:
    """Wait, for a worker that failed and leaves for good, as `until_stable` does: what it was
    assigned it never took over, so only the group's own rest counts."""
    deadline = Deadline(drain.left(STABLE_S_MAX))
    await asyncio.sleep(deadline.left(STABLE_S))
    while consumer.rejoining() and not deadline.passed():  # noqa: ASYNC110  # of another thread
        await asyncio.sleep(0.05)
