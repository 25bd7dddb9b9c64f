"""The way of a batch: queued in its partition, folded, its outputs delivered, then processed.

Here is what happens to fetched batches on the worker's loop, and to outputs that processors have
buffered or publish by the clock. How offsets become durable is the checkpointer's.
"""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from ..kafka.fetching import Hold
from ..kafka.record_slices import joined
from ..tasks import end_tasks
from .state_thread import clock_ms

if TYPE_CHECKING:
    from ..api.service import Source
    from ..kafka.faust_app import BatchApp
    from ..kafka.offsets import RecordBatch
    from ..kafka.sink import Packed, Sink
    from ..settings import WorkerSettings
    from ..state.partition import BatchResult
    from .batch_spans import BatchSpans
    from .checkpointer import Checkpointer
    from .ending import Ending
    from .owned_partition import OwnedPartition, OwnedPartitions
    from .state_thread import StateThread
    from .telemetry import WorkerTelemetry

log = logging.getLogger(__name__)

FLUSH_S = 0.25


class BatchPipeline:
    """Works on the batches of all partitions: of one partition in order, of several at once."""

    def __init__(
        self,
        *,
        settings: WorkerSettings,
        owned: OwnedPartitions,
        thread: StateThread,
        sink: Sink,
        checkpointer: Checkpointer,
        telemetry: WorkerTelemetry,
        ending: Ending,
        spans: BatchSpans | None = None,
    ) -> None:
        self._spans = spans
        self._settings, self._owned = settings, owned
        self._thread, self._sink = thread, sink
        self._checkpointer, self._telemetry = checkpointer, telemetry
        self._ending = ending
        self.tasks: set[asyncio.Task[None]] = set()
        self.hold = Hold()

    def connect(self, app: BatchApp, source: Source, service: str) -> None:
        """Let an agent of `app` take the batches of this source."""
        channel = app.batch_topic(source.topic)

        async def agent(stream: Any) -> None:
            tasks: set[asyncio.Task[None]] = set()
            try:
                async for batch in stream:
                    self.take(batch, tasks)
            finally:
                # Faust ends agents when it stops, or when one is cancelled: then no batch may
                # finish any more, and one that was left in the middle stops the worker.
                for task in tasks:
                    task.cancel()
                if tasks and not self._ending.stopping:
                    error = RuntimeError(f"the agent of {source.topic} ended in mid-batch")
                    self._ending.fail(error)

        app.agent(channel, name=f"{service}.{source.topic}", concurrency=1)(agent)

    def take(self, batch: RecordBatch, tasks: set[asyncio.Task[None]]) -> None:
        """Queue the batch in its partition. What waits there is taken together by the next turn of
        the partition's task, and no partition waits for another's deliveries; how much waits is
        bounded by `OwnedPartitions.has_capacity`.

        tasks: a task that is started is in there for as long as it runs.
        """
        owned = self._owned.get(batch.partition)
        if owned is None or not self._owned.current(batch):
            return  # revoked while it waited: it will be read again by whoever owns it
        owned.queue.append(batch)
        if owned.task is None:
            task = owned.task = asyncio.create_task(
                self._work(owned), name=f"batches of {batch.partition}"
            )
            for group in (tasks, self.tasks):
                group.add(task)
                task.add_done_callback(group.discard)

    async def _work(self, owned: OwnedPartition) -> None:
        """Handle a partition's queue until it is empty."""
        try:
            while owned.queue and self._owned.current(owned.queue[0]):
                async with owned.lock:
                    if self._owned.current(owned.queue[0]):
                        await self._handle(self._first(owned), owned)
        except Exception as error:
            self._ending.fail(error)
        finally:
            owned.task = None

    def _first(self, owned: OwnedPartition) -> list[RecordBatch]:
        """The first batches of the queue that together keep a batch's limits; at least one."""
        queue, bytes_max = owned.queue, self._settings.batch_bytes_max
        taken = [queue.popleft()]
        records, size = len(taken[0].records), taken[0].size_bytes
        while queue:
            records += len(queue[0].records)
            size += queue[0].size_bytes
            if records > owned.records_max or size > bytes_max:
                break
            taken.append(queue.popleft())
        return taken

    async def _handle(self, batches: list[RecordBatch], owned: OwnedPartition) -> None:
        owned.busy = True
        owned.unflushed = owned.buffers_output
        started = time.monotonic()
        records = joined([batch.records for batch in batches])
        with self.hold.during(len(records)):
            result, packed = await self._thread.process(owned.state, records)
        await self._finish(batches, owned, result, packed)
        took_s = time.monotonic() - started
        self._telemetry.took(owned.partition, took_s)
        if self._spans is not None:
            topic = self._telemetry.topic_of(owned.partition)
            self._spans.finished(owned.partition, topic, result.traced, len(records), took_s)

    async def _finish(
        self,
        batches: list[RecordBatch],
        owned: OwnedPartition,
        result: BatchResult,
        packed: Packed,
    ) -> None:
        """Deliver the batches' outputs; only then do they count as processed."""
        generation = batches[0].generation
        if packed and generation == self._owned.generation:
            self._telemetry.produced(await self._sink.deliver(packed))
        if generation != self._owned.generation:
            return  # the state that we changed was dropped at revocation
        owned.busy = False
        self._owned.finish(batches)
        self._telemetry.progress()
        self._telemetry.processed(owned.partition, result)
        self._checkpointer.begin_if_due(owned)

    # -- what processors have buffered

    async def flush_forever(self) -> None:
        """Publish what is buffered, for as long as partitions are ours."""
        while True:
            await asyncio.sleep(FLUSH_S)
            for owned in self._owned:
                if owned.unflushed and self._owned.accepting:
                    await self._flush(owned)

    async def _flush(self, owned: OwnedPartition) -> None:
        """Publish what a partition's processor has buffered, and checkpoint it if that is due."""
        generation = self._owned.generation
        async with owned.lock:
            if self._owned.generation != generation or owned.busy:
                return  # revoked, or a task was cancelled in the middle
            owned.busy = True
            packed = await self._thread.run(lambda: self._sink.pack(owned.state.flush()))
            if packed and self._owned.generation == generation:
                self._telemetry.produced(await self._sink.deliver(packed))
            if self._owned.generation != generation:
                return
            owned.busy = owned.unflushed = False
            self._checkpointer.begin_if_due(owned)

    # -- by the clock

    async def publish_due(self) -> None:
        """Publish what processors have due, for as long as their partitions are ours."""
        generation = self._owned.generation
        for owned in self._owned:
            if not self._may_publish(generation):
                return
            owned.publishing = True
            packed = await self._thread.run(self._due, owned)
            if packed:
                if not self._may_publish(generation):
                    return
                self._telemetry.produced(await self._sink.deliver(packed))
            owned.publishing = False

    def _due(self, owned: OwnedPartition) -> Packed:
        return self._sink.pack(owned.state.on_timer(clock_ms()))

    def _may_publish(self, generation: int) -> bool:
        return self._owned.accepting and self._owned.generation == generation

    # -- the end

    async def settle(self, deadline_s: float) -> None:
        """Wait for batches that are being worked on, flush, checkpoint every quiet partition.

        Takes twice `deadline_s` at most: for the first, and for the rest.
        """
        try:
            async with asyncio.timeout(deadline_s):
                if self.tasks:
                    await asyncio.wait(self.tasks)
        except TimeoutError:
            log.warning("a task is still running after %.0f s: its batch is given up", deadline_s)
        try:
            async with asyncio.timeout(deadline_s):
                # Beside one another: a batch that was given up must not keep others from theirs.
                # Every partition: one that buffers nothing may have tables due by the clock.
                flushing = [
                    asyncio.create_task(
                        self._ending.guarded(partial(self._flush, owned)), name="flush"
                    )
                    for owned in self._owned
                ]
                if flushing:
                    _, late = await asyncio.wait(flushing, timeout=deadline_s / 2)
                    await end_tasks(late)
                await self._checkpointer.save_all(self._owned)
        except TimeoutError:
            log.warning("not every partition was checkpointed in time: more will be replayed")
